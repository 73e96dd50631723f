# SPDX-License-Identifier: Apache-2.0
"""A dose that is found on a real kernel, and memory that is held down on one."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.device.adb import connect
from agent.device.phone import attach
from agent.handheld.machine import Handheld
from reports.api import open_run
from reports.store import RunStore

pytestmark = pytest.mark.guest

RECLAIM = [sys.executable, "-c", "from agent.cli.main import run; run()"]
WORKLOAD = """\
title = "Memory is filled, and held a while"
apps = []
steps = [{ do = "fill" }, { do = "dwell", seconds = 2 }]

[pressure]
processes = 3
bytes_each = 157_286_400
check_stride = 64
"""
EXPERIMENT = """\
question = "Is the dose the same in both arms?"
workload = "fill.toml"
control = "high"
blocks = 1
primary = ["pswpout"]
arms = [
  { name = "high", settings = { "sysctl:vm.swappiness" = 100 } },
  { name = "low", settings = { "sysctl:vm.swappiness" = 90 } },
]

[limits]
settle_s = 0
"""
MIB = 1 << 20


def run(guest: Handheld, folder: Path, workload: str, experiment: str) -> RunStore:
    """With no app in the background: one that is killed in a trial hands its memory to the eaters."""
    phone = attach(connect(guest.serial, guest.adb_server))
    for line in phone.shell("pm", "list", "packages", "-3", check=True).out.splitlines():
        phone.shell("am", "force-stop", line.removeprefix("package:").strip(), check=True)
    (folder / "fill.toml").write_text(workload)
    (folder / "mine.toml").write_text(experiment)
    link, out = ["-s", guest.serial, "--adb-server", guest.adb_server], folder / "run"
    words = [*RECLAIM, "run", str(folder / "mine.toml"), "-o", str(out), *link]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr
    sys.stderr.write(f"{done.stderr}\n{done.stdout}\n")
    return RunStore.open(out)


def test_a_dose_is_found_that_fills_zram_as_far_as_asked_and_every_arm_demands_it(
    handheld: Handheld, tmp_path: Path
) -> None:
    store = run(handheld, tmp_path, WORKLOAD, f'{EXPERIMENT}[titrate]\nmetric = "swap_fill_max"\ntarget = 0.3\n')
    found = store.titrated()
    assert found is not None
    assert found.dose is not None
    assert found.reached == pytest.approx(0.3, rel=0.1)
    demanded = {sum(eater.filled_bytes for eater in record.eaters) for record in store.records()}
    assert demanded == {3 * found.dose}


def test_memory_is_held_down_by_taking_what_the_kernel_frees(handheld: Handheld, tmp_path: Path) -> None:
    held = WORKLOAD.replace("157_286_400", "262_144_000\nhold_available_bytes = 125_829_120")
    store = run(handheld, tmp_path, held, EXPERIMENT)
    for record in store.records():
        for eater in record.eaters:
            assert (eater.bad_pages, eater.survived) == (0, True)
            assert eater.held_s is not None
            assert eater.held_s > 1
            assert eater.held_available_bytes == pytest.approx(120 * MIB, rel=0.2)
    effort = open_run(store.path).effect("hold_effort")
    assert effort.control_mean is not None
    assert effort.control_mean >= 0
