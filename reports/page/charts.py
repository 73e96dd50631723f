# SPDX-License-Identifier: Apache-2.0
"""The kinds of pictures as Vega-Lite specifications without data: the page's script lays in rows of `Data`. Pure.

Colours are CSS variables, so that the page's light, dark and print styles also colour its pictures; every arm has a
shape or a dash of its own as well, so that colour is never the only sign.
"""

from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")
_DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4))
"""Five each where there are six colours: more than six arms still all look different."""

_INK, _TEXT, _LINE, _PAPER = "var(--ink)", "var(--muted)", "var(--line)", "var(--card)"
_COUNTS = {"filter": "datum.counts"}
_CLIP = {"clip": True}


def kinds(arms: Sequence[str], apps: int) -> dict[str, Any]:
    """Every kind of picture for these arms, the control first, and so many apps."""
    return {
        "points": points_chart(arms),
        "launches": launches_chart(arms, apps),
        "share": share_chart(arms, apps),
        "track": track_chart(arms),
        "survived": survived_chart(arms),
    }


def points_chart(arms: Sequence[str]) -> dict[str, Any]:
    """Every trial of a metric, paired by block: one column per block, a line from arm to arm.

    Rows: block, arm, value, counts, trial, told, figure.
    """
    y = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 5}}
    axis = {"labelAngle": 0, "labelOverlap": True, "grid": False}
    return {
        **frame(220),
        "encoding": {"x": {"field": "block", "type": "ordinal", "title": "block", "axis": axis}},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 1.5, "color": _TEXT, "opacity": 0.45},
                "encoding": {"y": {**y, "aggregate": "min"}, "y2": {"field": "value", "aggregate": "max"}},
            },
            {"mark": _dot(64), "encoding": {"y": y, **_dots(arms), "tooltip": _told("trial")}},
        ],
    }


def launches_chart(arms: Sequence[str], apps: int) -> dict[str, Any]:
    """Every launch, app by app: a strip per arm and the median of those that count.

    Rows: app, arm, value, counts, trial, launch, told, figure.
    """
    x = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 6}}
    y = {"field": "app", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 170, "ticks": False}}
    offset = {"yOffset": {"field": "arm", "sort": list(arms), "scale": {"paddingOuter": 0.4}}}
    return {
        **frame(_strips(arms, apps)),
        "encoding": {"y": {**y, "scale": {"paddingInner": 0.15}}, **offset},
        "layer": [
            {
                "mark": {**_dot(26), "opacity": 0.75},
                "encoding": {"x": x, **_dots(arms), "tooltip": _told("trial", "launch", "app")},
            },
            {
                "transform": [_COUNTS],
                "mark": {"type": "tick", "thickness": 2.5, "color": _INK, "opacity": 0.9},
                "encoding": {"x": {**x, "aggregate": "median"}, "detail": _arm(arms)},
            },
        ],
    }


def share_chart(arms: Sequence[str], apps: int) -> dict[str, Any]:
    """Share of launches that took no longer (empirical distribution function), one line per arm; rows as above."""
    y = {
        "field": "share",
        "type": "quantitative",
        "title": None,
        "axis": {"format": "%", "tickCount": 5},
        "scale": {"domain": [0, 1]},
    }
    x = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 6}}
    ranked = {"op": "cume_dist", "as": "share", "field": "value"}
    return {
        **frame(_strips(arms, apps)),
        "transform": [_COUNTS, {"window": [ranked], "groupby": ["arm"], "sort": [{"field": "value"}]}],
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "encoding": {"x": x, "y": y, "color": _colour(arms), "strokeDash": _dashes(arms)},
    }


