# SPDX-License-Identifier: Apache-2.0
"""Steps as a workload's file writes them: those of `workloads.spec`, and short forms that become several of them. Pure.

    return    a launch of kind `return`
    fill      start-pressure, wait-pressure
    repeat    its steps, so many times
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


class ShuffleEntry(TomlFile):
    """Entries in a seeded order."""

    do: Literal["shuffle"]
    seed: Annotated[int, Field(ge=0)] = 1
    steps: Annotated[tuple["Entry", ...], Field(min_length=1)]


Entry: TypeAlias = Annotated[
    Step | ReturnEntry | FillEntry | RepeatEntry | ShuffleEntry,
    Field(discriminator="do"),
]


def expand(entries: Sequence[Entry], turn: int = 0) -> Iterator[Step]:
    """The steps that entries stand for, in order.

    Args:
        entries: of a file.
        turn: how many times the loops around them have gone round; a shuffle's order depends on it.
    """
    for entry in entries:
        if isinstance(entry, RepeatEntry):
            for time in range(entry.times):
                yield from expand(entry.steps, turn * entry.times + time)
        elif isinstance(entry, ShuffleEntry):
            yield from expand(_shuffled(entry, turn), turn)
        elif isinstance(entry, FillEntry):
            yield from (StartPressure(), WaitPressure())
        elif isinstance(entry, ReturnEntry):
            yield Launch(entry.app, "return")
        else:
            yield entry


def _shuffled(entry: ShuffleEntry, turn: int) -> list[Entry]:
    draw = random.Random(f"{entry.seed}/{turn}")  # noqa: S311 - an order, no secret
    return draw.sample(entry.steps, len(entry.steps))


def count(entries: Sequence[Entry]) -> int:
    """How many steps they stand for, without making them."""
    total = 0
    for entry in entries:
        if isinstance(entry, RepeatEntry):
            total += entry.times * count(entry.steps)
        elif isinstance(entry, ShuffleEntry):
            total += count(entry.steps)
        else:
            total += 2 if isinstance(entry, FillEntry) else 1
    return total


def step_problems(entries: Sequence[Entry], apps: Sequence[str], *, pressure: bool) -> Iterator[Problem]:
    """Launches of apps not listed, pressure steps without a pressure or out of order, more steps than make sense."""
    for place, entry in _placed(entries):
        if isinstance(entry, Launch | ReturnEntry) and entry.app not in apps:
            yield place, f"launches {entry.app!r}, which `apps` does not list"
        if isinstance(entry, StartPressure | WaitPressure | FillEntry | Release) and not pressure:
            yield place, f"{entry.do} needs a [pressure] table"
        if not isinstance(entry, RepeatEntry | ShuffleEntry):
            yield from ((place, what) for what in _values(entry))
    if (total := count(entries)) > MOST_STEPS:
        yield ("steps",), f"are {total} steps with all repetitions, a trial takes at most {MOST_STEPS}"
    elif pressure:
        yield from _out_of_order(entries)


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


def _out_of_order(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Eaters are started when none are there, and waited for or let go when some are."""
    eating = False
    for step in expand(entries):
        if isinstance(step, StartPressure) and eating:
            yield ("steps",), "pressure is started while the eaters of an earlier start are there; `release` them first"
            return
        if isinstance(step, WaitPressure | Release) and not eating:
            yield ("steps",), f"{step.do} comes when no eaters are there; start-pressure or fill first"
            return
        eating = isinstance(step, StartPressure) or (eating and not isinstance(step, Release))


def _placed(entries: Sequence[Entry], above: Place = ("steps",)) -> Iterator[tuple[Place, Entry]]:
    for index, entry in enumerate(entries):
        place = (*above, index)
        yield place, entry
        if isinstance(entry, RepeatEntry | ShuffleEntry):
            yield from _placed(entry.steps, (*place, "steps"))
