# SPDX-License-Identifier: Apache-2.0
"""Many effects judged together: the adjustments, and what they let an outcome say."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.analysis import analyse
from reports.comparison import KILLS, Comparison
from reports.families import benjamini_hochberg, holm, judge
from tests.support.synthetic_run import Shape, run_values

P_VALUES = st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=30)


@given(P_VALUES)
def test_the_false_discovery_rate_is_scipys(p_values: list[float]) -> None:
    assert benjamini_hochberg(p_values) == pytest.approx(stats.false_discovery_control(p_values))


def test_holm_is_the_one_of_the_paper() -> None:
    """Holm 1979: the smallest times n, the next times n - 1, never below an earlier one."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(P_VALUES)
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values)
    assert bool(np.all(np.diff(np.asarray(adjusted)[order]) >= 0))


@pytest.fixture(scope="module")
def nothing() -> tuple[Comparison, ...]:
    """More than twenty metrics of an A/A run."""
    return analyse(run_values(Shape(blocks=6, effect=False))).comparisons


def drawn(comparisons: Sequence[Comparison], random: np.random.Generator) -> tuple[Comparison, ...]:
    """The same with p values as chance deals them where nothing differs, judged anew."""
    dealt = []
    for each, p in zip(comparisons, random.uniform(size=len(comparisons)), strict=True):
        assert each.difference is not None
        value = each.difference.value or 1.0
        reach = abs(value) * (2.0 if p > 0.05 else 0.5)
        effect = replace(each.difference, value=value, p=float(p), low=value - reach, high=value + reach)
        dealt.append(replace(each, difference=effect, caveats=()))
    return judge(dealt, ("direct_reclaim_time", "kswapd_cpu"))


def test_among_twenty_metrics_of_nothing_hardly_any_moves(nothing: tuple[Comparison, ...]) -> None:
    """Without families some metric would move in about two runs of three."""
    random = np.random.default_rng(3)
    runs = [[each for each in drawn(nothing, random) if each.family != KILLS] for _ in range(400)]
    moved = sum(any(each.outcome != "same" for each in run) for run in runs)
    alone = sum(any(each.difference is not None and each.difference.p < 0.05 for each in run) for run in runs)
    assert moved < 0.15 * len(runs)
    assert alone > 0.5 * len(runs)


def test_what_only_its_own_interval_calls_an_effect_says_so(nothing: tuple[Comparison, ...]) -> None:
    random = np.random.default_rng(3)
    same = [each for _ in range(20) for each in drawn(nothing, random) if each.outcome == "same"]
    stands_out = [each for each in same if each.difference is not None and each.difference.excludes(0.0)]
    assert stands_out
    for each in same:
        told = "chance-among-many" in {caveat.code for caveat in each.caveats}
        assert told == (each in stands_out)


def test_primary_metrics_of_all_arms_are_one_family() -> None:
    analysis = analyse(run_values(Shape(blocks=8, arms=("off", "on", "more"))))
    primary = [each for each in analysis.comparisons if each.family == "primary"]
    assert {each.arm for each in primary} == {"on", "more"}
    own = [each.difference.p for each in primary if each.difference is not None]
    assert [each.adjusted_p for each in primary] == pytest.approx(holm(own))
