# SPDX-License-Identifier: Apache-2.0
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from agent.runner.script import parse_eaters, render
from reports.record import EaterResult
from workloads.load import experiment
from workloads.spec import (
    Dwell,
    FileRead,
    Home,
    Launch,
    Pressure,
    Release,
    StartPressure,
    WaitCool,
    WaitPressure,
    Workload,
)

HOSTILE = "com.example.$(touch pwned)/.It's;`reboot`"


def workload(*steps: object) -> Workload:
    shipped, _ = experiment("kcompressd")
    return replace(shipped.workload, steps=steps, pressure=Pressure(2, 4096, at_once_bytes=1024))  # type: ignore[arg-type]  # steps of any kind


def run(folder: Path, made: Workload) -> list[str]:
    """Run the script by the host's sh, with programs that note how they were called."""
    calls = folder / "calls"
    stop = folder / "sleep"
    stop.write_text("#!/bin/sh\n")
    stop.chmod(0o755)
    for name in ("am", "input", "pressure"):
        program = folder / name
        program.write_text(
            '#!/bin/sh\nprintf "%s\\n" "${0##*/}" "$@" >>calls\necho said\n'
            'while [ $# -gt 1 ]; do [ "$1" != --report ] || echo "report of $2" >"$2"; shift; done\n'
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
        "eater=1 filled_bytes=8192 fill_us=1500000 checked_pages=2 bad_pages=0 survived=1 retouched_bytes=65536\n"
        "noise\nbusy=1 cpu_us=5\n"
        "eater=2 filled_bytes=4096 fill_us=0 checked_pages=0 bad_pages=0 survived=0\n"
    )
    lived, died = parse_eaters(text)
    assert lived == EaterResult(8192, 1.5, 0, survived=True, retouched_bytes=65536)
    assert died == EaterResult(4096, 0.0, 0, survived=False)


def test_what_holding_took_is_told_by_the_eaters_and_asked_only_where_it_is_wanted(tmp_path: Path) -> None:
    text = "eater=1 filled_bytes=8192 fill_us=0 checked_pages=2 bad_pages=0 survived=1 retouched_bytes=0"
    (held,) = parse_eaters(f"{text} held_bytes=4096 held_us=2000000 held_available=7340032\n")
    assert held == EaterResult(8192, 0.0, 0, survived=True, held_bytes=4096, held_s=2.0, held_available_bytes=7340032)
    started = workload(StartPressure())
    assert "--hold-available" not in render(started, str(tmp_path), 1, shlex.quote, 60)
    assert started.pressure is not None
    holding = replace(started, pressure=replace(started.pressure, hold_available_bytes=7340032))
    assert " --hold-available 7340032 " in render(holding, str(tmp_path), 1, shlex.quote, 60)


def test_a_warm_launch_makes_the_activity_anew_and_a_return_takes_the_app_as_it_is(tmp_path: Path) -> None:
    calls = run(tmp_path, workload(Launch("a.b/.C", "warm"), Launch("a.b/.C", "return")))
    warm = ["am", "start-activity", "-W", "--activity-clear-task", "-n", "a.b/.C"]
    assert calls == [*warm, "am", "start-activity", "-W", "-n", "a.b/.C"]


def test_each_start_of_the_eaters_reports_for_itself_and_all_are_gathered(tmp_path: Path) -> None:
    run(tmp_path, workload(StartPressure(), WaitPressure(), Release(), StartPressure()))
    assert (tmp_path / "release-1").exists()
    assert not (tmp_path / "release-2").exists()
    assert (tmp_path / "eaters").read_text() == "report of eaters-1\nreport of eaters-2\n"


def test_the_file_that_eaters_read_is_made_before_the_first_step(tmp_path: Path) -> None:
    made = workload(StartPressure())
    calls = run(tmp_path, replace(made, pressure=Pressure(2, 4096, file_backed=0.5)))
    first, second = [i for i, word in enumerate(calls) if word == "pressure"]
    assert "--prepare" in calls[first:second]
    assert "--prepare" not in calls[second:]
    assert calls[second:][calls[second:].index("--file-share") + 1] == "0.5"


def test_every_file_below_a_folder_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    folder = tmp_path / "it's $(touch pwned)"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "-n; x").write_text("text")
    before = (folder / "in" / "-n; x").stat().st_atime_ns
    text = render(workload(FileRead(str(folder))), str(tmp_path), 7, shlex.quote, 60)
    done = subprocess.run(["sh", "-c", text], check=True, timeout=20, capture_output=True)
    assert done.stderr == b""
    assert (folder / "in" / "-n; x").stat().st_atime_ns >= before
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("warmths", "polls"),
    [(["352", "349", "300"], 2), (["none"], 1), (["400"] * 9, 3)],
    ids=["cools", "untold", "stays"],
)
def test_waiting_for_cool_ends_when_it_is_when_nobody_tells_and_in_time(
    tmp_path: Path, warmths: list[str], polls: int
) -> None:
    (tmp_path / "warmths").write_text("".join(f"{each}\n" for each in warmths))
    dumpsys = tmp_path / "dumpsys"
    dumpsys.write_text(
        "#!/bin/sh\necho asked >>asked\nline=$(sed -n $(grep -c . asked)p warmths)\n"
        'echo "Current Battery Service state:"\n[ "$line" = none ] || echo "  temperature: $line"\n'
    )
    dumpsys.chmod(0o755)
    run(tmp_path, workload(WaitCool(35, at_most_s=6)))
    assert (tmp_path / "asked").read_text().count("asked") == polls
