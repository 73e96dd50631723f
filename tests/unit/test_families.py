# SPDX-License-Identifier: Apache-2.0
"""Many effects judged together: the adjustments, and what they let an outcome say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.analysis import analyse
from reports.families import benjamini_hochberg, holm
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


def test_among_twenty_metrics_of_nothing_hardly_any_moves() -> None:
    """A/A: without families about one metric in twenty moves by chance in every run."""
    moved = 0
    for seed in range(40):
        analysis = analyse(run_values(Shape(blocks=8, effect=False, seed=seed)))
        moved += any(each.outcome not in ("same", "unknown") for each in analysis.comparisons)
    assert moved <= 4


def test_what_only_its_own_interval_calls_an_effect_says_so() -> None:
    for seed in range(40):
        analysis = analyse(run_values(Shape(blocks=8, effect=False, seed=seed)))
        for each in analysis.comparisons:
            if each.outcome == "same" and each.difference is not None and each.difference.excludes(0.0):
                assert "chance-among-many" in {caveat.code for caveat in each.caveats}
                return
    pytest.fail("no metric stood out by chance in 40 runs of nothing")


def test_primary_metrics_of_all_arms_are_one_family() -> None:
    analysis = analyse(run_values(Shape(blocks=8, arms=("off", "on", "more"))))
    primary = [each for each in analysis.comparisons if each.family == "primary"]
    assert {each.arm for each in primary} == {"on", "more"}
    own = [each.difference.p for each in primary if each.difference is not None]
    assert [each.adjusted_p for each in primary] == pytest.approx(holm(own))
