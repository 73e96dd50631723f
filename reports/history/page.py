# SPDX-License-Identifier: Apache-2.0
"""The page of a history: one HTML file, a picture per series, each run linked to its report, each change told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reports.history.changes import Change, Trend
from reports.history.rows import Row
from reports.history.text import beside, heading, level_of, sentence, size, word
from reports.page.charts import frame
from reports.page.render import document
from reports.page.spelling import spelt
from reports.units import Scale, scale

MOST_SERIES = 40
"""On one page; a browser draws that many in seconds."""

_LINKS = frozenset({"http", "https", "file"})
_TONES = {"better": "good", "worse": "bad", "higher": "moved", "lower": "moved"}


@dataclass(frozen=True)
class Link:
    """A run by name, and where its report is; without an address where none is known."""

    name: str
    href: str


@dataclass(frozen=True)
class ChangeRow:
    """A change as the page tells it."""

    size: str
    word: str
    tone: str
    build: str
    before: tuple[Link, ...]
    since: tuple[Link, ...]


@dataclass(frozen=True)
class Section:
    """One series as the page shows it."""

    title: str
    told: str
    stand_in: bool
    symbol: str
    changes: tuple[ChangeRow, ...]


def trend_page(trends: Sequence[Trend], url: str, library: str | None = None) -> str:
    """The page's HTML.

    Args:
        trends: at most `MOST_SERIES` are shown, those with changes first; the others are counted.
        url: of the history, for people.
        library: as for `reports.page.render.render`.
    """
    shown = sorted(trends, key=lambda trend: not trend.changes)[:MOST_SERIES]
    scales = [_scale(trend) for trend in shown]
    sections = [_section(trend, each.symbol) for trend, each in zip(shown, scales, strict=True)]
    charts = [_chart(trend, each) for trend, each in zip(shown, scales, strict=True)]
    changes, left_out = sum(len(trend.changes) for trend in trends), len(trends) - len(shown)
    told = {"sections": sections, "url": url, "changes": changes, "left_out": left_out}
    return document("trend.html.j2", ("trend.js",) if charts else (), spelt(charts), library, **told)


def report_link(row: Row) -> str:
    """Where a run's report is: an address, or a file that is there; empty where neither is known.

    A history may hold anything: only http, https and files are linked.
    """
    if row.report:
        return row.report if urlsplit(row.report).scheme in _LINKS else ""
    file = Path(row.path) / "report.html"
    try:
        return file.as_uri() if row.path and file.is_absolute() and file.is_file() else ""
    except (OSError, ValueError):
        return ""


def _section(trend: Trend, symbol: str) -> Section:
    return Section(
        title=heading(trend.series),
        told=sentence(trend),
        stand_in=trend.series.first.stand_in,
        symbol=symbol,
        changes=tuple(_change(trend, change) for change in trend.changes),
    )


def _change(trend: Trend, change: Change) -> ChangeRow:
    told = word(trend, change)
    before, since = (tuple(Link(row.run, report_link(row)) for row in rows) for rows in beside(trend, change))
    return ChangeRow(size(trend, change.size), told, _TONES[told], trend.series.builds[change.build], before, since)


def _scale(trend: Trend) -> Scale:
    return scale(trend.series.unit, *(level_of(trend, float(value)) for value in trend.series.values))


def _chart(trend: Trend, shown: Scale) -> dict[str, Any]:
    """A dot per run, a line per level, a mark per change."""
    values = [level_of(trend, float(value)) for value in trend.series.values]
    y = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 5}}
    tones = sorted({_TONES[word(trend, change)] for change in trend.changes})
    return {
        **frame(220),
        "description": f"{heading(trend.series)}: {sentence(trend)}",
        "layer": [
            *(_changes(trend, tone) for tone in tones),
            _points(trend, values, shown, y),
            _levels(trend, shown, y),
        ],
    }


def _points(trend: Trend, values: Sequence[float], shown: Scale, y: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {
            "at": at,
            "value": float(f"{value / shown.factor:.5g}"),
            "run": row.run,
            "build": trend.series.builds[at],
            "day": f"{row.began:%Y-%m-%d %H:%M}",
            "url": report_link(row) or None,
        }
        for row, at, value in zip(trend.series.rows, trend.series.at, values, strict=True)
    ]
    tips = [{"field": name, "title": name} for name in ("run", "build", "day", "value")]
    return {
        "data": {"values": rows},
        "mark": {"type": "circle", "size": 22, "opacity": 0.6, "color": "var(--arm-0)"},
        "encoding": {"x": _x(trend), "y": {**y, "field": "value"}, "href": {"field": "url"}, "tooltip": tips},
    }


def _levels(trend: Trend, shown: Scale, y: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"at": each.first - 0.5, "end": each.end - 0.5, "value": level_of(trend, each.level) / shown.factor}
        for each in trend.stretches
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "strokeWidth": 2.5, "color": "var(--arm-1)"},
        "encoding": {"x": _x(trend), "x2": {"field": "end"}, "y": {**y, "field": "value"}},
    }


def _changes(trend: Trend, tone: str) -> dict[str, Any]:
    rows = list(_marked(trend, tone))
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "strokeDash": [3, 3], "strokeWidth": 1.5, "color": f"var(--{tone})"},
        "encoding": {"x": _x(trend), "tooltip": [{"field": "told", "title": "change"}]},
    }


def _marked(trend: Trend, tone: str) -> Iterator[dict[str, Any]]:
    for change in trend.changes:
        if _TONES[word(trend, change)] == tone:
            told = f"{size(trend, change.size)} {word(trend, change)} since {trend.series.builds[change.build]}"
            yield {"at": change.build - 0.5, "told": told}


def _x(trend: Trend) -> dict[str, Any]:
    axis = {"grid": False, "tickMinStep": 1, "format": "d"}
    ends = {"domain": [-0.5, len(trend.series.builds) - 0.5], "nice": False}
    return {"field": "at", "type": "quantitative", "title": "build, oldest first", "axis": axis, "scale": ends}
