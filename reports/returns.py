# SPDX-License-Identifier: Apache-2.0
"""Which apps were still alive when they were brought back: what a workload with `return` launches asks. Pure."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

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


def survival_lines(
    arms: Sequence[Arm], records: Sequence[TrialRecord], counting: Sequence[LedgerLine]
) -> Iterator[str]:
    """How many were alive, round by round, in each arm: means over its trials that count."""
    arm_of = {line.trial.name: line.trial.arm for line in counting}
    told: dict[str, list[dict[int, list[bool]]]] = {arm.name: [] for arm in arms}
    for record in records:
        if record.trial.name in arm_of:
            told[arm_of[record.trial.name]].append(brought_back(record))
    rounds = sorted({turn for trials in told.values() for trial in trials for turn in trial})
    for turn in rounds:
        means = [f"{arm} {_mean(trials, turn)}" for arm, trials in told.items() if any(turn in each for each in trials)]
        yield f"Alive when brought back, round {turn} (mean per trial): {', '.join(means)}."


def _mean(trials: Sequence[dict[int, list[bool]]], turn: int) -> str:
    found = [trial[turn] for trial in trials if turn in trial]
    alive, brought = statistics.fmean(map(sum, found)), statistics.fmean(map(len, found))
    return f"{number(alive)} of {number(brought)}"


def _alive(launch: LaunchResult) -> bool | None:
    if launch.status != "ok" or launch.state not in (*_ALIVE, "COLD"):
        return None
    return launch.state in _ALIVE
