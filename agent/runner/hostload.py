# SPDX-License-Identifier: Apache-2.0
"""How much of this computer others used while a virtual handheld was measured: its processors are the handheld's.

Linux only, as the handheld is. Sources: proc_stat(5), proc_pid_stat(5); both count in the same clock ticks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PID_FACT = "qemu_pid"
"""Name of the fact by which a virtual handheld tells its QEMU."""

_IDLE = (3, 4)
"""Places of idle and iowait in a `cpu` line. Guests' time (the 9th and 10th) is in user and nice already."""
_COUNTED = 8


@dataclass(frozen=True)
class Sample:
    """Clock ticks so far: of all processors, of those busy (stolen ones too), of QEMU; and how many processors."""

    total: int
    busy: int
    qemu: int
    processors: int


def qemu_pid(machine: Mapping[str, str]) -> int | None:
    """The process id that a handheld's facts tell; None for a phone."""
    text = machine.get(PID_FACT, "")
    return int(text) if text.isascii() and text.isdigit() else None


def sample(pid: int | None, proc: Path = Path("/proc")) -> Sample | None:
    """Look once; None without a handheld, or where that process is gone."""
    if pid is None:
        return None
    try:
        return parse((proc / "stat").read_text(), (proc / str(pid) / "stat").read_text())
    except OSError:
        return None


def parse(stat: str, process: str) -> Sample | None:
    """Read /proc/stat and QEMU's /proc/PID/stat; None when they are not such."""
    whole = re.search(r"^cpu +((?:\d+ ?)+)$", stat, re.MULTILINE)
    fields = process.rpartition(")")[2].split()  # the name may hold spaces and brackets: count from its last one
    if whole is None or len(fields) < 13:  # noqa: PLR2004 - utime and stime, fields 14 and 15, are the 12th and 13th here
        return None
    ticks = [int(word) for word in whole[1].split()][:_COUNTED]
    idle = sum(ticks[place] for place in _IDLE if place < len(ticks))
    return Sample(
        sum(ticks),
        sum(ticks) - idle,
        int(fields[11]) + int(fields[12]),
        len(re.findall(r"^cpu\d+ ", stat, re.MULTILINE)),
    )


def busy(before: Sample | None, after: Sample | None) -> float | None:
    """Processors that others than QEMU kept busy in between, on average; None when that is not known."""
    if before is None or after is None or after.total <= before.total:
        return None
    others = (after.busy - before.busy) - (after.qemu - before.qemu)
    return round(max(0.0, others / (after.total - before.total) * after.processors), 3)
