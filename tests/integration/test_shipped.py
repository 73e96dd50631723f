# SPDX-License-Identifier: Apache-2.0
"""Every experiment that ships: one block of it on the fake phone, from the checks to the page."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.fakes.zram import FakeZram
from reports.analysis import analyse
from reports.compare import read_run
from reports.page.build import Extras, build_page
from reports.text import compare_text
from tests.support.runner_phone import Trials
from tests.support.runs import run
from workloads import load
from workloads.choice import resolve


@pytest.mark.parametrize("name", load.names("experiments"))
def test_what_ships_runs_and_every_arm_is_told(tmp_path: Path, name: str) -> None:
    made, _ = load.experiment(name)
    slots = [app for app in made.workload.apps if "#" in app]
    named = {slot: f"org.example.app{number}/.Main" for number, slot in enumerate(slots)}
    made = replace(made, workload=resolve(made.workload, named))
    trials = Trials(replace(made, blocks=1, warm_up_blocks=0))
    trials.phone.kernel.zram = FakeZram()
    found = analyse(read_run(run(trials, tmp_path / "run")))
    assert {record.trial.arm for record in found.run.records} == {arm.name for arm in made.arms}
    assert not [record.excluded for record in found.run.records if record.excluded]
    text, page = compare_text(found), build_page(found, Extras("", ""))
    assert all(arm.name in text for arm in made.arms)
    assert {box.name for box in page.setup.arms} == {arm.name for arm in made.arms}
