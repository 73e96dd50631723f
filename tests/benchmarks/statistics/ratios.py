# SPDX-License-Identifier: Apache-2.0
"""How often the 95 % interval of a ratio holds the true one."""

from collections.abc import Iterator

import numpy as np

from reports.statistics.paired import fieller, t_interval
from tests.benchmarks.statistics.intervals import LEAST
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import ADDED, FACTORS, LOGNORMAL, SIZES, Scenario, Size, share, simulate

MOST_WITHOUT = 0.03
"""Runs that may be without an interval of the ratio: the control's level is then too close to zero for one."""

_RATIO = 0.7


def rows(reps: int, seed: int) -> Iterator[Row]:
    """Ratio of means by Fieller, and geometric mean of the blocks' ratios."""
    for scenario in sorted((*ADDED, *FACTORS), key=lambda each: not each.promised):
        for ratio in (_RATIO, 1.0, 1.05) if scenario in LOGNORMAL else (_RATIO,):
            for n in SIZES:
                yield from _fieller(scenario, ratio, n, reps, seed)
    for scenario in FACTORS:
        for n in SIZES:
            yield _logs(scenario, n, reps, seed)


def _fieller(scenario: Scenario, ratio: float, n: int, reps: int, seed: int) -> Iterator[Row]:
    """Coverage over the runs that get an interval, and how many do not; where noise adds, all of them do."""
    topic = "ratio of means (Fieller)" if scenario.promised else "ratio of means (Fieller), beyond what is promised"
    batch = simulate(scenario, Size(n), reps, seed)
    arm, control = scenario.levels(batch.arm, ratio), scenario.levels(batch.control, 1.0)
    _, low, high = fieller(batch.plan, arm, control)
    given, name = np.isfinite(low), f"{scenario.name}; ratio {ratio}"
    held = share(((low <= ratio) & (ratio <= high))[given])
    yield Row(topic, name, n, "coverage", held, LEAST, scenario.widest, reps)
    if scenario.multiplies and ratio == _RATIO:
        yield Row(topic, name, n, "without an interval", share(~given), 0.0, MOST_WITHOUT, reps)


def _logs(scenario: Scenario, n: int, reps: int, seed: int) -> Row:
    batch = simulate(scenario, Size(n), reps, seed)
    _, low, high = t_interval(batch.plan, np.log(batch.arm) - np.log(batch.control))
    held, topic = share((low <= 0) & (high >= 0)), "geometric mean of block ratios"
    return Row(topic, scenario.name, n, "coverage", held, LEAST, scenario.widest, reps)
