# SPDX-License-Identifier: Apache-2.0
"""Trials that fail are tried again in their place; trials that a rule leaves out are repeated there, once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.fake import Fault
from agent.runner.rewritten import name_the_writer
from agent.runner.workspace import ROOT
from reports.analysis import analyse
from reports.compare import read_run
from reports.record import Proof
from reports.several.pool import pooled
from reports.store import RunStore
from tests.support.runner_phone import Trials
from tests.support.runs import NR, Silent, experiment, run, value
from workloads.errors import FinalError, ProofError, TransientError
from workloads.spec import Experiment, Limits

pytestmark = pytest.mark.usefixtures("no_compiler")

DROPPED = TransientError("FAKE0001: the link dropped")


def names(store: RunStore) -> list[str]:
    return [record.trial.name for record in store.records()]


def dropping(words: str, *, times: int = 1, skip: int = 0, made: Experiment | None = None) -> Trials:
    trials = Trials(made or experiment(blocks=2))
    trials.phone.faults.append(Fault(words, DROPPED, times=times, skip=skip))
    return trials


class TestLink:
    @pytest.mark.parametrize("words", ["logcat", "perfetto -c", "pull ", "am force-stop"])
    def test_a_trial_whose_link_drops_is_run_again_in_its_place(self, tmp_path: Path, words: str) -> None:
        watch = Silent()
        store = run(dropping(words), tmp_path / "run", watch)
        assert names(store) == [trial.name for trial in store.plan.trials]
        first = store.plan.trials[0].name
        told = f"{first}  failed, is tried again once the phone answers (1 of 2): FAKE0001: the link dropped"
        assert told in watch.told
        failed = [event for event in store.events() if event["event"] == "attempt failed"]
        assert [(event["trial"], event["failure"], event["why"]) for event in failed] == [(first, 1, str(DROPPED))]

    def test_a_link_that_is_lost_while_the_script_runs_and_comes_back_costs_no_attempt(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        gone = Fault("", DROPPED, times=0)
        trials.phone.faults.append(gone)
        trials.each = lambda number: setattr(gone, "times", 12 if number == 1 else 0)
        store = run(trials, tmp_path / "run")
        assert names(store) == [trial.name for trial in store.plan.trials]
        assert trials.begun == 4
        assert not [event for event in store.events() if event["event"] == "attempt failed"]
        told = [[caveat.code for caveat in record.caveats] for record in store.records()]
        assert told == [["link-lost"], [], [], []]

    def test_a_script_that_died_while_the_link_was_lost_is_run_again(self, tmp_path: Path) -> None:
        trials = dropping("/done")
        trials.each = lambda number: setattr(trials, "dies", number == 1)
        store = run(trials, tmp_path / "run")
        assert trials.begun == 5
        assert len(names(store)) == 4

    def test_what_the_attempt_that_failed_had_written_is_gone(self, tmp_path: Path) -> None:
        trials = dropping("logcat", times=3)
        with pytest.raises(TransientError, match=r"^001-b1-\w+ failed 3 times, the last time: FAKE0001: the link"):
            run(trials, tmp_path / "run")
        assert list((tmp_path / "run" / "trials").iterdir()) == []
        assert not trials.phone.recording
        assert not [name for name in trials.phone.files if name.startswith(ROOT)]
        assert value(trials.phone, NR) == "0"

    def test_how_often_is_a_setting(self, tmp_path: Path) -> None:
        made = replace(experiment(), limits=Limits(retries=0))
        with pytest.raises(TransientError, match="failed 1 time,"):
            run(dropping("logcat", made=made), tmp_path / "run")
        patient = replace(experiment(), limits=Limits(retries=4))
        assert len(names(run(dropping("logcat", times=4, made=patient), tmp_path / "patient"))) == 2

    def test_the_phone_is_waited_for(self, tmp_path: Path) -> None:
        trials = dropping("logcat")
        gone = Fault("", DROPPED, times=0)
        trials.phone.faults.append(gone)
        trials.each = lambda number: setattr(gone, "times", 20 if number == 1 else 0)
        store = run(trials, tmp_path / "run")
        assert len(names(store)) == 4
        assert ("revive",) in trials.phone.log

    def test_a_phone_that_does_not_come_back_is_waited_for_once_and_not_for_ever(self, tmp_path: Path) -> None:
        trials, watch = Trials(replace(experiment(), limits=Limits(retry_wait_s=30))), Silent()
        gone = Fault("", DROPPED, times=0)
        trials.phone.faults.append(gone)
        trials.each = lambda _number: setattr(gone, "times", 10_000)
        with pytest.raises(FinalError, match="did not answer again within 30 s"):
            run(trials, tmp_path / "run", watch)
        assert not [line for line in watch.told if "tried again" in line]

    def test_a_reboot_in_the_middle_ends_the_run(self, tmp_path: Path) -> None:
        trials = dropping("logcat")
        trials.each = lambda _number: trials.phone.kernel.reboot()
        with pytest.raises(FinalError, match="has rebooted in the middle of the run"):
            run(trials, tmp_path / "run")
        assert value(trials.phone, NR) == "0"

    def test_what_will_never_work_is_not_tried_again(self, tmp_path: Path) -> None:
        trials = Trials(experiment())
        trials.phone.faults.append(Fault("perfetto -c", FinalError("FAKE0001: perfetto does not record: no")))
        with pytest.raises(FinalError, match="does not record: no"):
            run(trials, tmp_path / "run")
        assert trials.begun == 0


def odd(trials: Trials, bad: Callable[[int], bool]) -> Trials:
    """Swap too little in those trials."""
    trials.each = lambda number: setattr(trials, "pages", 10 if bad(number) else 50_000)
    return trials


def somebody_writes(trials: Trials) -> None:
    trials.phone.file(NR).write(b"4\n", as_root=True)


class TestExcluded:
    def test_a_single_odd_trial_is_kept_and_repeated_and_its_repeat_counts(self, tmp_path: Path) -> None:
        watch = Silent()
        store = run(odd(Trials(experiment(blocks=3)), lambda number: number == 3), tmp_path / "run", watch)
        third = store.plan.trials[2].name
        assert names(store)[2:4] == [third, f"{third}-2"]
        assert len(names(store)) == 7
        assert f"ended {third}, repeated" in watch.told
        found = analyse(read_run(store))
        status = {line.trial.name: (line.status, line.rule) for line in found.ledger}
        assert status[third] == ("excluded", "setting-not-exercised")
        assert status[f"{third}-2"] == ("counts", "")
        assert [each.n for each in found.comparisons if each.metric.name == "am_total_time"] == [3]
        assert not any("broke off" in line for line in found.verdict.troubles)

    def test_repeats_count_in_runs_that_are_one_answer_too(self, tmp_path: Path) -> None:
        made = [odd(Trials(experiment(blocks=3)), lambda number: number == 3) for _ in range(2)]
        runs = [read_run(run(trials, tmp_path / str(number))) for number, trials in enumerate(made)]
        found = analyse(pooled(runs))
        status = Counter(line.status for line in found.ledger)
        assert status == {"counts": 12, "excluded": 2}
        assert [each.n for each in found.comparisons if each.metric.name == "am_total_time"] == [6]

    def test_a_dose_that_is_too_low_is_not_repeated_for_ever(self, tmp_path: Path) -> None:
        store = run(odd(Trials(experiment(blocks=5)), lambda _number: True), tmp_path / "run")
        assert [name[-2:] for name in names(store) if "-off" in name] == ["ff", "-2", "ff", "ff", "ff", "ff"]

    def test_a_setting_that_is_not_in_force_twice_ends_the_run(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        trials.each = lambda _number: somebody_writes(trials)
        with pytest.raises(
            ProofError, match=r"001-b1-\w+-2: kcompressd = \w+ was again not in force: .*wrote 4 in the"
        ):
            run(trials, tmp_path / "run")
        assert len(names(RunStore.open(tmp_path / "run"))) == 2
        assert value(trials.phone, NR) == "0"

    def test_a_setting_that_was_rewritten_once_costs_one_trial(self, tmp_path: Path) -> None:
        trials = Trials(experiment(blocks=2))
        trials.log = "11-23 06:00:01.000  99  99 I perfd: setting nr_kcompressd to 4\n"
        trials.each = lambda number: somebody_writes(trials) if number == 2 else None
        store = run(trials, tmp_path / "run")
        second = store.records()[1]
        assert second.excluded is not None
        assert "something on the phone wrote 4 in the middle of the trial; perfd (pid 99) logged" in second.excluded
        assert len(names(store)) == 5


class TestWriter:
    NOT_TAKEN = Proof("not_taken", "4", {}, "set to 2, but read 4 after the trial")
    WHERE = "/proc/sys/vm/swappiness"

    def test_is_named_by_the_last_line_of_the_log_that_names_the_file(self) -> None:
        log = (
            "11-23 06:00:01.000  1  1 I init    : write /proc/sys/vm/swappiness 160\n"
            "11-23 06:00:02.000  7  9 D PowerHAL: swappiness set to 4\n"
            "11-23 06:00:03.000  8  8 I other: noswappiness here\n"
        )
        told = name_the_writer(self.NOT_TAKEN, "2", self.WHERE, log).why
        assert told.endswith("wrote 4 in the middle of the trial; PowerHAL (pid 7) logged: swappiness set to 4")

    def test_is_unknown_where_nobody_logs_it(self) -> None:
        told = name_the_writer(self.NOT_TAKEN, "2", self.WHERE, "").why
        assert told.endswith("something on the phone wrote 4 in the middle of the trial")

    @pytest.mark.parametrize("before", ["4", "2"])
    def test_is_not_looked_for_where_nobody_wrote(self, before: str) -> None:
        proof = replace(self.NOT_TAKEN, outcome="not_taken" if before == "4" else "taken")
        assert name_the_writer(proof, before, self.WHERE, "") is proof
