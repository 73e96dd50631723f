# SPDX-License-Identifier: Apache-2.0
"""The page's pictures standing still, as Vega-Lite specifications with data: effects, and every trial. Pure.

In the page's light colours on its paper, whatever the reader's screen: a mail or a pull request has one look.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reports.page.charts import SCHEMA, config
from reports.page.pieces import EffectGroup, EffectTable
from reports.page.spelling import figure
from reports.printable import printable

MOST_CHARTS = 12
"""In the picture of trials; the page has them all."""

_PLOT, _ROW = 380, 26
"""CSS pixels: width of a forest plot, height of a row."""

_BESIDE = {"type": "text", "limit": 340, "fontSize": 12, "baseline": "middle"}
_NO_CHANGE = 50.0
"""Where no change lies on every axis, percent of its width."""

_COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
_VARIABLE = re.compile(r"var\(--([\w-]+)\)")
_OF_THE_WHOLE = frozenset({"$schema", "autosize", "config", "width"})
_TONES = ("good", "bad", "moved", "same", "unknown")


@dataclass(frozen=True)
class Picture:
    """A picture to be drawn.

    Attributes:
        name: short and plain; part of a file's name.
        told: what it shows, for who cannot see it.
        specification: Vega-Lite's, with data.
    """

    name: str
    told: str
    specification: Mapping[str, Any]


def palette(css: str) -> dict[str, str]:
    """The light colours of the page's style sheet, those of its first rule: name -> `#rrggbb`."""
    return dict(_COLOUR.findall(css.partition("}")[0]))


def forest(tables: Sequence[EffectTable], colours: Mapping[str, str]) -> Picture | None:
    """Effects with their intervals, every group on its own axis; None where none has a place on one."""
    groups = [group for table in tables for group in table.groups if any(row.mark for row in group.rows)]
    if not groups:
        return None
    told = "Effects with 95 % intervals; better is to the right, the line in the middle is no change."
    return Picture("effects", told, _whole([_group(each) for each in groups], 1, colours))


def points(drawn: Mapping[str, Any], colours: Mapping[str, str]) -> Picture | None:
    """Every trial of the primary metrics, paired by block; None where there is none.

    Args:
        drawn: what the page's script draws from (`reports.page.report.drawn`).
        colours: of the page.
    """
    data = drawn.get("data", {"primary": 0})
    if not data["primary"]:
        return None
    chosen = data["points"][: min(data["primary"], MOST_CHARTS)]
    charts = [_trials(data, each, drawn["kinds"]["points"]) for each in chosen]
    told = "Every trial of the primary metrics, paired by block; what does not count is hollow."
    return Picture("trials", told, _whole(charts, 2, colours))


def _trials(data: Mapping[str, Any], of: Mapping[str, Any], kind: Mapping[str, Any]) -> dict[str, Any]:
    """One metric: the rows that the page's script makes (static/page.js), in the page's own kind of picture."""
    trials, shown = data["trials"], of["shown"]
    rows = [
        {
            "block": trials["block"][place],
            "arm": data["arms"][trials["arm"][place]],
            "value": value / shown["factor"],
            "counts": trials["counts"][place],
        }
        for place, value in zip(of["trial"], of["value"], strict=True)
    ]
    title = f"{shown['title']}, {shown['symbol']}" if shown["symbol"] else shown["title"]
    chart = {name: part for name, part in kind.items() if name not in _OF_THE_WHOLE}
    return {**_with_legend(chart), "width": 420, "title": _title(title), "data": {"values": rows}}


def _with_legend(part: Any) -> Any:  # noqa: ANN401 - JSON of any depth
    """The page has one legend for all its pictures; a picture by itself needs its own."""
    if isinstance(part, dict):
        legend = {"legend": {"title": None, "orient": "top"}} if "legend" in part else {}
        return {name: _with_legend(each) for name, each in part.items()} | legend
    return [_with_legend(each) for each in part] if isinstance(part, list) else part


def _group(group: EffectGroup) -> dict[str, Any]:
    """Rows as bars with a dot, their names to the left, their figures and words to the right."""
    rows = [
        {
            "row": at,
            "title": printable(row.title),
            "told": figure(f"{row.relative or row.absolute}, {printable(row.word)}"),
            "tone": row.tone,
            **(asdict(row.mark) if row.mark else {}),
        }
        for at, row in enumerate(group.rows)
    ]
    ends = {"domain": [-0.5, len(rows) - 0.5], "nice": False, "reverse": True}
    middle = {"y": {"field": "row", "type": "quantitative", "axis": None, "scale": ends}}
    return {
        "width": _PLOT,
        "height": _ROW * len(rows),
        "view": {"stroke": None},
        "data": {"values": rows},
        "layer": [*_axis(group), *_bars(middle), *_texts(middle)],
    }


