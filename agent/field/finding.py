# SPDX-License-Identifier: Apache-2.0
"""One line of what doctor says. Pure."""

from dataclasses import dataclass
from typing import Literal

State = Literal["yes", "part", "no"]


@dataclass(frozen=True)
class Finding:
    """One line of the answer.

    Attributes:
        topic: what it is about.
        state: whether it works; `part` where a run goes without something.
        said: what was found, for people.
        cure: what to do about it; None where nothing is wrong or nothing helps.
        needed: a run cannot be made while this is `no`.
    """

    topic: str
    state: State
    said: str
    cure: str | None = None
    needed: bool = False
