# SPDX-License-Identifier: Apache-2.0
"""How often the 95 % interval of a difference holds the true one."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

from reports.statistics.design import ORDER_FROM_BLOCKS
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
    SWINGS,
    WANDERING,
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
_WILD = tuple(scenario for scenario in ADDED if not scenario.promised)
BEYOND = "difference, beyond what is promised"


_TOPICS: tuple[tuple[str, tuple[Scenario, ...], tuple[Size, ...]], ...] = (
    (
        "difference of two arms",
        tuple(each for each in (*ADDED, *LOGNORMAL) if each.promised),
        tuple(Size(n) for n in SIZES),
    ),
    ("difference, two of four arms", _HARD, tuple(Size(n, arms=4) for n in SIZES)),
    (
        "difference, 20 blocks planned, broken off after n",
        _HARD,
        tuple(Size(n, planned=20) for n in (ORDER_FROM_BLOCKS, 9, 13, 17)),
    ),
)


def rows(reps: int, seed: int) -> Iterator[Row]:
    """Whole runs of two arms, two of four arms, and runs of 20 blocks that broke off; then what is not promised."""
    for topic, scenarios, sizes in _TOPICS:
        for scenario, size in itertools.product(scenarios, sizes):
            yield _row(topic, scenario, size, reps, seed)
    for scenario, n in itertools.product(_WILD, SIZES):
        yield _row(BEYOND, scenario, Size(n), reps, seed)
    for scenario, n in itertools.product((*SWINGS, WANDERING), SIZES):
        yield replace(_row(BEYOND, scenario, Size(n), reps, seed), low=0.0, high=1.0)


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
