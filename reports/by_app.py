# SPDX-License-Identifier: Apache-2.0
"""Effects on the launches of each app by itself. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from reports.analysis import Analysis, Measure, values_by_trial
from reports.comparison import Comparison, TrialValues, compare_metric
from reports.families import judge
from reports.metrics import METRICS, Metric, is_detail
from reports.verdict import ArmVerdict


def by_app(analysis: Analysis) -> tuple[Mapping[str, Comparison], ...]:
    """App -> effect, for each arm compared and each metric of launches; () where fewer than two apps were launched.

    The apps of one arm and metric are judged together as a run's primary metrics are (Holm).
    """
    rows: dict[str, list[Measure]] = {}
    for row in analysis.run.measures:
        if row.app:
            rows.setdefault(row.app, []).append(row)
    if len(rows) <= 1:
        return ()
    trials = {app: trial_values(analysis, found) for app, found in rows.items()}
    return tuple(each for arm in analysis.verdict.arms for each in _of_arm(analysis, arm, trials))


def trial_values(analysis: Analysis, rows: Iterable[Measure]) -> list[TrialValues]:
    """These rows as statistics takes them, of the trials that count."""
    values = values_by_trial(rows)
    counting = (line for line in analysis.ledger if line.status == "counts" and line.trial.name in values)
    return [
        TrialValues(line.trial.block, line.trial.index, line.trial.arm, line.kills, values[line.trial.name])
        for line in counting
    ]


def _of_arm(
    analysis: Analysis, arm: ArmVerdict, trials: Mapping[str, list[TrialValues]]
) -> Iterator[dict[str, Comparison]]:
    for metric in _metrics(analysis):
        found = judge([compare_metric(metric, arm.arm, arm.control, trials[app]) for app in trials], [metric.name])
        named = {app: each for app, each in zip(trials, found, strict=True) if each.n}
        if len(named) > 1:
            yield named


def _metrics(analysis: Analysis) -> list[Metric]:
    """Metrics of launches that were recorded, without those that only explain others."""
    recorded = {row.metric for row in analysis.run.measures if row.app}
    known = (METRICS[name] for name in METRICS if name in recorded)
    return [metric for metric in known if metric.window == "launch" and not is_detail(metric.name)]
