# SPDX-License-Identifier: Apache-2.0
"""Measures as a JSON document, as tidy rows for a file, and as tables for a terminal."""

from typing import TYPE_CHECKING, Any, TypeAlias

from reports.metrics import MEASURE_COLUMNS, METRICS
from reports.traces.measure import DirectReclaimer, TraceLaunch, TraceMeasures
from reports.traces.needs import NOTHING
from reports.units import count, quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from rich.table import Table

Json: TypeAlias = dict[str, Any]

_MOST_RECLAIMERS = 5
"""Threads told of in a terminal; JSON holds them all."""

_KINDS = {"vmstat": "/proc/vmstat:", "meminfo": "/proc/meminfo:", "ftrace": "ftrace:"}

TIDY_COLUMNS = ("source", *MEASURE_COLUMNS)
"""Columns of `--csv` and `--parquet`: where a row comes from, then those of measures.parquet."""


def trace_document(measures: TraceMeasures) -> Json:
    """Everything measured in a trace, ready for JSON; times are seconds."""
    return {
        "trace": str(measures.path),
        "engine": measures.engine,
        "duration_s": measures.duration_s,
        "measures": [_with_unit(vars(row), row.unit) for row in measures.rows],
        "launches": [vars(launch) for launch in measures.launches],
        "kills": [vars(kill) for kill in measures.kills],
        "kills_watched": measures.kills_watched,
        "notes": measures.notes,
        "missing": measures.missing,
        "direct_reclaim": [vars(one) for one in measures.direct],
        "caveats": [vars(caveat) for caveat in measures.caveats],
    }


def run_document(source: str, measures: "pd.DataFrame") -> Json:
    """The measures of a run, ready for JSON."""
    return {"run": source, "measures": measures.to_dict(orient="records"), "caveats": measures.attrs.get("caveats", {})}


def tidy_trace(measures: TraceMeasures) -> "pd.DataFrame":
    """One row per figure of a trace; the columns that only a run has are empty."""
    from pandas import DataFrame  # noqa: PLC0415 - imported late: costs 0.6 s

    blank = {
        "run": "",
        "device": "",
        "trial": "",
        "arm": "",
        "excluded": "",
        "block": 0,
        "position": 0,
        "warm_up": False,
    }
    rows = [blank | _with_unit(vars(row), row.unit) | {"source": str(measures.path)} for row in measures.rows]
    return DataFrame(rows, columns=list(TIDY_COLUMNS))


def tidy_run(source: str, measures: "pd.DataFrame") -> "pd.DataFrame":
    """The measures of a run, with where they come from."""
    return measures.assign(source=source)[list(TIDY_COLUMNS)]


def trace_tables(measures: TraceMeasures) -> "Iterator[Table | str]":
    """Tables and lines that show a trace in a terminal."""
    yield f"{plain(str(measures.path))}: {quantity(measures.duration_s, 's')}, read by {plain(measures.engine)}"
    figures = _figures(measures, "trial", 0)
    yield figures if figures.row_count else "no reclaim, CPU or memory figure was recorded"
    yield from _pressure(measures)
    if measures.launches:
        yield _launches(measures)
    for launch in measures.launches:
        yield from _parts(measures, launch)
    for kill in measures.kills:
        why = f", {plain(kill.reason)}" if kill.reason else ""
        yield f"killed by {kill.by} at {quantity(kill.at_s, 's')}: {plain(kill.process)} (pid {kill.pid}{why})"
    yield from _missing(measures)
    for caveat in measures.caveats:
        yield f"caveat: {plain(caveat.what)}; {plain(caveat.do)}"


def _figures(measures: TraceMeasures, window: str, launch: int, *, but: tuple[str, ...] = ()) -> "Table":
    table = _table("metric", "value", "what it is", "how")
    for row in measures.rows:
        if (row.window, row.launch) == (window, launch) and row.metric not in but:
            title = METRICS[row.metric].title
            table.add_row(row.metric, quantity(row.value, row.unit), title, plain(measures.notes.get(row.metric, "")))
    return table


def _pressure(measures: TraceMeasures) -> "Iterator[Table | str]":
    """The same counters while the kernel reclaimed, where that is not all of the trace, and who reclaimed directly."""
    whole = {row.metric: row.value for row in measures.rows if row.window == "trial"}
    within = {row.metric: row.value for row in measures.rows if row.window == "pressure"}
    if any(value != whole.get(metric) for metric, value in within.items()):
        yield f"within the {quantity(whole['pressure_time'], 's')} from the kernel's first reclaim to its last"
        yield _figures(measures, "pressure", 0)
    for one in measures.direct[:_MOST_RECLAIMERS]:
        who = " of ".join(plain(name) for name in (one.thread, one.process) if name) or "a thread without a name"
        told = f"{quantity(one.seconds, 's')} in {count(one.times, 'time')}, longest {quantity(one.longest_s, 's')}"
        yield f"direct reclaim by {who} (tid {one.tid}): {told}{_on_cpu(one)}"


