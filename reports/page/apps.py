# SPDX-License-Identifier: Apache-2.0
"""Effects on the launches of each app by itself, for the page. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from reports.analysis import Analysis, Measure, values_by_trial
from reports.comparison import Comparison, TrialValues, compare_metric
from reports.families import judge
from reports.metrics import METRICS, Metric, is_detail
from reports.page import forest
from reports.page.effects import group
from reports.page.pieces import EffectGroup, EffectTable
from reports.verdict import ArmVerdict


def app_tables(analysis: Analysis) -> tuple[EffectTable, ...]:
    """One table per arm compared, a group per metric of launches, a row per app; () where fewer than two were launched.

    The apps of one arm and metric are judged together as a run's primary metrics are (Holm).
    """
    rows: dict[str, list[Measure]] = {}
    for row in analysis.run.measures:
        if row.app:
            rows.setdefault(row.app, []).append(row)
    if len(rows) <= 1:
        return ()
    trials = {app: trial_values(analysis, found) for app, found in rows.items()}
    tables = (EffectTable(arm.arm, arm.control, tuple(_groups(analysis, arm, trials))) for arm in analysis.verdict.arms)
    return tuple(table for table in tables if table.groups)


def trial_values(analysis: Analysis, rows: Iterable[Measure]) -> list[TrialValues]:
    """These rows as statistics takes them, of the trials that count."""
    values = values_by_trial(rows)
    counting = (line for line in analysis.ledger if line.status == "counts" and line.trial.name in values)
    return [
        TrialValues(line.trial.block, line.trial.index, line.trial.arm, line.kills, values[line.trial.name])
        for line in counting
    ]


def _groups(analysis: Analysis, arm: ArmVerdict, trials: Mapping[str, list[TrialValues]]) -> Iterator[EffectGroup]:
    for metric in _metrics(analysis):
        found = judge([compare_metric(metric, arm.arm, arm.control, trials[app]) for app in trials], [metric.name])
        named = {app: each for app, each in zip(trials, found, strict=True) if each.n}
        if len(named) > 1:
            yield _named(metric, named)


def _named(metric: Metric, found: Mapping[str, Comparison]) -> EffectGroup:
    """A group with the apps' names for titles."""
    edge = forest.reach([each.relative for each in found.values()])
    common = frozenset(caveat.code for each in found.values() for caveat in each.caveats)
    return group(metric.title, list(found.values()), edge, common, {}, titles=tuple(found))


def _metrics(analysis: Analysis) -> list[Metric]:
    """Metrics of launches that were recorded, without those that only explain others."""
    recorded = {row.metric for row in analysis.run.measures if row.app}
    known = (METRICS[name] for name in METRICS if name in recorded)
    return [metric for metric in known if metric.window == "launch" and not is_detail(metric.name)]
