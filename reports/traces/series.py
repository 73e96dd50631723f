# SPDX-License-Identifier: Apache-2.0
"""The time series of a trial, as `sql/series.sql` selects them: at most one point per series and 0.1 s."""

from dataclasses import dataclass


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

LAUNCH, KILL = "launch", "kill"
"""Marks among the series: at `t_s` the launch of index `value` began, or the process with pid `value` was killed."""

SERIES_COLUMNS = ("trial", "arm", "block", "series", "t_s", "value")
"""Columns of series.parquet; `t_s` is seconds since the trial's trace began."""
