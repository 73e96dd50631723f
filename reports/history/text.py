# SPDX-License-Identifier: Apache-2.0
"""A history in words: for the terminal, for JSON, for the page. Pure."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from reports.history.bisect import Step
from reports.history.changes import Change, Trend
from reports.history.rows import Row
from reports.history.series import Series
from reports.history.store import Baseline
from reports.metrics import METRICS
from reports.noise.floor import Span
from reports.record import SCHEMA_VERSION
from reports.statistics.paired import exp
from reports.statistics.power import minimum_detectable_effect
from reports.units import change_interval, count, difference, quantity, share
from reports.wording import title
from reports.wrapping import wrap

_NAMED = 6
"""Runs named on either side of a change; the others are counted."""


def heading(series: Series) -> str:
    """What is followed: `time to initial display of off, kcompressd on Pixel 8`."""
    row = series.first
    metric = title(METRICS[row.metric]) if row.metric in METRICS else row.metric
    who = row.arm if series.what == "level" else f"{row.arm} against {row.control}"
    return f"{metric} of {who}, {row.experiment} on {row.model}"


def sentence(trend: Trend) -> str:
    """How much there is and how much it varies."""
    series = trend.series
    days = sorted(f"{row.began:%Y-%m-%d}" for row in series.rows)
    told = f"{count(len(series.rows), 'run')} of {count(len(series.builds), 'build')}, {days[0]} to {days[-1]}"
    if trend.noise is None:
        return f"{told}: too few builds to tell a change from noise."
    seen = one_more(trend)
    floor = _size(trend, trend.noise.spread)
    return f"{told}. Runs vary by {floor}{f'; one more run shows a change of {_size(trend, seen)}' if seen else ''}."


def one_more(trend: Trend) -> float | None:
    """Smallest change that one more run shows 8 times in 10, as the series is followed; None where none is known."""
    if trend.noise is None:
        return None
    last = trend.stretches[-1]
    error = math.hypot(trend.noise.spread, trend.noise.of_level(last.end - last.first))
    return minimum_detectable_effect(error, trend.noise.freedom, 0.8)


def size(trend: Trend, moved: Span) -> str:
    """A change with its interval: `+4.2 [+3.9, +4.5] %`."""
    if trend.series.relative:
        return change_interval(*(1 + each for each in (moved.value, moved.low, moved.high)))
    return difference(moved.value, moved.low, moved.high, trend.series.unit)


def word(trend: Trend, change: Change) -> str:
    """What a change is: better, worse, higher or lower."""
    better, rose = trend.series.first.better, change.size.value > 0
    if better == "none":
        return "higher" if rose else "lower"
    return "better" if rose == (better == "higher") else "worse"


def beside(trend: Trend, change: Change) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The runs on either side of a change: of the last build before it, and of the first one after."""
    return trend.series.runs_at(change.build - 1), trend.series.runs_at(change.build)


def trend_lines(trends: Sequence[Trend]) -> list[str]:
    """What `reclaim history trend` prints."""
    return [line for trend in trends for line in (*_trend_lines(trend), "")][:-1]


def _trend_lines(trend: Trend) -> Iterator[str]:
    yield from wrap(heading(trend.series), indent="  ")
    yield from wrap(sentence(trend), indent="  ", first="  ")
    for change in trend.changes:
        before, after = beside(trend, change)
        began = f"{size(trend, change.size)} {word(trend, change)} since {trend.series.builds[change.build]}"
        yield from wrap(began, indent="    ", first="  ")
        yield from wrap(f"before: {_named(before)}; since: {_named(after)}", indent="      ", first="    ")
    if trend.noise is not None and not trend.changes:
        yield "  No change."


def trend_document(trends: Sequence[Trend]) -> dict[str, Any]:
    """The same as one JSON document; shares as 0.05 for 5 %, other figures in base units."""
    return {"schema": SCHEMA_VERSION, "series": [_series_document(trend) for trend in trends]}


def _series_document(trend: Trend) -> dict[str, Any]:
    series, row = trend.series, trend.series.first
    return {
        **{
            name: getattr(row, name)
            for name in ("model", "experiment", "setup_id", "metric", "better", "arm", "control")
        },
        "what": series.what,
        "unit": series.unit,
        "relative": series.relative,
        "runs": len(series.rows),
        "builds": series.builds,
        "noise": trend.noise,
        "one_more_run_shows": one_more(trend),
        "levels": [
            {"first_build": series.builds[each.first], "runs": each.runs, "level": level_of(trend, each.level)}
            for each in trend.stretches
        ],
        "changes": [
            {
                "build": series.builds[change.build],
                "size": change.size,
                "word": word(trend, change),
                "before": [_run_document(each) for each in beside(trend, change)[0]],
                "since": [_run_document(each) for each in beside(trend, change)[1]],
            }
            for change in trend.changes
        ],
    }


def level_of(trend: Trend, level: float) -> float:
    """A level as the series is followed, in base units or as a ratio."""
    return exp(level) if trend.series.relative else level


def list_lines(rows: Sequence[Row], baselines: Sequence[Baseline]) -> list[str]:
    """What `reclaim history list` prints: one line per run, oldest first, then pinned baselines."""
    lines = [
        f"{row.began:%Y-%m-%d %H:%M}  {row.run}  {row.experiment}  {row.model}  {row.kernel}  {row.build}"
        for row in rows
    ]
    return lines + [f"baseline {each.name}: {count(len(each.runs), 'run')}" for each in baselines]


def list_document(rows: Sequence[Row], baselines: Sequence[Baseline]) -> dict[str, Any]:
    """The same as one JSON document."""
    runs = [_run_document(row) for row in rows]
    return {"schema": SCHEMA_VERSION, "runs": runs, "baselines": baselines}


def bisect_lines(trend: Trend, step: Step) -> list[str]:
    """What `reclaim history bisect` prints."""
    lines = wrap(heading(trend.series), indent="  ")
    if step.todo == "found":
        return lines + wrap(f"It began with {step.bad}; {step.good} is the last good build.", indent="  ", first="  ")
    told = "run again, its runs do not tell yet" if step.todo == "again" else "run next"
    runs = "no number of runs" if step.runs is None else count(step.runs, "run")
    left = f"{count(step.left, 'build')} between them, at most {step.steps} more to run"
    texts = (
        f"{told}: {step.build}",
        f"good: {step.good}; bad: {step.bad}",
        f"{left}; {runs} of a build will tell its side.",
    )
    return lines + [line for text in texts for line in wrap(text, indent="    ", first="  ")]


def bisect_document(trend: Trend, step: Step) -> dict[str, Any]:
    """The same as one JSON document."""
    return {"schema": SCHEMA_VERSION, "series": heading(trend.series), "step": step, "most_steps": step.steps}


def _run_document(row: Row) -> dict[str, Any]:
    names = ("run_id", "run", "began", "experiment", "model", "serial", "build", "kernel", "decision", "path", "report")
    return {name: getattr(row, name) for name in names}


def _named(rows: Sequence[Row]) -> str:
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return ", ".join(row.run for row in rows[:_NAMED]) + more


def _size(trend: Trend, spread: float) -> str:
    return share(exp(spread) - 1) if trend.series.relative else quantity(spread, trend.series.unit)
