# SPDX-License-Identifier: Apache-2.0
"""Where effects stand in the forest plot: relative change on a log axis, no change in the middle. Pure.

Better is to the right, whichever way a metric is better; of a metric without a better way, more is to the right.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.metrics import Better
from reports.page.pieces import Mark, Tick
from reports.statistics.paired import Estimate
from reports.units import number, quantity

_REACHES = (1.1, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0)
_HELD = 0.9
"""Share of the intervals that must fit; the axis is not stretched for the odd one, which gets an arrow."""


def reach(relatives: Iterable[Estimate | None], always: Iterable[Estimate | None] = ()) -> float:
    """The ratio at the right edge of the axis; its inverse is at the left one.

    Args:
        relatives: every effect of the table.
        always: effects that must fit whole, as far as the widest axis allows.
    """
    wanted = [_extent(each) for each in always if each is not None]
    others = sorted(_extent(each) for each in relatives if each is not None)
    if others:
        wanted.append(others[math.ceil(_HELD * len(others)) - 1])
    largest = max(wanted, default=1.0)
    return next((edge for edge in _REACHES if edge >= largest), _REACHES[-1])


def ticks(edge: float, words: tuple[str, str]) -> tuple[Tick, ...]:
    """Labels of the axis at both edges and at no change, and bare lines halfway.

    Args:
        edge: the ratio at the right edge.
        words: what lies to the left and to the right: `worse` and `better`, `less` and `more`.
    """
    labels = (f"x{number(edge)} {words[0]}", "", "no change", "", f"x{number(edge)} {words[1]}")
    return tuple(Tick(25.0 * place, label) for place, label in enumerate(labels))


def mark(relative: Estimate | None, edge: float, better: Better = "none", margin: float | None = None) -> Mark | None:
    """An effect's place; None without a ratio.

    Args:
        relative: arm / control.
        edge: the ratio at the right edge.
        better: which way is better.
        margin: the ratio at which a rule's margin ends; None without a rule.
    """
    if relative is None:
        return None
    value, *ends = (_turned(each, better) for each in (relative.value, relative.low, relative.high))
    low, high = sorted(ends)
    border = None if margin is None else _turned(margin, better)
    return Mark(
        at=_place(value, edge),
        low=_place(low, edge),
        high=_place(high, edge),
        beyond_left=low < 1 / edge,
        beyond_right=high > edge,
        margin=_place(border, edge) if border is not None and 1 / edge <= border <= edge else None,
    )


@dataclass(frozen=True)
class Axis:
    """One axis for effects on one scale.

    Attributes:
        edge: the ratio, or the difference in base units, at the right edge.
        better: which way is better.
        linear: whether it holds differences.
        ticks: its labels.
    """

    edge: float
    better: Better
    linear: bool
    ticks: tuple[Tick, ...]

    def mark(self, effect: Estimate | None) -> Mark | None:
        """An effect's place; None without one, or where nothing moved at all."""
        if not self.linear:
            return mark(effect, self.edge, self.better)
        if effect is None or not self.edge:
            return None
        way = -1 if self.better == "lower" else 1
        at, *ends = (50 + 50 * way * value / self.edge for value in (effect.value, effect.low, effect.high))
        low, high = sorted(ends)
        at, cut_low, cut_high = (round(min(100.0, max(0.0, place)), 2) for place in (at, low, high))
        return Mark(at, cut_low, cut_high, beyond_left=low < 0, beyond_right=high > 100)  # noqa: PLR2004 - percent


def axis(effects: Sequence[Estimate | None], better: Better, words: tuple[str, str], unit: str = "") -> Axis:
    """The axis that holds all of these effects, those of one metric.

    Args:
        effects: ratios, or with a `unit` differences in it.
        better: which way the metric is better.
        words: what lies to the left and to the right.
        unit: base unit of differences; empty for ratios.
    """
    if not unit:
        edge = reach([], effects)
        return Axis(edge, better, linear=False, ticks=ticks(edge, words))
    edge = max((max(abs(each.low), abs(each.high)) for each in effects if each is not None), default=0.0)
    labels = (f"{quantity(edge, unit)} {words[0]}", "", "no change", "", f"{quantity(edge, unit)} {words[1]}")
    return Axis(edge, better, linear=True, ticks=tuple(Tick(25.0 * place, each) for place, each in enumerate(labels)))


def _turned(ratio: float, better: Better) -> float:
    return 1 / max(ratio, 1e-9) if better == "lower" else max(ratio, 1e-9)


def _extent(relative: Estimate) -> float:
    ends: Sequence[float] = (max(relative.low, 1e-9), max(relative.high, 1e-9))
    return max(max(end, 1 / end) for end in ends)


def _place(ratio: float, edge: float) -> float:
    place = 50 * (1 + math.log(ratio) / math.log(edge))
    return round(min(100.0, max(0.0, place)), 2)
