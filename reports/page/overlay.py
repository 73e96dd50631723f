# SPDX-License-Identifier: Apache-2.0
"""Many trials' time series to what is drawn over time: median and middle half per arm, single trials, marks. Pure."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from reports.page.data import Curve, Event, Series, Shown, Trace, digits
from reports.traces.series import KILL, LAUNCH
from reports.units import scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 150
SHORTEST_STEP_S = 0.1
LONGEST_GAP_S = 2.0
"""No line is drawn through a longer time without samples: a busy phone may not poll /proc for seconds."""
MOST_POINTS = 160
"""Of one trial's own line; of more samples the lowest and the highest of every stretch of time are kept."""
FEWEST_POINTS = 40
ALL_POINTS = 300_000
"""Of all trials' own lines on a page of many, about 4 MB: each then gets its share, `FEWEST_POINTS` at least."""


@dataclass(frozen=True)
class Track:
    """One series of one trial: seconds since its trace began, and values in base units."""

    t_s: Sequence[float]
    values: Sequence[float]
    trial: str = ""


Tracks: TypeAlias = Mapping[str, Mapping[str, Sequence[Track]]]
"""Series name -> arm -> tracks of its trials."""


@dataclass(frozen=True)
class Grid:
    """How finely time is drawn: seconds between points of a curve, and the most points of a trial's own line."""

    step_s: float
    most_points: int = MOST_POINTS


def grid_of(many: Sequence[Tracks]) -> Grid:
    """One grid for the tracks of several phones, fine enough for the longest and small enough for a page."""
    lines = sum(len(tracks) for found in many for arms in found.values() for tracks in arms.values())
    share = ALL_POINTS // max(lines, 1)
    return Grid(max(map(grid_step, many), default=SHORTEST_STEP_S), min(MOST_POINTS, max(FEWEST_POINTS, share)))


def grid_step(tracks: Tracks) -> float:
    """Seconds between points of the common grid: fine enough for the data, at most `POINTS` of them."""
    longest = max((track.t_s[-1] for arms in tracks.values() for many in arms.values() for track in many), default=0.0)
    return max(SHORTEST_STEP_S, round(longest / POINTS, 2))


def series(
    tracks: Tracks,
    arms: Sequence[str],
    places: Mapping[str, int],
    quantities: Mapping[str, tuple[str, str]],
    grid: Grid | None = None,
) -> tuple[Series, ...]:
    """Every quantity that has a curve, those that `quantities` names first.

    Args:
        tracks: of the trials that count.
        arms: in their order.
        places: trial -> its place in `Data.trials`.
        quantities: series name -> unit and title.
        grid: how finely; None: as these tracks allow.
    """
    grid, found = grid or Grid(grid_step(tracks)), []
    for name in [*quantities, *sorted(tracks.keys() - quantities.keys() - {LAUNCH, KILL})]:
        many = tracks.get(name, {})
        drawn = curves(many, arms, grid.step_s)
        if drawn:
            unit, title = quantities.get(name, ("", name))
            size = scale(unit, *(value for curve in drawn for value in curve.high if value is not None))
            shown = Shown(name, title, unit, size.factor, size.symbol, "", f"{title} over time, one line per arm.")
            found.append(Series(shown, drawn, tuple(_traces(many, places, grid.most_points))))
    return tuple(found)


def events(tracks: Tracks, arms: Sequence[str], apps: Mapping[int, str]) -> tuple[Event, ...]:
    """Launches at the median of their starts, named by their apps (launch -> package), then every kill."""
    starts: dict[int, list[float]] = {}
    for t_s, launch in _marks(tracks.get(LAUNCH, {})):
        starts.setdefault(int(launch), []).append(t_s)
    launches = [
        Event(LAUNCH, digits(statistics.median(times)), str(index), f"launch {index} {apps.get(index, '')}".rstrip())
        for index, times in sorted(starts.items())
    ]
    kills = [
        Event(KILL, digits(t_s), "\N{MULTIPLICATION X}", f"killed in {track.trial}", arms.index(arm))
        for arm, many in tracks.get(KILL, {}).items()
        for track in many
        for t_s in track.t_s
    ]
    return (*launches, *kills)


def _marks(arms: Mapping[str, Sequence[Track]]) -> Iterator[tuple[float, float]]:
    for many in arms.values():
        for track in many:
            yield from zip(track.t_s, track.values, strict=True)


def _traces(arms: Mapping[str, Sequence[Track]], places: Mapping[str, int], most: int) -> Iterator[Trace]:
    for many in arms.values():
        for track in many:
            if track.trial in places:
                yield Trace(places[track.trial], *_thinned(track, most))


def _thinned(track: Track, most: int) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    """A track's points, cut down so that every peak and every trough stays, with a break where samples lack."""
    stretch = math.ceil(2 * len(track.t_s) / most)
    found: list[tuple[float, float | None]] = []
    for piece in _pieces(track):
        if found:
            found.append((round((found[-1][0] + piece[0][0]) / 2, 2), None))
        for start in range(0, len(piece), stretch):
            part = piece[start : start + stretch]
            ends = {min(part, key=itemgetter(1)), max(part, key=itemgetter(1))} if stretch > 1 else part
            found += [(round(at, 2), digits(value)) for at, value in sorted(ends)]
    return tuple(at for at, _ in found), tuple(value for _, value in found)


def _pieces(track: Track) -> Iterator[list[tuple[float, float]]]:
    """The samples of a track, parted where they are too far apart for a line."""
    piece: list[tuple[float, float]] = []
    for sample in zip(track.t_s, track.values, strict=True):
        if piece and sample[0] - piece[-1][0] > LONGEST_GAP_S:
            yield piece
            piece = []
        piece.append(sample)
    if piece:
        yield piece


def curves(arms: Mapping[str, Sequence[Track]], order: Sequence[str], step: float) -> tuple[Curve, ...]:
    """One curve per arm, in the given order, as far as half of its trials reach; None where fewer have samples."""
    many = ([track for track in arms.get(arm, ()) if len(track.t_s) > 1] for arm in order)
    return tuple(_curve(number, tracks, step) for number, tracks in enumerate(many) if tracks)


def _curve(number: int, tracks: Sequence[Track], step: float) -> Curve:
    import numpy as np  # noqa: PLC0415 - imported late: only pages need arrays

    ends = sorted((track.t_s[-1] for track in tracks), reverse=True)
    grid = np.arange(0.0, ends[(len(ends) - 1) // 2] + step / 2, step)
    table = np.vstack([_on_grid(track, grid) for track in tracks])
    enough = np.isfinite(table).sum(axis=0) * 2 >= len(tracks)
    quartiles = np.full((3, len(grid)), np.nan)
    quartiles[:, enough] = np.nanquantile(table[:, enough], (0.25, 0.5, 0.75), axis=0)
    low, middle, high = (
        tuple(digits(value) if math.isfinite(value) else None for value in row.tolist()) for row in quartiles
    )
    return Curve(number, low, middle, high)


def _on_grid(track: Track, grid: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """A track's values at the grid's times, by straight lines between samples that are not far apart."""
    import numpy as np  # noqa: PLC0415 - imported late: only pages need arrays

    times = np.asarray(track.t_s, dtype=np.float64)
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    gaps = times[after] - times[after - 1]
    values = np.interp(grid, times, track.values, left=np.nan, right=np.nan)
    near = np.minimum(np.abs(grid - times[after - 1]), np.abs(grid - times[after]))
    return np.where((gaps <= LONGEST_GAP_S) | (near < SHORTEST_STEP_S / 2), values, np.nan)
