# SPDX-License-Identifier: Apache-2.0
"""How soon processes are killed: per arm, the share of trials in which nobody has been yet. Pure.

The trial is the unit, its event the first kill: later ones hang on the memory that the first gave back. A trial without
a kill is censored where its recording ends. Source: Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457-481.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reports.analysis import Analysis
from reports.comparison import KILLS, TrialValues
from reports.units import count, quantity

FIRST, WATCHED = "kill_first", "kill_watched"
"""Metrics of a trial: seconds from the kernel's first reclaim to the first kill, and to the end of the recording."""


@dataclass(frozen=True)
class Point:
    """From `after_s` seconds of reclaim on: share of trials without a kill, and its 95 % interval where it has one."""

    after_s: float
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Survival:
    """One arm.

    Attributes:
        arm: its name.
        trials: whose first kill, or its absence, was recorded.
        killed: those in which somebody was killed.
        untimed: trials with kills that only the phone's log tells of: left out.
        curve: at each first kill, in order of time.
        watched_s: the longest that a trial was watched.
    """

    arm: str
    trials: int
    killed: int
    untimed: int
    curve: tuple[Point, ...]
    watched_s: float


def survival(analysis: Analysis) -> tuple[Survival, ...]:
    """Every arm, in the experiment's order; () where nobody was killed in a trial that counts."""
    if not any(trial.kills for trial in analysis.trials):
        return ()
    arms = [arm.name for arm in analysis.run.experiment.arms]
    found = (_arm(arm, [trial for trial in analysis.trials if trial.arm == arm]) for arm in arms)
    return tuple(each for each in found if each.trials or each.untimed)


def survival_sentence(each: Survival) -> str:
    """`on: nobody killed in 4 of 9 trials; the first kill came 2.1 s after reclaim began at the earliest, ...`."""
    return f"{each.arm}: {'; '.join(_phrases(each))}."


def _phrases(each: Survival) -> Iterator[str]:
    if each.trials:
        yield f"nobody killed in {each.trials - each.killed} of {count(each.trials, 'trial')}"
    if each.curve:
        first, last = each.curve[0], each.curve[-1]
        yield f"the first kill came {quantity(first.after_s, 's')} after reclaim began at the earliest"
        half = next((point for point in each.curve if point.share <= 0.5), None)  # noqa: PLR2004 - the median
        if half:
            yield f"half of the trials had lost a process by {quantity(half.after_s, 's')}"
        interval = "" if last.low is None or last.high is None else f" [{100 * last.low:.0f}, {100 * last.high:.0f}]"
        yield f"{100 * last.share:.0f}{interval} % of trials come through {quantity(each.watched_s, 's')}"
    if each.untimed:
        yield f"{count(each.untimed, 'trial')} with kills that no trace times left out"


def _arm(arm: str, trials: Sequence[TrialValues]) -> Survival:
    killed = [trial.values[FIRST][0] for trial in trials if FIRST in trial.values]
    lived = [t.values[WATCHED][0] for t in trials if WATCHED in t.values and not t.values[KILLS][0]]
    return Survival(
        arm=arm,
        trials=len(killed) + len(lived),
        killed=len(killed),
        untimed=sum(trial.kills > 0 and FIRST not in trial.values for trial in trials),
        curve=_curve(killed, lived) if killed else (),
        watched_s=max([*killed, *lived], default=0.0),
    )


def _curve(killed: Sequence[float], lived: Sequence[float]) -> tuple[Point, ...]:
    from scipy.stats import CensoredData, ecdf  # noqa: PLC0415 - imported late: half a second, only where kills are

    shares = ecdf(CensoredData(uncensored=killed, right=lived)).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where all or none are left the interval is not defined
        bounds: tuple[Any, ...] = tuple(shares.confidence_interval(0.95, method="log-log"))  # stubs call them floats
    lows, highs = (bound.probabilities for bound in bounds)
    rows = zip(shares.quantiles, shares.probabilities, lows, highs, strict=True)
    return tuple(
        Point(float(after), float(share), _defined(low), _defined(high))
        for after, share, low, high in rows
        if after in set(killed)
    )


def _defined(end: float) -> float | None:
    return None if math.isnan(end) else float(end)
