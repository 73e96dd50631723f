# SPDX-License-Identifier: Apache-2.0
"""Kills, launches, ANRs and marks: what happened, and when. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent.device import parse
from agent.field.frames import LogLine, Sample

Kind = Literal["kill", "oom", "launch", "anr", "mark", "knob", "fired"]


@dataclass(frozen=True)
class Happening:
    """One thing that happened.

    Attributes:
        at_s: seconds since the phone's boot.
        kind: `kill` by lmkd or the kernel's low memory killer; `oom` by the kernel's OOM killer, told by its counter.
        what: process, component, knob or the user's own words.
        value: of a launch its seconds, of a kill the process' oom_score_adj, of oom how many; None elsewhere.
        detail: what else is known.
    """

    at_s: float
    kind: Kind
    what: str
    value: float | None = None
    detail: str = ""


COLUMNS = ("at_s", "kind", "what", "value", "detail")

_LAUNCH = re.compile(r": Displayed (\S+)(?: for user \d+)?: \+((?:\d+(?:ms|[dhms]))+)")
"""ActivityTaskManager (Android 10 up) or ActivityManager, since 14 with the user (AOSP ActivityMetricsLogger.java)."""
_UNITS_S = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_ANR = re.compile(r"\bANR in (\S+)|\bam_anr *: \[\d+,\d+,([^,\]]+)")


def of_line(line: LogLine) -> Iterator[Happening]:
    """What a line of logcat tells."""
    for kill in (*parse.lmkd_kills(line.text), *parse.lmk_kills(line.text)):
        yield Happening(line.at_s, "kill", kill.process, kill.adj, kill.reason)
    if found := _LAUNCH.search(line.text):
        yield Happening(line.at_s, "launch", found[1], duration_s(found[2]))
    if found := _ANR.search(line.text):
        yield Happening(line.at_s, "anr", found[1] or found[2])


def of_samples(before: Sample | None, now: Sample) -> Iterator[Happening]:
    """OOM kills between two samples, by the kernel's counter (/proc/vmstat oom_kill, since Linux 4.13)."""
    if before is None or "oom_kill" not in before.vmstat:
        return
    killed = now.vmstat.get("oom_kill", 0) - before.vmstat["oom_kill"]
    if killed > 0:
        yield Happening(now.at_s, "oom", "the kernel's OOM killer", killed)


def duration_s(text: str) -> float:
    """Read `1m2s345ms` (android.util.TimeUtils.formatDuration); in seconds."""
    return sum(int(number) * _UNITS_S[unit] for number, unit in re.findall(r"(\d{1,9})(ms|[dhms])", text))
