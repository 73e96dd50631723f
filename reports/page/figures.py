# SPDX-License-Identifier: Apache-2.0
"""An analysis to the figures behind its page's pictures: every raw point, every launch, every effect. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.analysis import Analysis, values_by_trial
from reports.compare import COMPARISON_COLUMNS, flat
from reports.comparison import KILLS
from reports.ledger import LedgerLine
from reports.metrics import METRICS, Metric, is_detail
from reports.page import setting
from reports.page.data import Data, Launches, Points, Shown, Survived, Table, Trials, digits
from reports.page.overlay import Grid, Tracks, events, grid_step, series
from reports.survival import survival
from reports.units import count, scale

_BETTER = {"lower": "Lower is better.", "higher": "Higher is better.", "none": "Neither way is better."}
_METHODS = "_method"


@dataclass(frozen=True)
class _Kept:
    """What the figures are made from: trials with values and their places, and arms, the control first."""

    lines: tuple[LedgerLine, ...]
    places: Mapping[str, int]
    values: Mapping[str, Mapping[str, Mapping[int, float]]]
    arms: tuple[str, ...]


def figures(
    analysis: Analysis, tracks: Tracks, quantities: Mapping[str, tuple[str, str]], grid: Grid | None = None
) -> Data:
    """Everything behind the pictures.

    Args:
        analysis: the run.
        tracks: its time series.
        quantities: series name -> unit and title.
        grid: how finely time is drawn; None: as the tracks allow.
    """
    run, grid = analysis.run, grid or Grid(grid_step(tracks))
    values = values_by_trial(run.measures)
    lines = tuple(line for line in analysis.ledger if line.trial.block > 0 and line.trial.name in values)
    places = {line.trial.name: place for place, line in enumerate(lines)}
    kept = _Kept(lines, places, values, tuple(setting.arm_order(run.experiment)))
    apps = tuple(dict.fromkeys(row.app for row in run.measures if row.app))
    points = tuple(_points(kept, analysis))
    launched = {row.launch: row.app for row in run.measures if row.app}
    return Data(
        run=run.name,
        arms=kept.arms,
        apps=apps,
        trials=_trials(kept, analysis),
        primary=sum(each.shown.name in run.experiment.primary for each in points),
        points=points,
        launches=tuple(_launches(kept, analysis, apps)),
        step_s=grid.step_s,
        series=series(tracks, kept.arms, places, quantities, grid),
        events=events(tracks, kept.arms, launched),
        effects=_effects(analysis),
        survived=tuple(_survived(analysis, kept.arms)),
    )


def _survived(analysis: Analysis, arms: Sequence[str]) -> Iterator[Survived]:
    for each in survival(analysis):
        if each.trials:
            yield Survived(
                arm=arms.index(each.arm),
                after_s=tuple(point.after_s for point in each.curve),
                share=tuple(point.share for point in each.curve),
                low=tuple(point.low for point in each.curve),
                high=tuple(point.high for point in each.curve),
                watched_s=each.watched_s,
            )


def _trials(kept: _Kept, analysis: Analysis) -> Trials:
    why = [line.reason or _why_not(line, analysis) for line in kept.lines]
    traced = {record.trial.name: record for record in analysis.run.records}
    return Trials(
        name=tuple(line.trial.name for line in kept.lines),
        block=tuple(line.trial.block for line in kept.lines),
        arm=tuple(setting.number_of(analysis.run.experiment, line.trial.arm) for line in kept.lines),
        counts=tuple(not each for each in why),
        told=tuple(why),
        open=tuple(setting.open_command(analysis.run.opens, traced.get(line.trial.name)) for line in kept.lines),
    )


def _why_not(line: LedgerLine, analysis: Analysis) -> str:
    """Why the block of a trial that counts by itself is left out of effects; empty when it is not."""
    block = [each for each in analysis.ledger if each.trial.block == line.trial.block]
    lost = sum(each.kills for each in block if each.status == "counts")
    if lost:
        return f"left out: {count(lost, 'process was', 'processes were')} killed in this block"
    counting = {each.trial.arm for each in block if each.status == "counts"}
    partners = [{arm.arm, arm.control} for arm in analysis.verdict.arms if line.trial.arm in (arm.arm, arm.control)]
    partnered = not partners or any(pair <= counting for pair in partners)
    return "" if partnered else "left out: no partner in this block"


def _wanted(kept: _Kept, analysis: Analysis) -> Iterator[Metric]:
    """Metrics that are drawn: the primary ones, then the others in their order."""
    primary, units = analysis.run.experiment.primary, {row.metric: row.unit for row in analysis.run.measures}
    found = {name for trial in kept.places for name in kept.values[trial]}
    for name in dict.fromkeys([*primary, *METRICS, *sorted(found)]):
        if name in found and name != KILLS and (name in primary or not is_detail(name)):
            yield METRICS.get(name) or Metric(name, units[name], "none", "trial", name, "this run's measures")


def _points(kept: _Kept, analysis: Analysis) -> Iterator[Points]:
    for metric in _wanted(kept, analysis):
        found = {
            place: statistics.median(kept.values[trial][metric.name].values())
            for trial, place in kept.places.items()
            if kept.values[trial].get(metric.name)
        }
        launches = " Each point is the median of its trial's launches." if metric.window == "launch" else ""
        note = f"{_BETTER[metric.better]}{launches} Source: {metric.source}."
        told = f"{metric.title}, one point per trial, paired by block. {_BETTER[metric.better]}{launches}"
        shown = _shown(metric, list(found.values()), note, told)
        yield Points(shown, tuple(found), tuple(map(digits, found.values())))


def _launches(kept: _Kept, analysis: Analysis, apps: Sequence[str]) -> Iterator[Launches]:
    """Launch by launch, for metrics that have more than one value in some trial."""
    of_launch = {(row.trial, row.launch): apps.index(row.app) for row in analysis.run.measures if row.app}
    for metric in _wanted(kept, analysis):
        rows = [
            (place, launch, of_launch[trial, launch], value)
            for trial, place in kept.places.items()
            for launch, value in sorted(kept.values[trial].get(metric.name, {}).items())
            if (trial, launch) in of_launch
        ]
        if metric.window == "launch" and rows:
            trial, launch, app, value = zip(*rows, strict=True)
            told = f"{metric.title}, one point per launch, by app and arm. {_BETTER[metric.better]}"
            shown = _shown(metric, value, f"{_BETTER[metric.better]} Source: {metric.source}.", told)
            yield Launches(shown, trial, launch, app, tuple(map(digits, value)))


def _shown(metric: Metric, values: Sequence[float], note: str, told: str) -> Shown:
    step = scale(metric.unit, *values)
    return Shown(metric.name, metric.title, metric.unit, step.factor, step.symbol, note, told)


def _effects(analysis: Analysis) -> Table:
    """Effects as `reclaim compare --json` has them, without the names of methods, which the page tells once."""
    columns = tuple(name for name in COMPARISON_COLUMNS if not name.endswith(_METHODS))
    rows = (flat(each) for each in analysis.comparisons)
    return Table(columns, tuple(tuple(row[name] for name in columns) for row in rows))
