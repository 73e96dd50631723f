# SPDX-License-Identifier: Apache-2.0
"""Metrics of what a trial demanded, as `pressure` itself tells it: the same in every arm unless an eater was killed.

Where memory is held down, what that took is an outcome.
"""

from reports.metrics.metric import Metric

DEMAND: tuple[Metric, ...] = (
    Metric(
        "demand_filled",
        "bytes",
        "none",
        "trial",
        "Memory that the eaters filled",
        "report of `pressure`, summed over its processes",
    ),
    Metric(
        "demand_fill_time",
        "s",
        "lower",
        "trial",
        "Time until the last eater had filled its memory",
        "report of `pressure`; only where every eater lived",
        detail=True,
    ),
    Metric(
        "demand_retouched",
        "bytes",
        "higher",
        "trial",
        "Hot memory that the eaters touched again",
        "report of `pressure`, summed over its processes",
        detail=True,
    ),
    Metric(
        "hold_effort",
        "bytes/s",
        "none",
        "trial",
        "Memory taken per second to hold MemAvailable down: what the kernel freed meanwhile",
        "report of `pressure` in hold mode, summed over its processes",
    ),
    Metric(
        "hold_available",
        "bytes",
        "none",
        "trial",
        "MemAvailable while it was held down, on average",
        "report of `pressure` in hold mode",
    ),
)