def _axis(group: EffectGroup) -> Iterator[dict[str, Any]]:
    """The lines of the axis over all rows; above, the heading to their left and their labels."""
    ticks = [{"at": tick.at, "label": figure(printable(tick.label))} for tick in group.ticks]
    data, x = {"data": {"values": ticks}}, {"x": _place("at")}
    whole = {"y": {"value": 0}, "y2": {"value": "height"}}
    no_change = {"condition": {"test": f"datum.at === {_NO_CHANGE}", "value": "var(--muted)"}, "value": "var(--line)"}
    yield {**data, "mark": "rule", "encoding": {**x, **whole, "color": no_change}}
    inwards = {"expr": "datum.at === 0 ? 'left' : datum.at === 100 ? 'right' : 'center'"}
    label = {"type": "text", "y": -8, "align": inwards, "fontSize": 10, "color": "var(--muted)"}
    yield {**data, "mark": label, "encoding": {**x, "text": {"field": "label"}}}
    heading = {**_BESIDE, "y": -8, "x": -12, "align": "right", "fontWeight": "bold", "color": "var(--ink)"}
    yield {"data": {"values": [{}]}, "mark": heading, "encoding": {"text": {"value": printable(group.title)}}}


def _bars(middle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A bar and a dot; where an effect or its interval goes on beyond an edge, an arrow there."""
    encoding = {**middle, "color": _tone()}
    bar = {**encoding, "x": _place("low"), "x2": {"field": "high"}}
    yield {**_only("isValid(datum.at)"), "mark": {"type": "rule", "strokeWidth": 2.5}, "encoding": bar}
    dot = {"type": "circle", "size": 60, "opacity": 1}
    yield {**_only("0 < datum.at && datum.at < 100"), "mark": dot, "encoding": {**encoding, "x": _place("at")}}
    for edge, end in (("left", "low"), ("right", "high")):
        arrow = {"type": "point", "shape": f"triangle-{edge}", "filled": True, "size": 60, "opacity": 1}
        yield {**_only(f"datum.beyond_{edge}"), "mark": arrow, "encoding": {**encoding, "x": _place(end)}}


def _only(test: str) -> dict[str, Any]:
    return {"transform": [{"filter": test}]}


def _texts(middle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    left = {**_BESIDE, "align": "right", "x": -12, "color": "var(--ink)"}
    right = {**_BESIDE, "align": "left", "x": _PLOT + 12}
    yield {"mark": left, "encoding": {**middle, "text": {"field": "title"}}}
    yield {"mark": right, "encoding": {**middle, "text": {"field": "told"}, "color": _tone()}}


def _place(field: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "axis": None, "scale": {"domain": [0, 100], "nice": False}}


def _tone() -> dict[str, Any]:
    scale = {"domain": list(_TONES), "range": [f"var(--{tone})" for tone in _TONES]}
    return {"field": "tone", "type": "nominal", "legend": None, "scale": scale}


def _title(text: str) -> dict[str, Any]:
    return {"text": figure(printable(text)), "anchor": "start", "fontSize": 13, "limit": 420, "color": "var(--ink)"}


def _whole(charts: Sequence[Mapping[str, Any]], columns: int, colours: Mapping[str, str]) -> dict[str, Any]:
    whole = {
        "$schema": SCHEMA,
        "config": {**config(), "background": "var(--card)"},
        "padding": 16,
        "spacing": {"row": 44, "column": 28},
        "bounds": "full" if columns > 1 else "flush",
        "columns": columns,
        "concat": list(charts),
    }
    return dict(_painted(whole, colours))


def _painted(part: Any, colours: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON of any depth
    """Colours in the place of CSS variables, which only a page has; a name that holds such words stays as it is."""
    if isinstance(part, dict):
        return {name: each if name == "values" else _painted(each, colours) for name, each in part.items()}
    if isinstance(part, list):
        return [_painted(each, colours) for each in part]
    found = _VARIABLE.fullmatch(part) if isinstance(part, str) else None
    return colours[found[1]] if found else part
