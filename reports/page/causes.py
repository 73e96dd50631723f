# SPDX-License-Identifier: Apache-2.0
"""Why: where the time of launches went, whose CPU time reclaim was; from metrics that explain others. Pure."""

from collections.abc import Mapping, Sequence

from reports.analysis import Analysis
from reports.by_app import trial_values
from reports.causes import GROUPS, PARTS, causes
from reports.comparison import Comparison, TrialValues, compare_metric
from reports.metrics import METRICS
from reports.page import forest
from reports.page.effects import group
from reports.page.pieces import Breakdown, EffectTable, Segment, Stack
from reports.units import quantity
from reports.verdict import ArmVerdict

_BREAKDOWNS: Mapping[str, tuple[Mapping[str, int], Sequence[str]]] = {
    "Where the time of a launch went": ({name: number for number, name in enumerate(PARTS)}, PARTS),
    "Whose CPU time reclaim was, a trial": (
        {"kswapd_cpu": 1, "kcompressd_cpu": 2, "direct_reclaim_cpu": 4},
        ("kcompressd_cpu", "direct_reclaim_cpu"),
    ),
    "On which cores kswapd and kcompressd ran, a trial": (
        {"reclaim_cpu_little": 2, "reclaim_cpu_mid": 1, "reclaim_cpu_big": 4},
        ("reclaim_cpu_little", "reclaim_cpu_mid", "reclaim_cpu_big"),
    ),
    "Compression apart from the rest of their CPU time, a trial": (
        {"kswapd_other_cpu": 1, "kswapd_compress_cpu": 4, "kcompressd_compress_cpu": 2},
        ("kswapd_compress_cpu",),
    ),
}
"""Heading -> parts that do not overlap and the colour of each, and metrics one of which must have been recorded."""


def cause_tables(analysis: Analysis) -> tuple[EffectTable, ...]:
    """One table per arm compared, of metrics that the table of effects has not; () where none was recorded."""
    found = causes(analysis)
    tables = (_table(arm, [each for each in found if each.arm == arm.arm]) for arm in analysis.verdict.arms)
    return tuple(table for table in tables if table.groups)


def _table(arm: ArmVerdict, found: Sequence[Comparison]) -> EffectTable:
    by_name = {each.metric.name: each for each in found}
    common = frozenset(caveat.code for each in found for caveat in each.caveats) - {"chance-among-many"}
    groups = {title: [by_name[name] for name in names if name in by_name] for title, names in GROUPS.items()}
    return EffectTable(
        arm.arm,
        arm.control,
        tuple(
            group(title, rows, forest.reach([each.relative for each in rows]), common, {})
            for title, rows in groups.items()
            if rows
        ),
    )


def breakdowns(analysis: Analysis) -> tuple[Breakdown, ...]:
    """What launches' time and reclaim's CPU time are made of, arm by arm; without those that were not recorded."""
    values = trial_values(analysis, analysis.run.measures)
    recorded = {row.metric for row in analysis.run.measures}
    found = (
        _breakdown(title, parts, analysis.verdict.arms, values)
        for title, (parts, needs) in _BREAKDOWNS.items()
        if recorded & set(needs)
    )
    return tuple(each for each in found if each is not None)


def _breakdown(
    title: str, parts: Mapping[str, int], arms: Sequence[ArmVerdict], values: Sequence[TrialValues]
) -> Breakdown | None:
    """One bar per arm, the control first, and which parts grew or shrank; None where no block tells."""
    bars: dict[str, list[float]] = {}
    told = []
    for arm in arms:
        found = [compare_metric(METRICS[name], arm.arm, arm.control, values) for name in parts]
        bars.setdefault(arm.control, [each.control_mean or 0.0 for each in found])
        bars[arm.arm] = [each.arm_mean or 0.0 for each in found]
        told.append(_difference(arm, found))
    longest = max((sum(each) for each in bars.values()), default=0.0)
    if not longest:
        return None
    stacks = tuple(_stack(arm, each, longest, parts) for arm, each in bars.items())
    return Breakdown(title, stacks, tuple(line for line in told if line))


def _difference(arm: ArmVerdict, found: Sequence[Comparison]) -> str:
    """`on against off: -0.62 s in all: ... -0.8 s, ... +0.1 s`, the part that changed most first."""
    changed = [(each.difference.value, each.metric.title) for each in found if each.difference and each.n]
    changed = sorted((each for each in changed if each[0]), key=lambda each: -abs(each[0]))
    if not changed:
        return ""
    whole = sum(value for value, _ in changed)
    parts = "; ".join(f"{title} {_signed(value)}" for value, title in changed)
    return f"{arm.arm} against {arm.control}, {_signed(whole)} in all: {parts}."


def _signed(seconds: float) -> str:
    return ("+" if seconds > 0 else "") + quantity(seconds, "s")


def _stack(arm: str, parts: Sequence[float], longest: float, numbers: Mapping[str, int]) -> Stack:
    segments, at = [], 0.0
    for (name, number), seconds in zip(numbers.items(), parts, strict=True):
        width = 100 * seconds / longest
        if seconds:
            title = METRICS[name].title
            segments.append(Segment(number, title, round(at, 2), round(width, 2), quantity(seconds, "s")))
        at += width
    return Stack(arm, quantity(sum(parts), "s"), tuple(segments))
