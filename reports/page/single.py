# SPDX-License-Identifier: Apache-2.0
"""The page of one trace, ours or not: launches and reclaim over time, every figure, and what was not recorded. Pure."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reports.metrics import METRICS, is_detail
from reports.page import effects
from reports.page.charts import kinds
from reports.page.data import Data, Table, Trials
from reports.page.overlay import Grid, Tracks, events, grid_step, series
from reports.page.pieces import Note
from reports.traces.measure import TraceLaunch, TraceMeasures
from reports.traces.needs import NOTHING
from reports.units import count, quantity
from reports.wording import enumerate_words

ARM = "trace"


@dataclass(frozen=True)
class LaunchRow:
    """A launch that the trace shows; empty texts were not recorded."""

    index: int
    app: str
    kind: str
    start: str
    ttid: str
    ttfd: str
    memory: str


@dataclass(frozen=True)
class FigureRow:
    """One figure of the whole trace; `detail` where it only explains others."""

    metric: str
    title: str
    value: str
    source: str
    note: str
    detail: bool


@dataclass(frozen=True)
class ReclaimerRow:
    """A thread that reclaimed directly."""

    thread: str
    times: str
    seconds: str
    longest: str
    cpu: str


@dataclass(frozen=True)
class Lack:
    """What was not recorded, and the metrics that need it."""

    what: str
    metrics: str


@dataclass(frozen=True)
class TracePage:
    """One trace, one page.

    Attributes:
        title: the trace's file.
        verdict: what it shows, a sentence; first what it does not.
        trouble: whether the sentence says that it holds nothing of use.
        summary: length and engine in one line.
        kills: who was killed, a sentence each.
        launches: in order.
        figures: of the whole trace.
        reclaimers: threads that reclaimed directly, most of it first.
        lacks: what was not recorded.
        silent: metrics that were recorded, and have no figure all the same.
        notes: doubts.
        data: the curves.
        kinds: kind of picture -> Vega-Lite specification without data.
        overlay_note: how the curves were made.
        commands: to go on.
        made_by: program and versions.
    """

    form: ClassVar[str] = "trace"
    title: str
    verdict: str
    trouble: bool
    summary: str
    kills: tuple[str, ...]
    launches: tuple[LaunchRow, ...]
    figures: tuple[FigureRow, ...]
    reclaimers: tuple[ReclaimerRow, ...]
    lacks: tuple[Lack, ...]
    silent: str
    notes: tuple[Note, ...]
    data: Data
    kinds: Mapping[str, Any]
    overlay_note: str
    commands: tuple[str, ...]
    made_by: str


def build_trace(
    measures: TraceMeasures, tracks: Tracks, quantities: Mapping[str, tuple[str, str]], made_by: str
) -> TracePage:
    """Put the page together; every text of it is final.

    Args:
        measures: of the trace.
        tracks: its time series, under the one arm `ARM` and trial `trace`.
        quantities: series name -> unit and title.
        made_by: program and versions.
    """
    data, name = _data(measures, tracks, quantities), shlex.quote(measures.path.name)
    nothing = not (measures.rows or measures.launches)
    return TracePage(
        title=measures.path.name,
        verdict=_nothing(measures) if nothing else _verdict(measures),
        trouble=nothing,
        summary=f"{quantity(measures.duration_s, 's')} · read by {measures.engine}",
        kills=tuple(_kills(measures)),
        launches=tuple(_launch(measures, each) for each in measures.launches),
        figures=tuple(_figures(measures)),
        reclaimers=tuple(_reclaimers(measures)),
        lacks=tuple(_lacks(measures)),
        silent=enumerate_words([metric for metric, lack in measures.missing.items() if lack == NOTHING]),
        notes=tuple(effects.note(caveat) for caveat in measures.caveats),
        data=data,
        kinds=kinds(data.arms, 0),
        overlay_note=f"A point every {data.step_s:g} s.",
        commands=(f"reclaim measure {name} --json", f"reclaim compare {name} --against OTHER_TRACE"),
        made_by=made_by,
    )


def _data(measures: TraceMeasures, tracks: Tracks, quantities: Mapping[str, tuple[str, str]]) -> Data:
    grid = Grid(grid_step(tracks))
    apps = {each.index: each.app for each in measures.launches}
    return Data(
        run=measures.path.name,
        arms=(ARM,),
        apps=(),
        trials=Trials((), (), (), (), (), ()),
        primary=0,
        points=(),
        launches=(),
        step_s=grid.step_s,
        series=series(tracks, (ARM,), {}, quantities, grid),
        events=events(tracks, (ARM,), apps),
        effects=Table((), ()),
    )


def _nothing(measures: TraceMeasures) -> str:
    return (
        f"This trace of {quantity(measures.duration_s, 's')} holds no figure of launches, reclaim, CPU time or memory:"
        " below stands what it would have to record."
    )


def _verdict(measures: TraceMeasures) -> str:
    """Launches and how long they took, reclaim and by whom; first of all what is missing of them."""
    found = {row.metric: row.value for row in measures.rows if row.window == "trial"}
    shown = [each.ttid_s for each in measures.launches if each.ttid_s is not None]
    launches = f"{count(len(measures.launches), 'launch', 'launches')}" if measures.launches else "no launch"
    told = [launches + (f" ({_range(shown)} to the first frame)" if shown else "")]
    for metric, words in (("pgsteal_anon", "anonymous pages reclaimed"), ("allocstall", "stalls in direct reclaim")):
        if metric in found:
            told.append(f"{found[metric]:,.0f} {words}")
    for metric, words in (("direct_reclaim_time", "in direct reclaim"), ("kswapd_cpu", "of kswapd's CPU time")):
        if metric in found:
            told.append(f"{quantity(found[metric], 's')} {words}")
    return f"In {quantity(measures.duration_s, 's')}: {enumerate_words(told)}."


def _range(seconds: list[float]) -> str:
    low, high = quantity(min(seconds), "s"), quantity(max(seconds), "s")
    return low if low == high else f"{low} to {high}"


def _kills(measures: TraceMeasures) -> Iterator[str]:
    for each in measures.kills:
        why = f", {each.reason}" if each.reason else ""
        yield f"Killed by {each.by} at {quantity(each.at_s, 's')}: {each.process} (pid {each.pid}{why})."
    if not measures.kills:
        yield "Nobody was killed." if measures.kills_watched else "Kills were not recorded."


def _launch(measures: TraceMeasures, each: TraceLaunch) -> LaunchRow:
    found = {row.metric: row.value for row in measures.rows if (row.window, row.launch) == ("launch", each.index)}
    wait = found.get("launch_memory_wait")
    return LaunchRow(
        index=each.index,
        app=each.app,
        kind=each.kind or "",
        start=quantity(each.start_s, "s"),
        ttid=_seconds(each.ttid_s),
        ttfd=_seconds(each.ttfd_s),
        memory=_seconds(wait),
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else quantity(value, "s")


def _figures(measures: TraceMeasures) -> Iterator[FigureRow]:
    for row in measures.rows:
        if row.window == "trial":
            metric = METRICS[row.metric]
            note = measures.notes.get(row.metric, "")
            yield FigureRow(
                row.metric, metric.title, quantity(row.value, row.unit), metric.source, note, is_detail(row.metric)
            )


def _reclaimers(measures: TraceMeasures) -> Iterator[ReclaimerRow]:
    for each in measures.direct:
        who = " of ".join(name for name in (each.thread, each.process) if name) or "a thread without a name"
        cores = ", ".join(f"{core} {quantity(seconds, 's')}" for core, seconds in each.core_s.items())
        cpu = _seconds(each.cpu_s) + (f" ({cores})" if cores else "")
        told = f"{who} (tid {each.tid})"
        yield ReclaimerRow(told, f"{each.times:,}", quantity(each.seconds, "s"), quantity(each.longest_s, "s"), cpu)


def _lacks(measures: TraceMeasures) -> Iterator[Lack]:
    """Each thing that was not recorded, with the metrics that it would give."""
    found: dict[str, list[str]] = {}
    for metric, lack in measures.missing.items():
        if lack != NOTHING:
            found.setdefault(lack, []).append(metric)
    yield from (Lack(what, ", ".join(metrics)) for what, metrics in found.items())
