# SPDX-License-Identifier: Apache-2.0
"""The time series of a trial, thin enough for a page: at most one point per series and 0.1 s."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reports.traces import queries
from reports.traces.engine import open_trace

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Series:
    """One quantity over time.

    Attributes:
        name: stable, snake_case.
        unit: base unit; `share` is 0..1.
        title: for people.
    """

    name: str
    unit: str
    title: str


SERIES: dict[str, Series] = {
    one.name: one
    for one in (
        Series("pgsteal_anon_rate", "pages/s", "Anonymous pages reclaimed per second"),
        Series("pgsteal_direct_rate", "pages/s", "Pages reclaimed directly per second"),
        Series("nr_writeback", "pages", "Pages under writeback"),
        Series("mem_available", "bytes", "MemAvailable"),
        Series("swap_used", "bytes", "Swap in use"),
        Series("psi_memory_some", "share", "Share of time some task waited for memory"),
    )
}

SERIES_COLUMNS = ("trial", "arm", "block", "series", "t_s", "value")
"""Columns of series.parquet; `t_s` is seconds since the trial's trace began."""


def trace_series(path: Path | str) -> "pd.DataFrame":
    """Time series of one trace; columns series, t_s (seconds since the trace began), value.

    Raises:
        TraceError: the trace cannot be read.
    """
    with open_trace(path) as trace:
        return queries.ask(trace, "series")
