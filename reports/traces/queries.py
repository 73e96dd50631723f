# SPDX-License-Identifier: Apache-2.0
"""The documented SQL beside this file: one topic each, run on an open trace."""

from importlib.resources import files
from typing import TYPE_CHECKING

from reports.traces.engine import open_empty
from workloads.errors import TraceError

if TYPE_CHECKING:
    import pandas as pd

    from reports.traces.engine import Trace

_METRIC = ("metric", "value", "note")

TOPICS: dict[str, tuple[str, ...]] = {
    "launch": ("launch", "app", "kind", "ts", "dur", "ttid", "ttfd", "found"),
    "launch_parts": ("launch", "window", "metric", "value", "note"),
    "reclaim": _METRIC,
    "cpu": _METRIC,
    "attribution": _METRIC,
    "queue": _METRIC,
    "memory": _METRIC,
    "psi": _METRIC,
    "killed": _METRIC,
    "energy": _METRIC,
    "kills": ("ts", "pid", "process", "killer", "adj", "reason"),
    "pressure": ("metric", "value", "note"),
    "direct": ("process", "thread", "tid", "times", "dur", "longest", "cpu", "little", "mid", "big"),
    "sources": ("source",),
    "lost": ("name", "severity", "value"),
    "series": ("series", "t_s", "value"),
    "launch_sections": ("launch", "name", "dur", "times"),
    "launch_waits": ("launch", "state", "reason", "dur", "times"),
}
"""Topic -> columns of its rows; units and sources stand in `sql/TOPIC.sql`."""

METRIC_TOPICS = tuple(topic for topic, columns in TOPICS.items() if columns == _METRIC and topic != "pressure")
"""Topics whose rows are figures of the whole trial."""


_SHARED = ("shared", "startup", "running")


def sql(topic: str) -> str:
    """Text of `sql/TOPIC.sql`."""
    return files("reports.traces").joinpath("sql", f"{topic}.sql").read_text(encoding="utf-8")


def prepare(trace: "Trace") -> None:
    """Run what the topics share; once per trace, before `ask`."""
    for part in _SHARED:
        trace.query(sql(part))


def ask(trace: "Trace", topic: str) -> "pd.DataFrame":
    """Rows of one topic.

    Args:
        trace: prepared by `prepare`.
        topic: a key of `TOPICS`, which also names the columns.

    Raises:
        TraceError: the SQL does not run on this engine.
    """
    rows = trace.query(sql(topic))
    if tuple(rows.columns) != TOPICS[topic]:
        raise TraceError(f"{topic}.sql: selects {', '.join(rows.columns)}, not {', '.join(TOPICS[topic])}")
    return rows


def check_sql() -> str:
    """Run every topic on an empty trace, so that a query that cannot work is found before the phone is touched.

    Returns:
        Name and version of the engine that answered.

    Raises:
        TraceError: a topic does not run.
        SetupError: no engine works here.
    """
    with open_empty() as trace:
        prepare(trace)
        for topic in TOPICS:
            ask(trace, topic)
        return trace.engine
