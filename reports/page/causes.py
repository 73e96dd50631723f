# SPDX-License-Identifier: Apache-2.0
"""Why: where the time of launches went, whose CPU time reclaim was; from metrics that explain others. Pure."""

from collections.abc import Iterator, Sequence

from reports.analysis import Analysis
from reports.comparison import Comparison, TrialValues, compare_metric
from reports.families import judge
from reports.metrics import METRICS, is_detail
from reports.page import forest
from reports.page.apps import trial_values
from reports.page.effects import group
from reports.page.pieces import EffectTable, Segment, Stack
from reports.units import quantity
from reports.verdict import ArmVerdict

_PARTS = ("before_main", "main_running", "main_runnable", "main_sleeping", "main_uninterruptible", "main_io_wait")
"""What a launch's time is made of: they do not overlap, and end with the first frame."""

_GROUPS = {
    "Where the time of a launch went": _PARTS,
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
    "The queue": ("queue_peak", "queue_area", "queue_delay", "rotated_share", "rescan_ratio", "immediate_reclaim"),
}


def cause_tables(analysis: Analysis) -> tuple[EffectTable, ...]:
    """One table per arm compared, of metrics that the table of effects has not; () where none was recorded.

    All of them are one family (Benjamini and Hochberg), arms together.
    """
    values = trial_values(analysis, analysis.run.measures)
    found = judge(list(_compared(analysis, values)), ())
    tables = (_table(arm, [each for each in found if each.arm == arm.arm]) for arm in analysis.verdict.arms)
    return tuple(table for table in tables if table.groups)


def _compared(analysis: Analysis, values: Sequence[TrialValues]) -> Iterator[Comparison]:
    recorded = {row.metric for row in analysis.run.measures} - set(analysis.run.experiment.primary)
    for arm in analysis.verdict.arms:
        for name in (name for names in _GROUPS.values() for name in names if name in recorded and is_detail(name)):
            found = compare_metric(METRICS[name], arm.arm, arm.control, values)
            if found.n:
                yield found


def _table(arm: ArmVerdict, found: Sequence[Comparison]) -> EffectTable:
    by_name = {each.metric.name: each for each in found}
    common = frozenset(caveat.code for each in found for caveat in each.caveats) - {"chance-among-many"}
    groups = {title: [by_name[name] for name in names if name in by_name] for title, names in _GROUPS.items()}
    return EffectTable(
        arm.arm,
        arm.control,
        tuple(
            group(title, rows, forest.reach([each.relative for each in rows]), common, {})
            for title, rows in groups.items()
            if rows
        ),
    )


def stacks(analysis: Analysis) -> tuple[Stack, ...]:
    """A launch's time by cause, one bar per arm, the control first; () where its parts were not recorded."""
    values = trial_values(analysis, analysis.run.measures)
    bars: dict[str, list[float]] = {}
    for arm in analysis.verdict.arms:
        found = [compare_metric(METRICS[name], arm.arm, arm.control, values) for name in _PARTS]
        bars.setdefault(arm.control, [each.control_mean or 0.0 for each in found])
        bars[arm.arm] = [each.arm_mean or 0.0 for each in found]
    longest = max((sum(parts) for parts in bars.values()), default=0.0)
    return tuple(_stack(arm, parts, longest) for arm, parts in bars.items()) if longest else ()


def _stack(arm: str, parts: Sequence[float], longest: float) -> Stack:
    segments, at = [], 0.0
    for number, (name, seconds) in enumerate(zip(_PARTS, parts, strict=True)):
        width = 100 * seconds / longest
        if seconds:
            title = METRICS[name].title
            segments.append(Segment(number, title, round(at, 2), round(width, 2), quantity(seconds, "s")))
        at += width
    return Stack(arm, quantity(sum(parts), "s"), tuple(segments))