def survived_chart(arms: Sequence[str]) -> dict[str, Any]:
    """Share of trials in which nobody has been killed yet, a step down at each first kill, with its interval.

    Rows: arm, t, share, low, high.
    """
    x = {
        "field": "t",
        "type": "quantitative",
        "title": "seconds since the kernel's first reclaim",
        "axis": {"tickCount": 8},
    }
    axis = {"format": "%", "tickCount": 5}
    y = {"type": "quantitative", "title": None, "axis": axis, "scale": {"domain": [0, 1]}}
    return {
        **frame(220),
        "encoding": {"x": x, "color": _colour(arms)},
        "layer": [
            {
                "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.15},
                "encoding": {"y": {**y, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                "encoding": {"y": {**y, "field": "share"}, "strokeDash": _dashes(arms)},
            },
        ],
    }


def _strips(arms: Sequence[str], apps: int) -> int:
    return max(180, apps * max(30, 14 * len(arms)))


def track_chart(arms: Sequence[str]) -> dict[str, Any]:
    """One quantity over time: per arm a line (median over trials) and a band (middle half), single trials behind.

    Rows of `curves`: arm, t, v, lo, hi; of `traces`: trial, arm, t, v; of `events`: what, t, label, told, arm. The
    script moves `t_cursor`, `t_from` and `t_to` (seconds) in every such picture at once, and `t_first` and `t_last`
    while a stretch is being drawn out.
    """
    x = {
        "field": "t",
        "type": "quantitative",
        "title": None,
        "scale": {"domainMin": {"expr": "t_from"}, "domainMax": {"expr": "t_to"}, "nice": False, "zero": False},
        "axis": {"grid": False, "tickCount": 8},
    }
    y = {"type": "quantitative", "title": None, "axis": {"tickCount": 4}, "scale": {"zero": True}}
    line = {"x": x, "y": {**y, "field": "v"}, "color": _colour(arms)}
    names = {"t_from": 0, "t_to": 1, "t_cursor": -1, "t_first": -1, "t_last": -1}
    return {
        **frame(150),
        "params": [{"name": name, "value": value} for name, value in names.items()],
        "data": {"name": "curves"},
        "layer": [
            *_events(arms, x),
            {
                "data": {"name": "traces"},
                "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.45, **_CLIP},
                "encoding": {**line, "detail": {"field": "trial"}},
            },
            {
                "mark": {"type": "area", "opacity": 0.18, **_CLIP},
                "encoding": {"x": x, "y": {**y, "field": "lo"}, "y2": {"field": "hi"}, "color": line["color"]},
            },
            {
                "mark": {"type": "line", "strokeWidth": 2, **_CLIP},
                "encoding": {**line, "strokeDash": _dashes(arms)},
            },
            *_pointer(),
        ],
    }


def _events(arms: Sequence[str], x: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Launches as numbered dotted lines, kills as crossed ones in their arm's colour; other rows do not show."""
    killed = {"test": "datum.what === 'kill'", **_colour(arms)}
    seen = {"condition": {"test": "datum.what !== ''", "value": 1}, "value": 0}
    told = {
        "x": x,
        "color": {"condition": killed, "value": _TEXT},
        "opacity": seen,
        "tooltip": [{"field": "told", "title": "at"}],
    }
    text = {"type": "text", "y": 0, "dx": 3, "dy": 9, "align": "left", "fontSize": 10, **_CLIP}
    return [
        {"data": {"name": "events"}, "mark": {"type": "rule", "strokeDash": [1, 3], **_CLIP}, "encoding": told},
        {"data": {"name": "events"}, "mark": text, "encoding": {"text": {"field": "label"}, **told}},
    ]


def _pointer() -> list[dict[str, Any]]:
    """The cursor, and the stretch that is being drawn out: no data, so that they stretch no axis."""
    height = {"y": {"value": 0}, "y2": {"value": "height"}}
    mark = {"color": _INK, "aria": False, **_CLIP}
    nothing: dict[str, Any] = {"data": {"values": [{}]}}
    return [
        {
            **nothing,
            "mark": {"type": "rect", **mark, "opacity": {"expr": "t_first < 0 ? 0 : 0.12"}},
            "encoding": {**height, "x": _place("t_first"), "x2": _place("t_last")},
        },
        {
            **nothing,
            "mark": {"type": "rule", **mark, "opacity": {"expr": "t_cursor < 0 ? 0 : 0.6"}},
            "encoding": {**height, "x": _place("t_cursor")},
        },
    ]


def _place(name: str) -> dict[str, Any]:
    return {"value": {"expr": f"scale('x', {name})"}}


def _dot(size: int) -> dict[str, Any]:
    return {"type": "point", "filled": True, "size": size, "strokeWidth": 1.75, "opacity": 1}


def _dots(arms: Sequence[str]) -> dict[str, Any]:
    """Colour and shape by arm; hollow where it does not count."""
    shapes = {"domain": list(arms), "range": _cycle(_SHAPES, arms)}
    hollow = {"condition": {"test": "!datum.counts", "value": _PAPER}, **_colour(arms)}
    return {"fill": hollow, "stroke": _colour(arms), "shape": {**_arm(arms), "scale": shapes}}


def _told(*names: str) -> list[dict[str, Any]]:
    return [{"field": name} for name in (*names, "figure", "told")]


def frame(height: int) -> dict[str, Any]:
    """What every picture shares; `height` in CSS pixels."""
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": config(),
    }


def config() -> dict[str, Any]:
    """Fonts and lines that every picture shares."""
    return {
        "background": "transparent",
        "font": "ui-sans-serif, system-ui, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": _TEXT,
            "titleColor": _TEXT,
            "gridColor": _LINE,
            "domainColor": _LINE,
            "tickColor": _LINE,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
        },
        "axisY": {"minExtent": 36, "domain": False, "ticks": False},
    }


def _colour(arms: Sequence[str]) -> dict[str, Any]:
    return {**_arm(arms), "scale": {"domain": list(arms), "range": [f"var(--arm-{n % 6})" for n in range(len(arms))]}}


def _dashes(arms: Sequence[str]) -> dict[str, Any]:
    return {**_arm(arms), "scale": {"domain": list(arms), "range": [list(each) for each in _cycle(_DASHES, arms)]}}


def _arm(arms: Sequence[str]) -> dict[str, Any]:
    """The arm of a row; the page has one legend for all its pictures."""
    return {"field": "arm", "type": "nominal", "sort": list(arms), "legend": None}


def _cycle(choices: Sequence[Any], arms: Sequence[str]) -> list[Any]:
    return [choices[number % len(choices)] for number in range(len(arms))]
