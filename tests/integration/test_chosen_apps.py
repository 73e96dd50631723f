# SPDX-License-Identifier: Apache-2.0
"""Whole runs on the fake phone whose workload names apps by what they are."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.phone import attach
from agent.runner.dry import writes
from agent.runner.resume import resume
from agent.runner.run import Request
from reports.store import RunStore
from tests.support.apks import write_apk
from tests.support.runner_phone import Trials
from tests.support.runs import Silent, StillClock, experiment, run
from workloads import load
from workloads.errors import InputError
from workloads.spec import Experiment

EACH = '[{ do = "start-pressure" }, { do = "each", steps = [{ do = "launch", app = "*" }] }]'


def asking(folder: Path, apps: str) -> Experiment:
    path = folder / "w.toml"
    path.write_text(f'title = "t"\napps = {apps}\nsteps = {EACH}\n[pressure]\nprocesses = 1\nbytes_each = 4096\n')
    return replace(experiment(), workload=load.workload(str(path)))


def with_phones_apps(made: Experiment, *names: str) -> Trials:
    """Trials on a phone with other apps than the workload's slots would make."""
    trials = Trials(made)
    trials.ready()
    trials.phone.packages = {f"org.example.{name}" for name in names}
    trials.ready = lambda: trials.phone  # type: ignore[method-assign]  # it is ready, and has these apps only
    return trials


def test_slots_become_apps_once_and_stand_with_their_versions_in_the_run(tmp_path: Path) -> None:
    trials = with_phones_apps(asking(tmp_path, '["launchable:2"]'), "mail", "maps", "notes")
    watch = Silent()
    store = RunStore.open(run(trials, tmp_path / "run", watch).path)
    mail, maps = "org.example.mail/.Main", "org.example.maps/.Main"
    assert store.experiment().workload.apps == (mail, maps)
    assert store.device.apps == {mail: "1.0 (1)", maps: "1.0 (1)"}
    assert f"apps chosen on this phone: {mail} 1.0 (1), {maps} 1.0 (1)" in watch.told
    assert [[one.component for one in record.launches] for record in store.records()] == [[mail, maps]] * 2


def test_too_few_apps_are_told_before_the_first_write(tmp_path: Path) -> None:
    trials = with_phones_apps(asking(tmp_path, '["launchable:3"]'), "mail")
    with pytest.raises(InputError, match=r"FAKE0001: launchable:3 asks for 3 apps, the phone has 1"):
        run(trials, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def bringing(folder: Path) -> Experiment:
    (folder / "apks").mkdir()
    write_apk(folder / "apks" / "mail.apk", "org.example.mail")
    return asking(folder, '["apks:apks"]')


def test_apks_are_there_for_every_trial_and_gone_at_the_end(tmp_path: Path) -> None:
    trials = with_phones_apps(bringing(tmp_path), "maps")
    there: list[bool] = []
    trials.each = lambda _number: there.append("org.example.mail" in trials.phone.packages)
    store = run(trials, tmp_path / "run")
    assert there == [True, True]
    assert trials.phone.packages == {"org.example.maps"}
    assert store.device.apps == {"org.example.mail/.Main": "1.2 (34)"}


def test_a_run_that_breaks_off_removes_them_and_resume_installs_them_again(tmp_path: Path) -> None:
    made = bringing(tmp_path)
    trials = with_phones_apps(made)
    with pytest.raises(KeyboardInterrupt):
        run(trials, tmp_path / "run", Silent(interrupt_at=2))
    assert trials.phone.packages == set()
    store = RunStore.open(tmp_path / "run")
    request = Request(store.experiment(), "", store.path)
    resume(attach(trials.phone), store, request, StillClock(), Silent())
    assert len(store.records()) == 2
    assert trials.phone.packages == set()


def test_an_app_that_is_there_is_never_replaced_and_a_file_that_changed_never_taken(tmp_path: Path) -> None:
    made = bringing(tmp_path)
    write_apk(tmp_path / "apks" / "mail.apk", "org.example.mail", version="1.3")
    trials = with_phones_apps(made, "mail")
    with pytest.raises(InputError) as caught:
        run(trials, tmp_path / "run")
    assert "org.example.mail is installed already" in str(caught.value)
    assert "is another file than when it was chosen" in str(caught.value)
    assert trials.phone.packages == {"org.example.mail"}


def test_a_dry_run_names_what_would_be_installed_and_installs_nothing(tmp_path: Path) -> None:
    trials = with_phones_apps(bringing(tmp_path))
    lines = writes(attach(trials.phone), Request(trials.experiment, "", tmp_path / "run"))
    assert f"before the first trial: install {tmp_path}/apks/mail.apk" in lines
    assert "at the end: uninstall org.example.mail" in lines
    assert trials.phone.packages == set()
