# SPDX-License-Identifier: Apache-2.0
"""Trials to tidy rows: what the trace shows, what the record adds, and where one stands in for the other."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reports.launches import Launches, judge, package
from reports.metrics import MEASURE_COLUMNS
from reports.record import Caveat, LaunchResult, PlannedTrial, TrialRecord
from reports.recorded import AM_TOTAL_TIME, by_am, by_eaters, by_vmstat, by_zram
from reports.returns import by_returns
from reports.store import RunStore
from reports.traces.measure import Row, TraceMeasures, measure_trace
from reports.traces.series import SERIES_COLUMNS
from workloads.errors import TraceError

if TYPE_CHECKING:
    import pandas as pd

_CAVEATS = "caveats"


@dataclass(frozen=True)
class TrialMeasures:
    """What one trial gave.

    Attributes:
        measures: columns `MEASURE_COLUMNS`; `caveats_of` reads the caveats that travel with it, into Parquet and back.
        series: columns `SERIES_COLUMNS`.
        caveats: doubts about the figures.
    """

    measures: "pd.DataFrame" = field(compare=False)
    series: "pd.DataFrame" = field(compare=False)
    caveats: tuple[Caveat, ...]


def measure_trial(record: TrialRecord, trace_path: Path | None, run: str, device: str) -> TrialMeasures:
    """Measure one trial; a trace that is missing or broken leaves what the record knows, and a caveat.

    Args:
        record: what the trial left behind.
        trace_path: its trace; None when it has none, which is no fault where its arm records none.
        run: name of the run, for the rows.
        device: serial of the phone, for the rows.

    Raises:
        SetupError: no engine works here.
    """
    trace, caveats = _trace(trace_path) if record.trace else (None, ())
    rows, more = _rows(record, trace)
    caveats = (*caveats, *(trace.caveats if trace else ()), *more)
    return TrialMeasures(
        measures=_frame(record, rows, caveats, run=run, device=device),
        series=_series(record.trial, trace),
        caveats=caveats,
    )


def measure_run(run_dir: Path | str, *, again: bool = True, progress: Callable[[int, int], None] | None = None) -> None:
    """Measure every trial of a run and write measures.parquet and series.parquet, of each trial and of the run.

    Args:
        run_dir: the run's directory.
        again: measure trials anew that were measured before; False only fills the gaps and merges.
        progress: called with trials done and trials in all, before the first and after each.

    Raises:
        StoreError: not a run, or it cannot be written.
        SetupError: no engine works here.
    """
    store = RunStore.open(Path(run_dir))
    records = store.records()
    parts: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for done, record in enumerate(records):
        if progress:
            progress(done, len(records))
        parts.append(_stored_or_measured(store, record, again=again))
    if progress:
        progress(len(records), len(records))
    store.write_measures(
        _joined([part[0] for part in parts], MEASURE_COLUMNS), _joined([part[1] for part in parts], SERIES_COLUMNS)
    )


def caveats_of(measures: "pd.DataFrame") -> dict[str, tuple[Caveat, ...]]:
    """Caveats that travel with measures, by name of the trial."""
    kept: dict[str, list[dict[str, str]]] = measures.attrs.get(_CAVEATS, {})
    return {trial: tuple(Caveat(**one) for one in many) for trial, many in kept.items()}


def _stored_or_measured(store: RunStore, record: TrialRecord, *, again: bool) -> "tuple[pd.DataFrame, pd.DataFrame]":
    trace = store.trace_path(record)
    gone = record.trace is not None and trace is None
    stored = store.trial_measures(record.trial) if gone or not again else None
    if stored is not None:
        return _noted(stored, record.trial) if gone else stored
    found = measure_trial(record, trace, store.name, store.device.serial)
    store.write_trial_measures(record.trial, found.measures, found.series)
    return found.measures, found.series


def _noted(stored: "tuple[pd.DataFrame, pd.DataFrame]", trial: PlannedTrial) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """What was measured of a trace that is gone by now is all there is of it."""
    measures, series = stored
    gone = Caveat("trace-gone", "its trace is gone: the figures are those measured before", "nothing; they stand")
    kept = [caveat for caveat in caveats_of(measures).get(trial.name, ()) if caveat.code != gone.code]
    noted = measures.copy()
    noted.attrs = {_CAVEATS: {trial.name: [asdict(caveat) for caveat in (*kept, gone)]}}
    return noted, series


def _trace(path: Path | None) -> tuple[TraceMeasures | None, tuple[Caveat, ...]]:
    if path is None:
        return None, (Caveat("no-trace", "the trial has no trace", "figures come from the trial's record alone"),)
    try:
        return measure_trace(path), ()
    except TraceError as error:
        return None, (Caveat("broken-trace", str(error), "figures come from the trial's record alone"),)


def _rows(record: TrialRecord, trace: TraceMeasures | None) -> tuple[list[Row], list[Caveat]]:
    caveats: list[Caveat] = []
    rows = [row for row in trace.rows if row.window == "trial" and row.metric != "kills"] if trace else []
    rows += _stand_ins(record, {row.metric for row in rows}, caveats)
    rows.append(Row("trial", 0, "", "kills", float(_kills(record, trace, caveats))))
    by_record = (*by_eaters(record), *by_zram(record), *by_returns(record))
    rows += [Row("trial", 0, "", metric, value) for metric, value in by_record]
    if record.attribution:  # slowed down by what was recorded: its launches are no figures
        return rows, caveats
    launches = judge(record.launches, trace.launches if trace else None)
    rows += [Row("launch", one.index, package(one), AM_TOTAL_TIME, value) for one, value in by_am(record)]
    rows += _launch_rows(record.launches, launches, trace) if trace else []
    counting = [row for row in rows if row.launch not in launches.left_out]
    return counting, [*caveats, *launches.caveats]


def _stand_ins(record: TrialRecord, known: set[str], caveats: list[Caveat]) -> list[Row]:
    found = [Row("trial", 0, "", metric, value) for metric, value in by_vmstat(record) if metric not in known]
    if found and record.trace:
        names_found = ", ".join(row.metric for row in found)
        caveats.append(
            Caveat(
                "vmstat-by-record",
                f"{names_found}: growth of /proc/vmstat around the trial, because the trace has no such counter",
                "compare these only with trials measured the same way",
            )
        )
    return found


def _kills(record: TrialRecord, trace: TraceMeasures | None, caveats: list[Caveat]) -> int:
    """Processes killed, by whoever saw them; the two witnesses should agree."""
    logged = {kill.pid for kill in record.kills}
    traced = {kill.pid for kill in trace.kills} if trace else set()
    if trace and ((traced - logged) or (trace.kills_watched and logged - traced)):
        caveats.append(
            Caveat(
                "kills-disagree",
                f"the trial's log tells of {len(logged)} kills, its trace of {len(traced)}",
                "every process named by either is counted; look at logcat.txt and the trace",
            )
        )
    return len(logged | traced)


def _launch_rows(asked: Sequence[LaunchResult], launches: Launches, trace: TraceMeasures) -> list[Row]:
    by_trace = {shown.index: one for one in asked if (shown := launches.shown.get(one.index))}
    return [
        replace(row, launch=by_trace[row.launch].index, app=package(by_trace[row.launch]))
        for row in trace.rows
        if row.window == "launch" and row.launch in by_trace
    ]


def _frame(
    record: TrialRecord, rows: list[Row], caveats: tuple[Caveat, ...], *, run: str, device: str
) -> "pd.DataFrame":
    from pandas import DataFrame  # noqa: PLC0415 - imported late: costs 0.6 s

    trial = record.trial
    same = (run, device, trial.block, trial.position, trial.name, trial.arm, trial.block == 0, record.excluded or "")
    cells = [(*same, row.window, row.launch, row.app, row.metric, row.value, row.unit) for row in rows]
    frame = DataFrame(cells, columns=list(MEASURE_COLUMNS))
    frame.attrs[_CAVEATS] = {trial.name: [asdict(caveat) for caveat in caveats]}
    return frame


def _series(trial: PlannedTrial, trace: TraceMeasures | None) -> "pd.DataFrame":
    from pandas import DataFrame  # noqa: PLC0415 - imported late: costs 0.6 s

    if trace is None:
        return DataFrame({name: [] for name in SERIES_COLUMNS})
    return trace.series.assign(trial=trial.name, arm=trial.arm, block=trial.block)[list(SERIES_COLUMNS)]


def _joined(parts: "list[pd.DataFrame]", columns: tuple[str, ...]) -> "pd.DataFrame":
    from pandas import DataFrame, concat  # noqa: PLC0415 - imported late: costs 0.6 s

    filled = [part for part in parts if not part.empty]
    whole = concat(filled, ignore_index=True) if filled else DataFrame(columns=list(columns))
    # concat keeps attrs only where all agree; each trial's caveats are its own.
    whole.attrs = {_CAVEATS: {name: many for part in parts for name, many in part.attrs.get(_CAVEATS, {}).items()}}
    return whole
