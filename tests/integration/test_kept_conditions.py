# SPDX-License-Identifier: Apache-2.0
"""Whole runs on the fake phone that keep it in a known state."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.phone import attach
from agent.runner.dry import writes
from agent.runner.run import Request
from reports.store import RunStore
from tests.support.runner_phone import Trials
from tests.support.runs import Silent, experiment, run
from workloads import load
from workloads.conditions import Keep
from workloads.errors import InputError
from workloads.spec import Experiment

SCALE = "settings:global/window_animation_scale"


def keeping(keep: Keep) -> Experiment:
    return replace(experiment(), conditions=keep)


def test_they_hold_in_every_trial_are_recorded_around_it_and_are_back_at_the_end(tmp_path: Path) -> None:
    trials = Trials(keeping(Keep(awake=True, animations="off", brightness=90)))
    before, seen = dict(trials.phone.android.settings), set()
    trials.each = lambda _number: seen.add(trials.phone.android.settings["global/window_animation_scale"])
    store = RunStore.open(run(trials, tmp_path / "run").path)
    assert seen == {"0"}
    assert trials.phone.android.settings == before
    for record in store.records():
        assert record.before.kept == record.after.kept
        assert record.after.kept[SCALE] == "0"
        assert (record.before.awake, record.before.locked) == (True, False)
        assert record.caveats == ()
    assert store.experiment().conditions.brightness == 90


def test_one_that_something_else_changes_in_a_trial_is_told_of_that_trial_and_put_back_all_the_same(
    tmp_path: Path,
) -> None:
    trials = Trials(keeping(Keep(animations="off")))

    def meddle(number: int) -> None:
        if number == 2:
            trials.phone.android.settings["global/window_animation_scale"] = "2"

    trials.each = meddle
    store = run(trials, tmp_path / "run")
    assert [[each.code for each in record.caveats] for record in store.records()] == [[], ["condition-changed"]]
    assert trials.phone.android.settings["global/window_animation_scale"] == "1.0"


def test_what_is_not_allowed_is_said_while_it_runs_and_of_every_trial(tmp_path: Path) -> None:
    trials = Trials(keeping(Keep(airplane="on")))
    trials.phone.android.refuses = ("airplane-mode",)
    watch = Silent()
    store = run(trials, tmp_path / "run", watch)
    told = [line for line in watch.told if "android:airplane is left alone" in line]
    assert len(told) == 1
    assert "SecurityException" in told[0]
    assert {each.code for record in store.records() for each in record.caveats} == {"condition-skipped"}
    assert "condition skipped" in {event["event"] for event in store.events()}


def test_a_run_that_is_interrupted_has_put_them_back(tmp_path: Path) -> None:
    trials = Trials(keeping(Keep(animations="off", background="still")))
    before = dict(trials.phone.android.settings)
    with pytest.raises(KeyboardInterrupt):
        run(trials, tmp_path / "run", Silent(interrupt_at=1))
    assert trials.phone.android.settings == before
    assert trials.phone.android.dexopt


def test_a_dry_run_names_them_and_writes_nothing(tmp_path: Path) -> None:
    trials = Trials(keeping(Keep(animations="off")))
    phone, before = attach(trials.ready()), dict(trials.phone.android.settings)
    lines = writes(phone, Request(trials.experiment, "", tmp_path / "run"))
    assert f"before the first trial: set {SCALE} to 0, where the phone allows it" in lines
    assert trials.phone.android.settings == before


def test_they_are_read_from_an_experiments_file_and_a_frequency_that_arms_set_is_refused(tmp_path: Path) -> None:
    shipped = Path(load.__file__).parent / "experiments" / "kcompressd.toml"
    text = shipped.read_text()
    path = tmp_path / "mine.toml"
    path.write_text(f'{text}\n[conditions]\nawake = true\nfrequency = "max"\ncool_zone_c = 45\n')
    made, _ = load.experiment(str(path))
    assert made.conditions == Keep(awake=True, frequency="max", cool_zone_c=45)
    both = text.replace('{ kcompressd = "on" }', '{ kcompressd = "on", "cpu.frequency" = "max" }')
    path.write_text(f'{both}\n[conditions]\nfrequency = "max"\n')
    with pytest.raises(InputError, match=r"conditions\.frequency: is what arms set"):
        load.experiment(str(path))
