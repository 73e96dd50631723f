# SPDX-License-Identifier: Apache-2.0
"""What each arm measured by itself, for runs in which nothing can be compared. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.comparison import TrialValues
from reports.metrics import Metric


@dataclass(frozen=True)
class Level:
    """One metric of one arm over its trials.

    Attributes:
        arm: the arm.
        metric: the metric.
        n: trials.
        median: of the trials' values, base units; a trial's value is the median over its launches.
        lowest: smallest of them.
        highest: largest of them.
    """

    arm: str
    metric: Metric
    n: int
    median: float
    lowest: float
    highest: float


def levels(arms: Sequence[str], metrics: Mapping[str, Metric], trials: Sequence[TrialValues]) -> Iterator[Level]:
    """Every metric of every arm that has a value, metric by metric."""
    for name, metric in metrics.items():
        for arm in arms:
            found = [
                statistics.median(trial.values[name].values())
                for trial in trials
                if trial.arm == arm and name in trial.values
            ]
            if found:
                yield Level(arm, metric, len(found), statistics.median(found), min(found), max(found))
