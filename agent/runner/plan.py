# SPDX-License-Identifier: Apache-2.0
"""Which arm runs when: every block holds every arm once, order counterbalanced and seeded. Pure."""

import random
from collections.abc import Sequence

from reports.exclusions import rules_of
from reports.record import Plan, PlannedTrial
from workloads.spec import Experiment

STRETCH_BLOCKS = 10
"""Blocks whose orders are drawn together. Long enough that noise of any memory cannot follow the orders, short enough
that a run which ends early is still balanced (docs/statistics.md has the figures)."""


def make_plan(experiment: Experiment) -> Plan:
    """All trials of an experiment in order, warm-up blocks (block 0) first; repeatable by the experiment's seed.

    Warm-up blocks have orders of their own, so that those which count are balanced among themselves.
    The plan also holds the only rules by which a trial may be left out.
    """
    draw = random.Random(experiment.seed)  # noqa: S311 - a plan must be repeatable, not secret
    arms = [arm.name for arm in experiment.arms]
    orders = draw_orders(arms, experiment.warm_up_blocks, draw) + draw_orders(arms, experiment.blocks, draw)
    blocks = [0] * experiment.warm_up_blocks + list(range(1, experiment.blocks + 1))
    trials: list[PlannedTrial] = []
    for block, order in zip(blocks, orders, strict=True):
        for position, arm in enumerate(order, start=1):
            trials.append(PlannedTrial(index=len(trials) + 1, block=block, position=position, arm=arm))
    return Plan(seed=experiment.seed, trials=tuple(trials), exclusions=rules_of(experiment.exclude))


def draw_orders(arms: Sequence[str], blocks: int, draw: random.Random) -> list[list[str]]:
    """The order of arms of each block.

    Orders come from Williams designs (E. J. Williams, Aust. J. Sci. Res. 2 (1949) 149-168): over a full cycle every arm
    stands equally often in each place and follows each other arm equally often, so that drift and carry-over weigh on
    all arms alike. Whole cycles that make up `STRETCH_BLOCKS` or more are shuffled as one. A cycle shuffled by itself
    would make neighbouring blocks of two arms mirror each other, and noise that remembers (each trial like the one
    before) would then pass for certainty: intervals were too narrow.
    """
    cycle = len(_williams(len(arms)))
    least = cycle * -(-STRETCH_BLOCKS // cycle)
    full = max(1, blocks // least)
    sizes = [least] * (full - 1) + [blocks - least * (full - 1)]
    return [order for size in sizes for order in _stretch(arms, size, draw)]


def _stretch(arms: Sequence[str], blocks: int, draw: random.Random) -> list[list[str]]:
    """Whole cycles, and a part of one where the blocks do not make a whole, in random order."""
    orders: list[list[str]] = []
    while len(orders) < blocks:
        rows, labels = _williams(len(arms)), draw.sample(arms, len(arms))
        chosen = draw.sample(rows, min(len(rows), blocks - len(orders)))
        orders += [[labels[place] for place in row] for row in chosen]
    draw.shuffle(orders)
    return orders


def _williams(count: int) -> list[list[int]]:
    """Rows of a Williams square of `count` treatments; an odd count needs the mirrored rows too."""
    zigzag = [(place + 1) // 2 if place % 2 else (count - place // 2) % count for place in range(count)]
    rows = [[(step + shift) % count for step in zigzag] for shift in range(count)]
    return rows + [row[::-1] for row in rows] if count % 2 else rows
