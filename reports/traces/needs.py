# SPDX-License-Identifier: Apache-2.0
"""Why a metric has no figure in a trace: what was not recorded, or that there was nothing to measure. Pure."""

import fnmatch
from collections.abc import Collection, Iterable, Mapping

from reports.metrics import METRICS, Metric

NOTHING = "recorded, but there was nothing to measure or too few samples"


def missing(sources: Iterable[str], found: Collection[str], metrics: Mapping[str, Metric] = METRICS) -> dict[str, str]:
    """Say what each metric without a figure lacks.

    Args:
        sources: what the trace holds, as `sql/sources.sql` names it.
        found: metrics that have a figure.
        metrics: those that could have one.

    Returns:
        Metric -> what was not recorded, in the order of `metrics`; metrics that no trace gives are left out.
    """
    held = tuple(sources)
    return {
        name: ", ".join(lacking(metric, held)) or NOTHING
        for name, metric in metrics.items()
        if metric.needs and name not in found
    }


def lacking(metric: Metric, sources: Collection[str]) -> list[str]:
    """What of a metric's needs is not there; of ways that each would do, the first."""
    return [need.split("|")[0] for need in metric.needs if not any(_held(way, sources) for way in need.split("|"))]


def _held(way: str, sources: Collection[str]) -> bool:
    return bool(fnmatch.filter(sources, way))
