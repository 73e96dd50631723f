# SPDX-License-Identifier: Apache-2.0
"""The figures behind a page's pictures and CSV files: held once, as columns, in base units. Pure.

The page's script turns columns into rows; `factor` and `symbol` say how a figure is shown (shown = value / factor).
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trials:
    """Trials with values, columns of equal length; other columns name a trial by its place here.

    Attributes:
        name: folder.
        block: 1-based.
        arm: place in `Data.arms`.
        counts: whether it counts in effects.
        told: why it does not; empty when it counts.
        open: the command that opens its trace; empty without one.
    """

    name: tuple[str, ...]
    block: tuple[int, ...]
    arm: tuple[int, ...]
    counts: tuple[bool, ...]
    told: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """What a column of figures is, and how it is shown.

    Attributes:
        name: stable.
        title: for people.
        unit: base unit.
        factor: base units in one shown unit.
        symbol: after a shown figure; may be empty.
        note: below its picture.
        told: what its picture shows, for who cannot see it.
    """

    name: str
    title: str
    unit: str
    factor: float
    symbol: str
    note: str
    told: str


@dataclass(frozen=True)
class Points:
    """A metric, one value per trial; of a launch metric the median over the trial's launches.

    Attributes:
        shown: the metric.
        trial: places in `Data.trials`.
        value: base units.
    """

    shown: Shown
    trial: tuple[int, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class Launches:
    """A metric of launches, one value per launch.

    Attributes:
        shown: the metric.
        trial: places in `Data.trials`.
        launch: 1-based.
        app: places in `Data.apps`.
        value: base units.
    """

    shown: Shown
    trial: tuple[int, ...]
    launch: tuple[int, ...]
    app: tuple[int, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class Curve:
    """One arm over time, summed up over its trials, every `Data.step_s`; None where too few trials have samples.

    Attributes:
        arm: place in `Data.arms`.
        low: lower quartile, base units.
        middle: median over trials.
        high: upper quartile.
    """

    arm: int
    low: tuple[float | None, ...]
    middle: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True)
class Trace:
    """One trial over time; a point where nothing was sampled for long is None.

    Attributes:
        trial: place in `Data.trials`.
        t_s: seconds since the trace began.
        value: base units.
    """

    trial: int
    t_s: tuple[float, ...]
    value: tuple[float | None, ...]


@dataclass(frozen=True)
class Series:
    """One quantity over time, of one phone (1-based; 0 on a page of one phone)."""

    shown: Shown
    curves: tuple[Curve, ...]
    traces: tuple[Trace, ...]
    phone: int = 0


@dataclass(frozen=True)
class Event:
    """What happened at one moment.

    Attributes:
        what: `launch`: its median start over the trials; `kill`: one kill.
        t_s: seconds since the trace began.
        label: beside its mark.
        told: in words.
        arm: place in `Data.arms` of a kill; -1 for a launch.
        phone: in whose pictures it stands, 1-based; 0 on a page of one phone.
    """

    what: str
    t_s: float
    label: str
    told: str
    arm: int = -1
    phone: int = 0


@dataclass(frozen=True)
class Survived:
    """One arm's share of trials in which nobody has been killed yet: 1 until the first of `after_s`.

    Attributes:
        arm: place in `Data.arms`.
        after_s: seconds since the kernel's first reclaim, at each first kill.
        share: 0..1, from then on.
        low: of its 95 % interval; None where it is not defined.
        high: the same.
        watched_s: the longest that a trial was watched.
    """

    arm: int
    after_s: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    watched_s: float


@dataclass(frozen=True)
class Table:
    """Rows of figures as they are written into a CSV file."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Data:
    """Everything behind the pictures of one page.

    Attributes:
        run: its name.
        arms: the control first.
        apps: packages.
        trials: every trial with values but warm-ups.
        primary: the first so many of `points` are the primary metrics.
        points: metrics, the primary ones first.
        launches: metrics of launches, those that the verdict is about first.
        step_s: seconds between points of `Curve`.
        series: over time.
        events: launches and kills.
        effects: as `reclaim compare --json` has them (`reports.compare.COMPARISON_COLUMNS`).
        survived: how soon processes were killed, arm by arm; () where nobody was.
    """

    run: str
    arms: tuple[str, ...]
    apps: tuple[str, ...]
    trials: Trials
    primary: int
    points: tuple[Points, ...]
    launches: tuple[Launches, ...]
    step_s: float
    series: tuple[Series, ...]
    events: tuple[Event, ...]
    effects: Table
    survived: tuple[Survived, ...] = ()


def digits(value: float) -> float:
    """Six significant digits: more than any picture shows, and half the length."""
    return float(f"{value:.6g}")
