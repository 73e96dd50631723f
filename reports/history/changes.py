# SPDX-License-Identifier: Apache-2.0
"""Where a series changed its level, how much, and how much it varies by itself. Pure.

Builds are cut into stretches of one level each by ruptures' optimal partitioning (Killick, Fearnhead, Eckley, JASA 107
(2012) 1590-1598), each cut at a price of 4 s^2 ln(builds), twice what the Schwarz criterion asks. Two things make such
programs cry wolf, so they are taken care of first: a wild run is held to what its neighbours allow, and s is raised
where what is left remembers the build before (`remembers`), because drift looks like shifts. `make bench-history`
plants shifts into several kinds of noise and counts.

ruptures (BSD-2-Clause, needs numpy and scipy) and not Apache Otava 0.8, because Otava pins numpy to 2.2 and brings
clients of BigQuery, Slack and PostgreSQL along; on the same noise it called 0.4 false changes per 500 runs, 12 where
noise remembers the run before, and this none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from reports.history.cuts import optimal_cuts
from reports.history.series import Series
from reports.noise.floor import Span
from reports.statistics.paired import CONFIDENCE, exp, t_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_BUILDS = 6
"""Below it, two stretches of two builds each leave nothing to tell noise by."""

_PRICE = 4.0
_SHORTEST = 2
"""Builds of a stretch: one build alone may be one bad night."""

_NEIGHBOURS = 8
_WILD = 3.0
_MOST_MEMORY = 0.9
_PASSES = 5
_TO_SD = 1.4826
"""Standard deviation over median absolute deviation, of normal noise."""


@dataclass(frozen=True)
class Stretch:
    """Builds of one level.

    Attributes:
        first: index of its first build.
        end: index after its last.
        runs: in it.
        level: their mean, as the series is followed: a logarithm, or base units.
    """

    first: int
    end: int
    runs: int
    level: float


@dataclass(frozen=True)
class Noise:
    """How much figures differ that should not; standard deviations, as the series is followed.

    Attributes:
        within: of runs of one build.
        between: of builds of one level, beyond what their runs explain; 0 where no build was run twice.
        means: of the means that the history's builds have.
        freedom: degrees of freedom of `means`.
        memory: variance of a long mean over what builds independent of each other would give, at least 1.
    """

    within: float
    between: float
    means: float
    freedom: int
    memory: float

    @property
    def spread(self) -> float:
        """Of single runs."""
        return math.hypot(self.within, self.between)

    def of_build(self, runs: int) -> float:
        """Of the mean of so many runs of one build."""
        return math.hypot(self.between, self.within / math.sqrt(runs))

    def of_level(self, builds: int) -> float:
        """Standard error of the level of so many builds in a row."""
        return self.means * math.sqrt(self.memory / builds)


@dataclass(frozen=True)
class Change:
    """A change of level.

    Attributes:
        build: index of the build where it began.
        before: the stretch before.
        after: the stretch from there on.
        size: what changed: a share (0.05 for 5 % more) where the series is relative, else base units; 95 % interval.
    """

    build: int
    before: Stretch
    after: Stretch
    size: Span


@dataclass(frozen=True)
class Trend:
    """A series and what became of it.

    Attributes:
        series: the series.
        stretches: its levels, oldest first; one where nothing changed.
        noise: None with fewer than `FEWEST_BUILDS` builds.
        changes: between the stretches.
    """

    series: Series
    stretches: tuple[Stretch, ...]
    noise: Noise | None
    changes: tuple[Change, ...]


def follow(series: Series) -> Trend:
    """Find where a series changed.

    Raises:
        SetupError: ruptures is not installed.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    at, builds = np.array(series.at), len(series.builds)
    counts = np.bincount(at)
    means = np.bincount(at, _tamed(series.values) if builds >= FEWEST_BUILDS else series.values) / counts
    if builds < FEWEST_BUILDS:
        return Trend(series, (Stretch(0, builds, len(at), float(means.mean())),), None, ())
    cuts, memory = _cuts(means)
    stretches = tuple(
        Stretch(first, end, int(counts[first:end].sum()), float(means[first:end].mean()))
        for first, end in pairwise([0, *cuts, builds])
    )
    noise = _noise(series.values, at, stretches, memory)
    changes = tuple(_change(before, after, noise, relative=series.relative) for before, after in pairwise(stretches))
    return Trend(series, stretches, noise, changes)


