# SPDX-License-Identifier: Apache-2.0
"""A run on the fake phone, struck at one command after the other: the phone is as it was, and the run can go on."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from agent.capture.session import FOLDER
from agent.device.fake import FakePhone, Fault, fake_phone
from agent.device.phone import attach
from agent.ports import Completed, Pulse
from agent.runner.resume import put_back, remaining, resume, settings_open, tidy_up
from agent.runner.run import Request
from agent.runner.workspace import ROOT
from reports.rundir import occupied
from reports.store import RunStore
from tests.support.faults import checks
from tests.support.runner_phone import Trials
from tests.support.runs import NR, SWAPPINESS, Silent, StillClock, experiment, run, value
from workloads.errors import FinalError, ReclaimError, TransientError

pytestmark = pytest.mark.usefixtures("no_compiler")

DROPPED = TransientError("FAKE0001: the link dropped")
PROGRAMS = f"{ROOT}/pressure-"
STEP = 5
"""Each kind of fault strikes at every fifth command, each from another one on: all of them take a minute."""


@dataclass
class Interrupted(FakePhone):
    """A phone in the middle of whose command number `at`, and so many commands after it, Ctrl-C is pressed."""

    at: int = -1
    times: int = 1

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        if pulse is None and self.times and len(self.log) >= self.at:
            self.times -= 1
            signal.raise_signal(signal.SIGINT)
        return super().run(argv, stdin=stdin, timeout_s=timeout_s, pulse=pulse)


def made(phone: FakePhone) -> Trials:
    return Trials(experiment(on=(SWAPPINESS,)), phone=phone)


def interrupted_at(at: int, times: int) -> FakePhone:
    base = fake_phone()
    phone = {each.name: getattr(base, each.name) for each in fields(base) if each.init}
    return Interrupted(**phone, at=at, times=times)


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many commands a run without any fault sends."""
    trials = made(fake_phone())
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("calm")
        patch.setenv("RECLAIM_STATE", str(folder / "state"))
        run(trials, folder / "run")
    return len(trials.phone.log)


def go_on(trials: Trials, out: Path) -> None:
    """As `reclaim resume` does."""
    store = RunStore.open(out)
    request = Request(store.experiment(), store.experiment_text(), out)
    with occupied(out):
        if tidy_up(store, Silent()):
            resume(attach(trials.ready()), store, request, StillClock(), Silent())
        elif settings_open(store):
            put_back(attach(trials.ready()), store, request)


def wrong(trials: Trials) -> Iterator[str]:
    """What is not as it was before the run."""
    phone = trials.phone
    if (value(phone, NR), value(phone, "/proc/sys/vm/swappiness")) != ("0", "100"):
        yield "a setting"
    yield from (name for name in phone.files if name.startswith((ROOT, f"{ROOT}-undo")) and PROGRAMS not in name)
    yield from (f"recording {pid}" for pid in phone.recording)
    yield from (name for name in phone.files if name.startswith(f"{FOLDER}/"))


@contextmanager
def struck(trials: Trials, out: Path) -> Iterator[None]:
    """Run, whatever comes; look at what is left once `fault` has passed, then go on, and look again."""
    with suppress(ReclaimError, KeyboardInterrupt):
        run(trials, out)
    yield
    if (out / "plan.json").exists():
        go_on(trials, out)
        assert remaining(RunStore.open(out)) == ()
        assert list(checks.half_written(out)) == []
    assert list(wrong(trials)) == []


def test_a_link_that_drops_once_on_the_way_there_or_back(commands: int, tmp_path: Path) -> None:
    for at in range(0, commands, STEP):
        trials = made(fake_phone(faults=[Fault("", DROPPED, skip=at, after=at % 2 == 0)]))
        with struck(trials, tmp_path / f"run-{at}"):
            assert list(wrong(trials)) == [], f"after command {at}"


def test_a_link_that_is_gone_for_good_leaves_it_to_the_phone(commands: int, tmp_path: Path) -> None:
    for at in range(1, commands, STEP):
        gone = Fault("", DROPPED, skip=at, times=100_000)
        trials = made(fake_phone(faults=[gone]))
        with struck(trials, tmp_path / f"run-{at}"):
            gone.times = 0
            trials.phone.fall_silent()
            assert (value(trials.phone, NR), value(trials.phone, "/proc/sys/vm/swappiness")) == ("0", "100"), at


def test_a_refusal(commands: int, tmp_path: Path) -> None:
    for at in range(2, commands, STEP):
        trials = made(fake_phone(faults=[Fault("", FinalError("FAKE0001: refused"), skip=at)]))
        with struck(trials, tmp_path / f"run-{at}"):
            assert "a setting" not in list(wrong(trials)), f"after command {at}"


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c(commands: int, tmp_path: Path, times: int) -> None:
    for at in range(2 + times, commands, STEP):
        trials = made(interrupted_at(at, times))
        with struck(trials, tmp_path / f"run-{at}"):
            assert list(wrong(trials)) == [], f"after command {at}"
