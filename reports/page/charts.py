# SPDX-License-Identifier: Apache-2.0
"""Pictures as Vega-Lite specifications. Pure.

Colours are CSS variables, so that the page's light, dark and print styles also colour its pictures; every arm has a
shape or a dash of its own as well, so that colour is never the only sign.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.units import Scale

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross")
_DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4))
"""Five each where there are six colours: more than six arms still all look different."""

_TEXT, _LINE = "var(--muted)", "var(--line)"


@dataclass(frozen=True)
class Point:
    """One trial's value of one metric, in base units.

    Attributes:
        block: its block.
        arm: its arm.
        value: the value.
        counts: whether it counts in the effect.
        why: why it does not; empty when it counts.
        trial: its name.
    """

    block: int
    arm: str
    value: float
    counts: bool
    why: str
    trial: str


@dataclass(frozen=True)
class Curve:
    """One arm over time, summed up over its trials, in base units; None where too few trials have samples.

    Attributes:
        arm: the arm.
        t_s: seconds.
        middle: median over trials.
        low: lower quartile.
        high: upper quartile.
    """

    arm: str
    t_s: Sequence[float]
    middle: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def blocks_chart(points: Sequence[Point], arms: Sequence[str], shown: Scale, told: str) -> dict[str, Any]:
    """Every trial of a metric, paired by block: one column per block, a line from arm to arm."""
    rows = [
        {
            "block": point.block,
            "arm": point.arm,
            "value": _shown(point.value, shown),
            "counts": point.counts,
            "told": point.why or "counts",
            "trial": point.trial,
        }
        for point in points
    ]
    y = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 5}}
    axis = {"labelAngle": 0, "labelOverlap": True, "grid": False}
    x = {"field": "block", "type": "ordinal", "title": "block", "axis": axis}
    return {
        **_frame(told, 220),
        "data": {"values": rows},
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 1.5, "color": _TEXT, "opacity": 0.45},
                "encoding": {"y": {**y, "aggregate": "min"}, "y2": {"field": "value", "aggregate": "max"}},
            },
            *(
                _dots(y, arms, shown.symbol or "count", counts=counts)
                for counts in sorted({point.counts for point in points}, reverse=True)
            ),
        ],
    }


def _dots(y: Mapping[str, Any], arms: Sequence[str], symbol: str, *, counts: bool) -> dict[str, Any]:
    """Points of the trials that count, filled; or of those that do not, hollow."""
    shapes = {"domain": list(arms), "range": _cycle(_SHAPES, arms)}
    return {
        "transform": [{"filter": f"datum.counts === {'true' if counts else 'false'}"}],
        "mark": {"type": "point", "filled": counts, "size": 64, "strokeWidth": 1.75, "opacity": 1},
        "encoding": {
            "y": dict(y),
            "color": _colour(arms),
            "shape": {**_arm_field(arms), "scale": shapes},
            "tooltip": [
                {"field": "trial", "title": "trial"},
                {"field": "value", "title": symbol, "format": ",.4~r"},
                {"field": "told", "title": "status"},
            ],
        },
    }


def overlay_chart(curves: Sequence[Curve], arms: Sequence[str], shown: Scale, told: str) -> dict[str, Any]:
    """One quantity over time: a line per arm (median over trials) and a band (middle half of the trials)."""
    rows = [
        {
            "arm": curve.arm,
            "t": round(t, 2),
            "v": _shown(middle, shown),
            "lo": _shown(low, shown),
            "hi": _shown(high, shown),
        }
        for curve in curves
        for t, middle, low, high in zip(curve.t_s, curve.middle, curve.low, curve.high, strict=True)
    ]
    y = {"type": "quantitative", "title": None, "axis": {"tickCount": 4}, "scale": {"zero": True}}
    x = {"field": "t", "type": "quantitative", "title": "seconds since the trace began", "axis": {"grid": False}}
    dash = {
        **_arm_field(arms),
        "scale": {"domain": list(arms), "range": [list(each) for each in _cycle(_DASHES, arms)]},
    }
    return {
        **_frame(told, 170),
        "data": {"values": rows},
        "encoding": {"x": x},
        "layer": [
            *(_band(y, arm, number) for number, arm in enumerate(arms) if any(curve.arm == arm for curve in curves)),
            {
                "mark": {"type": "line", "strokeWidth": 2},
                "encoding": {"y": {**y, "field": "v"}, "color": _colour(arms), "strokeDash": dash},
            },
        ],
    }


def _band(y: Mapping[str, Any], arm: str, number: int) -> dict[str, Any]:
    """The middle half of an arm's trials; a layer of its own per arm, so that the legend shows lines alone."""
    return {
        "transform": [{"filter": {"field": "arm", "equal": arm}}],
        "mark": {"type": "area", "opacity": 0.18, "color": f"var(--arm-{number % 6})"},
        "encoding": {"y": {**y, "field": "lo"}, "y2": {"field": "hi"}},
    }


def _frame(told: str, height: int) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "description": told,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": _config(),
    }


def _config() -> dict[str, Any]:
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
        "legend": {
            "orient": "top",
            "direction": "horizontal",
            "title": None,
            "labelColor": _TEXT,
            "labelFontSize": 12,
            "offset": 6,
        },
    }


def _colour(arms: Sequence[str]) -> dict[str, Any]:
    colours = [f"var(--arm-{number % 6})" for number in range(len(arms))]
    return {**_arm_field(arms), "scale": {"domain": list(arms), "range": colours}}


def _arm_field(arms: Sequence[str]) -> dict[str, Any]:
    legend: Mapping[str, Any] | None = {"symbolOpacity": 1} if len(arms) > 1 else None
    return {"field": "arm", "type": "nominal", "sort": list(arms), "legend": legend}


def _cycle(choices: Sequence[Any], arms: Sequence[str]) -> list[Any]:
    return [choices[number % len(choices)] for number in range(len(arms))]


def _shown(value: float | None, shown: Scale) -> float | None:
    """Four digits are more than a picture shows; None draws a break in the line."""
    return None if value is None else float(f"{value / shown.factor:.4g}")
