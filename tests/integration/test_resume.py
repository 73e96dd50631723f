# SPDX-License-Identifier: Apache-2.0
"""A run that broke off goes on at the very trial: by what its directory and the phone hold, and nothing else."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.fake import FakePhone, Fault
from agent.device.phone import attach
from agent.knobs import undo
from agent.knobs.discover import discover
from agent.runner.plan import make_plan
from agent.runner.resume import remaining, resume, settings_open, tidy_up
from agent.runner.run import Request
from agent.runner.workspace import ROOT
from reports.analysis import analyse
from reports.compare import read_run
from reports.interruptions import RESUMED
from reports.rundir import occupied, telling_how_to_go_on
from reports.store import RunStore
from tests.support.runner_phone import Trials
from tests.support.runs import NR, SWAPPINESS, Launches, Silent, StillClock, experiment, run, value
from workloads.errors import FinalError, ProofError, StoreError, TransientError
from workloads.spec import Experiment

pytestmark = pytest.mark.usefixtures("no_compiler")

BOOT_FILE = "/proc/sys/kernel/random/boot_id"


def broken_off(trials: Trials, out: Path, at: int) -> RunStore:
    """A run that was interrupted in the middle of its trial number `at`."""
    with pytest.raises(KeyboardInterrupt):
        run(trials, out, Silent(interrupt_at=at))
    return RunStore.open(out)


def killed(trials: Trials, out: Path, at: int) -> RunStore:
    """A run whose process was killed there: the phone is as it was at that moment, the trial half-written."""
    store = broken_off(trials, out, at)
    begun = store.trial_dir(store.plan.trials[at - 1])
    (begun / "trace.pftrace").write_bytes(b"half")
    (begun / ".record.json.77.part").write_bytes(b"{")
    (out / ".plan.json.77.part").write_bytes(b"{")
    guard = undo.begin(attach(trials.phone), store.undo_path, discover(attach(trials.phone)))
    guard.set("kcompressd", "2")
    guard.dead_man.hush()
    (out / "trials" / "notes").mkdir()
    assert settings_open(store)
    return store


def go_on(trials: Trials, out: Path, watch: Silent | None = None) -> RunStore:
    store, watch = RunStore.open(out), watch or Silent()
    request = Request(store.experiment(), store.experiment_text(), out)
    with occupied(out):
        if tidy_up(store, watch):
            resume(attach(trials.ready()), store, request, StillClock(), watch)
    return store


def names(store: RunStore) -> list[str]:
    return [record.trial.name for record in store.records()]


def restored(phone: FakePhone, out: Path) -> bool:
    journal = undo.load(out / "undo.json")
    left = [name for name in phone.files if name.startswith((ROOT, "/data/local/tmp/reclaim-undo"))]
    return value(phone, NR) == "0" and journal is not None and journal.restored and not left


class TestGoingOn:
    def test_a_run_that_was_killed_goes_on_at_the_trial_and_loses_none(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=3))
        store = killed(trials, tmp_path / "run", 4)
        plan, before = (tmp_path / "run" / "plan.json").read_bytes(), store.records()
        go_on(trials, tmp_path / "run")
        assert names(store) == [trial.name for trial in store.plan.trials]
        assert store.records()[:3] == before
        assert (tmp_path / "run" / "plan.json").read_bytes() == plan
        assert restored(trials.phone, tmp_path / "run")
        assert not list(tmp_path.rglob("*.part"))
        assert (tmp_path / "run" / "trials" / "notes").is_dir()

    def test_the_phone_is_warmed_by_the_control_and_that_trial_is_never_compared(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=3))
        broken_off(trials, tmp_path / "run", 4)
        store = go_on(trials, tmp_path / "run")
        warm = tmp_path / "run" / "trials" / "004-b0-off"
        assert json.loads((warm / "record.json").read_text())["trial"]["arm"] == "off"
        assert not [line for line in analyse(read_run(store)).ledger if line.trial.name == warm.name]

    def test_the_seam_is_an_event_and_a_doubt_of_the_first_trial_after_it(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=3))
        broken_off(trials, tmp_path / "run", 4)
        store = go_on(trials, tmp_path / "run")
        (event,) = (event for event in store.events() if event["event"] == RESUMED)
        fourth = store.plan.trials[3].name
        assert (event["before"], event["warm_up"]) == (fourth, "004-b0-off")
        (doubt,) = (doubt for doubt in analyse(read_run(store)).doubts if doubt.caveat.code == "seam")
        assert doubt.trials == (fourth,)
        assert "went on there after the warm-up 004-b0-off" in doubt.caveat.what

    def test_what_changed_in_between_is_told(self, tmp_path: Path) -> None:
        trials, watch = Trials(experiment(blocks=2)), Silent()
        broken_off(trials, tmp_path / "run", 3)
        trials.phone.file("/proc/sys/vm/swappiness").write(b"160\n", as_root=True)
        go_on(trials, tmp_path / "run", watch)
        assert "FAKE0001: vm.swappiness 160 instead of 100" in watch.told
        doubts = analyse(read_run(RunStore.open(tmp_path / "run"))).doubts
        assert any("not as at its beginning: vm.swappiness 160 instead of 100" in d.caveat.what for d in doubts)

    def test_in_the_warm_up_blocks_no_other_warm_up_is_made(self, tmp_path: Path) -> None:
        trials = Trials(replace(experiment(blocks=1), warm_up_blocks=1))
        broken_off(trials, tmp_path / "run", 2)
        store = go_on(trials, tmp_path / "run")
        assert len(names(store)) == 4
        assert len(list((tmp_path / "run" / "trials").iterdir())) == 4

    def test_a_run_can_break_off_again_and_again(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=3))
        broken_off(trials, tmp_path / "run", 2)
        for at in (2, 4, 4, 6):
            with pytest.raises(KeyboardInterrupt):
                go_on(trials, tmp_path / "run", Silent(interrupt_at=at))
        store = go_on(trials, tmp_path / "run")
        assert names(store) == [trial.name for trial in store.plan.trials]
        assert restored(trials.phone, tmp_path / "run")

    def test_a_repeat_that_was_due_is_run(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2), pages=10)
        broken_off(trials, tmp_path / "run", 3)
        odd = next(record for record in RunStore.open(tmp_path / "run").records() if record.excluded)
        shutil.rmtree(tmp_path / "run" / "trials" / f"{odd.trial.place}-2")
        trials.pages = 50_000
        store = go_on(trials, tmp_path / "run")
        assert f"{odd.trial.place}-2" in names(store)
        assert len(names(store)) == 5

    def test_after_a_reboot_the_run_goes_on(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        killed(trials, tmp_path / "run", 3)
        trials.phone.kernel.reboot()
        trials.phone.dead_man.alive = False
        store = go_on(trials, tmp_path / "run", watch := Silent())
        assert "FAKE0001: it has rebooted since" in watch.told
        assert len(names(store)) == 4
        assert restored(trials.phone, tmp_path / "run")

    def test_when_the_phone_has_put_its_settings_back_itself_the_run_goes_on(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        killed(trials, tmp_path / "run", 3)
        trials.phone.fall_silent()
        store = go_on(trials, tmp_path / "run")
        assert len(names(store)) == 4
        assert restored(trials.phone, tmp_path / "run")

    def test_a_record_without_measures_is_measured(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        store = broken_off(trials, tmp_path / "run", 3)
        measures = store.trial_dir(store.plan.trials[0]) / "measures.parquet"
        measures.unlink()
        go_on(trials, tmp_path / "run")
        assert measures.exists()

    def test_where_nothing_can_be_written_the_settings_are_back_and_the_run_goes_on_later(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        out = tmp_path / "run"
        third = out / "trials" / make_plan(trials.experiment).trials[2].name
        trials.each = lambda number: third.touch() if number == 2 else None
        with pytest.raises(StoreError, match="cannot be written") as caught, telling_how_to_go_on(out):
            run(trials, out)
        assert "2 of 4 trials are kept" in caught.value.__notes__[0]
        assert restored(trials.phone, out)
        third.unlink()
        assert len(names(go_on(trials, out))) == 4


class TestDeciding:
    def deciding(self) -> Experiment:
        return replace(experiment(blocks=7, on=(SWAPPINESS,)), stop="decided", primary=("am_total_time",))

    def test_a_look_that_was_due_when_the_run_broke_off_is_taken_first(self, tmp_path: Path) -> None:
        trials = Launches(self.deciding(), on_ms=400)
        broken_off(trials, tmp_path / "run", 12)
        store = RunStore.open(tmp_path / "run")
        watch = Silent()
        go_on(trials, tmp_path / "run", watch)
        assert watch.told[-1].endswith("the run stops")
        events = (tmp_path / "run" / "events.jsonl").read_text().splitlines()
        cut = [line for line in events if '"stopped"' not in line and '"looked"' not in line]
        (tmp_path / "run" / "events.jsonl").write_text("\n".join(cut) + "\n")
        asked = len(trials.phone.log)
        go_on(trials, tmp_path / "run", watch)
        assert watch.told[-1].endswith("the run stops")
        assert len(trials.phone.log) == asked
        assert remaining(store) == ()

    def test_a_run_that_had_stopped_is_complete(self, tmp_path: Path) -> None:
        trials = Launches(self.deciding(), on_ms=400)
        store = run(trials, tmp_path / "run")
        assert len(store.records()) == 12
        assert remaining(store) == ()


class TestRefusals:
    @pytest.fixture
    def trials(self, tmp_path: Path) -> Trials:
        trials = Trials(experiment(blocks=2))
        killed(trials, tmp_path / "run", 3)
        return trials

    def test_another_build_is_refused_before_any_write(self, tmp_path: Path, trials: Trials) -> None:
        trials.phone.properties["ro.build.fingerprint"] = "fake/fake/fake:14/FAKE/2:userdebug/test-keys"
        with pytest.raises(
            FinalError, match=r"not the phone on which the run was begun: build .*:14/.* instead of .*:13/"
        ):
            go_on(trials, tmp_path / "run")
        assert value(trials.phone, NR) == "2"

    def test_another_phone_is_refused(self, tmp_path: Path, trials: Trials) -> None:
        trials.phone.serial = "OTHER"
        with pytest.raises(FinalError, match=r"OTHER: the run was begun on FAKE0001"):
            go_on(trials, tmp_path / "run")

    def test_two_processes_cannot_work_on_one_run(self, tmp_path: Path, trials: Trials) -> None:
        with occupied(tmp_path / "run"), pytest.raises(StoreError, match="another process is at work on this run"):
            go_on(trials, tmp_path / "run")

    def test_a_new_run_does_not_go_into_the_directory_of_another(self, tmp_path: Path, trials: Trials) -> None:
        with pytest.raises(StoreError, match=r"holds a run already; `reclaim resume .*run` goes on with it"):
            run(trials, tmp_path / "run")

    @pytest.mark.parametrize(
        ("name", "text", "told"),
        [
            ("plan.json", '{"schema": 99, "seed": 1}', "has schema 99"),
            ("device.json", "{", "is not readable"),
            ("plan.json", None, "is not a run directory"),
        ],
    )
    def test_what_is_no_run_of_ours_is_refused_in_one_line(
        self, tmp_path: Path, trials: Trials, name: str, text: str | None, told: str
    ) -> None:
        file = tmp_path / "run" / name
        file.unlink() if text is None else file.write_text(text)
        err = io.StringIO()
        assert main(["resume", str(tmp_path / "run")], io.StringIO(), err) == 2
        assert told in err.getvalue()
        assert len(err.getvalue().splitlines()) == 1
        assert trials.begun


class TestCommand:
    def test_a_complete_run_says_so_and_shows_its_answer_without_a_phone(self, tmp_path: Path) -> None:
        run(Trials(experiment(blocks=1)), tmp_path / "run")
        out, err = io.StringIO(), io.StringIO()
        assert main(["resume", str(tmp_path / "run")], out, err) == 0
        assert "this run is complete: no trial is left to run" in err.getvalue()
        assert "report:" in out.getvalue()

    def test_what_ends_a_run_early_says_how_to_go_on(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        trials.phone.faults.append(Fault("logcat", TransientError("FAKE0001: the link dropped"), times=9, skip=3))
        with pytest.raises(TransientError) as caught, telling_how_to_go_on(tmp_path / "run"):
            run(trials, tmp_path / "run")
        assert caught.value.__notes__ == [f"3 of 4 trials are kept; `reclaim resume {tmp_path / 'run'}` goes on"]
        last = RunStore.open(tmp_path / "run").events()[-1]
        assert (last["event"], last["why"]) == ("broke off", str(caught.value))

    def test_what_fails_before_a_run_is_begun_says_nothing_of_going_on(self, tmp_path: Path) -> None:
        with pytest.raises(ProofError) as caught, telling_how_to_go_on(tmp_path / "run"):
            raise ProofError("no")
        assert not getattr(caught.value, "__notes__", [])
