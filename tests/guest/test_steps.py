# SPDX-License-Identifier: Apache-2.0
"""Every step of a workload, by the phone's own shell, tools and `am`."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from agent.device import parse
from agent.device.adb import AdbTransport, connect
from agent.device.quoting import quote
from agent.handheld.machine import Handheld
from agent.runner.script import parse_eaters, render
from workloads.device.build import pressure
from workloads.spec import (
    Dwell,
    FileRead,
    Home,
    Launch,
    Pressure,
    Release,
    StartPressure,
    Step,
    WaitCool,
    WaitPressure,
    Workload,
)

pytestmark = pytest.mark.guest

FOLDER = "/data/local/tmp/steps test"
TO_THE_END = 'sh "$1/run.sh" & script=$!; until [ -e "$1/done" ]; do sleep 0.5; done; : >"$1/stop"; wait $script'
CLEAN = 'rm -rf "$1" "$1/../eaters.data"; am force-stop com.reclaim.maps; am force-stop com.reclaim.game'
MAPS, GAME = "com.reclaim.maps/.MapsActivity", "com.reclaim.game/.GameActivity"
STEPS: tuple[Step, ...] = (
    WaitCool(60),
    FileRead("/product/app/com.reclaim.maps"),
    Launch(MAPS),
    Launch(MAPS, "warm"),
    Home(),
    Launch(MAPS, "hot"),
    StartPressure(),
    WaitPressure(),
    Release(),
    Launch(GAME),
    Launch(MAPS, "return"),
    StartPressure(),
    Dwell(0.5),
)


@dataclass(frozen=True)
class Left:
    """What the script left: its exit status, what it said, its files."""

    code: int
    said: str
    files: dict[str, str]


@pytest.fixture(scope="module")
def left(handheld: Handheld) -> Iterator[Left]:
    link = connect(handheld.serial, handheld.adb_server)
    eaten = Pressure(2, 16 << 20, hot_share=0.5, retouch_bytes_s=1 << 20, file_backed=0.25, cpu_load=1, check_stride=1)
    text = render(Workload("w", "w", (MAPS, GAME), eaten, STEPS), FOLDER, 7, quote, 60)
    link.run(("mkdir", "-p", FOLDER), timeout_s=10)
    link.push(pressure("x86_64").read_bytes(), f"{FOLDER}/pressure", mode=0o755)
    link.push(text.encode(), f"{FOLDER}/run.sh", mode=0o644)
    done = link.run(("sh", "-c", TO_THE_END, "sh", FOLDER), timeout_s=120)
    yield Left(done.code, done.out + done.err, read_all(link))
    link.run(("sh", "-c", CLEAN, "sh", FOLDER))


def read_all(link: AdbTransport) -> dict[str, str]:
    names = link.run(("ls", FOLDER), timeout_s=10).out.split()
    return {name: link.run(("cat", f"{FOLDER}/{name}"), timeout_s=10).out for name in names if name != "pressure"}


def test_the_script_ends_well_and_says_nothing(left: Left) -> None:
    assert (left.code, left.said, left.files["pressure.log"]) == (0, "", "")
    assert [line.split()[1] for line in left.files["progress"].splitlines()] == [step.do for step in STEPS]


def test_cold_warm_and_hot_launches_are_what_was_asked_for(left: Left) -> None:
    launches = [step for step in STEPS if isinstance(step, Launch)]
    states = [
        parse.am_start(left.files[f"launch-{number}.txt"], number, step.app, step.kind).state
        for number, step in enumerate(launches, start=1)
    ]
    assert states == ["COLD", "WARM", "HOT", "COLD", "HOT"]


def test_released_eaters_and_those_at_the_end_are_told_and_only_the_latter_checked(left: Left) -> None:
    eaters = parse_eaters(left.files["eaters"])
    assert [(eater.filled_bytes, eater.bad_pages, eater.survived) for eater in eaters] == [(16 << 20, 0, True)] * 4
    checked = ["checked_pages=0", "checked_pages=0", "checked_pages=4096", "checked_pages=4096"]
    assert [line.split()[3] for line in left.files["eaters"].splitlines() if line.startswith("eater")] == checked
