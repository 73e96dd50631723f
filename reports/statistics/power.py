# SPDX-License-Identifier: Apache-2.0
"""What a run of some size can see, before it is made and after: pure functions on figures.

Sources: power of Student's test by the noncentral t distribution; Browne, "On the use of a pilot sample for sample
size determination", Stat. Med. 14 (1995) 1933-1940, for the upper limit of a pilot's standard deviation.
"""

import math
from collections.abc import Sequence

from reports.statistics.design import ORDER_FROM_BLOCKS
from reports.statistics.paired import CONFIDENCE, FEWEST_BLOCKS, array, t_quantile

MOST_BLOCKS = 100_000
_FARTHEST = 1e5
"""Critical value of a test that can see something: with two blocks a level of 6e-6."""


def spread(differences: Sequence[float]) -> float:
    """Standard deviation of the blocks' differences (n - 1 in the denominator); 0 below two blocks."""
    return float(array(differences).std(ddof=1)) if len(differences) > 1 else 0.0


def freedom_of(n: int) -> int:
    """Degrees of freedom of an effect over `n` blocks in both orders, as `reports.statistics.design` counts them."""
    return n - 2 if n >= ORDER_FROM_BLOCKS else n - 1


def power_of(effect: float, error: float, freedom: float, confidence: float = CONFIDENCE) -> float:
    """Chance that a two-sided t test sees an effect.

    Args:
        effect: true mean difference.
        error: standard error of its estimate, above 0.
        freedom: degrees of freedom of that error.
        confidence: one minus the size of the test.
    """
    from scipy.special import nctdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    critical, shift = t_quantile(freedom, confidence), abs(effect) / error
    below = float(nctdtr(freedom, shift, critical)), float(nctdtr(freedom, shift, -critical))
    return 1.0 - below[0] + (below[1] if math.isfinite(below[1]) else 0.0)


def minimum_detectable_effect(
    error: float, freedom: float, power: float, confidence: float = CONFIDENCE
) -> float | None:
    """Smallest true difference that a two-sided t test sees with the given chance.

    Args:
        error: standard error of the effect's estimate.
        freedom: degrees of freedom of that error.
        power: wanted chance, at least 0.5.
        confidence: one minus the size of the test.

    Returns:
        A difference in the unit of `error`; 0 when there is no spread; None without any freedom, and where the test
        is so strict that hardly anything is seen.
    """
    if freedom < 1:
        return None
    if error == 0:
        return 0.0
    from scipy.special import nctdtrinc  # noqa: PLC0415 - imported late; scipy.optimize would take 0.15 s more

    critical = t_quantile(freedom, confidence)
    if critical > _FARTHEST:  # nctdtrinc would search for minutes, or for ever
        return None
    # The shift at which the upper tail alone has the power: the lower one adds 5e-5 at 0.5, below 1e-6 from 0.8 on.
    return error * float(nctdtrinc(freedom, 1.0 - power, critical))


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
    if len(differences) < FEWEST_BLOCKS or effect == 0:
        return None
    return blocks_for(effect, upper_spread(spread(differences), len(differences) - 1, assurance), power)


def upper_spread(sd: float, freedom: float, assurance: float = 0.8) -> float:
    """Upper one-sided limit of a standard deviation: the true one is not above it with chance `assurance`."""
    from scipy.special import chdtri  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    return sd * math.sqrt(freedom / float(chdtri(freedom, assurance)))


def blocks_for(effect: float, sd: float, power: float = 0.9, *, confidence: float = CONFIDENCE) -> int | None:
    """Blocks a run needs to see an effect when the blocks' differences spread by `sd`; None above `MOST_BLOCKS`."""
    if sd == 0:
        return FEWEST_BLOCKS

    def enough(blocks: int) -> bool:
        return power_of(effect, sd / math.sqrt(blocks), freedom_of(blocks), confidence) >= power

    low, high = 1, FEWEST_BLOCKS
    while not enough(high):
        low, high = high, high * 2
        if high > MOST_BLOCKS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
