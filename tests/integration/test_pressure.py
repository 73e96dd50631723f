# SPDX-License-Identifier: Apache-2.0
"""The program that eats memory, run on this machine."""

import subprocess
from pathlib import Path

from agent.runner.script import parse_eaters
from workloads.device.build import pressure

MIB = 1 << 20
BYTE_PER_SECOND = "1"


def test_what_is_eaten_at_once_keeps_to_no_pace(tmp_path: Path) -> None:
    report = tmp_path / "eaters"
    words = ("--bytes", str(MIB), "--at-once", str(MIB), "--rate", BYTE_PER_SECOND, "--report", str(report))
    subprocess.run((str(pressure("x86_64")), *words), check=True, timeout=60)  # at that pace it would take twelve days
    (eater,) = parse_eaters(report.read_text())
    assert (eater.filled_bytes, eater.bad_pages, eater.survived) == (MIB, 0, True)
