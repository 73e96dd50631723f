# SPDX-License-Identifier: Apache-2.0
"""One figure of the table of scenarios, and the range it must lie in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One simulated figure.

    Attributes:
        topic: what is asked (`intervals of the difference`, `sequential stop`).
        scenario: noise, design or effect it was simulated under.
        n: blocks; phones where the topic is about phones.
        figure: what `value` is (`coverage`, `false positives`).
        value: simulated.
        low: smallest value that is allowed, simulation error not counted.
        high: largest value that is allowed, simulation error not counted.
        reps: simulated runs that `value` rests on; for shares that gives the simulation error.
    """

    topic: str
    scenario: str
    n: int
    figure: str
    value: float
    low: float
    high: float
    reps: int
