# SPDX-License-Identifier: Apache-2.0
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

from agent.runner.script import parse_eaters, render
from reports.record import EaterResult
from workloads.load import experiment
from workloads.spec import Dwell, Home, Launch, Pressure, StartPressure, WaitPressure, Workload

HOSTILE = "com.example.$(touch pwned)/.It's;`reboot`"


def workload(*steps: object) -> Workload:
    shipped, _ = experiment("kcompressd")
    return replace(shipped.workload, steps=steps, pressure=Pressure(2, 4096, at_once_bytes=1024))  # type: ignore[arg-type]  # steps of any kind


def run(folder: Path, made: Workload) -> list[str]:
    """Run the script by the host's sh, with programs that note how they were called."""
    calls = folder / "calls"
    for name in ("am", "input", "pressure"):
        program = folder / name
        program.write_text(
            '#!/bin/sh\nprintf "%s\\n" "${0##*/}" "$@" >>calls\necho said\n[ "${0##*/}" != pressure ] || : >eaters\n'
        )
        program.chmod(0o755)
    text = render(made, str(folder), 7, shlex.quote, 60)
    path = f"{folder}:{os.environ['PATH']}"
    subprocess.run(["sh", "-c", text], check=True, timeout=20, env={"PATH": path})
    return calls.read_text().splitlines() if calls.exists() else []


def test_a_cold_launch_stops_the_app_first_and_keeps_what_am_said(tmp_path: Path) -> None:
    calls = run(tmp_path, workload(Launch("a.b/.C")))
    assert calls == ["am", "force-stop", "a.b", "am", "start-activity", "-W", "-n", "a.b/.C"]
    assert (tmp_path / "launch-1.txt").read_text() == "said\n"


def test_a_hot_launch_stops_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, workload(Launch("a.b/.C", "hot")))[:2] == ["am", "start-activity"]


def test_a_hostile_component_stays_one_word(tmp_path: Path) -> None:
    calls = run(tmp_path, workload(Launch(HOSTILE)))
    assert calls[-1] == HOSTILE
    assert not (tmp_path / "pwned").exists()


def test_steps_are_noted_in_order_and_the_end_is_marked(tmp_path: Path) -> None:
    run(tmp_path, workload(StartPressure(), Dwell(0), WaitPressure(), Home()))
    names = [line.split()[1] for line in (tmp_path / "progress").read_text().splitlines()]
    assert names == ["start-pressure", "dwell", "wait-pressure", "home"]
    assert (tmp_path / "done").exists()


def test_the_demand_is_given_to_the_eaters_in_full(tmp_path: Path) -> None:
    calls = run(tmp_path, workload(StartPressure(), WaitPressure()))
    given = dict(zip(calls[1::2], calls[2::2], strict=True))
    assert given["--processes"] == "2"
    assert given["--bytes"] == "4096"
    assert given["--at-once"] == "1024"
    assert given["--seed"] == "7"


def test_the_eaters_report_becomes_values_and_unknown_lines_are_passed_over() -> None:
    text = (
        "eater=1 filled_bytes=8192 fill_us=1500000 checked_pages=2 bad_pages=0 survived=1\nnoise\n"
        "eater=2 filled_bytes=4096 fill_us=0 checked_pages=0 bad_pages=0 survived=0\n"
    )
    assert parse_eaters(text) == (EaterResult(8192, 1.5, 0, survived=True), EaterResult(4096, 0.0, 0, survived=False))
