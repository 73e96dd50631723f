# SPDX-License-Identifier: Apache-2.0
"""One trace in, tidy figures out; nothing is said of what was not recorded."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reports.metrics import METRICS
from reports.record import Caveat
from reports.traces import doubts, own, queries
from reports.traces.engine import open_trace
from reports.traces.needs import missing
from reports.traces.series import KILL, LAUNCH

if TYPE_CHECKING:
    import pandas as pd

    from reports.traces.engine import Trace

NS = 1e9


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        window: `trial`; `pressure`, from the kernel's first reclaim to its last; `launch`, from the intent to the first
            frame; `fully-drawn`, from the intent to the frame after reportFullyDrawn.
        launch: 1-based launch, 0 in a trial row.
        app: package, empty in a trial row.
        metric: a name of `reports.metrics.METRICS`.
        value: in the metric's unit.
    """

    window: str
    launch: int
    app: str
    metric: str
    value: float

    @property
    def unit(self) -> str:
        """The metric's unit."""
        return METRICS[self.metric].unit


@dataclass(frozen=True)
class TraceLaunch:
    """A launch that the trace shows.

    Attributes:
        index: 1-based order.
        app: package.
        kind: cold, warm, hot; None where Perfetto cannot tell.
        start_s: when the intent was received, seconds since the trace began.
        dur_s: until the system called it done; not the time to a display.
        ttid_s: time to initial display; None when not recorded.
        ttfd_s: time to full display; None when not recorded.
        found: how the app's process was found (`reports/traces/sql/startup.sql`); None when it was not.
    """

    index: int
    app: str
    kind: str | None
    start_s: float
    dur_s: float
    ttid_s: float | None
    ttfd_s: float | None
    found: str | None = "perfetto"


@dataclass(frozen=True)
class TraceKill:
    """A kill that the trace shows; `by` is `lmkd`, `oom` or `lmk`, `at_s` seconds since the trace began."""

    pid: int
    process: str
    by: str
    at_s: float
    adj: int | None
    reason: str | None


@dataclass(frozen=True)
class DirectReclaimer:
    """A thread that reclaimed directly: how many times, seconds in all and of the longest.

    Attributes:
        cpu_s: seconds of it on a CPU; None where scheduling was not recorded.
        core_s: seconds of that by type of core (little, mid, big); empty where the trace does not tell them apart.
    """

    process: str
    thread: str
    tid: int
    times: int
    seconds: float
    longest_s: float
    cpu_s: float | None = None
    core_s: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TraceMeasures:
    """Everything measured in one trace.

    Attributes:
        path: the trace.
        engine: what answered.
        duration_s: the trace's span.
        rows: figures, trial rows first.
        launches: in order.
        kills: in order.
        kills_watched: whether a kill would have been seen.
        notes: metric -> how it was found.
        direct: who reclaimed directly, most of it first, 20 threads at most.
        missing: metric that has no figure -> what was not recorded for it, or why there is none all the same.
        caveats: doubts.
        series: time series; columns series, t_s, value (`reports.traces.series.SERIES`).
    """

    path: Path
    engine: str
    duration_s: float
    rows: tuple[Row, ...]
    launches: tuple[TraceLaunch, ...]
    kills: tuple[TraceKill, ...]
    kills_watched: bool
    notes: dict[str, str]
    missing: dict[str, str]
    direct: tuple[DirectReclaimer, ...]
    caveats: tuple[Caveat, ...]
    series: "pd.DataFrame" = field(compare=False)


def measure_trace(path: Path | str, *, engine: Path | None = None) -> TraceMeasures:
    """Measure one trace, loading it once.

    Args:
        path: any trace the trace processor reads, recorded here or elsewhere.
        engine: a trace_processor_shell to use; None looks for one, then takes the WebAssembly.

    Raises:
        TraceError: the trace cannot be read.
        SetupError: no engine works here.
    """
    with open_trace(path, engine=engine) as trace:
        return measure_open(trace)


def measure_open(trace: "Trace") -> TraceMeasures:
    """Measure a trace that is open already.

    Raises:
        TraceError: the trace breaks the engine.
    """
    queries.prepare(trace)
    start, end = (int(value) for value in trace.query("SELECT start_ts, end_ts FROM trace_bounds").iloc[0])
    figures, notes = _figures(trace)
    launches = _launches(trace, start)
    apps = {one.index: one.app for one in launches}
    kills, watched = _kills(trace, start)
    if kills or watched:
        figures.append(Row("trial", 0, "", "kills", float(len({kill.pid for kill in kills}))))
    figures += _launch_rows(trace, launches, notes)
    direct = _direct(trace)
    sources = tuple(queries.ask(trace, "sources").source)
    series, caveats = queries.ask(trace, "series"), doubts.of_trace(trace, notes)
    # After everything of ours: their SQL may change tables.
    others, troubles = own.ask_all(trace)
    for launch, window, metric, value, note in others:
        figures.append(Row(window, launch, apps.get(launch, ""), metric, value))
        if _given(note):
            notes[metric] = str(note)
    return TraceMeasures(
        path=trace.path or Path(),
        engine=trace.engine,
        duration_s=(end - start) / NS,
        rows=tuple(figures),
        launches=launches,
        kills=kills,
        kills_watched=watched,
        notes=notes,
        missing=missing(sources, {row.metric for row in figures}),
        direct=direct,
        caveats=(*caveats, *troubles),
        series=_with_marks(series, launches, kills),
    )


