# SPDX-License-Identifier: Apache-2.0
"""Every experiment that ships, in a short form: one block of two arms, two apps."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli.progress import watching
from agent.device.adb import connect
from agent.device.clock import SystemClock
from agent.device.lock import taken
from agent.device.phone import attach
from agent.handheld.machine import Handheld
from agent.knobs import undo
from agent.runner.run import Request, run_experiment
from reports.compare import compare_run
from reports.measures import caveats_of
from reports.store import RunStore
from reports.text import compare_text
from workloads import load
from workloads.spec import Arm, Experiment, Launch, StartPressure, WaitPressure, Workload

pytestmark = pytest.mark.guest

FEW = 2
MORE_BYTES = 16 << 20
"""Of each eater, for the apps that are left out."""

BYTES = "bytes_each"

TOLD = 16
"""Letters of a metric's name that tables of 80 columns never cut."""

ARMS = {
    "dose-response": ("675m-off", "675m-on"),
    "busy-cpus": ("busy-off", "busy-on"),
    "kcompressd-by-algorithm": ("zstd-off", "zstd-on"),
    "kcompressd-threads": ("off", "4-threads"),
}
"""Where the first two do not show what the experiment is for."""


def short(experiment: Experiment) -> Experiment:
    names = ARMS.get(experiment.name, tuple(arm.name for arm in experiment.arms[:2]))
    arms = tuple(with_more(arm) for arm in experiment.arms if arm.name in names)
    limits = replace(experiment.limits, settle_s=0.0)
    return replace(
        experiment,
        arms=arms,
        control=names[0],
        blocks=1,
        warm_up_blocks=0,
        limits=limits,
        workload=with_few_apps(experiment.workload),
    )


def with_more(arm: Arm) -> Arm:
    own = (replace(each, value=str(int(each.value) + MORE_BYTES)) for each in arm.demand if each.knob == BYTES)
    return replace(arm, demand=(*own, *(each for each in arm.demand if each.knob != BYTES)))


def with_few_apps(workload: Workload) -> Workload:
    apps = workload.apps[:FEW]
    steps = tuple(step for step in workload.steps if not isinstance(step, Launch) or step.app in apps)
    pressure = workload.pressure
    if pressure is None:  # where many apps are the pressure
        pressure = load.workload("launches-under-pressure").pressure
        steps = (StartPressure(), *steps, WaitPressure())
    assert pressure is not None
    pressure = replace(pressure, bytes_each=pressure.bytes_each + MORE_BYTES)
    return replace(workload, apps=apps, steps=steps, pressure=pressure)


@pytest.fixture(params=load.names("experiments"))
def asked(request: pytest.FixtureRequest) -> Experiment:
    experiment, _ = load.experiment(request.param)
    return short(experiment)


def test_it_runs_to_its_end_and_has_a_figure_for_all_that_it_asks(
    asked: Experiment, handheld: Handheld, tmp_path: Path
) -> None:
    phone = attach(connect(handheld.serial, handheld.adb_server))
    request = Request(asked, "", tmp_path / "run", machine=handheld.facts())
    with taken(phone), watching(sys.stderr) as watch:
        store = run_experiment(phone, request, SystemClock(), watch)
    assert has_ended_whole(store)
    analysis = compare_run(store)
    figures = {name for values in analysis.trials for name in values.values}
    assert set(asked.primary) <= figures
    told = compare_text(analysis)
    assert all(name[:TOLD] in told for name in asked.primary)
    assert "kills-disagree" not in doubted(store)


def doubted(store: RunStore) -> set[str]:
    measures = store.measures()
    assert measures is not None
    return {caveat.code for many in caveats_of(measures).values() for caveat in many}


def has_ended_whole(store: RunStore) -> bool:
    journal = undo.load(store.undo_path)
    return journal is not None and journal.restored and len(store.records()) == len(store.plan.trials)
