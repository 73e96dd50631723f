# SPDX-License-Identifier: Apache-2.0
"""What the kernel's log tells of a trial's kills: read only where something else says that there may be some."""

from dataclasses import dataclass

from agent.device import batch
from agent.device.batch import Answer
from agent.device.phone import Phone
from agent.knobs.activity import Activity, vmstat_growth

DRIVER = batch.file("/sys/module/lowmemorykiller/parameters/minfree")
"""There where the kernel has a low memory killer of its own, which counts its kills nowhere."""

_COUNTER = "oom_kill"


@dataclass(frozen=True)
class Mark:
    """Where a trial begins in the kernel's log.

    Attributes:
        last: the log's last line then; empty where it had none.
    """

    last: str


def mark(phone: Phone, driver: Answer, before: Activity) -> Mark | None:
    """Remember the log's end; None where kills are counted (/proc/vmstat oom_kill, since Linux 4.13).

    Args:
        phone: the phone.
        driver: its answer to `DRIVER`.
        before: a sample of before the trial.

    Raises:
        TransientError: the link dropped.
    """
    if not driver.ok and _COUNTER in before.vmstat:
        return None
    return Mark((_lines(phone) or [""])[-1])


def told(phone: Phone, begin: Mark | None, before: Activity, after: Activity) -> str:
    """What the log says since the mark, or as many of its last OOM kills as were counted.

    Args:
        phone: the phone.
        begin: what `mark` remembered.
        before: a sample of before the trial.
        after: one of its end.

    Raises:
        TransientError: the link dropped.
    """
    if begin is not None:
        lines = _lines(phone)
        return "\n".join((*lines[_after(begin.last, lines) :], ""))
    kills = vmstat_growth(before, after).get(_COUNTER, 0)
    return "\n".join([line for line in _lines(phone) if "Killed process" in line][-kills:]) if kills else ""


def _after(last: str, lines: list[str]) -> int:
    """Where it goes on after a line; from its beginning where that line was pushed out of the ring."""
    return len(lines) - lines[::-1].index(last) if last in lines else 0


def _lines(phone: Phone) -> list[str]:
    return phone.shell("dmesg", as_root=True).out.splitlines()
