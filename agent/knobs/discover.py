# SPDX-License-Identifier: Apache-2.0
"""Which knobs a phone has: looked for, in one round trip, never assumed from its version."""

from collections.abc import Mapping

from agent.device import batch
from agent.device.phone import Phone
from agent.knobs import generic, kcompressd
from agent.knobs.activity import COUNTERS
from agent.knobs.base import Knob, ReadOnlyKnob
from workloads.errors import FinalError

ZRAM = "/sys/block/zram0/comp_algorithm"


def discover(phone: Phone) -> Mapping[str, Knob]:
    """Return name -> knob for every knob found. Files that only root may read are found by root alone.

    Raises:
        TransientError: the link dropped.
    """
    parameters, counters, zram = phone.ask(batch.each(f"{kcompressd.FOLDER}/*"), batch.each(COUNTERS), batch.each(ZRAM))
    found: list[Knob] = [*kcompressd.from_files({answer.name for answer in parameters}, repaired=bool(counters))]
    if zram:
        # After disksize is set a write answers EBUSY (zram.rst): the dance of swapoff and reset is not this knob's.
        found.append(ReadOnlyKnob("zram.algorithm", ZRAM))
    return {knob.name: knob for knob in found}


def find(name: str, found: Mapping[str, Knob], serial: str) -> Knob:
    """Return the knob that an experiment names: one that was found, or any `sysctl:` or `sysfs:` file.

    Raises:
        FinalError: this phone has none of that name.
        InputError: the name cannot be a knob's.
    """
    knob = found.get(name) or generic.from_name(name)
    if knob is None:
        seen = ", ".join(sorted(found)) or "none"
        raise FinalError(f"{serial}: no knob {name} on this phone; found: {seen} (and any sysctl:NAME or sysfs:/PATH)")
    return knob


def describe(phone: Phone, found: Mapping[str, Knob]) -> dict[str, str]:
    """Return knob -> `where: value now`, as `DeviceFacts.knobs` keeps it."""
    answers = phone.ask(*(batch.file(knob.where) for knob in found.values())) if found else ()
    return {
        name: f"{knob.where}: {answer.text.strip() if answer.ok else 'not readable'}"
        for (name, knob), (answer,) in zip(found.items(), answers, strict=True)
    }
