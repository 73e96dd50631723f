# SPDX-License-Identifier: Apache-2.0
"""To what a dose is titrated. Pure."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

TargetMetric: TypeAlias = Literal["swap_used_max", "swap_fill_max", "mem_available_min", "psi_memory_some"]
"""What a dose may be titrated to: metrics of `reports.metrics`."""

Adjustable: TypeAlias = Literal["bytes_each", "rate_bytes_s", "retouch_bytes_s"]
"""The field of `Pressure` that is titrated."""


@dataclass(frozen=True)
class Titration:
    """Find the dose before the run, in the control arm; then every arm's trials demand that, to the byte.

    Attributes:
        metric: what is to reach the target.
        target: in the metric's base unit: bytes, a share of 0..1, seconds.
        adjust: field of the workload's pressure that is found.
        within: share of the target by which the control arm's trials may miss it.
        tries: the most trials that are run to find it.
    """

    metric: TargetMetric
    target: float
    adjust: Adjustable = "bytes_each"
    within: float = 0.1
    tries: int = 10
