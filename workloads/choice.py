# SPDX-License-Identifier: Apache-2.0
"""Apps that a workload names by what they are on the phone, not by their components. Pure.

    launchable:5    five of the apps that somebody installed and that the launcher shows, by name
    hungriest:5     of those the five whose processes hold the most memory when the run begins

Each stands for so many slots, `launchable#1` to `launchable#5`, which steps may launch like components. Which app a
slot is becomes known on the phone, once per run (`agent.runner.choosing`).
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from workloads.spec import Launch, Workload

KINDS = ("hungriest", "launchable")
"""In the order in which they choose: what one has taken the next does not see."""

FORMS = ", ".join(f"{kind}:N" for kind in KINDS)
_CHOICE = re.compile(r"(hungriest|launchable):([1-9][0-9]?)")
_SLOT = re.compile(r"(hungriest|launchable)#[0-9]+")
_COMPONENT = re.compile(r"[A-Za-z0-9_.]+/[A-Za-z0-9_.$]+")


def slots(entry: str) -> tuple[str, ...]:
    """What an entry of `apps` stands for: slots, or itself where it is a component; () where it is neither."""
    if made := _CHOICE.fullmatch(entry):
        return tuple(f"{made[1]}#{number}" for number in range(1, int(made[2]) + 1))
    return (entry,) if is_component(entry) else ()


def is_component(text: str) -> bool:
    """Whether a text is `package/.Activity`."""
    return _COMPONENT.fullmatch(text) is not None


def wanted(workload: Workload) -> dict[str, int]:
    """How many apps of each kind are still to be chosen; {} where all are known."""
    kinds = [made[1] for app in workload.apps if (made := _SLOT.fullmatch(app))]
    return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}


def resolve(workload: Workload, chosen: Mapping[str, str]) -> Workload:
    """The workload with components in the place of slots.

    Args:
        workload: as it was read.
        chosen: slot -> component; what is not in it stays.
    """
    return replace(_renamed(workload, chosen), slots=tuple(app if app in chosen else "" for app in workload.apps))


def as_asked(workload: Workload) -> Workload:
    """The workload as it was written: slots in the place of what was chosen on one phone."""
    asked = {app: slot for app, slot in zip(workload.apps, workload.slots, strict=False) if slot}
    return replace(_renamed(workload, asked), slots=())


def _renamed(workload: Workload, names: Mapping[str, str]) -> Workload:
    steps = tuple(
        replace(step, app=names.get(step.app, step.app)) if isinstance(step, Launch) else step
        for step in workload.steps
    )
    return replace(workload, apps=tuple(names.get(app, app) for app in workload.apps), steps=steps)
