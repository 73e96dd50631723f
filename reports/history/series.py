# SPDX-License-Identifier: Apache-2.0
"""One figure followed from build to build. Pure.

Figures that are all above 0 are followed as logarithms, so that changes are shares; others in their own unit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from reports.history.rows import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

What: TypeAlias = Literal["level", "effect"]
"""An arm's own level, or the arm against its control."""

_STEPS = 50
"""Of fitting phones and builds in turn; each halves what is left, or better, where phones share builds."""


@dataclass(frozen=True)
class Series:
    """One metric of one arm over builds.

    Attributes:
        what: an arm's own level, or the arm against its control (a ratio).
        rows: of its runs, build by build, within one by time.
        at: of each run, the index of its build.
        builds: names of the builds, oldest first, as short as tells them apart.
    """

    what: What
    rows: tuple[Row, ...]
    at: tuple[int, ...]
    builds: tuple[str, ...]

    @property
    def first(self) -> Row:
        """Any of its rows: for what all share (model, experiment, arm, metric, unit, better)."""
        return self.rows[0]

    @cached_property
    def relative(self) -> bool:
        """Whether it is followed as logarithms."""
        return all(value > 0 for value in self.raw())

    @property
    def unit(self) -> str:
        """Base unit of its figures."""
        return self.first.unit if self.what == "level" else "ratio"

    def raw(self) -> Iterator[float]:
        """Its figures, one per run: base units, or ratios."""
        return (_figure(row, self.what) for row in self.rows)

    @cached_property
    def values(self) -> "NDArray[np.float64]":
        """Its figures as they are followed, shape (runs,), each phone's own height taken out."""
        import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

        own = np.array([self.heights[row.serial] for row in self.rows])
        return np.asarray(self._plain() - own, dtype=np.float64)

    @cached_property
    def heights(self) -> dict[str, float]:
        """Serial -> how much higher than the others that phone measures, as the series is followed.

        By least squares over phones and builds; 0 for all where they share no build.
        """
        import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

        names, phone = np.unique(np.array([row.serial for row in self.rows]), return_inverse=True)
        heights, values, at = np.zeros(len(names)), self._plain(), np.array(self.at)
        for _ in range(_STEPS if len(names) > 1 else 0):
            builds = _means(values - heights[phone], at)
            heights = _means(values - builds[at], phone)
            heights -= heights.mean()
        return dict(zip(names.tolist(), heights.tolist(), strict=True))

    def _plain(self) -> "NDArray[np.float64]":
        import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

        values = np.array(list(self.raw()))
        return np.asarray(np.log(values) if self.relative else values, dtype=np.float64)

    def runs_at(self, build: int) -> tuple[Row, ...]:
        """The runs of one build."""
        return tuple(row for row, at in zip(self.rows, self.at, strict=True) if at == build)


def gather(rows: Sequence[Row], what: What = "level", order: Sequence[str] = ()) -> tuple[Series, ...]:
    """Rows as series: one per phone model, experiment, setup, arm and metric.

    Args:
        rows: of any runs, in any order.
        what: levels, or effects; rows without an effect are left out.
        order: builds, oldest first, each told by fingerprint or kernel; builds that it does not name, and all of them
            without it, stand in the order in which they were first run.

    Returns:
        By model, experiment and metric; of one that was set up differently over time, the newest setup first.
    """
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if what == "level" or (row.ratio is not None and row.ratio > 0):
            key = (row.model, row.experiment, row.metric, row.arm, row.control, row.setup_id)
            found.setdefault(key, []).append(row)
    made = [_series(each, what, order) for each in found.values()]
    return tuple(sorted(made, key=_place))


def build_of(row: Row, build: str) -> bool:
    """Whether a row is of a build that a user names by fingerprint, kernel, or both as a trend prints them."""
    return build in (row.build, row.kernel, f"{row.kernel}, {row.build}")


def _place(series: Series) -> tuple[object, ...]:
    row = series.first
    return row.model, row.experiment, row.metric, -max(each.began.timestamp() for each in series.rows), row.arm


def _figure(row: Row, what: What) -> float:
    return row.level if what == "level" else row.ratio or 0.0


def _series(rows: Sequence[Row], what: What, order: Sequence[str]) -> Series:
    firsts: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda each: each.began):
        firsts.setdefault((row.build, row.kernel), row)
    ranks = {build: rank for rank, build in enumerate(order)}
    numbers = {build: number for number, build in enumerate(_in_order(firsts, ranks))}
    ordered = sorted(rows, key=lambda each: (numbers[each.build, each.kernel], each.began, each.run_id))
    at = tuple(numbers[row.build, row.kernel] for row in ordered)
    return Series(what, tuple(ordered), at, _names(list(numbers)))


def _in_order(firsts: dict[tuple[str, str], Row], ranks: dict[str, int]) -> list[tuple[str, str]]:
    """Builds by the given order; one that it does not name follows the named one that was first run before it."""
    place, placed = -1, dict[tuple[str, str], tuple[int, int]]()
    for number, (build, row) in enumerate(firsts.items()):
        rank = next((ranks[name] for name in (row.build, row.kernel) if name in ranks), None)
        place = place if rank is None else rank
        placed[build] = (place, -1 if rank is not None else number)
    return sorted(placed, key=placed.__getitem__)


def _names(builds: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """A kernel where all builds share their fingerprint, a fingerprint where they share the kernel, else both."""
    if len({build for build, _ in builds}) == 1:
        return tuple(kernel for _, kernel in builds)
    if len({kernel for _, kernel in builds}) == 1:
        return tuple(build for build, _ in builds)
    return tuple(f"{kernel}, {build}" for build, kernel in builds)


def _means(values: "NDArray[np.float64]", group: "NDArray[np.int64]") -> "NDArray[np.float64]":
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    return np.asarray(np.bincount(group, values) / np.maximum(np.bincount(group), 1), dtype=np.float64)