def _with_marks(series: "pd.DataFrame", launches: Sequence[TraceLaunch], kills: Sequence[TraceKill]) -> "pd.DataFrame":
    """The series, and when launches began and processes died."""
    import pandas as pd  # noqa: PLC0415 - imported late: `reclaim --help` needs no tables

    rows = [(LAUNCH, one.start_s, float(one.index)) for one in launches]
    rows += [(KILL, kill.at_s, float(kill.pid)) for kill in kills]
    marks = pd.DataFrame(rows, columns=list(queries.TOPICS["series"]))
    return pd.concat([part for part in (series, marks) if not part.empty] or [series], ignore_index=True)


def _figures(trace: "Trace") -> tuple[list[Row], dict[str, str]]:
    rows: list[Row] = []
    notes: dict[str, str] = {}
    for topic in queries.METRIC_TOPICS:
        for metric, value, note in queries.ask(trace, topic).itertuples(index=False):
            if _given(value):
                rows.append(Row("trial", 0, "", str(metric), float(value)))
            if _given(note):
                notes[str(metric)] = str(note)
    for metric, value, _ in queries.ask(trace, "pressure").itertuples(index=False):
        window = "trial" if metric == "pressure_time" else "pressure"
        rows.append(Row(window, 0, "", str(metric), float(value)))
    order = list(METRICS)
    return sorted(rows, key=lambda row: (row.window == "pressure", order.index(row.metric))), notes


def _direct(trace: "Trace") -> tuple[DirectReclaimer, ...]:
    return tuple(
        DirectReclaimer(
            process=str(row.process),
            thread=str(row.thread),
            tid=int(row.tid),
            times=int(row.times),
            seconds=int(row.dur) / NS,
            longest_s=int(row.longest) / NS,
            cpu_s=int(row.cpu) / NS if _given(row.cpu) else None,
            core_s={core: int(row[core]) / NS for core in ("little", "mid", "big") if _given(row[core])},
        )
        for _, row in queries.ask(trace, "direct").iterrows()
    )


def _launch_rows(trace: "Trace", launches: tuple[TraceLaunch, ...], notes: dict[str, str]) -> list[Row]:
    """Times of each launch, then where they went, window by window."""
    rows = [
        Row("launch", one.index, one.app, metric, value)
        for one in launches
        for metric, value in (("ttid", one.ttid_s), ("ttfd", one.ttfd_s))
        if value is not None
    ]
    apps = {one.index: one.app for one in launches}
    for launch, window, metric, value, note in queries.ask(trace, "launch_parts").itertuples(index=False):
        if _given(value):
            rows.append(Row(str(window), int(launch), apps[int(launch)], str(metric), float(value)))
        if _given(note):
            notes[str(metric)] = str(note)
    order = list(METRICS)
    return sorted(rows, key=lambda row: (row.window == "fully-drawn", row.launch, order.index(row.metric)))


def _launches(trace: "Trace", start: int) -> tuple[TraceLaunch, ...]:
    return tuple(
        TraceLaunch(
            index=int(launch),
            app=str(app),
            kind=str(kind) if _given(kind) else None,
            start_s=(int(ts) - start) / NS,
            dur_s=int(dur) / NS,
            ttid_s=int(ttid) / NS if _given(ttid) else None,
            ttfd_s=int(ttfd) / NS if _given(ttfd) else None,
            found=str(found) if _given(found) else None,
        )
        for launch, app, kind, ts, dur, ttid, ttfd, found in queries.ask(trace, "launch").itertuples(index=False)
    )


def _kills(trace: "Trace", start: int) -> tuple[tuple[TraceKill, ...], bool]:
    """The kills, and whether lmkd and the OOM killer were watched: only then is their absence a figure."""
    rows = queries.ask(trace, "kills")
    watched = set(rows.killer[rows.ts.isna()])
    kills = tuple(
        TraceKill(
            pid=int(pid),
            process=str(process) if _given(process) else "",
            by=str(killer),
            at_s=(int(ts) - start) / NS,
            adj=int(adj) if _given(adj) else None,
            reason=str(reason) if _given(reason) else None,
        )
        for ts, pid, process, killer, adj, reason in rows[rows.ts.notna()].sort_values("ts").itertuples(index=False)
    )
    return kills, watched >= {"lmkd", "oom"}


def _given(value: object) -> bool:
    from pandas import isna  # noqa: PLC0415 - imported late: costs 0.6 s

    return not bool(isna(value)) and not (isinstance(value, float) and math.isinf(value))  # type: ignore[call-overload]  # a cell is a scalar
