# SPDX-License-Identifier: Apache-2.0
"""Whether a phone is the one on which a run was begun, and what of it has changed since. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from reports.printable import printable
from reports.record import DeviceFacts
from workloads.errors import FinalError

_FIXED = {"model": "model", "build": "build", "kernel": "kernel", "abi": "ABI"}
"""Fields of `DeviceFacts` that another phone, or an update, has others of."""

_MAY_CHANGE = {
    "cpus": "processors online",
    "memory_bytes": "memory",
    "swap_bytes": "swap",
    "zram_algorithm": "zram algorithm",
    "root": "root",
    "perfetto": "perfetto",
}


def check_same(before: DeviceFacts, now: DeviceFacts, knobs: Sequence[str]) -> None:
    """Pass when a run may go on: trials of different builds, or of knobs elsewhere, are never mixed.

    Args:
        before: the phone as the run's device.json has it.
        now: the phone as it is.
        knobs: those that the experiment's arms set.

    Raises:
        FinalError: it is another phone, or it was updated.
    """
    if before.serial != now.serial:
        raise FinalError(f"{now.serial}: the run was begun on {before.serial}; connect that one, or begin a new run")
    told = [*_differing(before, now), *_elsewhere(before, now, knobs)]
    if told:
        raise FinalError(f"{now.serial}: not the phone on which the run was begun: {'; '.join(told)}; begin a new run")


def changes(before: DeviceFacts, now: DeviceFacts) -> tuple[str, ...]:
    """What else is not as it was when the run was begun, in words: it may matter to the trials to come."""
    told = [
        f"{words} {getattr(now, name)} instead of {getattr(before, name)}"
        for name, words in _MAY_CHANGE.items()
        if getattr(now, name) != getattr(before, name)
    ]
    told += _changed(before.vm, now.vm)
    told += _changed(before.apps, now.apps)
    told += _changed(before.knobs, {name: text for name, text in now.knobs.items() if name in before.knobs})
    return tuple(printable(line) for line in told)


def _differing(before: DeviceFacts, now: DeviceFacts) -> Iterator[str]:
    for name, words in _FIXED.items():
        was, is_now = getattr(before, name), getattr(now, name)
        if was != is_now:
            yield f"{words} {printable(is_now, 120)} instead of {printable(was, 120)}"


def _elsewhere(before: DeviceFacts, now: DeviceFacts, knobs: Sequence[str]) -> Iterator[str]:
    for name in knobs:
        was, is_now = (_where(facts.knobs.get(name)) for facts in (before, now))
        if was != is_now:
            yield f"{printable(name)} at {printable(is_now or 'no file')} instead of {printable(was or 'no file')}"


def _where(told: str | None) -> str | None:
    """The file of a knob, from `DeviceFacts.knobs`' `where: value (layout)`."""
    return told.partition(": ")[0] if told is not None else None


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, was in before.items():
        if name in now and now[name] != was:
            yield f"{name} {now[name]} instead of {was}"
