# SPDX-License-Identifier: Apache-2.0
"""A link that is lost while apps are being launched: the phone goes on by itself, and nothing of it is lost."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.handheld.machine import Handheld
from reports.store import RunStore
from reports.traces.measure import measure_trace
from tests.support.faults import checks
from tests.support.faults.bench import FaultBench, ended, fault_bench, until
from tests.support.faults.experiment import write_experiment

pytestmark = pytest.mark.guest

LOST_S = 20
APPS = (
    "com.reclaim.messenger/.ChatListActivity",
    "com.reclaim.maps/.MapsActivity",
    "com.reclaim.camera/.CameraActivity",
)
WORKLOAD = f"""\
title = "Launches that go on for half a minute"
apps = {list(APPS)}
steps = [
  {{ do = "repeat", times = 3, steps = [
    {{ do = "each", steps = [{{ do = "launch", app = "*" }}, {{ do = "dwell", seconds = 2 }}] }},
  ] }},
]
"""


@pytest.fixture(scope="module")
def bench(handheld: Handheld) -> Iterator[FaultBench]:
    with fault_bench(handheld) as made:
        yield made


def test_a_link_lost_for_20_s_in_the_middle_of_a_launch_sequence_loses_no_launch(
    bench: FaultBench, tmp_path: Path
) -> None:
    experiment = write_experiment(tmp_path, WORKLOAD, dead_man_s=60)
    first = checks.settings(bench)
    agent = bench.start("run", str(experiment), "-o", str(tmp_path / "run"))
    until(lambda: agent.poll() is not None or "launch-2.txt" in bench.sh("ls /data/local/tmp/reclaim/0* 2>/dev/null"))
    bench.link.drop()
    time.sleep(LOST_S)
    bench.link.mend()
    told, in_time = ended(agent, 240)
    assert in_time, told
    assert agent.returncode == 0, told

    store = RunStore.open(tmp_path / "run")
    cut, whole = store.records()
    assert not [event for event in store.events() if event["event"] == "attempt failed"]
    assert [caveat.code for caveat in cut.caveats] == ["link-lost"]
    assert [caveat.code for caveat in whole.caveats] == []
    for record in (cut, whole):
        assert [launch.component for launch in record.launches] == list(APPS) * 3
        assert {launch.status for launch in record.launches} == {"ok"}
        trace = store.trace_path(record)
        assert trace is not None
        assert len(measure_trace(trace).launches) == 9
    assert list(checks.changed(bench, first)) == []
