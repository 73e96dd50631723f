# SPDX-License-Identifier: Apache-2.0
"""Trials to pairs: which values of a block stand against each other, and which blocks count.

Rules, the same for every metric:

- Launches are no units of their own: a trial's value is the median over its launches, and in a pair over those
  launches that both of its trials recorded, so that a launch which failed in one arm does not shift the other.
- A block counts when neither of its two trials lost a process. A killed process lowers the demand for memory, which
  makes every reclaim figure look better; so blocks with kills are left out of effects, and counted where kills are
  reported.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One trial's values of one metric.

    Attributes:
        block: its block.
        index: its place in the order of execution.
        values: launch index -> value in base units; 0 for the trial as a whole.
        kills: processes killed during the trial.
    """

    block: int
    index: int
    values: Mapping[int, float]
    kills: int


@dataclass(frozen=True)
class Pair:
    """One block's control and arm.

    Attributes:
        block: the block.
        control: value of the control's trial, base units.
        arm: value of the arm's trial, base units.
        control_kills: processes killed in the control's trial.
        arm_kills: processes killed in the arm's trial.
        lag: trials from the control's to the arm's; negative when the arm ran first.
        launches_dropped: launches that only one of the two trials recorded.
    """

    block: int
    control: float
    arm: float
    control_kills: int
    arm_kills: int
    lag: int
    launches_dropped: int = 0

    @property
    def difference(self) -> float:
        """Arm - control."""
        return self.arm - self.control

    @property
    def survivors_equal(self) -> bool:
        """Whether nobody was killed in either trial: only then the demand was the same."""
        return self.control_kills == 0 and self.arm_kills == 0


def pair_blocks(control: Sequence[Sample], arm: Sequence[Sample]) -> tuple[Pair, ...]:
    """Pairs of the blocks in which both arms have a value, in block order."""
    reference = {sample.block: sample for sample in control}
    treated = {sample.block: sample for sample in arm}
    pairs = (_pair(reference[block], treated[block]) for block in sorted(reference.keys() & treated.keys()))
    return tuple(pair for pair in pairs if pair is not None)


def _pair(control: Sample, arm: Sample) -> Pair | None:
    both = control.values.keys() & arm.values.keys()
    if not both:
        return None
    return Pair(
        block=control.block,
        control=statistics.median(control.values[launch] for launch in both),
        arm=statistics.median(arm.values[launch] for launch in both),
        control_kills=control.kills,
        arm_kills=arm.kills,
        lag=arm.index - control.index,
        launches_dropped=len(control.values.keys() ^ arm.values.keys()),
    )
