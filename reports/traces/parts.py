# SPDX-License-Identifier: Apache-2.0
"""The launches of one trace, part by part."""

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from reports.parts.launch import CAUSES, OUTSIDE, STATES, LaunchParts, Part, general
from reports.traces import queries
from reports.traces.engine import open_trace

if TYPE_CHECKING:
    from reports.traces.engine import Trace

_NS = 1e9
_WAITS = {"asleep": "asleep", "uninterruptible": "uninterruptible", "io": "I/O"}
_UNTOLD = {"asleep": "waker not told", "uninterruptible": "not told in what", "io": "not told in what"}


def trace_parts(path: Path | str, *, engine: Path | None = None) -> tuple[LaunchParts, ...]:
    """The launches of a trace in order of time; () when it shows none.

    Args:
        path: any trace that the trace processor reads.
        engine: as for `reports.traces.measure.measure_trace`.

    Raises:
        TraceError: the trace cannot be read.
        SetupError: no engine works here.
    """
    with open_trace(path, engine=engine) as trace:
        queries.prepare(trace)
        return tuple(_launches(trace))


def _launches(trace: "Trace") -> list[LaunchParts]:
    from pandas import isna  # noqa: PLC0415 - imported late: costs 0.6 s

    parts = _parts(trace)
    found = []
    for launch, app, kind, _, dur, ttid, *_ in queries.ask(trace, "launch").itertuples(index=False):
        drawn = 0 if isna(ttid) else int(ttid)
        nanoseconds = drawn if drawn > 0 else int(dur)
        if nanoseconds > 0:
            known = kind if isinstance(kind, str) else ""
            told = dict(parts[int(launch)])
            found.append(LaunchParts(str(app), known, nanoseconds / _NS, drawn > 0, told))
    return found


def _parts(trace: "Trace") -> dict[int, dict[Part, float]]:
    found: dict[int, dict[Part, float]] = defaultdict(lambda: defaultdict(float))
    for launch, window, metric, value, _ in queries.ask(trace, "launch_parts").itertuples(index=False):
        if window == "launch" and metric in STATES:
            found[int(launch)][Part("state", STATES[metric])] = float(value)
        if window == "launch" and metric in CAUSES:
            found[int(launch)][Part("cause", CAUSES[metric])] = float(value)
    for launch, name, dur, _ in queries.ask(trace, "launch_sections").itertuples(index=False):
        found[int(launch)][Part("section", general(name) if isinstance(name, str) else OUTSIDE)] += int(dur) / _NS
    for launch, state, reason, dur, _ in queries.ask(trace, "launch_waits").itertuples(index=False):
        found[int(launch)][Part("wait", _wait(state, reason))] += int(dur) / _NS
    return found


def _wait(state: str, reason: object) -> str:
    if not isinstance(reason, str):
        return f"{_WAITS[state]}, {_UNTOLD[state]}"
    return f"woken by {general(reason)}" if state == "asleep" else f"{_WAITS[state]}, in {general(reason)}"
