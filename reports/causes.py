# SPDX-License-Identifier: Apache-2.0
"""Effects on metrics that explain others: where the time of launches went, whose CPU time reclaim was. Pure."""

from collections.abc import Iterator, Sequence

from reports.analysis import Analysis
from reports.by_app import trial_values
from reports.comparison import Comparison, TrialValues, compare_metric
from reports.families import judge
from reports.metrics import METRICS, is_detail

PARTS = ("before_main", "main_running", "main_runnable", "main_sleeping", "main_uninterruptible", "main_io_wait")
"""What a launch's time is made of: they do not overlap, and end with the first frame."""

GROUPS = {
    "Where the time of a launch went": PARTS,
    "In these, and beside them": (
        "main_direct_reclaim",
        "app_direct_reclaim",
        "launch_memory_wait",
        "main_binder",
        "app_jit",
        "launch_reclaim_cpu",
        "launch_major_faults",
        "launch_swap_in",
        "launch_refaults",
    ),
    "Whose CPU time": (
        "kcompressd_share",
        "reclaim_cpu_per_1000_pages",
        "reclaim_cpu_little",
        "reclaim_cpu_mid",
        "reclaim_cpu_big",
        "direct_reclaim_cpu",
        "kswapd_runnable",
        "kcompressd_runnable",
    ),
    "kswapd's CPU time, compression apart": (
        "kswapd_compress_cpu",
        "kswapd_other_cpu",
        "kswapd_compress_share",
        "kcompressd_compress_cpu",
        "compress_cpu_per_1000_calls",
        "kswapd_other_cpu_per_1000_pages",
    ),
    "The queue": ("queue_peak", "queue_area", "queue_delay", "rotated_share", "rescan_ratio", "immediate_reclaim"),
}
"""Heading -> metrics below it."""


def causes(analysis: Analysis) -> tuple[Comparison, ...]:
    """Every arm compared, metrics that `Analysis.comparisons` has not; () where none was recorded.

    All of them are one family (Benjamini and Hochberg), arms together.
    """
    return judge(list(_compared(analysis, trial_values(analysis, analysis.run.measures))), ())


def _compared(analysis: Analysis, values: Sequence[TrialValues]) -> Iterator[Comparison]:
    recorded = {row.metric for row in analysis.run.measures} - set(analysis.run.experiment.primary)
    for arm in analysis.verdict.arms:
        for name in (name for names in GROUPS.values() for name in names if name in recorded and is_detail(name)):
            found = compare_metric(METRICS[name], arm.arm, arm.control, values)
            if found.n:
                yield found
