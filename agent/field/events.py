# SPDX-License-Identifier: Apache-2.0
"""What a view of a phone tells. Pure."""

from dataclasses import dataclass

from agent.field.frames import Sample, Users
from agent.field.happenings import Happening
from agent.field.rates import Reading


@dataclass(frozen=True)
class Read:
    """A second of the phone: its sample, and what it makes of the one before; None for the first."""

    sample: Sample
    values: Reading | None


@dataclass(frozen=True)
class Missing:
    """What this phone does not show, one line each; told when it changes."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Lost:
    """The link is lost; it is tried again."""

    why: str


Event = Read | Users | Happening | Missing | Lost
