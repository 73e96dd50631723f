# SPDX-License-Identifier: Apache-2.0
"""Effects from paired blocks, held against scipy's own answers and against simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.statistics.blocks import Sample, pair_blocks
from reports.statistics.design import ORDER_FROM_BLOCKS, design
from reports.statistics.paired import below_p, drift, log_ratio, paired_t, ratio_of_means, robust_centre
from reports.statistics.power import freedom_of, minimum_detectable_effect, power_of, required_blocks, spread

CONTROL = [10.1, 9.4, 11.0, 10.6, 9.9, 10.3, 9.2, 10.8]
ARM = [8.2, 7.9, 9.6, 8.1, 8.8, 8.0, 7.7, 9.1]
DIFFERENCES = [a - c for a, c in zip(ARM, CONTROL, strict=True)]


def test_the_paired_interval_and_p_are_those_of_scipy() -> None:
    known = stats.ttest_rel(ARM, CONTROL)
    interval = known.confidence_interval(0.95)
    found = paired_t(DIFFERENCES)
    assert found is not None
    assert (found.low, found.high, found.p) == pytest.approx((interval.low, interval.high, known.pvalue))
    assert (found.value, found.n) == pytest.approx((np.mean(DIFFERENCES), 8))


def test_the_log_ratio_is_the_geometric_mean_of_the_blocks_ratios() -> None:
    found = log_ratio(ARM, CONTROL)
    assert found is not None
    assert found.value == pytest.approx(stats.gmean(np.divide(ARM, CONTROL)))
    logs = stats.ttest_rel(np.log(ARM), np.log(CONTROL)).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((math.exp(logs.low), math.exp(logs.high)))


@pytest.mark.parametrize("end", ["low", "high"])
def test_at_each_end_of_the_ratio_the_paired_test_is_just_significant(end: str) -> None:
    found = ratio_of_means(ARM, CONTROL)
    assert found is not None
    shifted = [a - getattr(found, end) * c for a, c in zip(ARM, CONTROL, strict=True)]
    assert stats.ttest_1samp(shifted, 0.0).pvalue == pytest.approx(0.05)


def test_the_ratio_and_the_difference_never_contradict_each_other() -> None:
    random = np.random.default_rng(5)
    decided = 0
    for _ in range(500):
        control = random.lognormal(0.0, 0.3, 6)
        arm = control * random.lognormal(-0.1, 0.2, 6)
        difference, ratio = paired_t((arm - control).tolist()), ratio_of_means(arm.tolist(), control.tolist())
        assert difference is not None
        if ratio is not None:
            assert difference.excludes(0.0) == ratio.excludes(1.0)
            decided += difference.excludes(0.0)
    assert 50 < decided < 450


def test_a_ratio_needs_a_control_that_is_clearly_above_zero() -> None:
    assert ratio_of_means([5.0, 6.0, 7.0], [0.0, 0.0, 0.0]) is None
    assert ratio_of_means([5.0, 6.0, 7.0], [0.0, 0.0, 9.0]) is None


def test_what_cannot_be_negative_falls_by_no_more_than_all_of_it() -> None:
    arm, control = [0.0, 0.0, 900.0, 0.0], [9_000.0, 11_000.0, 10_000.0, 12_000.0]
    found, shifted = ratio_of_means(arm, control), ratio_of_means([value - 1.0 for value in arm], control)
    assert found is not None
    assert shifted is not None
    assert found.low == 0.0
    assert found.high == pytest.approx(shifted.high, abs=1e-3)
    assert shifted.low < -0.04  # where the values can be negative, so can the ratio


def test_a_log_ratio_needs_positive_values_everywhere() -> None:
    assert log_ratio([1.0, 2.0], [1.0, 0.0]) is None
    assert log_ratio([0.0, 2.0], [1.0, 1.0]) is None


@pytest.mark.parametrize("differences", [[], [1.0]])
def test_below_two_blocks_there_is_no_interval(differences: list[float]) -> None:
    assert paired_t(differences) is None
    assert below_p(differences, differences) is None
    assert minimum_detectable_effect(1.0, len(differences) - 1, 0.9) is None


def test_blocks_without_any_difference_show_none() -> None:
    found = paired_t([0.0, 0.0, 0.0])
    assert found is not None
    assert (found.low, found.high, found.p) == (0.0, 0.0, 1.0)
    assert not found.excludes(0.0)


@pytest.mark.parametrize("n", [4, 6, 20])
def test_intervals_cover_the_truth_in_95_of_100_runs(n: int) -> None:
    random = np.random.default_rng(n)
    runs = 2000
    covered = 0
    for differences in random.normal(3.0, 2.0, (runs, n)):
        found = paired_t(differences.tolist())
        assert found is not None
        covered += not found.excludes(3.0)
    assert 0.935 < covered / runs < 0.965


@pytest.mark.parametrize("power", [0.8, 0.9])
def test_the_detectable_effect_is_seen_as_often_as_it_says(power: float) -> None:
    size = minimum_detectable_effect(2.0 / math.sqrt(10), 9, power)
    assert size is not None
    random = np.random.default_rng(11)
    samples = random.normal(size, 2.0, (4000, 10))
    seen = np.asarray(stats.ttest_1samp(samples, 0.0, axis=1).pvalue) < 0.05
    assert float(np.mean(seen)) == pytest.approx(power, abs=0.02)


def test_power_is_that_of_the_noncentral_t() -> None:
    n, sd, effect = 12, 1.5, 1.2
    critical, shift = stats.t.ppf(0.975, n - 1), effect * math.sqrt(n) / sd
    known = stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift)
    assert power_of(effect, sd / math.sqrt(n), n - 1) == pytest.approx(known)


def test_required_blocks_is_the_first_number_that_has_the_power() -> None:
    n = required_blocks(DIFFERENCES, 0.5, 0.9, assurance=0.5)
    assert n is not None
    freedom = len(DIFFERENCES) - 1
    sd = spread(DIFFERENCES) * math.sqrt(freedom / stats.chi2.ppf(0.5, freedom))
    powers = [power_of(0.5, sd / math.sqrt(blocks), freedom_of(blocks)) for blocks in (n, n - 1)]
    assert powers[0] >= 0.9 > powers[1]


def test_assurance_against_a_lucky_pilot_costs_blocks() -> None:
    plain, assured = required_blocks(DIFFERENCES, 0.5, assurance=0.5), required_blocks(DIFFERENCES, 0.5)
    assert plain is not None
    assert assured is not None
    assert assured > plain


def test_blocks_for_an_effect_too_small_to_see_are_not_promised() -> None:
    assert required_blocks(DIFFERENCES, 1e-6) is None
    assert required_blocks([1.0], 1.0) is None


LAGS = [1, -1, -1, 1, 1, -1, 1, -1]


def test_with_order_in_the_model_the_interval_is_that_of_least_squares() -> None:
    found = paired_t(DIFFERENCES, LAGS)
    assert found is not None
    matrix = np.column_stack([np.ones(8), LAGS])
    (effect, slope), (rest,), *_ = np.linalg.lstsq(matrix, np.asarray(DIFFERENCES))
    error = math.sqrt(rest / 6 * np.linalg.inv(matrix.T @ matrix)[0, 0])
    assert (found.value, found.error, found.freedom) == pytest.approx((effect, error, 6))
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 6, effect, error))
    assert slope != pytest.approx(0.0)
    assert found.method.endswith("order of arms in the model")


def test_a_drift_from_trial_to_trial_is_no_effect() -> None:
    """Unequal orders: without the lags the drift of 1 per trial would be taken for an effect."""
    lags = [1, 1, 1, 1, -1, -1]
    noise = [0.1, -0.1, 0.05, -0.05, 0.02, -0.02]
    drifting = [lag + rest for lag, rest in zip(lags, noise, strict=True)]
    with_order, without = paired_t(drifting, lags), paired_t(drifting)
    assert with_order is not None
    assert without is not None
    assert abs(with_order.value) < 0.05
    assert without.value > 0.3


@pytest.mark.parametrize(("n", "lags"), [(ORDER_FROM_BLOCKS - 1, [1, -1, 1, -1, 1]), (6, [1] * 6), (6, None)])
def test_order_is_left_out_where_it_cannot_be_told_or_costs_too_much(n: int, lags: list[float] | None) -> None:
    assert not design(n, lags).ordered
    assert design(n, lags).freedom == n - 1


@pytest.mark.parametrize("end", ["low", "high"])
def test_a_margin_test_inverts_to_the_interval_of_the_ratio(end: str) -> None:
    found = ratio_of_means(ARM, CONTROL, LAGS)
    assert found is not None
    p = below_p(ARM, CONTROL, LAGS, ratio=getattr(found, end))
    assert p is not None
    assert min(p, 1 - p) == pytest.approx(0.025)


def test_a_margin_test_without_spread_is_sure_except_at_its_border() -> None:
    found = [below_p([2.0, 2.0], [1.0, 1.0], absolute=margin) for margin in (0.5, 1.0, 1.5)]
    assert found == [1.0, 0.5, 0.0]


def test_the_robust_centre_is_hodges_and_lehmanns() -> None:
    pairs = [(a + b) / 2 for i, a in enumerate(DIFFERENCES) for b in DIFFERENCES[i:]]
    assert robust_centre(DIFFERENCES) == pytest.approx(np.median(pairs))
    assert robust_centre([]) is None


def test_one_wild_block_hardly_moves_the_robust_centre_nor_does_a_drift() -> None:
    wild = [*DIFFERENCES[:-1], DIFFERENCES[-1] + 1000]
    drifting = [value + 7 * lag for value, lag in zip(DIFFERENCES, LAGS, strict=True)]
    centre = robust_centre(DIFFERENCES, LAGS)
    assert centre == pytest.approx(robust_centre(drifting, LAGS))
    assert centre == pytest.approx(robust_centre(wild, LAGS), abs=0.5)


def test_blocks_pair_only_where_both_arms_have_a_value() -> None:
    control = [Sample(1, 2 * 1, {0: 5.0}, 0), Sample(2, 2 * 2, {0: 6.0}, 0)]
    arm = [Sample(2, 2 * 2, {0: 4.0}, 0), Sample(3, 2 * 3, {0: 9.0}, 0)]
    assert [(pair.block, pair.difference) for pair in pair_blocks(control, arm)] == [(2, -2.0)]


def test_a_launch_that_one_arm_did_not_record_is_dropped_from_both() -> None:
    control = [Sample(1, 2 * 1, {1: 1.0, 2: 2.0, 3: 90.0}, 0)]
    arm = [Sample(1, 2 * 1, {1: 1.5, 2: 2.5}, 0)]
    (pair,) = pair_blocks(control, arm)
    assert (pair.control, pair.arm, pair.launches_dropped) == (1.5, 2.0, 1)


def test_a_block_counts_only_when_nobody_was_killed_in_it() -> None:
    control = [Sample(block, 2 * block, {0: 1.0}, kills) for block, kills in ((1, 0), (2, 1), (3, 2))]
    arm = [Sample(block, 2 * block, {0: 1.0}, kills) for block, kills in ((1, 0), (2, 0), (3, 2))]
    assert [pair.survivors_equal for pair in pair_blocks(control, arm)] == [True, False, False]


def test_a_ratio_that_no_float_holds_is_as_good_as_the_largest_one() -> None:
    found = log_ratio([1.0, 20.0], [1.0, 1.0], confidence=0.999)
    assert found is not None
    assert math.isfinite(found.high)
    assert found.low < 1.0 < found.high


def test_what_hardly_any_run_sees_has_no_detectable_effect() -> None:
    assert minimum_detectable_effect(1.0, 1, 0.9, confidence=1 - 1e-7) is None


def test_the_drift_from_trial_to_trial_is_the_slope_of_a_regression_on_the_order() -> None:
    lags = [1.0, -1.0, 2.0, -2.0, 1.0, -1.0, 1.0, -1.0]
    drifted = [each + 0.4 * lag for each, lag in zip(DIFFERENCES, lags, strict=True)]
    known = stats.linregress(lags, drifted)
    found = drift(drifted, lags)
    assert found is not None
    assert (found.value, found.error, found.p) == pytest.approx((known.slope, known.stderr, known.pvalue))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("lags", [[1.0] * 8, [1.0, -1.0, 1.0]], ids=["one order", "few blocks"])
def test_no_drift_is_told_where_the_order_cannot_be_told_from_the_effect(lags: list[float]) -> None:
    assert drift(DIFFERENCES[: len(lags)], lags) is None
