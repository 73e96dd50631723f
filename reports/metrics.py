# SPDX-License-Identifier: Apache-2.0
"""Every metric the project knows: name, unit, which way is better, where it comes from.

The SQL under `reports/traces/sql/` and the trial's record fill them; statistics, page and terminal read them here.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Better: TypeAlias = Literal["lower", "higher", "none"]
Window: TypeAlias = Literal["trial", "launch"]


@dataclass(frozen=True)
class Metric:
    """One figure of a trial or of a launch.

    Attributes:
        name: stable, snake_case; what rules, files and scripts name.
        unit: base unit (`s`, `bytes`, `pages`, `pages/s`, `count`).
        better: which way is better; `none` where neither is.
        window: whether there is one per trial or one per launch.
        title: for people, a few words.
        source: kernel file, Perfetto table or tool it is read from.
    """

    name: str
    unit: str
    better: Better
    window: Window
    title: str
    source: str


_TRIAL = (
    (
        "pgsteal_anon_rate",
        "pages/s",
        "higher",
        "Anonymous pages reclaimed per second kswapd is awake",
        "/proc/vmstat pgsteal_anon over kswapd_awake",
    ),
    (
        "kswapd_awake",
        "s",
        "none",
        "Time kswapd is awake",
        "ftrace vmscan/mm_vmscan_kswapd_wake .. _sleep, less its naps (Perfetto thread_state S)",
    ),
    ("pgsteal_anon", "pages", "none", "Anonymous pages reclaimed", "/proc/vmstat pgsteal_anon"),
    ("pgscan_anon", "pages", "lower", "Anonymous pages scanned", "/proc/vmstat pgscan_anon"),
    ("pgsteal_kswapd", "pages", "none", "Pages reclaimed by kswapd", "/proc/vmstat pgsteal_kswapd"),
    (
        "pgsteal_direct",
        "pages",
        "lower",
        "Pages reclaimed directly by allocating threads",
        "/proc/vmstat pgsteal_direct",
    ),
    ("allocstall", "count", "lower", "Allocations that stalled in direct reclaim", "/proc/vmstat allocstall_*, summed"),
    (
        "direct_reclaim_time",
        "s",
        "lower",
        "Time threads spent in direct reclaim, summed",
        "ftrace vmscan/mm_vmscan_direct_reclaim_begin .. _end",
    ),
    ("kswapd_cpu", "s", "lower", "CPU time of kswapd", "Perfetto sched, threads kswapd*"),
    ("kcompressd_cpu", "s", "none", "CPU time of kcompressd", "Perfetto sched, threads kcompressd*"),
    ("reclaim_cpu", "s", "lower", "CPU time of kswapd and kcompressd together", "Perfetto sched"),
    ("nr_writeback_peak", "pages", "lower", "Most pages under writeback at once", "/proc/vmstat nr_writeback"),
    ("pgrotated", "pages", "none", "Pages rotated for a second look", "/proc/vmstat pgrotated"),
    ("mem_available_min", "bytes", "higher", "Lowest MemAvailable", "/proc/meminfo MemAvailable"),
    ("psi_memory_some", "s", "lower", "Time some task waited for memory", "/proc/pressure/memory some total"),
    ("psi_memory_full", "s", "lower", "Time every task waited for memory", "/proc/pressure/memory full total"),
    ("pswpout", "pages", "none", "Pages written to swap", "/proc/vmstat pswpout"),
    ("pswpin", "pages", "lower", "Pages read back from swap", "/proc/vmstat pswpin"),
    ("refault_anon", "pages", "lower", "Anonymous pages faulted back soon", "/proc/vmstat workingset_refault_anon"),
    ("refault_file", "pages", "lower", "File pages read back soon", "/proc/vmstat workingset_refault_file"),
    (
        "kills",
        "count",
        "lower",
        "Processes killed, by lmkd or the OOM killer",
        "android.memory.lmk, ftrace oom/mark_victim and the trial's log",
    ),
)
_LAUNCH = (
    ("ttid", "s", "lower", "Time to initial display", "Perfetto android.startup.time_to_display"),
    ("am_total_time", "s", "lower", "TotalTime as am start-activity -W printed it", "am start-activity -W"),
)

METRICS: dict[str, Metric] = {
    name: Metric(name, unit, better, window, title, source)  # type: ignore[arg-type]  # the tuples above hold only the literals
    for rows, window in ((_TRIAL, "trial"), (_LAUNCH, "launch"))
    for name, unit, better, title, source in rows
}

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

`window` is `trial` or `launch`; `launch` is the 1-based launch index (0 for trial rows); `app` its package (empty for
trial rows); `excluded` the reason or empty; a metric that was not recorded has no row.
"""
