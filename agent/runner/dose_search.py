# SPDX-License-Identifier: Apache-2.0
"""Which dose to try next until the control arm reaches its target: a search by trials that were run. Pure.

What is reached rises with the dose, or falls with it (`mem_available_min`), is flat where memory is still free, jumps
where processes are killed, and wanders from trial to trial. So the search keeps a bracket, draws a line through its
ends, stays well inside it, and takes a dose only when trials met the target twice, and one like the other: a single one
may do so by luck. The first try also warms the phone: it points the way, and is not counted once there is another.

What comes next depends on the tries alone, so a run that broke off in the middle goes on with it.
"""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reports.dose import dose_words
from reports.metrics import METRICS
from reports.record import Try
from reports.units import count, quantity, share
from workloads.spec import Pressure, stored_share
from workloads.titration import Adjustable, Titration

STEP: dict[Adjustable, int] = {"bytes_each": 1 << 20, "rate_bytes_s": 1 << 16, "retouch_bytes_s": 1 << 16}
"""Doses are whole multiples of it: finer ones make no difference that a trial could show."""

_FALLING = ("mem_available_min",)
_MOST_FACTOR = 64
"""A pace beyond so many times the workload's own is another workload."""

_STRIDE = 1.5
_EDGE = 0.1
_MEETINGS = 2
_SURE = 3
_NEAR = 0.02


@dataclass(frozen=True)
class Memory:
    """Of a phone at rest, in bytes: what is available, what swap there is, what both may hold of the demand."""

    available: int
    swap: int
    room: int


@dataclass(frozen=True)
class Search:
    """Where doses are looked for.

    Attributes:
        goal: what is to be reached.
        start: the first dose.
        least: the smallest.
        most: the largest: what the phone can hold.
    """

    goal: Titration
    start: int
    least: int
    most: int


@dataclass(frozen=True)
class Found:
    """A dose that reaches the target, and what it reached on average."""

    dose: int
    reached: float


@dataclass(frozen=True)
class Missed:
    """Why the target is not reached, one sentence without its end."""

    why: str


Next: TypeAlias = int | Found | Missed


@dataclass(frozen=True)
class _Point:
    """What a dose reached.

    Attributes:
        dose: the dose.
        level: the mean over its tries, made to rise with the dose.
        tries: how many they were.
        error: of that mean, by the tries' own spread; None after a single one.
    """

    dose: int
    level: float
    tries: int
    error: float | None


