# SPDX-License-Identifier: Apache-2.0
"""What there is to judge in a run, and what is not as it should be, in sentences. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reports.units import count

SAME_SETTINGS = "This is an A/A run: every arm has the same settings, so any difference is noise."


@dataclass(frozen=True)
class Situation:
    """What there is to judge.

    Attributes:
        planned: trials planned, without those that a run stopped before.
        ended: trials that ended.
        counting: trials that may be compared.
        excluded: trials excluded by rule.
        measured: whether anything was measured.
        arms: the experiment's arms, in its order.
        arms_counting: those with at least one counting trial.
        same_settings: every arm has the same settings (an A/A).
        kills: arm -> processes killed in its trials, excluded ones included, warm-ups not.
        ending: how a run that stops by itself ended, in one sentence; empty where it does not, or broke off.
        stopped: whether it ended before its budget because it was decided.
    """

    planned: int
    ended: int
    counting: int
    excluded: int
    measured: bool
    arms: tuple[str, ...]
    arms_counting: tuple[str, ...]
    same_settings: bool
    kills: Mapping[str, int]
    ending: str = ""
    stopped: bool = False

    @property
    def comparable(self) -> bool:
        """Whether at least two arms have trials that count."""
        return len(self.arms_counting) > 1


def troubles(situation: Situation) -> Iterator[str]:
    """What a reader must know before any figure; nothing when all is as planned."""
    if situation.ended == 0:
        yield "No trial was recorded: there is nothing to compare."
        return
    if situation.ended < situation.planned:
        yield f"This run broke off after {situation.ended} of {count(situation.planned, 'trial')}."
    if situation.same_settings:
        yield SAME_SETTINGS
    yield from _not_comparable(situation)


def _not_comparable(situation: Situation) -> Iterator[str]:
    if situation.comparable:
        return
    if situation.counting == 0 and situation.excluded:
        yield f"Nothing can be compared: {count(situation.excluded, 'trial')} excluded, none left that counts."
    elif situation.counting == 0 and not situation.measured:
        yield f"Nothing was measured in {count(situation.ended, 'trial')}: there is nothing to compare."
    elif situation.counting == 0:
        yield f"None of {count(situation.ended, 'trial')} counts: there is nothing to compare."
    elif len(situation.arms) == 1:
        yield f"This run has one arm only ({situation.arms[0]}): its figures stand alone, nothing is compared."
    else:
        yield f"Only one arm ({situation.arms_counting[0]}) has trials that count: there is nothing to compare it with."


def kills_sentence(situation: Situation) -> str:
    """Who died, arm by arm; the first thing to know of a memory experiment."""
    if situation.ended == 0:
        return "No trial, no kills."
    total = sum(situation.kills.values())
    if total == 0:
        return "No process was killed in any arm."
    told = ", ".join(f"{amount} in {arm}" for arm, amount in situation.kills.items())
    return f"{count(total, 'process was', 'processes were')} killed: {told}."
