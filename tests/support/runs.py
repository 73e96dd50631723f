# SPDX-License-Identifier: Apache-2.0
"""Runs on the fake phone: a short experiment, a clock that stands still, a watch that remembers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from agent.device.fake import FakePhone
from agent.device.phone import attach
from agent.runner.run import Request, run_experiment
from reports.record import PlannedTrial, TrialRecord
from reports.store import RunStore
from tests.support.runner_phone import AM, Trials
from workloads import load
from workloads.spec import Arm, Experiment, Setting

NR = "/sys/module/kcompressd/parameters/nr_kcompressd"
SWAPPINESS = Setting("sysctl:vm.swappiness", "60")


def experiment(*, blocks: int = 1, off: tuple[Setting, ...] = (), on: tuple[Setting, ...] = ()) -> Experiment:
    shipped, _ = load.experiment("kcompressd")
    arms = (
        Arm("off", (Setting("kcompressd", "off"), *off)),
        Arm("on", (Setting("kcompressd", "2"), *on)),
    )
    return replace(shipped, blocks=blocks, warm_up_blocks=0, arms=arms)


@dataclass
class StillClock:
    slept: float = 0.0

    def now(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


@dataclass
class Silent:
    interrupt_at: int = -1
    told: list[str] = field(default_factory=list)

    def planned(self, trials: int, outlook: Sequence[str]) -> None:
        self.told += [f"planned {trials}", *outlook]

    def stage(self, trial: PlannedTrial, name: str) -> None:
        self.told.append(f"{trial.name}: {name}")
        if trial.index == self.interrupt_at and name == "pressure and launches":
            raise KeyboardInterrupt

    def ended(self, record: TrialRecord, following: PlannedTrial | None) -> None:
        self.told.append(f"ended {record.trial.name}{', repeated' if following else ''}")

    def looked(self, line: str) -> None:
        self.told.append(line)


@dataclass
class Launches(Trials):
    """Launches take `off_ms` with kcompressd off and `on_ms` with it on, give or take a little."""

    off_ms: int = 500
    on_ms: int = 500

    def __post_init__(self) -> None:
        self.give_or_take = count()

    def _begin(self, argv: tuple[str, ...]) -> None:
        typical = self.off_ms if value(self.phone, NR) == "0" else self.on_ms
        shown = typical + next(self.give_or_take) * 7 % 10
        self.said = {app: AM.format(app=app).replace("321", str(shown)) for app in self.experiment.workload.apps}
        super()._begin(argv)


def run(trials: Trials, out: Path, watch: Silent | None = None, *, allow_unsafe: bool = False) -> RunStore:
    request = Request(trials.experiment, "question = 1\n", out, allow_unsafe=allow_unsafe)
    return run_experiment(attach(trials.ready()), request, StillClock(), watch or Silent())


def value(phone: FakePhone, path: str) -> str:
    return phone.file(path).text.strip()
