# SPDX-License-Identifier: Apache-2.0
"""Where a series changed: what is planted is found, what is not there is not."""

from dataclasses import replace

import numpy as np
import pytest

from reports.history import cuts
from reports.history.changes import FEWEST_BUILDS, Trend, follow, remembers
from reports.history.rows import Row
from reports.history.series import gather
from reports.history.text import trend_document, trend_lines, word
from tests.support.planted import KINDS, planted, row


def trend_of(*rows: Row, order: tuple[str, ...] = ()) -> Trend:
    (series,) = gather(rows, order=order)
    return follow(series)


@pytest.mark.parametrize("kind", KINDS)
def test_twelve_shifts_in_2000_runs_are_found_within_one_build_and_none_besides(kind: str) -> None:
    made = planted(3, kind=kind)
    changes = trend_of(*made.rows).changes
    assert len(changes) == len(made.at)
    assert np.abs(np.array([change.build for change in changes]) - made.at).max() <= 1
    assert [change.size.value for change in changes] == pytest.approx(made.sizes, abs=0.012)


@pytest.mark.parametrize("kind", KINDS)
def test_noise_alone_is_no_change(kind: str) -> None:
    assert trend_of(*planted(4, kind=kind, shifts=0, spread=0.03).rows).changes == ()


@pytest.mark.parametrize("price", [0.5, 4.0, 30.0, 1e9])
def test_the_compiled_function_cuts_as_ruptures_own_class_does(price: float) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=300) + np.repeat(random.normal(0, 4, 10), 30)
    assert cuts._compiled() is not None  # noqa: SLF001 - else both are the same
    assert cuts.optimal_cuts(values, price, 2) == cuts.by_the_public_class(values, price, 2)
    assert (cuts.optimal_cuts(values, price, 2) == []) == (price == 1e9)


def test_another_ruptures_is_used_by_its_own_class(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.repeat([0.0, 5.0], 10)
    monkeypatch.setattr(cuts, "_compiled", lambda: None)
    assert cuts.optimal_cuts(values, 1.0, 2) == [10]


def test_most_intervals_hold_the_true_size() -> None:
    made = [planted(seed, kind="builds differ", builds=200, shifts=5) for seed in range(8)]
    held = [
        change.size.low <= size <= change.size.high
        for each in made
        for change, size in zip(trend_of(*each.rows).changes, each.sizes, strict=True)
    ]
    assert len(held) == 40
    assert sum(held) >= 34


def test_noise_of_runs_and_of_builds_is_told_apart() -> None:
    noise = trend_of(*planted(5, kind="builds differ", shifts=0).rows).noise
    assert noise is not None
    assert (noise.within, noise.between, noise.spread) == pytest.approx((0.008, 0.006, 0.01), rel=0.15)
    assert noise.of_build(4) == pytest.approx(noise.means, rel=0.05)


def test_independent_noise_remembers_nothing_and_drift_does() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(size=4000)
    drift = np.convolve(noise, 0.7 ** np.arange(20))[: len(noise)]
    assert remembers(noise) < 1.1
    assert remembers(drift) == pytest.approx(1.7 / 0.3, rel=0.1)


def test_one_wild_run_is_no_change() -> None:
    rows = list(planted(6, builds=40, shifts=0).rows)
    rows[77] = replace(rows[77], level=5.0)
    assert trend_of(*rows).changes == ()


def test_a_step_without_noise_is_found_exactly() -> None:
    trend = trend_of(*(row(i, i, 0.5 if i < 9 else 0.6) for i in range(20)))
    assert [(change.build, round(change.size.value, 6)) for change in trend.changes] == [(9, 0.2)]


def test_figures_that_are_all_the_same_have_no_change_and_no_noise() -> None:
    trend = trend_of(*(row(i, i) for i in range(20)))
    assert trend.changes == ()
    assert trend.noise is not None
    assert trend.noise.spread == pytest.approx(0.0, abs=1e-12)


def test_a_figure_with_zeros_is_followed_in_its_own_unit() -> None:
    trend = trend_of(*(row(i, i, (3.0 if i >= 10 else 0.0) + i % 2) for i in range(20)))
    assert not trend.series.relative
    assert [round(change.size.value, 1) for change in trend.changes] == [3.0]
    assert any("+3.00 [" in line for line in trend_lines([trend]))


def test_too_few_builds_say_so() -> None:
    trend = trend_of(*(row(i, i, 0.5 + i % 3) for i in range(FEWEST_BUILDS - 1)))
    assert (trend.noise, trend.changes) == (None, ())
    assert "too few builds" in "\n".join(trend_lines([trend]))


def test_a_phone_that_measures_higher_and_joins_late_is_no_change() -> None:
    a = [row(i, i, level) for i, level in enumerate(0.5 + 0.004 * np.random.default_rng(1).normal(size=40))]
    b = [replace(each, serial="B", run_id=f"{100 + i:024x}", level=each.level * 1.3) for i, each in enumerate(a[20:])]
    assert trend_of(*a, *b).changes == ()
    assert len(trend_of(*a, *(replace(each, serial="A") for each in b)).changes) == 1


def test_builds_stand_in_the_order_of_their_first_run_unless_an_order_is_given() -> None:
    rows = [row(0, 1), row(1, 3), row(2, 1), row(3, 2)]
    kernels = [row(0, build).kernel for build in (1, 3, 2)]
    (series,) = gather(rows)
    assert list(series.builds) == kernels
    assert series.at == (0, 0, 1, 2)
    (series,) = gather(rows, order=(kernels[0], kernels[2], kernels[1]))
    assert list(series.builds) == [kernels[0], kernels[2], kernels[1]]
    (series,) = gather(rows, order=(kernels[1], kernels[0]))
    assert list(series.builds) == [kernels[1], kernels[2], kernels[0]], "one not named follows the one run before it"


def test_another_setup_model_arm_or_metric_is_another_series() -> None:
    others = [row(1, setup_id="x"), row(2, model="x"), row(3, arm="x"), row(4, metric="x"), row(5, experiment="x")]
    assert len(gather([row(), *others])) == 6
    (series,) = gather([row(), row(1, build="other")])
    assert len(series.builds) == 2


def test_an_effect_is_followed_as_a_ratio_and_runs_without_one_are_left_out() -> None:
    rows = [row(i, i, ratio=0.8 if i >= 10 else 0.9 + 0.001 * (i % 2)) for i in range(20)]
    (series,) = gather([*rows, row(99, 99, ratio=None)], "effect")
    trend = follow(series)
    assert len(series.rows) == 20
    assert [change.build for change in trend.changes] == [10]
    assert word(trend, trend.changes[0]) == "better"


def test_the_text_names_build_size_direction_and_the_runs_on_either_side() -> None:
    trend = trend_of(*(row(i, i // 2, (0.5 if i < 20 else 0.6) * (1 + 0.004 * (-1) ** i)) for i in range(40)))
    text = "\n".join(trend_lines([trend]))
    assert f"+20 [+20, +20] % worse since {row(0, 10).kernel}" in text
    assert "before: run-0018, run-0019; since: run-0020, run-0021" in text
    (document,) = trend_document([trend])["series"]
    assert document["changes"][0]["build"] == row(0, 10).kernel
    assert [run["run"] for run in document["changes"][0]["since"]] == ["run-0020", "run-0021"]
    assert [level["runs"] for level in document["levels"]] == [20, 20]
