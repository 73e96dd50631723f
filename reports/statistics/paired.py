# SPDX-License-Identifier: Apache-2.0
"""Effects from paired blocks: pure functions on arrays.

The block is the unit: every block holds every arm once, so what drifts from block to block cancels in the difference.
Sources: Student's paired t interval (see `scipy.stats.ttest_rel`); Fieller, "Some problems in interval estimation",
J. R. Stat. Soc. B 16 (1954) 175-185, for the ratio of means; Browne, "On the use of a pilot sample for sample size
determination", Stat. Med. 14 (1995) 1933-1940, for the upper limit of a pilot's standard deviation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE = 0.95
MOST_BLOCKS = 100_000

PAIRED_T = "paired t over blocks, 95 %"
FIELLER = "ratio of means, Fieller over blocks, 95 %"
LOG_PAIRED_T = "geometric mean of block ratios, paired t on logs, 95 %"


@dataclass(frozen=True)
class Estimate:
    """An effect and how sure it is.

    Attributes:
        value: the effect; a difference in base units, or a ratio arm / control.
        low: lower end of the interval.
        high: upper end of the interval.
        p: two-sided p value of "no effect".
        n: blocks it rests on.
        method: how the interval was made.
        confidence: coverage the interval aims at.
    """

    value: float
    low: float
    high: float
    p: float
    n: int
    method: str
    confidence: float = CONFIDENCE

    def excludes(self, nothing: float) -> bool:
        """Whether the interval leaves out the value that means "no effect" (0 for differences, 1 for ratios)."""
        return nothing < self.low or nothing > self.high


def paired_t(differences: Sequence[float]) -> Estimate | None:
    """Mean difference over blocks with Student's interval; None below two blocks.

    Differences that are all the same have no spread: the interval is a point, p is 1 at zero and 0 elsewhere.
    """
    values = _array(differences)
    n = len(values)
    if n < 2:  # noqa: PLR2004 - one difference has no spread
        return None
    mean, error = float(values.mean()), float(values.std(ddof=1)) / math.sqrt(n)
    reach = _t_quantile(n - 1) * error
    return Estimate(mean, mean - reach, mean + reach, _p_value(mean, error, n - 1), n, PAIRED_T)


def ratio_of_means(arm: Sequence[float], control: Sequence[float]) -> Estimate | None:
    """Mean of the arm over mean of the control with Fieller's interval for paired values.

    It holds every ratio r for which a paired t test of `arm - r * control` does not reject; so it leaves out 1 exactly
    when the paired interval of the difference leaves out 0: the two never contradict each other. Zeros are allowed.

    Args:
        arm: one value per block.
        control: the same blocks in the same order.

    Returns:
        None below two blocks, or when the control's mean is too close to zero for a bounded interval.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    treated, reference = _array(arm), _array(control)
    n = len(treated)
    paired = paired_t((treated - reference).tolist())
    if paired is None or float(reference.mean()) <= 0:
        return None
    covariance = np.cov(treated, reference, ddof=1) / n
    t2 = _t_quantile(n - 1) ** 2
    mean_arm, mean_control = float(treated.mean()), float(reference.mean())
    a = mean_control**2 - t2 * float(covariance[1, 1])
    b = mean_arm * mean_control - t2 * float(covariance[0, 1])
    c = mean_arm**2 - t2 * float(covariance[0, 0])
    if a <= 0:
        return None
    root = math.sqrt(max(b * b - a * c, 0.0))
    return Estimate(mean_arm / mean_control, (b - root) / a, (b + root) / a, paired.p, n, FIELLER)


def log_ratio(arm: Sequence[float], control: Sequence[float]) -> Estimate | None:
    """Geometric mean of the blocks' ratios, interval by paired t on logarithms; None unless all values are positive."""
    if len(arm) < 2 or min(*arm, *control) <= 0:  # noqa: PLR2004 - one ratio has no spread
        return None
    logs = paired_t([math.log(a / c) for a, c in zip(arm, control, strict=True)])
    if logs is None:
        return None
    return Estimate(math.exp(logs.value), math.exp(logs.low), math.exp(logs.high), logs.p, logs.n, LOG_PAIRED_T)


def spread(differences: Sequence[float]) -> float:
    """Standard deviation of the blocks' differences (n - 1 in the denominator); 0 below two blocks."""
    return float(_array(differences).std(ddof=1)) if len(differences) > 1 else 0.0


def power_of(effect: float, sd: float, n: int) -> float:
    """Chance that a paired t test over `n` blocks at 5 % sees an effect.

    Args:
        effect: true mean difference.
        sd: standard deviation of the blocks' differences, above 0.
        n: blocks, at least two.
    """
    from scipy.special import nctdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    critical, shift = _t_quantile(n - 1), abs(effect) * math.sqrt(n) / sd
    below = float(nctdtr(n - 1, shift, critical)), float(nctdtr(n - 1, shift, -critical))
    return 1.0 - below[0] + (below[1] if math.isfinite(below[1]) else 0.0)


def minimum_detectable_effect(sd: float, n: int, power: float) -> float | None:
    """Smallest true difference that a paired t test over `n` blocks sees with the given chance.

    Returns:
        A difference in the unit of `sd`; 0 when there is no spread; None below two blocks.
    """
    if n < 2:  # noqa: PLR2004 - no spread is known
        return None
    if sd == 0:
        return 0.0
    from scipy.optimize import brentq  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    unit = sd / math.sqrt(n)
    reach = unit
    while power_of(reach, sd, n) < power:
        reach *= 2.0
    return float(brentq(lambda effect: power_of(effect, sd, n) - power, 0.0, reach, xtol=1e-6 * unit))


def required_blocks(
    differences: Sequence[float], effect: float, power: float = 0.9, *, assurance: float = 0.8
) -> int | None:
    """Blocks a run needs to see an effect, from the differences of a pilot.

    A pilot's standard deviation is itself uncertain: half of all pilots understate it. So its upper one-sided limit is
    used, which holds with chance `assurance` (0.5 is close to taking it at face value).

    Args:
        differences: arm - control per block of the pilot.
        effect: true mean difference worth seeing, in the same unit, not 0.
        power: wanted chance of seeing it.
        assurance: chance that the true spread is not above the one used.

    Returns:
        At least 2; None for a pilot below two blocks, or when more than `MOST_BLOCKS` were needed.
    """
    if len(differences) < 2 or effect == 0:  # noqa: PLR2004 - no spread is known
        return None
    from scipy.special import chdtri  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    freedom = len(differences) - 1
    sd = spread(differences) * math.sqrt(freedom / float(chdtri(freedom, assurance)))
    if sd == 0:
        return 2
    low, high = 1, 2
    while power_of(effect, sd, high) < power:
        low, high = high, high * 2
        if high > MOST_BLOCKS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(effect, sd, middle) >= power else (middle, high)
    return high


def _array(values: Sequence[float]) -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    return np.asarray(values, dtype=np.float64)


def _t_quantile(freedom: int) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    return float(stdtrit(freedom, 0.5 + CONFIDENCE / 2))


def _p_value(mean: float, error: float, freedom: int) -> float:
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    return float(2.0 * stdtr(freedom, -abs(mean / error)))