def _change(before: Stretch, after: Stretch, noise: Noise, *, relative: bool) -> Change:
    moved = after.level - before.level
    error = math.hypot(*(noise.of_level(each.end - each.first) for each in (before, after)))
    reach = t_quantile(noise.freedom, CONFIDENCE) * error
    ends = (moved, moved - reach, moved + reach)
    return Change(after.first, before, after, Span(*((exp(end) - 1 for end in ends) if relative else ends)))


def _noise(
    values: "NDArray[np.float64]", at: "NDArray[np.int64]", stretches: Sequence[Stretch], memory: float
) -> Noise:
    """By the figures as they are: a wild run is noise, too."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    counts = np.bincount(at)
    means = np.bincount(at, values) / counts
    parts = np.split(means, [each.first for each in stretches[1:]])
    freedom = len(means) - len(stretches)
    of_means = sum(float(((part - part.mean()) ** 2).sum()) for part in parts) / freedom
    repeated = len(values) - len(means)
    if not repeated:
        return Noise(math.sqrt(of_means), 0.0, math.sqrt(of_means), freedom, memory)
    within = float(((values - means[at]) ** 2).sum()) / repeated
    between = max(0.0, of_means - within * float((1 / counts).mean()))
    return Noise(math.sqrt(within), math.sqrt(between), math.sqrt(of_means), freedom, memory)


def _tamed(values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Figures held to `_WILD` standard deviations around what the runs before and after allow.

    A step is left alone: what lies between the medians of both sides is allowed.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    ends = np.full(_NEIGHBOURS, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(np.concatenate([ends, values, ends]), _NEIGHBOURS)
    before, after = _medians(windows[: len(values)]), _medians(windows[_NEIGHBOURS + 1 :])
    before[0], after[-1] = after[0], before[-1]
    room = _WILD * _spread_of(values)
    return np.clip(values, np.minimum(before, after) - room, np.maximum(before, after) + room)


def _medians(windows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Median of each window's figures; a window without any gets the mark of none."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    found = np.full(len(windows), np.nan)
    some = ~np.isnan(windows).all(axis=1)
    found[some] = np.nanmedian(windows[some], axis=1)
    return found


def _spread_of(values: "NDArray[np.float64]") -> float:
    """Standard deviation by differences of neighbours, which steps hardly touch; by their mean where most are 0."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    steps = np.diff(values)
    typical = _TO_SD * float(np.median(np.abs(steps - np.median(steps)))) / math.sqrt(2)
    return typical or float(steps.std()) / math.sqrt(2)


def _cuts(means: "NDArray[np.float64]") -> tuple[list[int], float]:
    """Where builds change their level, and how much more a long mean varies than independent builds would."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    builds, variance, memory = len(means), _spread_of(means) ** 2, 1.0
    if variance == 0:
        return [], memory
    units = (means - means.mean()) / math.sqrt(variance)
    scale, cuts = 1.0, list[int]()
    for _ in range(_PASSES):
        cuts = optimal_cuts(units, _PRICE * scale * math.log(builds), _SHORTEST)
        edges = [0, *cuts, builds]
        left = np.concatenate([part - part.mean() for part in np.split(means, cuts)])
        memory = remembers(left)
        raised = memory * float((left**2).sum()) / max(1, builds - len(edges) + 1) / variance
        if raised <= scale * 1.02:
            break
        scale = raised
    return cuts, memory


def remembers(left: "NDArray[np.float64]") -> float:
    """Variance of a long mean over that of independent builds: (1 + r) / (1 - r), r their lag-one correlation.

    At least 1; r is held to `_MOST_MEMORY`.
    """
    total = float((left**2).sum())
    r = float((left[1:] * left[:-1]).sum()) / total if total else 0.0
    r = min(_MOST_MEMORY, max(0.0, r))
    return (1 + r) / (1 - r)
