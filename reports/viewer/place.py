# SPDX-License-Identifier: Apache-2.0
"""What a user named: a run, a trial of it, a trace; and when its launches were, as the trace tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.record import TrialRecord
from reports.store import RunStore
from reports.traces.engine import Trace, open_trace
from reports.traces.queries import prepare
from reports.viewer.link import Span
from workloads.errors import InputError


@dataclass(frozen=True)
class Shelf:
    """What may be looked at.

    Attributes:
        name: of the run or of the trace.
        traces: name -> file: trials' folders of a run, or the trace's own name. Nothing else is ever served.
        report: the run's page; None for a trace.
        first: which trace was meant; empty: none, so that the page is shown.
    """

    name: str
    traces: Mapping[str, Path]
    report: Path | None
    first: str


@dataclass(frozen=True)
class LaunchSpan:
    """A launch in a trace.

    Attributes:
        number: 1-based, in order of time.
        app: its package.
        span: from the intent to the first frame, or to whatever end the trace tells.
    """

    number: int
    app: str
    span: Span


def shelf_of(path: Path) -> Shelf:
    """What a path stands for: RUN, RUN/TRIAL, RUN/trials/TRIAL, or any file, which is taken for a trace.

    Raises:
        InputError: it is none of these, or the trial has no trace.
        StoreError: the run cannot be read.
    """
    if path.is_file():
        return Shelf(path.name, {path.name: path}, None, path.name)
    run, trial = (path, "") if (path / "plan.json").is_file() else _split(path)
    store = RunStore.open(run)
    traces = {
        record.trial.name: trace for record in store.records() if (trace := _own_trace(store, record)) is not None
    }
    if trial and trial not in traces:
        raise InputError(f"{path}: has no trace; trials of {run} with one: {', '.join(traces) or 'none'}")
    if not traces:
        raise InputError(f"{run}: none of its trials has a trace")
    return Shelf(store.name, traces, store.report_path, trial)


def _own_trace(store: RunStore, record: TrialRecord) -> Path | None:
    """A trial's trace, unless it is a link out of the run: a run may come from a stranger."""
    trace = store.trace_path(record)
    return trace if trace is not None and trace.resolve().is_relative_to(store.path.resolve()) else None


def _split(path: Path) -> tuple[Path, str]:
    above = path.parent.parent if path.parent.name == "trials" else path.parent
    if not (above / "plan.json").is_file():
        raise InputError(f"{path}: is neither a trace, nor a run, nor a trial of one (RUN/TRIAL)")
    return above, path.name


def launches(path: Path) -> tuple[Span, tuple[LaunchSpan, ...]]:
    """A trace's own beginning and end, and its launches.

    Raises:
        TraceError: it cannot be read.
        SetupError: no engine works here.
    """
    with open_trace(path) as trace:
        bounds = trace.query("SELECT start_ts, end_ts FROM trace_bounds").iloc[0]
        return Span(int(bounds["start_ts"]), int(bounds["end_ts"])), tuple(_launches(trace))


def _launches(trace: Trace) -> list[LaunchSpan]:
    prepare(trace)
    rows = trace.query(
        "SELECT w.launch, l.app, w.ts, w.ts_end FROM reclaim_window AS w JOIN reclaim_launch AS l USING (launch)"
        " WHERE w.window = 'launch' ORDER BY w.launch"
    )
    return [
        LaunchSpan(int(row["launch"]), str(row["app"]), Span(int(row["ts"]), int(row["ts_end"])))
        for _, row in rows.iterrows()
    ]


def chosen(found: tuple[LaunchSpan, ...], wanted: str, where: str) -> LaunchSpan:
    """The launch that is meant: by its number, or the first of an app.

    Raises:
        InputError: there is none such.
    """
    for each in found:
        if wanted in (str(each.number), each.app):
            return each
    known = ", ".join(f"{each.number} ({each.app})" for each in found) or "none"
    raise InputError(f"--at {wanted}: no such launch in {where}; its launches: {known}")
