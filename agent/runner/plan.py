# SPDX-License-Identifier: Apache-2.0
"""Which arm runs when: every block holds every arm once, order counterbalanced and seeded. Pure."""

import random
from collections.abc import Iterator, Sequence

from reports.exclusions import rules_of
from reports.record import Plan, PlannedTrial
from workloads.spec import Experiment


def make_plan(experiment: Experiment) -> Plan:
    """All trials of an experiment in order, warm-up blocks (block 0) first.

    The order of arms follows a Williams design (E. J. Williams, Aust. J. Sci. Res. 2, 1949): over a full cycle every
    arm stands equally often in each place and follows each other arm equally often, so that drift and carry-over
    weigh on all arms alike. Arms and rows are shuffled by the experiment's seed.
    The plan also holds the only rules by which a trial may be left out.
    """
    draw = random.Random(experiment.seed)  # noqa: S311 - a plan must be repeatable, not secret
    orders = _orders([arm.name for arm in experiment.arms], draw)
    blocks = [0] * experiment.warm_up_blocks + list(range(1, experiment.blocks + 1))
    trials: list[PlannedTrial] = []
    for block in blocks:
        for position, arm in enumerate(next(orders), start=1):
            trials.append(PlannedTrial(index=len(trials) + 1, block=block, position=position, arm=arm))
    return Plan(seed=experiment.seed, trials=tuple(trials), exclusions=rules_of(experiment.exclude))


def _orders(arms: Sequence[str], draw: random.Random) -> Iterator[list[str]]:
    """Orders of the arms without end, a shuffled full cycle after the other."""
    while True:
        labels = draw.sample(arms, len(arms))
        rows = _williams(len(arms))
        draw.shuffle(rows)
        yield from ([labels[place] for place in row] for row in rows)


def _williams(count: int) -> list[list[int]]:
    """Rows of a Williams square of `count` treatments; an odd count needs the mirrored rows too."""
    zigzag = [(place + 1) // 2 if place % 2 else (count - place // 2) % count for place in range(count)]
    rows = [[(step + shift) % count for step in zigzag] for shift in range(count)]
    return rows + [row[::-1] for row in rows] if count % 2 else rows
