# SPDX-License-Identifier: Apache-2.0
"""Every metric the project knows: name, unit, which way is better, where it comes from, what it needs.

The SQL under `reports/traces/sql/` and the trial's record fill them; statistics, page and terminal read them here.
"""

from collections.abc import Iterator, Mapping

from reports.metrics.attribution import ATTRIBUTION
from reports.metrics.cost import COST
from reports.metrics.demand import DEMAND
from reports.metrics.effort import EFFORT
from reports.metrics.launch import LAUNCH, LAUNCH_DETAILS
from reports.metrics.metric import Better, Metric, Window
from reports.metrics.own import Own, own_metrics
from reports.metrics.trial import TRIAL

__all__ = ["MEASURE_COLUMNS", "METRICS", "Better", "Metric", "Window", "is_detail", "plugged_in"]

_OURS = {one.name: one for one in (*TRIAL, *DEMAND, *LAUNCH, *EFFORT, *ATTRIBUTION, *COST, *LAUNCH_DETAILS)}


class _Known(Mapping[str, Metric]):
    """Our metrics, then those of others, which are looked for only when a name is not ours or all are asked for."""

    def __getitem__(self, name: str) -> Metric:
        return _OURS[name] if name in _OURS else plugged_in().metrics[name]

    def __iter__(self) -> Iterator[str]:
        yield from _OURS
        yield from plugged_in().metrics

    def __len__(self) -> int:
        return len(_OURS) + len(plugged_in().metrics)


METRICS: Mapping[str, Metric] = _Known()


def plugged_in() -> Own:
    """Metrics of other packages and of the user's folder (`reports/metrics/own.py`)."""
    return own_metrics(frozenset(_OURS))


MEASURE_COLUMNS = (
    "run",
    "device",
    "block",
    "position",
    "trial",
    "arm",
    "warm_up",
    "excluded",
    "window",
    "launch",
    "app",
    "metric",
    "value",
    "unit",
)
"""Columns of measures.parquet: one row per trial x metric x window.

`window` is `trial` or `launch`, of a trace by itself also `pressure` and `fully-drawn` (docs/metrics.md); `launch`
is the 1-based launch index (0 elsewhere); `app` its package (empty elsewhere); `excluded` the reason or empty; a
metric that was not recorded has no row.
"""


def is_detail(name: str) -> bool:
    """Whether a metric only explains the others; one that is not known here does not."""
    return name in METRICS and METRICS[name].detail
