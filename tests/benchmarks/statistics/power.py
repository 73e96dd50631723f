# SPDX-License-Identifier: Apache-2.0
"""Whether an effect is seen as often as promised: before a run, from its spread; after it, from its error."""

import math
from collections.abc import Iterator

from reports.statistics.paired import CONFIDENCE, two_sided_p
from reports.statistics.power import blocks_for, freedom_of, minimum_detectable_effect
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import PLAIN, SIZES, Size, share, simulate

_SPREAD = math.sqrt(2.0)
"""Standard deviation of a block's difference when each trial has one."""


def rows(reps: int, seed: int) -> Iterator[Row]:
    """The smallest effect that a run of n blocks sees, and the blocks that an effect needs."""
    for power in (0.8, 0.9):
        for n in SIZES:
            effect = minimum_detectable_effect(_SPREAD / math.sqrt(n), freedom_of(n), power) or math.nan
            value = _seen(n, effect, reps, seed)
            name, allowed = f"said to be seen with chance {power}", (power - 0.005, power + 0.005)
            yield Row("minimum detectable effect", name, n, "seen", value, *allowed, reps)
    for effect in (2.0, 1.5, 1.2, 1.0, 0.8):
        n = blocks_for(effect, _SPREAD, 0.9) or 0
        value = _seen(n, effect, reps, seed)
        yield Row("blocks required for power 0.9", f"effect of {effect} SD", n, "seen", value, 0.895, 0.95, reps)


def _seen(n: int, effect: float, reps: int, seed: int) -> float:
    batch = simulate(PLAIN, Size(n), reps, seed)
    return share(two_sided_p(batch.plan, batch.arm + effect - batch.control) <= 1 - CONFIDENCE)