def _on_cpu(one: DirectReclaimer) -> str:
    if one.cpu_s is None:
        return ""
    cores = ", ".join(f"{core} {quantity(seconds, 's')}" for core, seconds in one.core_s.items())
    return f", on a CPU {quantity(one.cpu_s, 's')}" + (f" ({cores})" if cores else "")


def _parts(measures: TraceMeasures, launch: TraceLaunch) -> "Iterator[Table | str]":
    """Where the time of a launch went, and how much of it memory explains."""
    parts = _figures(measures, "launch", launch.index, but=("ttid", "ttfd"))
    if not parts.row_count:
        return
    known = {row.metric: row.value for row in measures.rows if (row.window, row.launch) == ("launch", launch.index)}
    whole, of = (launch.dur_s, "the time the system took for it") if launch.ttid_s is None else (launch.ttid_s, "TTID")
    told = ""
    if "launch_memory_wait" in known:
        told = f": memory explains at least {quantity(known['launch_memory_wait'], 's')} of {quantity(whole, 's')}"
    yield f"launch {launch.index}, {plain(launch.app)}, within {of}{told}"
    yield parts


def _missing(measures: TraceMeasures) -> "Iterator[str]":
    """How many metrics have no figure, and everything they lack; JSON tells it metric by metric."""
    wanted = {m: lack for m, lack in measures.missing.items() if measures.launches or METRICS[m].window == "trial"}
    if not measures.launches:
        yield "no launch was recorded"
    lacks = dict.fromkeys(lack for told in wanted.values() if told != NOTHING for lack in told.split(", "))
    if lacks:
        groups: dict[str, list[str]] = {}
        for lack in lacks:
            kind, _, name = lack.rpartition(" ")
            known = kind in _KINDS
            groups.setdefault(_KINDS[kind] if known else "other:", []).append(name if known else lack)
        metrics = sum(told != NOTHING for told in wanted.values())
        yield f"no figure of {count(metrics, 'metric')}, because this was not recorded (--json: which for which):"
        for kind, names in groups.items():
            yield f"  {kind} {', '.join(plain(name) for name in names)}"
    quiet = [metric for metric, told in wanted.items() if told == NOTHING]
    if quiet:
        yield f"{NOTHING}: {', '.join(quiet)}"


def run_tables(source: str, measures: "pd.DataFrame") -> "Iterator[Table | str]":
    """A table of medians per arm, and the caveats by trial."""
    counted = measures[~measures.warm_up.astype(bool) & (measures.excluded == "")]
    arms = list(dict.fromkeys(counted.arm))
    yield f"{plain(source)}: {measures.trial.nunique()} trials, {len(measures)} figures"
    table = _table("metric", *(f"median {plain(arm)}" for arm in arms), "n")
    for metric, rows in counted.groupby("metric", sort=False):
        unit = str(rows.unit.iloc[0])
        medians = rows.groupby("arm").value.median()
        cells = (quantity(float(medians[arm]), unit) if arm in medians else "-" for arm in arms)
        table.add_row(str(metric), *cells, str(len(rows)))
    yield table
    for trial, caveats in measures.attrs.get("caveats", {}).items():
        for caveat in caveats:
            yield f"caveat, {plain(trial)}: {plain(caveat['what'])}; {plain(caveat['do'])}"


def plain(text: str) -> str:
    """Text of a trace made safe for a terminal: no control character, no escape sequence."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _launches(measures: TraceMeasures) -> "Table":
    table = _table("launch", "app", "kind", "TTID", "TTFD", "until the system called it done")
    for one in measures.launches:
        times = ("-" if time is None else quantity(time, "s") for time in (one.ttid_s, one.ttfd_s))
        table.add_row(str(one.index), plain(one.app), one.kind or "-", *times, quantity(one.dur_s, "s"))
    return table


def _table(*headings: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415 - imported late: only a terminal needs it
    from rich.text import Text  # noqa: PLC0415 - imported late: only a terminal needs it

    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(Text(heading))
    return table


def _with_unit(values: Json, unit: str) -> Json:
    return {**values, "unit": unit}
