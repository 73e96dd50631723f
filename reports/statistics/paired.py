# SPDX-License-Identifier: Apache-2.0
"""Effects from paired blocks: pure functions on arrays.

The block is the unit: every block holds every arm once, so what drifts from block to block cancels in the difference;
what drifts from trial to trial is taken out by the order of arms (`reports.statistics.design`).
Sources: Student's interval of a linear model's effect (see `scipy.stats.ttest_rel` for the case without order);
Fieller, "Some problems in interval estimation", J. R. Stat. Soc. B 16 (1954) 175-185, for the ratio of means;
Hodges and Lehmann, Ann. Math. Stat. 34 (1963) 598-611, for the robust centre.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.statistics.design import Design, design

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Triple = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

CONFIDENCE = 0.95
FEWEST_BLOCKS = 2
"""One difference has no spread."""

PAIRED_T = "paired t over blocks"
FIELLER = "ratio of means, Fieller over blocks"
LOG_PAIRED_T = "geometric mean of block ratios, paired t on logs"
ORDER = ", order of arms in the model"
DRIFT = "slope over the order of trials, blocks paired"
_LARGEST_LOG = 700.0
_ROUNDING = 1e-12
"""Share of a figure by which sums of floats may differ."""


@dataclass(frozen=True)
class Estimate:
    """An effect and how sure it is.

    Attributes:
        value: the effect; a difference in base units, or a ratio arm / control.
        low: lower end of the interval.
        high: upper end of the interval.
        p: two-sided p value of "no effect".
        n: blocks it rests on; phones for an estimate over phones.
        method: how the interval was made.
        confidence: coverage the interval aims at.
        error: standard error of a difference, or of the logarithm of a geometric mean; None for a Fieller ratio.
        freedom: degrees of freedom the interval uses.
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    method: str
    confidence: float = CONFIDENCE
    error: float | None = None
    freedom: float = 0

    def excludes(self, nothing: float) -> bool:
        """Whether the interval leaves out the value that means "no effect" (0 for differences, 1 for ratios)."""
        return nothing < self.low or nothing > self.high

    @property
    def rigid(self) -> bool:
        """Whether every block differs by the same amount, not 0, but for the rounding of floats."""
        return self.error is not None and self.value != 0 and self.error <= _ROUNDING * abs(self.value)


def paired_t(
    differences: Sequence[float], lags: Sequence[float] | None = None, *, confidence: float = CONFIDENCE
) -> Estimate | None:
    """Mean difference over blocks with Student's interval; None below two blocks.

    Differences that are all the same have no spread: the interval is a point, p is 1 at zero and 0 elsewhere.

    Args:
        differences: arm - control, one per block.
        lags: trials between the two, one per block; None leaves order out of the model.
        confidence: coverage of the interval.
    """
    if len(differences) < FEWEST_BLOCKS:
        return None
    values, plan = array(differences), design(len(differences), lags)
    value, low, high = (float(part) for part in t_interval(plan, values, confidence))
    error, p = math.sqrt(float(plan.covariance(values, values))), float(two_sided_p(plan, values))
    return Estimate(
        value, low, high, p, len(values), _method(PAIRED_T, plan), confidence, error=error, freedom=plan.freedom
    )


def drift(differences: Sequence[float], lags: Sequence[float], *, confidence: float = CONFIDENCE) -> Estimate | None:
    """By how much a figure moves from one trial to the next, whatever the arm: the test of order.

    Args:
        differences: arm - control, one per block.
        lags: trials between the two, one per block.
        confidence: coverage of the interval.

    Returns:
        None where order is not in the model (`reports.statistics.design`).
    """
    if len(differences) < FEWEST_BLOCKS or not (plan := design(len(differences), lags)).ordered:
        return None
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    values = array(differences)
    value = float((values * plan.slopes).sum())
    error = math.sqrt(float((plan.residuals(values) ** 2).sum() / plan.freedom * (plan.slopes**2).sum()))
    p = 2.0 * float(stdtr(plan.freedom, -abs(value) / error)) if error else float(value == 0)
    reach = t_quantile(plan.freedom, confidence) * error
    return Estimate(
        value, value - reach, value + reach, p, len(values), DRIFT, confidence, error=error, freedom=plan.freedom
    )


