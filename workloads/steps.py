# SPDX-License-Identifier: Apache-2.0
"""Steps as a workload's file writes them: those of `workloads.spec`, and short forms that become several of them. Pure.

    return    a launch of kind `return`
    fill      start-pressure, wait-pressure
    repeat    its steps, so many times
    each      its steps for every app of the workload, one after the other; there `app = "*"` is that app
    shuffle   its entries in an order that follows from `seed`, another one at each repetition; the same in every trial

A `repeat` of one time inside a `shuffle` keeps its steps together.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import ConfigDict, Field, with_config

from workloads.spec import Dwell, FileRead, Launch, Release, StartPressure, Step, WaitCool, WaitPressure
from workloads.toml_file import Place, Problem, TomlFile

MOST_STEPS = 1000
"""A phone's script beyond this runs for hours: a slip of the keyboard."""


MOST_WAIT_S, MOST_CELSIUS = 3600, 100

ANY = "*"
"""The app that an `each` has come to."""

for _kind in get_args(Step):  # plain dataclasses, which pydantic else lets have keys that it does not know
    with_config(ConfigDict(extra="forbid"))(_kind)


class ReturnEntry(TomlFile):
    """Bring an app back, whatever has become of it in the background."""

    do: Literal["return"]
    app: str


class FillEntry(TomlFile):
    """Start the eaters and wait until they have filled their memory."""

    do: Literal["fill"]


class RepeatEntry(TomlFile):
    """Steps, several times."""

    do: Literal["repeat"]
    times: Annotated[int, Field(ge=1, le=100)]
    steps: Annotated[tuple["Entry", ...], Field(min_length=1)]


class EachEntry(TomlFile):
    """Steps, for every app of the workload."""

    do: Literal["each"]
    steps: Annotated[tuple["Entry", ...], Field(min_length=1)]


class ShuffleEntry(TomlFile):
    """Entries in a seeded order."""

    do: Literal["shuffle"]
    seed: Annotated[int, Field(ge=0)] = 1
    steps: Annotated[tuple["Entry", ...], Field(min_length=1)]


Entry: TypeAlias = Annotated[
    Step | ReturnEntry | FillEntry | RepeatEntry | EachEntry | ShuffleEntry,
    Field(discriminator="do"),
]


def expand(entries: Sequence[Entry], apps: Sequence[str], turn: int = 0, now: str = ANY) -> Iterator[Step]:
    """The steps that entries stand for, in order.

    Args:
        entries: of a file.
        apps: of the workload, what each entry stands for.
        turn: how many times the loops around them have gone round; a shuffle's order depends on it.
        now: the app that an `each` around them has come to.
    """
    for entry in entries:
        if isinstance(entry, RepeatEntry):
            for time in range(entry.times):
                yield from expand(entry.steps, apps, turn * entry.times + time, now)
        elif isinstance(entry, EachEntry):
            for place, app in enumerate(apps):
                yield from expand(entry.steps, apps, turn * len(apps) + place, app)
        elif isinstance(entry, ShuffleEntry):
            yield from expand(_shuffled(entry, turn), apps, turn, now)
        else:
            yield from _plain(entry, now)


def _plain(entry: Step | ReturnEntry | FillEntry, now: str) -> Iterator[Step]:
    if isinstance(entry, FillEntry):
        yield from (StartPressure(), WaitPressure())
    elif isinstance(entry, ReturnEntry | Launch):
        kind = entry.kind if isinstance(entry, Launch) else "return"
        yield Launch(now if entry.app == ANY else entry.app, kind)
    else:
        yield entry


def _shuffled(entry: ShuffleEntry, turn: int) -> list[Entry]:
    draw = random.Random(f"{entry.seed}/{turn}")  # noqa: S311 - an order, no secret
    return draw.sample(entry.steps, len(entry.steps))


def count(entries: Sequence[Entry], apps: int) -> int:
    """How many steps they stand for where there are so many apps, without making them."""
    total = 0
    for entry in entries:
        if isinstance(entry, RepeatEntry):
            total += entry.times * count(entry.steps, apps)
        elif isinstance(entry, EachEntry):
            total += apps * count(entry.steps, apps)
        elif isinstance(entry, ShuffleEntry):
            total += count(entry.steps, apps)
        else:
            total += 2 if isinstance(entry, FillEntry) else 1
    return total


def step_problems(entries: Sequence[Entry], apps: Sequence[str], *, pressure: bool) -> Iterator[Problem]:
    """Launches of apps not listed, pressure steps without a pressure or out of order, more steps than make sense."""
    for place, entry, within_each in _placed(entries):
        if isinstance(entry, Launch | ReturnEntry):
            yield from ((place, what) for what in _app(entry.app, apps, within_each=within_each))
        if isinstance(entry, StartPressure | WaitPressure | FillEntry | Release) and not pressure:
            yield place, f"{entry.do} needs a [pressure] table"
        yield from ((place, what) for what in _values(entry))
    if (total := count(entries, len(apps))) > MOST_STEPS:
        yield ("steps",), f"are {total} steps with all repetitions, a trial takes at most {MOST_STEPS}"
    elif pressure:
        yield from _out_of_order(entries, apps)


def _app(app: str, apps: Sequence[str], *, within_each: bool) -> Iterator[str]:
    if app == ANY and not within_each:
        yield 'launches "*", which only an `each` around it gives a meaning'
    elif app not in (*apps, ANY):
        yield f"launches {app!r}, which `apps` does not list"


def _values(entry: Entry) -> Iterator[str]:
    """Values that a phone's shell would choke on, or wait for without end."""
    if isinstance(entry, Dwell) and not 0 <= entry.seconds <= MOST_WAIT_S:
        yield f"stays {entry.seconds:g} s: give 0 to {MOST_WAIT_S}"
    if isinstance(entry, WaitCool) and not 0 < entry.at_most_s <= MOST_WAIT_S:
        yield f"waits {entry.at_most_s:g} s: give `at_most_s` of 1 to {MOST_WAIT_S}"
    if isinstance(entry, WaitCool) and not 0 < entry.below_c < MOST_CELSIUS:
        yield f"waits for {entry.below_c:g} degrees: give `below_c` in degrees Celsius"
    if isinstance(entry, FileRead) and not entry.path.startswith("/"):
        yield f"reads {entry.path!r}: give an absolute path on the phone"


def _out_of_order(entries: Sequence[Entry], apps: Sequence[str]) -> Iterator[Problem]:
    """Eaters are started when none are there, and waited for or let go when some are."""
    eating = False
    for step in expand(entries, apps):
        if isinstance(step, StartPressure) and eating:
            yield ("steps",), "pressure is started while the eaters of an earlier start are there; `release` them first"
            return
        if isinstance(step, WaitPressure | Release) and not eating:
            yield ("steps",), f"{step.do} comes when no eaters are there; start-pressure or fill first"
            return
        eating = isinstance(step, StartPressure) or (eating and not isinstance(step, Release))


def _placed(
    entries: Sequence[Entry], above: Place = ("steps",), *, within_each: bool = False
) -> Iterator[tuple[Place, Entry, bool]]:
    """Every entry with its place, and whether an `each` is around it."""
    for index, entry in enumerate(entries):
        place = (*above, index)
        yield place, entry, within_each
        if isinstance(entry, RepeatEntry | EachEntry | ShuffleEntry):
            around = within_each or isinstance(entry, EachEntry)
            yield from _placed(entry.steps, (*place, "steps"), within_each=around)
