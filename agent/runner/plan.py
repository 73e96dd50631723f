# SPDX-License-Identifier: Apache-2.0
"""Which arm runs when: every block holds every arm once, order counterbalanced and seeded. Pure."""

import itertools
import random
from collections.abc import Sequence

from reports.exclusions import rules_of
from reports.record import Plan, PlannedTrial
from reports.statistics.design import ORDER_FROM_BLOCKS
from workloads.spec import Experiment

STRETCH_BLOCKS = 10
"""Blocks whose orders are drawn at once in a run that may stop early, so that it is balanced wherever it stops."""


def make_plan(experiment: Experiment) -> Plan:
    """All trials of an experiment in order, warm-up blocks (block 0) first; repeatable by the experiment's seed.

    Warm-up blocks have orders of their own, so that those which count are balanced among themselves.
    The plan also holds the only rules by which a trial may be left out.
    """
    draw = random.Random(experiment.seed)  # noqa: S311 - a plan must be repeatable, not secret
    arms, warm_ups = [arm.name for arm in experiment.arms], experiment.warm_up_blocks
    at_once = experiment.blocks if experiment.stop == "fixed" else STRETCH_BLOCKS
    orders = draw_orders(arms, warm_ups, draw, at_once=warm_ups)
    orders += draw_orders(arms, experiment.blocks, draw, at_once=at_once)
    blocks = [0] * warm_ups + list(range(1, experiment.blocks + 1))
    trials: list[PlannedTrial] = []
    for block, order in zip(blocks, orders, strict=True):
        for position, arm in enumerate(order, start=1):
            trials.append(PlannedTrial(index=len(trials) + 1, block=block, position=position, arm=arm))
    return Plan(seed=experiment.seed, trials=tuple(trials), exclusions=rules_of(experiment.exclude))


def draw_orders(arms: Sequence[str], blocks: int, draw: random.Random, *, at_once: int) -> list[list[str]]:
    """The order of arms of each block.

    Orders come from Williams designs (E. J. Williams, Aust. J. Sci. Res. 2 (1949) 149-168): over a full cycle every arm
    stands equally often in each place and follows each other arm equally often, so that drift and carry-over weigh on
    all arms alike. They are then shuffled over the whole run, so that nothing the phone does follows them: after such
    a shuffle Student's test is close to the randomisation test, which holds under any noise (Fisher, "The Design of
    Experiments", 1935, ch. 3). Cycles one after the other would make neighbouring blocks of two arms mirror each other,
    and noise that remembers (each trial like the one before) pass for certainty: docs/statistics.md has the figures.
    As soon as the order is in the model, also in a run that breaks off, any two arms have run in both orders.

    Args:
        arms: their names.
        blocks: how many orders.
        draw: where chance comes from.
        at_once: blocks that are shuffled together, rounded up to whole cycles.
    """
    cycle = len(_williams(len(arms)))
    least = cycle * max(1, -(-at_once // cycle))
    full = max(1, blocks // least)
    sizes = [least] * (full - 1) + [blocks - least * (full - 1)]
    while True:
        orders = [order for size in sizes for order in _stretch(arms, size, draw)]
        if blocks < ORDER_FROM_BLOCKS or _both_orders(orders[:ORDER_FROM_BLOCKS]):
            return orders


def _both_orders(orders: Sequence[Sequence[str]]) -> bool:
    """Whether any two arms run in both orders."""
    ahead = {pair for order in orders for pair in itertools.combinations(order, 2)}
    return len(ahead) == len(orders[0]) * (len(orders[0]) - 1)


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
