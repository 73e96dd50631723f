# SPDX-License-Identifier: Apache-2.0
"""How often the 95 % interval of a difference holds the true one."""

from collections.abc import Iterator

from reports.statistics.paired import t_interval
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import (
    ADDED,
    LEVEL,
    LINEAR,
    LOGNORMAL,
    PLAIN,
    REMEMBERING,
    SIZES,
    WARMING_UP,
    Array,
    Batch,
    Scenario,
    Size,
    share,
    simulate,
)

LEAST = 0.935
_HARD = (PLAIN, *REMEMBERING, LINEAR, WARMING_UP)
_RATIO = 0.7


def rows(reps: int, seed: int) -> Iterator[Row]:
    """Whole runs of two arms, two of four arms, and runs of 20 blocks that broke off."""
    for scenario in (*ADDED, *LOGNORMAL):
        for n in SIZES:
            yield _row("difference of two arms", scenario, Size(n), reps, seed)
    for scenario in _HARD:
        for n in SIZES:
            yield _row("difference, two of four arms", scenario, Size(n, arms=4), reps, seed)
    for scenario in _HARD:
        for n in (6, 9, 13, 17):
            yield _row("difference, 20 blocks planned, broken off after n", scenario, Size(n, planned=20), reps, seed)


def _row(topic: str, scenario: Scenario, size: Size, reps: int, seed: int) -> Row:
    batch = simulate(scenario, size, reps, seed)
    differences, truth = _differences(scenario, batch)
    _, low, high = t_interval(batch.plan, differences)
    value = share((low <= truth) & (truth <= high))
    return Row(topic, scenario.name, size.blocks, "coverage", value, LEAST, scenario.widest, reps)


def _differences(scenario: Scenario, batch: Batch) -> tuple[Array, float]:
    """Blocks' differences and the true one: one SD where noise adds, 30 % less where it multiplies."""
    if not scenario.multiplies:
        return batch.arm + 1.0 - batch.control, 1.0
    differences = scenario.levels(batch.arm, _RATIO) - scenario.levels(batch.control, 1.0)
    return differences, (_RATIO - 1.0) * LEVEL * scenario.mean
