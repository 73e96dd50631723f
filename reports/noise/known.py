# SPDX-License-Identifier: Apache-2.0
"""What is remembered of a phone from earlier runs. Pure."""

from dataclasses import dataclass

from reports.noise.floor import NoiseFloor
from reports.noise.tracing import TracingPrice


@dataclass(frozen=True)
class Known:
    """What earlier runs of the same phone with the same workload have told.

    Attributes:
        floor: how much identical arms differ; None when no A/A run was kept.
        price: what tracing costs; None when no run measured it.
        trouble: why nothing is known although something was kept; empty usually.
    """

    floor: NoiseFloor | None = None
    price: TracingPrice | None = None
    trouble: str = ""
