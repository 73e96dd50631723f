# SPDX-License-Identifier: Apache-2.0
"""Metrics of others, asked of an open trace after ours: what they do wrong is a caveat."""

import math
from typing import TYPE_CHECKING

from reports.metrics import plugged_in
from reports.metrics.own import Topic
from reports.record import Caveat
from workloads.errors import TraceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from reports.traces.engine import Trace

_TRIAL, _LAUNCH = ["metric", "value", "note"], ["launch", "window", "metric", "value", "note"]


def rows(trace: "Trace", topic: Topic) -> "Iterator[tuple[int, str, str, float, object]]":
    """Launch (0: the trial), window, metric, value and note of each figure.

    Raises:
        TraceError: the query does not run, or selects something else.
    """
    found = trace.query(topic.sql)
    if list(found.columns) not in (_TRIAL, _LAUNCH):
        raise TraceError(f"it selects {', '.join(found.columns)}, not {', '.join(_TRIAL)} or {', '.join(_LAUNCH)}")
    known = {metric.name: metric for metric in topic.metrics}
    for launch, window, metric, value, note in _filled(found).itertuples(index=False):
        if value is None or value != value:  # noqa: PLR0124 - NULL, or a figure that is no number: not recorded
            continue
        if metric not in known or (known[metric].window == "trial") != (window == "trial"):
            raise TraceError(f"it selects {metric} of a {window}, which it does not announce")
        if not math.isfinite(float(value)):
            raise TraceError(f"{metric} is no finite number")
        yield int(launch), str(window), str(metric), float(value), note


def ask_all(trace: "Trace") -> "tuple[list[tuple[int, str, str, float, object]], list[Caveat]]":
    """Figures of every topic of others; a topic that fails gives none, and a caveat."""
    figures: list[tuple[int, str, str, float, object]] = []
    caveats: list[Caveat] = []
    for topic in plugged_in().topics:
        try:
            figures += list(rows(trace, topic))
        except (TraceError, ValueError, TypeError) as error:
            caveats.append(Caveat("own-metric", f"metric plug-in {topic.name} failed: {error}", "mend or remove it"))
    return figures, caveats


def _filled(found: "pd.DataFrame") -> "pd.DataFrame":
    if "launch" in found.columns:
        return found
    return found.assign(launch=0, window="trial")[_LAUNCH]
