# SPDX-License-Identifier: Apache-2.0
"""Many trials' curves to one per arm: median and middle half on a common grid. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from reports.page.charts import Curve

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 150
SHORTEST_STEP_S = 0.1
LONGEST_GAP_S = 2.0
"""No line is drawn through a longer time without samples: a busy phone may not poll /proc for seconds."""


@dataclass(frozen=True)
class Track:
    """One series of one trial: seconds since its trace began, and values in base units."""

    t_s: Sequence[float]
    values: Sequence[float]


Tracks: TypeAlias = Mapping[str, Mapping[str, Sequence[Track]]]
"""Series name -> arm -> tracks of its trials."""


def grid_step(tracks: Tracks) -> float:
    """Seconds between points of the common grid: fine enough for the data, at most `POINTS` of them."""
    longest = max((track.t_s[-1] for arms in tracks.values() for many in arms.values() for track in many), default=0.0)
    return max(SHORTEST_STEP_S, round(longest / POINTS, 2))


def curves(arms: Mapping[str, Sequence[Track]], order: Sequence[str], step: float) -> tuple[Curve, ...]:
    """One curve per arm, in the given order, as far as half of its trials reach; None where fewer have samples."""
    found = (_curve(arm, [track for track in arms[arm] if len(track.t_s) > 1], step) for arm in order if arm in arms)
    return tuple(curve for curve in found if curve is not None)


def _curve(arm: str, tracks: Sequence[Track], step: float) -> Curve | None:
    if not tracks:
        return None
    import numpy as np  # noqa: PLC0415 - imported late: only pages need arrays

    ends = sorted((track.t_s[-1] for track in tracks), reverse=True)
    grid = np.arange(0.0, ends[(len(ends) - 1) // 2] + step / 2, step)
    table = np.vstack([_on_grid(track, grid) for track in tracks])
    enough = np.isfinite(table).sum(axis=0) * 2 >= len(tracks)
    quartiles = np.full((3, len(grid)), np.nan)
    quartiles[:, enough] = np.nanquantile(table[:, enough], (0.25, 0.5, 0.75), axis=0)
    low, middle, high = ([value if math.isfinite(value) else None for value in row.tolist()] for row in quartiles)
    return Curve(arm, grid.tolist(), middle, low, high)


def _on_grid(track: Track, grid: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """A track's values at the grid's times, by straight lines between samples that are not far apart."""
    import numpy as np  # noqa: PLC0415 - imported late: only pages need arrays

    times = np.asarray(track.t_s, dtype=np.float64)
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    gaps = times[after] - times[after - 1]
    values = np.interp(grid, times, track.values, left=np.nan, right=np.nan)
    near = np.minimum(np.abs(grid - times[after - 1]), np.abs(grid - times[after]))
    return np.where((gaps <= LONGEST_GAP_S) | (near < SHORTEST_STEP_S / 2), values, np.nan)