def search(goal: Titration, pressure: Pressure, memory: Memory) -> Search:
    """Where to look on a phone: from what its memory is expected to answer, or from the workload's own dose.

    What is eaten beyond the memory available goes to swap, where it takes what compression leaves of it.
    """
    step = STEP[goal.adjust]
    if goal.adjust != "bytes_each":
        own = int(getattr(pressure, goal.adjust)) or step
        return Search(goal, _whole(own, step), step, _whole(own * _MOST_FACTOR, step))
    anonymous = pressure.processes * (1 - pressure.file_backed)
    most = max(step, int(memory.room / anonymous) // step * step) if anonymous else pressure.bytes_each
    wanted = {
        "swap_used_max": memory.available + goal.target * (1 - stored_share(pressure)),
        "swap_fill_max": memory.available + goal.target * memory.swap * (1 - stored_share(pressure)),
        "mem_available_min": memory.available - goal.target,
    }.get(goal.metric)
    start = pressure.bytes_each if wanted is None or not anonymous else wanted / anonymous
    return Search(goal, min(most, _whole(start, step)), step, most)


def next_dose(where: Search, tries: Sequence[Try]) -> Next:
    """The dose to try next, the one that was found, or why there is none.

    Args:
        where: where to look.
        tries: trials of the control so far, in order.
    """
    goal, points = where.goal, _points(where.goal, tries[1:] or tries)
    near = sorted(_near(goal, points), key=lambda point: abs(_miss(goal, point)))
    for point in near:
        if point.error is not None and point.error <= goal.within * goal.target:
            return Found(point.dose, _told(goal, point))
    if len(tries) >= goal.tries:
        return Missed(f"{count(len(tries), 'try', 'tries')} were not enough: {_best(goal, points)}")
    if near:
        return near[0].dose
    return _elsewhere(where, points, min((each.dose for each in tries if each.killed), default=None))


def _elsewhere(where: Search, points: Sequence[_Point], deadly: int | None) -> Next:
    """A dose that was not tried yet; `deadly` is the smallest one at which eaters were killed."""
    if not points:
        return where.start if deadly is None else _lower(where, deadly)
    level = _level(where.goal)
    below = [point for point in points if point.level < level]
    above = [point for point in points if point.level >= level]
    if below and above:
        return _between(where, below[-1], above[0])
    if above:
        return _lower(where, above[0].dose, above)
    return _higher(where, below, deadly)


def _between(where: Search, low: _Point, high: _Point) -> Next:
    """Where the line through both meets the target, but well inside.

    Ends so near to each other that noise alone may tell them apart, or that it has turned about, are tried again.
    """
    step, gap = STEP[where.goal.adjust], high.dose - low.dose
    if gap <= max(step, _NEAR * low.dose):
        again = min(low, high, key=lambda point: point.tries)
        if again.tries < _SURE or gap < 0:
            return again.dose
        ends = f"{_reached(where.goal, low)}; {_reached(where.goal, high)}"
        return Missed(f"what is reached jumps over it: {ends}")
    share_of = (_level(where.goal) - low.level) / (high.level - low.level)
    dose = _whole(low.dose + gap * min(1 - _EDGE, max(_EDGE, share_of)), step)
    return min(high.dose - step, max(low.dose + step, dose))


def _lower(where: Search, dose: int, above: Sequence[_Point] = ()) -> Next:
    """Below every dose so far, all of which are too much."""
    if dose <= where.least:
        told = _reached(where.goal, above[0]) if above else "eaters are killed even there"
        return Missed(f"the smallest dose is too much: {told}")
    wanted = _extended(where.goal, above) if len(above) > 1 else None
    least = max(where.least, int(dose / _STRIDE))
    return _whole(max(least, min(wanted or least, dose * (1 - _EDGE))), STEP[where.goal.adjust])


def _higher(where: Search, below: Sequence[_Point], deadly: int | None) -> Next:
    """Above every dose so far, none of which is enough, and below the one that kills."""
    goal, highest, step = where.goal, below[-1], STEP[where.goal.adjust]
    if deadly is not None and deadly - highest.dose <= max(step, highest.dose // 50):
        told = dose_words(goal.adjust, deadly)
        return Missed(f"eaters are killed from {told} on, and below that {_reached(goal, highest)}")
    if highest.dose >= where.most:
        return Missed(f"{_reached(goal, highest)}, and more the phone cannot hold")
    if deadly is not None and deadly > highest.dose:
        return _whole((highest.dose + deadly) / 2, step)
    most = min(where.most, max(highest.dose + step, _whole(highest.dose * _STRIDE, step)))
    wanted = _extended(goal, below) or most
    return min(most, max(highest.dose + step, _whole(wanted, step)))


def _extended(goal: Titration, points: Sequence[_Point]) -> float | None:
    """Where the line through the two points nearest to the target meets it; None where it does not rise."""
    if len(points) < _MEETINGS:
        return None
    first, last = points[-2:] if points[-1].level < _level(goal) else points[:2]
    if last.level <= first.level:
        return None
    return first.dose + (_level(goal) - first.level) * (last.dose - first.dose) / (last.level - first.level)


def _points(goal: Titration, tries: Sequence[Try]) -> list[_Point]:
    """What each dose reached, the smallest dose first; tries in which eaters were killed tell nothing."""
    found: dict[int, list[float]] = defaultdict(list)
    for each in tries:
        if not each.killed:
            found[each.dose].append(each.reached)
    sign = -1 if goal.metric in _FALLING else 1
    return [
        _Point(dose, sign * statistics.fmean(found[dose]), len(found[dose]), _error(found[dose]))
        for dose in sorted(found)
    ]


def _error(values: Sequence[float]) -> float | None:
    """Standard error of the mean."""
    return None if len(values) < _MEETINGS else statistics.stdev(values) / len(values) ** 0.5


def _near(goal: Titration, points: Sequence[_Point]) -> list[_Point]:
    return [point for point in points if abs(_miss(goal, point)) <= goal.within]


def _level(goal: Titration) -> float:
    return -goal.target if goal.metric in _FALLING else goal.target


def _miss(goal: Titration, point: _Point) -> float:
    """How far a dose is from the target, as a share of it."""
    return (point.level - _level(goal)) / goal.target


def _told(goal: Titration, point: _Point) -> float:
    return -point.level if goal.metric in _FALLING else point.level


def _whole(dose: float, step: int) -> int:
    return max(step, round(dose / step) * step)


def _best(goal: Titration, points: Sequence[_Point]) -> str:
    if not points:
        return "eaters were killed in each"
    return f"the nearest was {_reached(goal, min(points, key=lambda point: abs(_miss(goal, point))))}"


def _reached(goal: Titration, point: _Point) -> str:
    reached = _told(goal, point)
    off = share(abs(reached / goal.target - 1))
    return f"{quantity(reached, METRICS[goal.metric].unit)} at {dose_words(goal.adjust, point.dose)}, {off} off"
