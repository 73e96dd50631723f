# SPDX-License-Identifier: Apache-2.0
"""One launch, part by part: states of its main thread, what it waited for, sections, and causes. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["state", "wait", "section", "cause"]
"""`state`, `section`: every moment of the launch is in one of them, so they add up to it; `wait`: what the states in
which the thread did not want a CPU are made of; `cause`: may overlap each other and the rest."""

COMPLETE: frozenset[Kind] = frozenset({"wait", "section"})
"""Where one of them was recorded, one that does not appear took no time."""

STATES = {
    "before_main": "not there yet",
    "main_running": "running",
    "main_runnable": "ready, no CPU free",
    "main_sleeping": "asleep",
    "main_uninterruptible": "uninterruptible",
    "main_io_wait": "in I/O",
}
"""Metric of `reports.metrics.launch` -> what it is called here."""

CAUSES = {
    "launch_memory_wait": "memory, at least: direct reclaim, waits for pages",
    "main_direct_reclaim": "direct reclaim by the main thread",
    "main_binder": "binder calls to other processes",
    "app_direct_reclaim": "direct reclaim by all threads of the app",
    "app_jit": "code compiled just in time, in other threads",
    "launch_reclaim_cpu": "CPU time of kswapd and kcompressd meanwhile",
}

OUTSIDE = "in no section"

_NUMBER = re.compile(r"0x[0-9a-fA-F]+|(?<=\d_)[0-9A-F]+\b|\d+")
"""The second: the number of a binder thread (frameworks/native ProcessState.cpp, `binder:PID_%X`)."""

_VARIABLE = re.compile(
    r"^(JIT compiling|VerifyClass|Lock contention on|monitor contention with|Contending for|Waiting for|inflate|"
    r"OpenDexFilesFromOat|Loading|dlopen:|relayoutWindow#)\b.*$"
)
"""Sections that ART and the framework name after what they work on (art/runtime: ScopedTrace): one kind of work."""

_LONGEST_NAME = 120


class Part(NamedTuple):
    """A part of launches, the same in all of them."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class LaunchParts:
    """One launch.

    Attributes:
        app: package.
        launch_kind: cold, warm, hot; empty where the trace does not tell.
        seconds: from the intent to the first frame, or where that is not known to when the system called it done.
        shown: whether it ends with the first frame.
        parts: seconds of each part recorded.
    """

    app: str
    launch_kind: str
    seconds: float
    shown: bool
    parts: Mapping[Part, float] = field(default_factory=dict)

    def of(self, part: Part) -> float | None:
        """Seconds of a part; None where it was not recorded."""
        if part in self.parts or part.kind not in COMPLETE:
            return self.parts.get(part)
        told_by = ("wait", "state") if part.kind == "wait" else (part.kind,)
        return 0.0 if any(each.kind in told_by for each in self.parts) else None


def general(name: str) -> str:
    """The name of a section or thread without what differs from one time to the next: numbers, classes, files."""
    found = _VARIABLE.match(name)
    short = f"{found[1]} ..." if found else _NUMBER.sub("N", name)
    return short if len(short) <= _LONGEST_NAME else f"{short[:_LONGEST_NAME]}..."
