# SPDX-License-Identifier: Apache-2.0
"""The live view and the flight recorder on a real kernel, by a real mksh, as root and as uid 2000."""

import csv
import io
import itertools
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from reports.traces.measure import measure_trace
from tests.support.faults.bench import FaultBench, ended, fault_bench, sh, until
from tests.support.pressed_guest import PressedGuest

pytestmark = pytest.mark.guest

LOST_S = float(os.environ.get("RECLAIM_TEST_LOST_S", "5"))
"""Seconds without a link."""
MAPS, CAMERA = "com.reclaim.maps/.MapsActivity", "com.reclaim.camera/.CameraActivity"
LEFT = "ls -A /data/local/tmp /data/misc/perfetto-traces; grep -lE 'logca[t]|run[.]s[h]' /proc/[0-9]*/cmdline"


@pytest.fixture(scope="module")
def bench(handheld: Handheld) -> Iterator[FaultBench]:
    with fault_bench(handheld) as made:
        yield made


@pytest.fixture(scope="module")
def user_build(_own_state: None) -> Iterator[Handheld]:
    with Handheld.start(HandheldOptions(build="user")) as started:
        yield started


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open() as file:
        return list(csv.DictReader(file))


def launches(folder: Path) -> list[str]:
    return [row["what"] for row in rows(folder, "happenings.csv") if row["kind"] == "launch"]


def launch(guest: Handheld, component: str) -> None:
    package = component.partition("/")[0]
    sh(guest, f"am force-stop {package}; am start-activity -W -n {component}")


def recording(guest: Handheld) -> bool:
    return "samples" in sh(guest, "ls /data/local/tmp/reclaim/0* 2>/dev/null")


def launch_while_recording(guest: Handheld, component: str) -> None:
    until(lambda: recording(guest))
    launch(guest, component)


def left_on(guest: Handheld) -> list[str]:
    """What the recorder may have left: files, and processes of its own."""
    lines = sh(guest, f"{{ {LEFT}; }} 2>/dev/null").split()
    return [line for line in lines if not line.endswith(":") and "kcompressd-test" not in line]


def reclaim(guest: Handheld, *words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main([*words, "-s", guest.serial, "--adb-server", guest.adb_server], out, err)
    return code, out.getvalue(), err.getvalue()


def test_a_link_lost_in_the_middle_of_a_recording_loses_nothing(bench: FaultBench, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    agent = bench.start("record", "--for", f"{LOST_S + 9}s", "-o", str(folder))
    until(lambda: agent.poll() is not None or recording(bench.guest))
    launch(bench.guest, MAPS)
    bench.link.drop()
    launch(bench.guest, CAMERA)
    time.sleep(LOST_S)
    bench.link.mend()
    told, in_time = ended(agent, 120)
    assert in_time, told
    assert agent.returncode == 0, told
    assert launches(folder) == [MAPS, CAMERA]
    assert [one.app for one in measure_trace(folder / "trace.pftrace").launches] == [
        component.partition("/")[0] for component in (MAPS, CAMERA)
    ]
    times = [float(row["at_s"]) for row in rows(folder, "samples.csv")]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < LOST_S
    assert json.loads((folder / "meta.json").read_text())["lost_s"] > 0
    assert left_on(bench.guest) == []


def test_under_pressure_the_view_sees_reclaim_and_a_recording_ends_at_the_stall(
    handheld: Handheld, tmp_path: Path
) -> None:
    pressed, folder, shown = PressedGuest.of(handheld), tmp_path / "recording", tmp_path / "watch.csv"
    view = ("watch", "--csv", str(shown), "--for", "25s")
    beside = [threading.Thread(target=pressed.eat, args=(5,)), threading.Thread(target=reclaim, args=(handheld, *view))]
    for thread in beside:
        thread.start()
    code, out, err = reclaim(handheld, "record", "--when", "psi.some > 5%", "--after", "1s", "-o", str(folder))
    for thread in beside:
        thread.join()
    assert code == 0, err
    assert "a condition came true: psi.some > 5%" in out
    (fired,) = [float(row["at_s"]) for row in rows(folder, "happenings.csv") if row["kind"] == "fired"]
    stalled = [float(row["at_s"]) for row in rows(folder, "samples.csv") if float(row["psi_some_share"]) > 0.05]
    assert fired == pytest.approx(stalled[0], abs=0.02)
    seen = rows(tmp_path, shown.name)
    assert sum(float(row["steal_kswapd_pages_s"]) for row in seen) > 1000
    assert max(float(row["swapped_bytes"]) for row in seen) > 1 << 20
    assert max(float(row["zram_ratio"]) for row in seen) > 1
    assert sum(float(row["kswapd_cpu_share"]) for row in seen) > 0
    until(lambda: left_on(handheld) == [], 20)


def test_both_work_as_the_shell_user_of_a_user_build(user_build: Handheld, tmp_path: Path) -> None:
    code, out, err = reclaim(user_build, "watch", "--for", "3s")
    assert code == 0, err
    assert "available" in out
    watched = threading.Thread(target=launch_while_recording, args=(user_build, MAPS))
    watched.start()
    folder = tmp_path / "recording"
    code, out, err = reclaim(user_build, "record", "--when", "launch > 10 ms", "--for", "30s", "-o", str(folder))
    watched.join()
    assert code == 0, err
    assert "a condition came true: launch > 10 ms" in out
    assert launches(folder) == [MAPS]
    assert "trace: on a user build SELinux lets Perfetto see direct reclaim" in err
    assert (folder / "trace.pftrace").stat().st_size
    assert left_on(user_build) == []
