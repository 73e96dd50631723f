# SPDX-License-Identifier: Apache-2.0
"""Which apps were still alive when they were brought back: what a workload with `return` launches asks. Pure."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from reports.ledger import LedgerLine
from reports.record import LaunchResult, TrialRecord
from reports.units import number
from workloads.spec import Arm

SURVIVORS = "survivors"
_ALIVE = ("WARM", "HOT")
"""am's LaunchState of an app whose process lived (ActivityManagerShellCommand.java, Android 10 and later)."""


def brought_back(record: TrialRecord) -> dict[int, list[bool]]:
    """Round -> whether each app of it was alive; the first round is the first return of each app.

    Launches that failed, and those of which am does not tell, are left out.
    """
    rounds: dict[int, list[bool]] = defaultdict(list)
    before: Counter[str] = Counter()
    for launch in record.launches:
        if launch.kind == "return":
            before[launch.component] += 1
            if (alive := _alive(launch)) is not None:
                rounds[before[launch.component]].append(alive)
    return dict(rounds)


def by_returns(record: TrialRecord) -> Iterator[tuple[str, float]]:
    """Metric and value: the share of the apps brought back that were alive; nothing without such."""
    found = [alive for rounds in brought_back(record).values() for alive in rounds]
    if found:
        yield SURVIVORS, sum(found) / len(found)


@dataclass(frozen=True)
class Round:
    """Apps brought back for the `turn`th time, in the trials of one arm: means per trial.

    Attributes:
        arm: its name.
        turn: 1 for the first time.
        trials: that count and had such a round.
        alive: apps whose process lived.
        brought_back: apps of which am tells.
    """

    arm: str
    turn: int
    trials: int
    alive: float
    brought_back: float


def rounds(arms: Sequence[Arm], records: Sequence[TrialRecord], counting: Sequence[LedgerLine]) -> tuple[Round, ...]:
    """Each arm's rounds, in the order of turns, then of arms."""
    arm_of = {line.trial.name: line.trial.arm for line in counting}
    found: dict[tuple[int, str], list[list[bool]]] = defaultdict(list)
    for record in records:
        if record.trial.name in arm_of:
            for turn, alive in brought_back(record).items():
                found[turn, arm_of[record.trial.name]].append(alive)
    order = [arm.name for arm in arms]
    return tuple(
        Round(arm, turn, len(many), statistics.fmean(map(sum, many)), statistics.fmean(map(len, many)))
        for (turn, arm), many in sorted(found.items(), key=lambda each: (each[0][0], order.index(each[0][1])))
    )


def survival_lines(found: Sequence[Round]) -> Iterator[str]:
    """How many were alive, round by round."""
    for turn, many in groupby(found, key=lambda each: each.turn):
        means = (f"{each.arm} {number(each.alive)} of {number(each.brought_back)}" for each in many)
        yield f"Alive when brought back, round {turn} (mean per trial): {', '.join(means)}."


def _alive(launch: LaunchResult) -> bool | None:
    if launch.status != "ok" or launch.state not in (*_ALIVE, "COLD"):
        return None
    return launch.state in _ALIVE
