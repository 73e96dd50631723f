# SPDX-License-Identifier: Apache-2.0
"""Where effects stand in the forest plot: relative change on a log axis, no change in the middle. Pure."""

import math
from collections.abc import Iterable, Sequence

from reports.page.model import Mark, Tick
from reports.statistics.paired import Estimate
from reports.units import change

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


def ticks(edge: float) -> tuple[Tick, ...]:
    """Labels of the axis at both edges and at no change, and bare lines halfway."""
    step = math.sqrt(edge)
    labelled = (1 / edge, 1.0, edge)
    return tuple(
        Tick(_place(ratio, edge), change(ratio) if ratio in labelled else "")
        for ratio in (1 / edge, 1 / step, 1.0, step, edge)
    )


def mark(relative: Estimate | None, edge: float) -> Mark | None:
    """An effect's place; None without a ratio."""
    if relative is None:
        return None
    low, high = max(relative.low, 1e-9), max(relative.high, 1e-9)
    return Mark(
        at=_place(max(relative.value, 1e-9), edge),
        low=_place(low, edge),
        high=_place(high, edge),
        beyond_left=low < 1 / edge,
        beyond_right=high > edge,
    )


def _extent(relative: Estimate) -> float:
    ends: Sequence[float] = (max(relative.low, 1e-9), max(relative.high, 1e-9))
    return max(max(end, 1 / end) for end in ends)


def _place(ratio: float, edge: float) -> float:
    place = 50 * (1 + math.log(ratio) / math.log(edge))
    return round(min(100.0, max(0.0, place)), 2)
