# SPDX-License-Identifier: Apache-2.0
"""What the agent itself costs per trial on the virtual handheld: everything but workload, settling and boot."""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

from agent.cli.progress import watching
from agent.cli.run import requested
from agent.device.adb import connect
from agent.device.clock import SystemClock
from agent.device.phone import attach
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from agent.runner.run import run_experiment

MOST_AGENT_S = 3.0
BLOCKS = 2
WORKLOAD = ("pressure and launches", "check pages")
"""Stages in which the phone works; `settle` is a wait that the experiment asks for."""


def main(out: TextIO) -> int:
    with tempfile.TemporaryDirectory(prefix="reclaim-bench-") as folder:
        request = requested("kcompressd", Path(folder) / "run", BLOCKS)
        begin = time.monotonic()
        with Handheld.start(HandheldOptions()) as guest:
            boot_s = time.monotonic() - begin
            phone = attach(connect(guest.serial, guest.adb_server))
            with watching(sys.stderr) as watch:
                store = run_experiment(phone, request, SystemClock(), watch)
        stages = [stage for stage in map(_stages, store.events()) if stage]
    names = list(stages[0])
    medians = {name: statistics.median(trial[name] for trial in stages) for name in names}
    agent_s = sum(seconds for name, seconds in medians.items() if name not in (*WORKLOAD, "settle"))
    workload_s = sum(medians[name] for name in WORKLOAD)
    print(f"trials: {len(stages)} on the virtual handheld, median seconds per stage; start {boot_s:.1f} s", file=out)
    for name, seconds in medians.items():
        print(f"  {name:<22} {seconds:6.2f}", file=out)
    print(
        f"  agent {agent_s:.2f} s a trial, may be {MOST_AGENT_S} s; {agent_s / workload_s:.2f} x the workload", file=out
    )
    return 0 if agent_s <= MOST_AGENT_S else 1


def _stages(event: dict[str, object]) -> dict[str, float]:
    return {name: seconds for name, seconds in event.items() if isinstance(seconds, float)}


if __name__ == "__main__":
    sys.exit(main(sys.stdout))
