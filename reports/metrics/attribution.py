# SPDX-License-Identifier: Apache-2.0
"""Metrics of trials that are attributed: kswapd's CPU time, compression apart from the rest."""

from reports.metrics.metric import Metric

_NEEDS = (
    "ftrace sched/sched_switch",
    "the name of kswapd's thread",
    "calls of zram's write path (`reclaim run attribution`)",
)

ATTRIBUTION: tuple[Metric, ...] = (
    Metric(
        "kswapd_compress_cpu",
        "s",
        "lower",
        "trial",
        "CPU time of kswapd in compression",
        "Perfetto sched within slices of zram_submit_bio and its like",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "kswapd_other_cpu",
        "s",
        "lower",
        "trial",
        "CPU time of kswapd outside compression: scan, unmap and the rest",
        "Perfetto sched outside slices of zram_submit_bio and its like",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "kswapd_compress_share",
        "share",
        "none",
        "trial",
        "Of kswapd's CPU time, that in compression",
        "kswapd_compress_cpu over kswapd_cpu",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "kswapd_compress_calls",
        "count",
        "none",
        "trial",
        "Writes kswapd compressed itself; a page each, unless large folios are swapped whole",
        "slices of zram_submit_bio and its like, threads kswapd*",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "kcompressd_compress_cpu",
        "s",
        "none",
        "trial",
        "CPU time of kcompressd in compression",
        "Perfetto sched within slices of zram_submit_bio and its like",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "kcompressd_compress_calls",
        "count",
        "none",
        "trial",
        "Writes kcompressd compressed; a page each, unless large folios are swapped whole",
        "slices of zram_submit_bio and its like, threads kcompressd*",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "compress_cpu_per_1000_calls",
        "s",
        "lower",
        "trial",
        "CPU time of kswapd and kcompressd per 1,000 writes they compress",
        "kswapd_compress_cpu and kcompressd_compress_cpu over their calls",
        _NEEDS,
        detail=True,
    ),
    Metric(
        "kswapd_other_cpu_per_1000_pages",
        "s",
        "lower",
        "trial",
        "CPU time of kswapd outside compression per 1,000 pages it scans",
        "kswapd_other_cpu over /proc/vmstat pgscan_kswapd",
        (*_NEEDS, "vmstat pgscan_kswapd"),
        detail=True,
    ),
)
