# SPDX-License-Identifier: Apache-2.0
"""One estimate over phones: every phone counts the same, never surer than its own blocks, held against statsmodels."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from reports.statistics.paired import Estimate
from reports.statistics.phones import differences_over_phones, ratios_over_phones
from tests.benchmarks.statistics.phones import paule_mandel, rows

VALUES = [-2.0, -1.2, -3.1, -0.4]
ERRORS = [0.3, 0.5, 0.2, 0.9]


def effects(values: list[float], errors: list[float], freedom: int = 18) -> list[Estimate]:
    return [
        Estimate(v, v - 2 * e, v + 2 * e, 0.1, 20, "", error=e, freedom=freedom)
        for v, e in zip(values, errors, strict=True)
    ]


def test_the_interval_is_students_over_phones() -> None:
    found = differences_over_phones(effects(VALUES, ERRORS))
    assert found is not None
    known = stats.ttest_1samp(VALUES, 0.0)
    interval = known.confidence_interval(0.95)
    assert (found.mean.low, found.mean.high, found.mean.p) == pytest.approx((interval.low, interval.high, known.pvalue))
    assert (found.mean.value, found.mean.n) == pytest.approx((np.mean(VALUES), 4))


def test_phones_that_happen_to_agree_make_nothing_surer_than_their_blocks() -> None:
    found = differences_over_phones(effects([1.0, 1.001], [0.4, 0.4]))
    assert found is not None
    error = math.hypot(0.4, 0.4) / 2
    assert found.mean.high - found.mean.value == pytest.approx(stats.t.ppf(0.975, 36) * error)
    assert found.mean.p == pytest.approx(2 * stats.t.sf(1.0005 / error, 36))


def test_two_phones_reach_more_than_six_times_as_far_as_they_lie_apart() -> None:
    found = differences_over_phones(effects([1.0, 3.0], [0.1, 0.1]))
    assert found is not None
    assert found.mean.high - found.mean.value == pytest.approx(6.35 * 2.0, rel=0.01)
    assert found.new_phone is None


def test_the_weighted_estimate_the_spread_and_the_share_are_those_of_statsmodels() -> None:
    found = differences_over_phones(effects(VALUES, ERRORS))
    assert found is not None
    assert found.weighted is not None
    known = combine_effects(np.array(VALUES), np.array(ERRORS) ** 2, method_re="pm", use_t=True)
    assert found.weighted.value == pytest.approx(known.mean_effect_re)
    assert (found.weighted.low, found.weighted.high) == pytest.approx(known.conf_int()[3], rel=1e-4)
    assert found.tau == pytest.approx(math.sqrt(known.tau2))
    assert found.between == pytest.approx(known.i2)
    assert (found.tau or 0.0) > 0.5


def test_spread_between_phones_is_found_also_when_their_own_errors_are_tiny() -> None:
    found = differences_over_phones(effects(VALUES, [1e-9] * 4))
    assert found is not None
    assert found.tau == pytest.approx(np.std(VALUES, ddof=1))


def test_phones_alike_differ_in_nothing() -> None:
    found = differences_over_phones(effects([1.0, 1.0, 1.0], [0.2, 0.3, 0.4]))
    assert found is not None
    assert (found.tau, found.between, found.differ_p) == (0.0, 0.0, 1.0)


def test_that_phones_differ_is_told_by_welchs_test() -> None:
    random = np.random.default_rng(3)
    blocks = [random.normal(middle, 1.0, 12) for middle in (0.0, 0.5, 2.0)]
    known = stats.f_oneway(*blocks, equal_var=False)
    own = [Estimate(b.mean(), 0, 0, 0, 12, "", error=b.std(ddof=1) / math.sqrt(12), freedom=11) for b in blocks]
    found = differences_over_phones(own)
    assert found is not None
    assert found.differ_p == pytest.approx(known.pvalue)


def test_without_any_spread_in_a_phone_no_spread_between_them_is_claimed() -> None:
    found = differences_over_phones(effects([0.0, 0.0, 1.0], [0.0, 0.0, 0.5]))
    assert found is not None
    assert (found.tau, found.between, found.differ_p, found.weighted) == (None, None, None, None)
    assert found.mean.n == 3


def test_ratios_are_joined_on_logarithms_so_that_halves_and_doubles_cancel() -> None:
    found = ratios_over_phones(effects([0.5, 2.0, 1.0], [0.1, 0.1, 0.1]))
    assert found is not None
    assert found.mean.value == pytest.approx(1.0)
    assert found.mean.low == pytest.approx(1 / found.mean.high)
    assert found.new_phone is not None
    assert found.new_phone[0] < found.mean.low < found.mean.high < found.new_phone[1]


def test_a_ratio_that_no_float_holds_stays_a_number() -> None:
    found = ratios_over_phones(effects([1e-200, 1e200, 1e-200], [0.1] * 3))
    assert found is not None
    assert math.isfinite(found.mean.high)


def test_one_phone_is_no_estimate_over_phones() -> None:
    assert differences_over_phones(effects([1.0], [0.1])) is None
    assert ratios_over_phones([]) is None


def test_intervals_over_phones_hold_the_truth_and_a_new_phone() -> None:
    for row in rows(reps=2000, seed=1):
        error = 3 * math.sqrt(row.value * (1 - row.value) / row.reps)
        assert row.low - error <= row.value <= row.high, row


def test_the_benchmarks_many_weighted_estimates_at_once_are_those_of_statsmodels() -> None:
    random = np.random.default_rng(4)
    values, variances = random.normal(0, 2, (20, 5)), random.chisquare(4, (20, 5)) / 4
    mean, scale, _ = paule_mandel(values, variances)
    for row in range(20):
        known = combine_effects(values[row], variances[row], method_re="pm")
        assert (mean[row], scale[row]) == pytest.approx((known.mean_effect_re, known.scale_hksj_re), rel=1e-3)
