# SPDX-License-Identifier: Apache-2.0
"""Cold, warm, hot and returning launches on the virtual handheld: `am` and the trace tell the same kinds and times."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.adb import connect
from agent.device.clock import SystemClock
from agent.device.phone import attach
from agent.handheld.machine import Handheld
from agent.runner.choosing import choose
from agent.runner.run import Request, run_experiment
from reports.launches import CLOCKS_S, CLOCKS_SHARE
from reports.measures import caveats_of
from reports.store import RunStore
from reports.traces.measure import measure_trace
from tests.support.runs import Silent
from workloads import load
from workloads.spec import Arm, Dwell, Home, Launch, Setting, Step

pytestmark = pytest.mark.guest

MAPS, GAME = "com.reclaim.maps/.MapsActivity", "com.reclaim.game/.GameActivity"
STEPS: tuple[Step, ...] = (
    Launch(MAPS),
    Launch(GAME),
    Launch(MAPS, "hot"),
    Home(),
    Dwell(1),
    Launch(MAPS, "warm"),
    Launch(GAME, "return"),
)


@pytest.fixture(scope="module")
def store(handheld: Handheld, tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    shipped, _ = load.experiment("kcompressd")
    workload = replace(shipped.workload, apps=(MAPS, GAME), pressure=None, steps=STEPS)
    arms = tuple(Arm(value, (Setting("vm.swappiness", value),)) for value in ("100", "60"))
    made = replace(shipped, workload=workload, arms=arms, control="100", blocks=1, warm_up_blocks=0)
    phone = attach(connect(handheld.serial, handheld.adb_server))
    return run_experiment(phone, Request(made, "", tmp_path_factory.mktemp("kinds") / "run"), SystemClock(), Silent())


def test_every_launch_is_of_the_kind_that_was_asked_for_and_none_is_left_out(store: RunStore) -> None:
    for record in store.records():
        trace = store.trace_path(record)
        assert trace is not None
        assert [launch.state for launch in record.launches] == ["COLD", "COLD", "HOT", "WARM", "HOT"]
        assert [launch.kind for launch in measure_trace(trace).launches] == ["cold", "cold", "hot", "warm", "hot"]
        assert [caveat.code for caveat in record.caveats] == []


def test_am_s_clock_and_the_trace_s_agree(store: RunStore) -> None:
    for record in store.records():
        trace = store.trace_path(record)
        assert trace is not None
        for by_am, shown in zip(record.launches, measure_trace(trace).launches, strict=True):
            assert by_am.total_time_s is not None
            assert shown.ttid_s is not None
            assert by_am.total_time_s == pytest.approx(shown.ttid_s, rel=CLOCKS_SHARE, abs=CLOCKS_S)


def test_nothing_is_doubted_of_a_launch(store: RunStore) -> None:
    measures = store.measures()
    assert measures is not None
    codes = {caveat.code for many in caveats_of(measures).values() for caveat in many}
    assert codes & {"launch-kind", "clocks-disagree", "launch-not-in-trace"} == set()


def test_the_run_knows_the_versions_of_its_apps(store: RunStore) -> None:
    assert all("(" in store.device.apps[app] for app in (MAPS, GAME))


def test_its_launchable_apps_can_be_chosen(handheld: Handheld, tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text('title = "t"\napps = ["launchable:2"]\nsteps = [{ do = "home" }]\n')
    phone = attach(connect(handheld.serial, handheld.adb_server))
    found = choose(phone, load.workload(str(path))).apps
    assert found == ("com.reclaim.browser/.TabbedActivity", "com.reclaim.camera/.CameraActivity")
