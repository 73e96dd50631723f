# SPDX-License-Identifier: Apache-2.0
"""Many trials' curves to one per arm: median and middle half on a common grid. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reports.page.charts import Curve

POINTS = 150
SHORTEST_STEP_S = 0.1


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
    """One curve per arm, in the given order, as far as half of its trials reach."""
    found = (_curve(arm, [track for track in arms[arm] if len(track.t_s) > 1], step) for arm in order if arm in arms)
    return tuple(curve for curve in found if curve is not None)


def _curve(arm: str, tracks: Sequence[Track], step: float) -> Curve | None:
    if not tracks:
        return None
    import numpy as np  # noqa: PLC0415 - imported late: only pages need arrays

    ends = sorted((track.t_s[-1] for track in tracks), reverse=True)
    grid = np.arange(0.0, ends[(len(ends) - 1) // 2] + step / 2, step)
    table = np.vstack([np.interp(grid, track.t_s, track.values, left=np.nan, right=np.nan) for track in tracks])
    enough = np.isfinite(table).sum(axis=0) * 2 >= len(tracks)
    low, middle, high = np.nanquantile(table[:, enough], (0.25, 0.5, 0.75), axis=0)
    return Curve(arm, grid[enough].tolist(), middle.tolist(), low.tolist(), high.tolist())
