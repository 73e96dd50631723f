# SPDX-License-Identifier: Apache-2.0
"""Which build to run next, between a good and a bad one, to find where a change began. Pure.

A build's side is called by the mean of its runs against the middle between both levels, and only where chance is at
most 2.5 in 100 that noise put it there; else the same build is asked for again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.history.changes import Noise, Trend
from reports.history.series import build_of
from reports.statistics.paired import CONFIDENCE, t_quantile
from workloads.errors import InputError

Todo: TypeAlias = Literal["run", "again", "found"]

_POWER_Z = 0.84
"""Of the normal distribution: a chance of 0.8."""


@dataclass(frozen=True)
class Step:
    """What to do next.

    Attributes:
        todo: `run`: a build that was not run yet; `again`: one whose runs do not tell yet; `found`: nothing is left.
        build: to run; of `found`, the one where the change began.
        good: last build known to be good.
        bad: first build known to be bad.
        left: builds between them.
        runs: of one build that would tell its side with chance 0.8; None where no number would.
    """

    todo: Todo
    build: str
    good: str
    bad: str
    left: int
    runs: int | None

    @property
    def steps(self) -> int:
        """Builds to run until it is found, at most."""
        return math.ceil(math.log2(self.left + 1))


def bisect(trend: Trend, good: str | None, bad: str | None, order: Sequence[str] = ()) -> Step:
    """Halve what lies between a good and a bad build.

    Args:
        trend: of the metric that changed.
        good: a build before the change, by fingerprint or kernel; None: the last before the newest change.
        bad: a build after it; None: the first after the newest change.
        order: builds that exist, oldest first, run or not; empty: only those that were run.

    Raises:
        InputError: no such build, the two are not in order or cannot be told apart, or what lies between changes back
            and forth.
    """
    first, last = _ends(trend, good, bad)
    builds, noise = trend.series.builds, trend.noise
    if noise is None or first >= last:
        raise InputError(f"{builds[first]} does not come before {builds[last]}, or too few builds are known to bisect")
    sides = _sides(trend, noise, first, last)
    names = [builds[first], *_between(trend, first, last, order), builds[last]]
    known = ["good", *(sides.get(name) for name in names[1:-1]), "bad"]
    low = max(number for number, side in enumerate(known) if side == "good")
    high = min(number for number, side in enumerate(known) if side == "bad")
    if low > high:
        raise InputError(
            f"{names[high]} is bad and the later {names[low]} is good: more than one change lies between"
            f" {names[0]} and {names[-1]}; name two builds that lie closer"
        )
    runs, left = _runs(trend, noise, first, last), high - low - 1
    if not left:
        return Step("found", names[high], names[low], names[high], 0, runs)
    build = names[(low + high) // 2]
    return Step("again" if build in sides else "run", build, names[low], names[high], left, runs)


def _ends(trend: Trend, good: str | None, bad: str | None) -> tuple[int, int]:
    """Indices of both builds."""
    newest = trend.changes[-1].build if trend.changes else None
    if newest is None and (good is None or bad is None):
        raise InputError("no change is known in this series; name --good and --bad")
    found = (
        _index(trend, good) if good is not None else (newest or 0) - 1,
        _index(trend, bad) if bad is not None else newest or 0,
    )
    return found[0], found[1]


def _index(trend: Trend, build: str) -> int:
    series = trend.series
    found = [at for row, at in zip(series.rows, series.at, strict=True) if build_of(row, build)]
    if not found:
        raise InputError(f"{build}: no run of this build is known; `reclaim history list` names them")
    return found[-1]


def _between(trend: Trend, first: int, last: int, order: Sequence[str]) -> list[str]:
    """Builds that lie between two, by the names that the trend has for them, else by their own."""
    series = trend.series
    if not order:
        return list(series.builds[first + 1 : last])
    names = {
        name: series.builds[at]
        for row, at in zip(series.rows, series.at, strict=True)
        for name in (row.build, row.kernel)
        if name in order
    }
    ordered = [names.get(name, name) for name in order]
    ends = [series.builds[first], series.builds[last]]
    missing = [end for end in ends if end not in ordered]
    if missing:
        raise InputError(f"{missing[0]}: is not among the builds given; add it in its place")
    return ordered[ordered.index(ends[0]) + 1 : ordered.index(ends[1])]


def _sides(trend: Trend, noise: Noise, good: int, bad: int) -> dict[str, Literal["good", "bad"] | None]:
    """The side of each build that was run; None where its runs do not tell."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    at = np.array(trend.series.at)
    counts = np.bincount(at)
    means = np.bincount(at, trend.series.values) / counts
    middle, sign = (means[good] + means[bad]) / 2, np.sign(means[bad] - means[good])
    sure = t_quantile(noise.freedom, CONFIDENCE)
    if abs(means[bad] - means[good]) <= sure * math.hypot(*(noise.of_build(int(counts[end])) for end in (good, bad))):
        names = trend.series.builds
        raise InputError(f"{names[good]} and {names[bad]} cannot be told apart by their runs; run both again")
    reach = [sure * noise.of_build(int(runs)) for runs in counts]
    far = sign * (means - middle)
    return {
        name: "bad" if far[i] > reach[i] else "good" if far[i] < -reach[i] else None
        for i, name in enumerate(trend.series.builds)
    }


def _runs(trend: Trend, noise: Noise, good: int, bad: int) -> int | None:
    """Runs of one build that tell its side from half the change away; None where no number would."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    values, at = trend.series.values, np.array(trend.series.at)
    half = abs(float(values[at == bad].mean() - values[at == good].mean())) / 2
    room = (half / (t_quantile(noise.freedom, CONFIDENCE) + _POWER_Z)) ** 2 - noise.between**2
    return max(1, math.ceil(noise.within**2 / room)) if room > 0 else None