def ratio_of_means(
    arm: Sequence[float],
    control: Sequence[float],
    lags: Sequence[float] | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """Effect of the arm over level of the control with Fieller's interval for paired values.

    It holds every ratio r for which a t test of `arm - r * control` does not reject; so it leaves out 1 exactly
    when the interval of the difference leaves out 0: the two never contradict each other. Zeros are allowed. Where no
    value is negative, neither is a ratio of their means: what the interval holds below zero cannot be, and is cut off.

    Args:
        arm: one value per block.
        control: the same blocks in the same order.
        lags: as for `paired_t`.
        confidence: coverage of the interval.

    Returns:
        None below two blocks, or when the control's level is too close to zero for a bounded interval.
    """
    treated, reference = array(arm), array(control)
    paired = paired_t((treated - reference).tolist(), lags, confidence=confidence)
    if paired is None:
        return None
    plan = design(paired.n, lags)
    value, low, high = (float(part) for part in fieller(plan, treated, reference, confidence))
    if math.isnan(low):
        return None
    if min(treated.min(), reference.min()) >= 0:
        value, low, high = max(value, 0.0), max(low, 0.0), max(high, 0.0)
    return Estimate(value, low, high, paired.p, paired.n, _method(FIELLER, plan), confidence, freedom=plan.freedom)


def log_ratio(
    arm: Sequence[float],
    control: Sequence[float],
    lags: Sequence[float] | None = None,
    *,
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """Geometric mean of the blocks' ratios, interval by t on logarithms; None unless all values are positive."""
    if len(arm) < FEWEST_BLOCKS or min(*arm, *control) <= 0:
        return None
    logs = paired_t([math.log(a / c) for a, c in zip(arm, control, strict=True)], lags, confidence=confidence)
    if logs is None:
        return None
    method = logs.method.replace(PAIRED_T, LOG_PAIRED_T)
    return replace(as_ratio(logs), method=method)


def as_ratio(logs: Estimate) -> Estimate:
    """An estimate of a ratio's logarithm as one of the ratio; its error stays that of the logarithm."""
    return replace(logs, value=exp(logs.value), low=exp(logs.low), high=exp(logs.high))


def exp(log: float) -> float:
    """The ratio; one no float holds is as good as the largest one."""
    return math.exp(min(log, _LARGEST_LOG))


def below_p(
    arm: Sequence[float],
    control: Sequence[float],
    lags: Sequence[float] | None = None,
    *,
    ratio: float = 1.0,
    absolute: float = 0.0,
) -> float | None:
    """One-sided p of "the arm is not below `ratio` * control + `absolute`": small when it is proven to be below.

    One minus it is the p of "the arm is not above". With a ratio of 1.05 it proves "at most 5 % more" without an
    interval of the ratio, so it works where the control is noisy. It is the test that Fieller's interval inverts.

    Returns:
        None below two blocks; without any spread 0, 1, or 0.5 at the border itself.
    """
    if len(arm) < FEWEST_BLOCKS:
        return None
    return float(lower_p(design(len(arm), lags), array(arm) - ratio * array(control) - absolute))


def robust_centre(differences: Sequence[float], lags: Sequence[float] | None = None) -> float | None:
    """Hodges and Lehmann's centre of the blocks' differences: the median of the averages of any two blocks.

    With the order of arms in the model only blocks of opposite order are averaged, weighted so that a drift from
    trial to trial cancels. A few wild blocks hardly move it, so a mean far from it rests on them.

    Returns:
        None without any block.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    values = array(differences)
    if not len(values):
        return None
    if lags is None or not design(len(values), lags).ordered or min(lags) * max(lags) >= 0:
        first, second = np.triu_indices(len(values))
        return float(np.median((values[first] + values[second]) / 2))
    gaps = array(lags)
    early, late = gaps < 0, gaps > 0
    one, other = np.abs(gaps[early])[:, None], np.abs(gaps[late])[None, :]
    centres = (values[early][:, None] * other + values[late][None, :] * one) / (one + other)
    return float(np.median(centres))


def t_interval(plan: Design, values: "NDArray[np.float64]", confidence: float = CONFIDENCE) -> "Triple":
    """Effect, lower and upper end: values of shape (..., n) -> three of shape (...)."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    value = plan.effect(values)
    reach = t_quantile(plan.freedom, confidence) * np.sqrt(plan.covariance(values, values))
    return value, value - reach, value + reach


def fieller(
    plan: Design, arm: "NDArray[np.float64]", control: "NDArray[np.float64]", confidence: float = CONFIDENCE
) -> "Triple":
    """Ratio of levels, lower and upper end; ends are NaN where the interval has none: shapes (..., n) -> (...)."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    t2 = t_quantile(plan.freedom, confidence) ** 2
    treated, reference = plan.effect(arm), plan.effect(control)
    a = reference**2 - t2 * plan.covariance(control, control)
    b = treated * reference - t2 * plan.covariance(arm, control)
    c = treated**2 - t2 * plan.covariance(arm, arm)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(b * b - a * c, 0.0))
        bounded = (a > 0) & (reference > 0)
        low, high = (np.where(bounded, (b + sign * root) / a, math.nan) for sign in (-1, 1))
        return treated / reference, low, high


def two_sided_p(plan: Design, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """P of "no effect", two-sided: shape (..., n) -> (...). Without any spread 1 at zero and 0 elsewhere."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    p: NDArray[np.float64] = 2.0 * stdtr(plan.freedom, -np.abs(_statistic(plan, values)))
    return p


def lower_p(plan: Design, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """P of "the effect is not below zero": shape (..., n) -> (...). Without any spread 0, 1, or 0.5 at zero itself."""
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    p: NDArray[np.float64] = stdtr(plan.freedom, _statistic(plan, values))
    return p


def t_quantile(freedom: float, confidence: float) -> float:
    """Student's quantile of a two-sided interval."""
    from scipy.special import stdtrit  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    return float(stdtrit(freedom, 0.5 + confidence / 2))


def array(values: Sequence[float]) -> "NDArray[np.float64]":
    """As an array of floats."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    return np.asarray(values, dtype=np.float64)


def _method(name: str, plan: Design) -> str:
    return name + ORDER if plan.ordered else name


def _statistic(plan: Design, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Student's t: effect over its standard error; 0 or infinite where nothing spreads."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    value, error = plan.effect(values), np.sqrt(plan.covariance(values, values))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.where((error == 0) & (value == 0), 0.0, value / error)
    return found
