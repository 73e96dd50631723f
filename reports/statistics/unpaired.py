# SPDX-License-Identifier: Apache-2.0
"""Effects from two samples that are not paired: traces of one build against traces of another.

Sources: Welch, Biometrika 34 (1947) 28-35, with Satterthwaite's degrees of freedom; Fieller (see
`reports.statistics.paired`) for the ratio of two differences, their covariance taken from within the samples.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.statistics.paired import CONFIDENCE, Estimate, array, t_quantile
from reports.statistics.phones import joint_freedom

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WELCH = "difference of means, Welch over traces"
SHARE_UNPAIRED = "ratio of two differences of means, Fieller over traces"
_FEWEST = 2


def welch(arm: Sequence[float], control: Sequence[float], confidence: float = CONFIDENCE) -> Estimate | None:
    """Mean of the arm less mean of the control; None where either sample has no spread to judge by: one value."""
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    if min(len(arm), len(control)) < _FEWEST:
        return None
    samples = (array(arm), array(control))
    value, variance = float(samples[0].mean() - samples[1].mean()), _covariance(samples, samples)
    freedom, error = _freedom(samples), math.sqrt(variance)
    reach = t_quantile(freedom, confidence) * error
    p = float(2.0 * stdtr(freedom, -abs(value) / error)) if error else float(value == 0)
    n = len(arm) + len(control)
    return Estimate(value, value - reach, value + reach, p, n, WELCH, confidence, error=error, freedom=freedom)


def share_of_difference(
    part: tuple[Sequence[float], Sequence[float]],
    whole: tuple[Sequence[float], Sequence[float]],
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """Which share of the whole's difference a part's difference makes up.

    Args:
        part: the part's values in the arm and in the control, one per trace.
        whole: the whole's, of the same traces in the same order.
        confidence: coverage.

    Returns:
        None where a sample has one value, or where the whole's difference may be zero: then no share has an upper end.
    """
    if min(map(len, part)) < _FEWEST:
        return None
    parts, wholes = tuple(map(array, part)), tuple(map(array, whole))
    numerator, denominator = (float(each[0].mean() - each[1].mean()) for each in (parts, wholes))
    freedom = _freedom(wholes)
    t2 = t_quantile(freedom, confidence) ** 2
    a = denominator**2 - t2 * _covariance(wholes, wholes)
    b = numerator * denominator - t2 * _covariance(parts, wholes)
    c = numerator**2 - t2 * _covariance(parts, parts)
    if a <= 0:
        return None
    root = math.sqrt(max(b * b - a * c, 0.0))
    n = sum(map(len, part))
    low, high = (b - root) / a, (b + root) / a
    return Estimate(numerator / denominator, low, high, math.nan, n, SHARE_UNPAIRED, confidence, freedom=freedom)


def _covariance(one: "tuple[NDArray[np.float64], ...]", other: "tuple[NDArray[np.float64], ...]") -> float:
    """Of two differences of means from the same traces."""
    return sum(
        float(((x - x.mean()) * (y - y.mean())).sum()) / (len(x) - 1) / len(x) for x, y in zip(one, other, strict=True)
    )


def _freedom(samples: "tuple[NDArray[np.float64], ...]") -> float:
    variances = array([float(each.var(ddof=1)) / len(each) for each in samples])
    return float(joint_freedom(variances, array([len(each) - 1 for each in samples])))
