# SPDX-License-Identifier: Apache-2.0
"""What the looks at a run cost its primary metrics: the level that is left for each interval. Pure.

A run with `stop = "decided"` is looked at while it goes on. Its primary metrics then get repeated confidence intervals
(`reports.statistics.sequential`), whatever made the run end: all of them together, over all looks, miss the truth in at
most 5 of 100 runs. The error is split evenly over the primary metrics of all arms (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reports.statistics.paired import CONFIDENCE, FEWEST_BLOCKS, Estimate
from reports.statistics.sequential import levels_after, look_blocks
from workloads.spec import Experiment


@dataclass(frozen=True)
class Looks:
    """The looks at a run so far.

    Attributes:
        blocks: after which blocks, growing; the last is the present one.
        budget: most blocks the run may take.
        family: primary metrics that share the error, every arm's own counted.
    """

    blocks: tuple[int, ...]
    budget: int
    family: int

    def confidence(self, counted: Sequence[int]) -> float:
        """Coverage of the present look's interval by itself.

        A look at which no block was new for a metric told nothing new about it, so it costs nothing.

        Args:
            counted: blocks that count for the metric.
        """
        blocks, counts = list[int](), list[int]()
        for block in self.blocks:
            count = sum(each <= block for each in counted)
            if count >= FEWEST_BLOCKS and (not counts or count > counts[-1]):
                blocks.append(block)
                counts.append(count)
        if not counts:
            return CONFIDENCE
        return 1 - levels_after(tuple(blocks), tuple(counts), self.budget, (1 - CONFIDENCE) / self.family)[-1]


def looks_at(experiment: Experiment, reached: int, arms: int) -> Looks | None:
    """The looks at a run that got so far; None where nobody looks before its end, or nothing ran.

    Args:
        experiment: what was asked.
        reached: last block of which a trial ended. Where no look was planned after it, the present one is added.
        arms: how many are compared with a control.
    """
    if experiment.stop != "decided" or reached < 1:
        return None
    here = min(reached, experiment.blocks)
    planned = (block for block in look_blocks(experiment.blocks) if block < here)
    return Looks((*planned, here), experiment.blocks, family_size(experiment, arms))


def family_size(experiment: Experiment, arms: int) -> int:
    """Primary metrics of an experiment, counted for each of the arms that are compared."""
    return max(1, len(set(experiment.primary)) * arms)


def scaled_p(effect: Estimate | None) -> float | None:
    """An effect's p so that 0.05 is where its interval begins to leave out "no effect", whatever its coverage."""
    return None if effect is None else min(1.0, effect.p * _price(effect.confidence))


def scaled_one_sided_p(p: float, confidence: float) -> float:
    """A one-sided p so that 0.05 and 0.95 are where a test at the level of such an interval decides, either way."""
    near = min(p, 1 - p)
    paid = min(near * _price(confidence), max(near, 0.5))
    return paid if p == near else 1 - paid


def _price(confidence: float) -> float:
    return (1 - CONFIDENCE) / (1 - confidence)
