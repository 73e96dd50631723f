# SPDX-License-Identifier: Apache-2.0
"""Launches as the phone's `am` told them and as the trace shows them: which are the same, where they differ. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reports.record import Caveat, LaunchResult
from reports.units import count

CLOCKS_SHARE, CLOCKS_S = 0.05, 0.020
"""am's TotalTime and the trace's TTID agree within 5 % or 20 ms, whichever is more: a frame or so at 60 Hz."""

_SHOWN = 3


class Shown(Protocol):
    """A launch in a trace: see `reports.traces.measure.TraceLaunch`."""

    @property
    def index(self) -> int:
        """1-based order."""
        ...

    @property
    def app(self) -> str:
        """Package."""
        ...

    @property
    def kind(self) -> str | None:
        """Cold, warm, hot; None where the trace does not tell."""
        ...

    @property
    def ttid_s(self) -> float | None:
        """Time to initial display; None when not recorded."""
        ...


@dataclass(frozen=True)
class Launches:
    """The launches of a trial.

    Attributes:
        shown: index of a launch that was asked for -> what the trace shows of it.
        left_out: index -> why its figures do not count, in words.
        caveats: what is told of them.
    """

    shown: dict[int, Shown]
    left_out: dict[int, str]
    caveats: tuple[Caveat, ...]


def package(launch: LaunchResult) -> str:
    """Of the component that was launched."""
    return launch.component.partition("/")[0]


def judge(launches: Sequence[LaunchResult], traced: Sequence[Shown] | None) -> Launches:
    """Match launches with the trace's and hold both against what was asked for.

    Args:
        launches: of the record.
        traced: of the trace; None where there is no trace.
    """
    shown = _matched(launches, traced or ())
    left_out = {one.index: why for one in launches if (why := _other_kind(one, shown.get(one.index)))}
    found = [*_kinds(launches, left_out), *_clocks([one for one in launches if one.index not in left_out], shown)]
    missing = [package(one) for one in launches if one.total_time_s and one.status == "ok" and one.index not in shown]
    if traced is not None and missing:
        what = f"no launch in the trace for {', '.join(missing)}"
        found.append(Caveat("launch-not-in-trace", what, "compare these launches by am_total_time"))
    return Launches(shown, left_out, tuple(found))


def _matched(launches: Iterable[LaunchResult], traced: Sequence[Shown]) -> dict[int, Shown]:
    """Both lists are in order, and the package must agree."""
    found: dict[int, Shown] = {}
    rest = list(traced)
    for launch in launches:
        for place, candidate in enumerate(rest):
            if launch.total_time_s and candidate.app == package(launch):
                found[launch.index] = candidate
                del rest[: place + 1]
                break
    return found


def _other_kind(launch: LaunchResult, shown: Shown | None) -> str | None:
    """Why a launch is none of the kind that was asked for; None where it is, or where nobody tells.

    am says RELAUNCH of an activity that was made anew on the screen (WaitResult.java, Android 12 and later).
    """
    if launch.kind == "return" or not launch.total_time_s:
        return None
    by_am = launch.state.lower() if launch.state not in (None, "UNKNOWN") else None
    by_trace = shown.kind if shown else None
    if {by_am, by_trace} <= {None, launch.kind}:
        return None
    told = [f"{who} {kind}" for who, kind in (("am says", by_am), ("the trace says", by_trace)) if kind]
    return f"launch {launch.index} ({package(launch)}) was to be {launch.kind}, {', '.join(told)}"


def _kinds(launches: Sequence[LaunchResult], left_out: dict[int, str]) -> Iterator[Caveat]:
    if left_out:
        of = f"{len(left_out)} of {count(len(launches), 'launch', 'launches')}"
        yield Caveat(
            "launch-kind",
            f"{_some(list(left_out.values()))}: {of} left out",
            "an app that was killed in the background comes back cold: lower the pressure, or ask for a `return`, whose"
            " kind is the outcome",
        )


def _clocks(launches: Sequence[LaunchResult], shown: dict[int, Shown]) -> Iterator[Caveat]:
    apart = [
        f"launch {one.index} ({package(one)}) {one.total_time_s:.3f} s and {ttid:.3f} s"
        for one in launches
        if one.total_time_s
        and one.index in shown
        and (ttid := shown[one.index].ttid_s) is not None
        and abs(one.total_time_s - ttid) > max(CLOCKS_S, CLOCKS_SHARE * ttid)
    ]
    if apart:
        yield Caveat(
            "clocks-disagree",
            f"am's TotalTime and the trace's time to initial display are more than 5 % and 20 ms apart: {_some(apart)}",
            "where all launches of an app are, am waits for another frame there; where one is, look at the trace there",
        )


def _some(texts: Sequence[str]) -> str:
    rest = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    return "; ".join([*texts[:_SHOWN], *rest])
