# SPDX-License-Identifier: Apache-2.0
"""What may go wrong in a run, each with its defined end; those that need a real phone stand in tests/guest."""

import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.device.fake import Call, Fault, failed
from agent.device.fake_kernel import keep, refuse
from agent.device.fakes.texts import BATTERY
from agent.device.phone import attach
from agent.knobs import undo
from agent.knobs.deadman_scripts import ADD
from agent.runner.workspace import CHECK, MAKE, ROOT
from reports.store import RunStore
from tests.support.runner_phone import Trials
from tests.support.runs import NR, SWAPPINESS, experiment, run, value
from workloads.errors import FinalError, ReclaimError, StoreError, TransientError

pytestmark = pytest.mark.usefixtures("no_compiler")

NO_ROOM = failed(1, "sh: can't create run.sh: No space left on device\n")


def as_it_was(trials: Trials, out: Path) -> bool:
    """No setting changed, nothing of ours left, no recording under way."""
    left = [name for name in trials.phone.files if name.startswith((ROOT, "/data/local/tmp/reclaim-undo"))]
    journal = undo.load(out / "undo.json")
    closed = journal is None or journal.restored
    return value(trials.phone, NR) == "0" and closed and not left and not trials.phone.recording


def kept(out: Path) -> int:
    """How many trials are kept; none is half-written."""
    store = RunStore.open(out)
    assert not list(out.rglob("*.part"))
    assert len(list((out / "trials").iterdir())) == len(store.records())
    return len(store.records())


def ends(trials: Trials, out: Path, kind: type[ReclaimError], words: str) -> None:
    """The run ends with one line, the phone as it was."""
    with pytest.raises(kind, match=words) as caught:
        run(trials, out)
    assert len(str(caught.value).splitlines()) == 1
    assert as_it_was(trials, out)


@pytest.fixture
def small_disk() -> Iterator[Callable[[int], None]]:
    """Let no file of this process grow beyond so many bytes: write(2) fails as on a full disk, by another name."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestRoom:
    def test_a_host_disk_that_is_full_ends_the_run_with_what_was_kept_and_the_phone_as_it_was(
        self, tmp_path: Path, small_disk: Callable[[int], None]
    ) -> None:
        trials = Trials(experiment(blocks=2))
        trials.phone.trace = bytes(300_000)
        trials.each = lambda number: small_disk(200_000) if number == 3 else None
        ends(trials, tmp_path / "run", StoreError, "trace.pftrace: cannot be written: File too large; free some space")
        assert kept(tmp_path / "run") == 2

    def test_a_phone_disk_that_fills_up_ends_the_run_with_the_phones_own_words(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        trials.phone.faults.append(Fault(MAKE, answer=NO_ROOM, skip=2))
        ends(trials, tmp_path / "run", FinalError, "No space left on device")
        assert kept(tmp_path / "run") == 2

    def test_a_phone_that_has_no_room_for_the_undo_is_not_changed(self, tmp_path: Path) -> None:
        trials = Trials(experiment())
        trials.phone.faults.append(Fault(ADD, answer=NO_ROOM))
        ends(trials, tmp_path / "run", FinalError, "cannot write down .*No space left on device")
        assert trials.begun == 0

    def test_a_folder_that_cannot_be_made_is_told_in_the_phones_own_words(self, tmp_path: Path) -> None:
        trials = Trials(experiment())
        full = failed(3, "mkdir: '/data/local/tmp/reclaim': No space left on device\n")
        trials.phone.faults.append(Fault(CHECK, answer=full))
        ends(trials, tmp_path / "run", FinalError, "cannot make /data/local/tmp/reclaim: .*No space left on device")
        assert trials.begun == 0


class TestTrace:
    def test_a_config_that_perfetto_refuses_ends_the_run_with_its_words(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        refusal = failed(1, "perfetto_cmd.cc:676 The trace config is invalid, bailing out.\n")
        trials.phone.faults.append(Fault("perfetto -c", answer=refusal, skip=1))
        ends(trials, tmp_path / "run", FinalError, "perfetto does not record: .*The trace config is invalid")
        assert kept(tmp_path / "run") == 1

    def test_a_daemon_that_died_costs_an_attempt_and_no_trial(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        gone = FinalError("FAKE0001: cannot pull x.pftrace: No such file or directory")
        trials.phone.faults.append(Fault("pull ", error=gone))
        store = run(trials, tmp_path / "run")
        assert kept(tmp_path / "run") == 4
        (event,) = (event for event in store.events() if event["event"] == "attempt failed")
        assert "perfetto left no trace; its daemon may have died" in str(event["why"])
        assert as_it_was(trials, tmp_path / "run")

    def test_one_that_dies_at_every_attempt_ends_the_run(self, tmp_path: Path) -> None:
        trials = Trials(experiment())
        late = failed(1, "perfetto_cmd.cc:1203 Could not connect to traced\n")
        trials.phone.faults.append(Fault("perfetto -c", answer=late, times=3))
        ends(trials, tmp_path / "run", TransientError, "failed 3 times, the last time: .*Could not connect to traced")


class TestSettings:
    def test_a_write_that_is_denied_from_some_moment_on_ends_the_run_and_restore_mends_it(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2, on=(SWAPPINESS,)))
        file = trials.phone.files["/proc/sys/vm/swappiness"]
        trials.each = lambda _number: setattr(file, "accept", refuse if file.text.strip() == "60" else keep)
        with pytest.raises(FinalError, match=r"not put back: sysctl:vm.swappiness was 100: .*Permission denied"):
            run(trials, tmp_path / "run")
        assert kept(tmp_path / "run") == trials.begun
        assert value(trials.phone, NR) == "0"
        file.accept = keep
        undo.restore(attach(trials.phone), tmp_path / "run" / "undo.json")
        assert file.text.strip() == "100"
        assert as_it_was(trials, tmp_path / "run")


class TestApps:
    def test_an_app_that_crashes_at_launch_is_a_doubt_of_its_trial_and_no_end_of_the_run(self, tmp_path: Path) -> None:
        made = experiment(blocks=2)
        app = made.workload.apps[1]
        crash = f"Status: timeout\nLaunchState: UNKNOWN (0)\nActivity: {app}\nWaitTime: 10012\nComplete\n"
        store = run(Trials(made, said={app: crash}), tmp_path / "run")
        assert len(store.records()) == 4
        (doubt,) = store.records()[0].caveats
        assert (doubt.code, app in doubt.what) == ("launch-failed", True)
        assert store.records()[0].launches[1].total_time_s is None


class TestBattery:
    def test_a_battery_that_runs_low_ends_the_run_before_the_next_trial(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        low = BATTERY.replace("level: 80", "level: 12")
        other = {"thermalservice": "Thermal Status: 0\n"}

        def dumpsys(call: Call) -> str:
            return low if trials.begun >= 2 and call.argv[1] == "battery" else other.get(call.argv[1], BATTERY)

        trials.phone.programs["dumpsys"] = dumpsys
        ends(trials, tmp_path / "run", FinalError, "battery at 12 %, the experiment asks for 20; charge it")
        assert kept(tmp_path / "run") == 2
