# SPDX-License-Identifier: Apache-2.0
"""A run's values to everything its page shows. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reports.analysis import Analysis, values_by_trial
from reports.comparison import KILLS, shared_codes
from reports.demanded import demanded, survived
from reports.ledger import LedgerLine
from reports.metrics import METRICS, Metric, is_detail
from reports.page import effects, setting
from reports.page.charts import Point, blocks_chart, overlay_chart
from reports.page.gate import ruling_rows
from reports.page.interactions import interaction_tables
from reports.page.model import Chart, Note, Page
from reports.page.overlay import LONGEST_GAP_S, Tracks, curves, grid_step
from reports.statistics.design import ORDER_FROM_BLOCKS
from reports.statistics.paired import FIELLER, PAIRED_T
from reports.units import count, number, quantity, scale
from reports.wording import looks_note


@dataclass(frozen=True)
class Extras:
    """What the page shows besides the analysis.

    Attributes:
        experiment_text: the experiment's file.
        made_by: program and versions.
        tracks: time series of the trials that count.
        quantities: series name -> unit and title.
    """

    experiment_text: str
    made_by: str
    tracks: Tracks = field(default_factory=dict)
    quantities: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def build_page(analysis: Analysis, extras: Extras) -> Page:
    """Put the page together; every text of it is final."""
    run, verdict = analysis.run, analysis.verdict
    primary, others = _points(analysis)
    overlays, overlay_note = _overlays(analysis, extras)
    return Page(
        title=f"{run.experiment.name} on {run.device.model}: {run.name}",
        question=verdict.question,
        troubles=verdict.troubles,
        kills=verdict.kills,
        killed=verdict.killed,
        answers=effects.answers(analysis),
        gate=verdict.gate,
        gate_rules=analysis.book.source,
        rulings=ruling_rows(analysis),
        summary=_summary(analysis),
        stand_in=run.device.stand_in or "",
        notes=tuple(_notes(analysis)),
        background=analysis.background,
        tables=effects.tables(analysis),
        interactions=interaction_tables(analysis.interactions),
        levels=effects.level_rows(analysis),
        primary_points=primary,
        other_points=others,
        overlays=overlays,
        overlay_note=overlay_note,
        arms=setting.arm_boxes(run.experiment),
        device=setting.device_facts(run.device),
        machine=setting.facts(run.device.machine),
        kernel_values=setting.facts(run.device.vm),
        workload_title=run.experiment.workload.title,
        workload=setting.workload_lines(run.experiment.workload),
        dose=(*demanded(analysis), *survived(analysis)),
        plan=setting.plan_blocks(analysis),
        rules=setting.facts({rule.code: rule.what for rule in run.plan.exclusions}),
        trials=setting.trial_rows(analysis),
        methods=tuple(_methods(analysis)),
        commands=tuple(_commands(analysis)),
        experiment=extras.experiment_text,
        made_by=extras.made_by,
    )


def _summary(analysis: Analysis) -> str:
    run = analysis.run
    counting = sum(line.status == "counts" for line in analysis.ledger)
    planned = sum(line.status != "not needed" and line.trial.attempt == 1 for line in analysis.ledger)
    parts = [
        run.device.model,
        f"kernel {run.device.kernel}",
        f"zram {run.device.zram_algorithm}" if run.device.zram_algorithm else "",
        quantity(run.device.memory_bytes, "bytes"),
        analysis.verdict.ending.rstrip("."),
        f"{counting} of {count(planned, 'trial')} count",
        run.records[0].started_at[:10] if run.records else "",
    ]
    return " · ".join(part for part in parts if part)


def _notes(analysis: Analysis) -> Iterator[Note]:
    yield from (effects.note(caveat) for caveat in analysis.verdict.caveats)
    yield from (effects.note(doubt.caveat, count(len(doubt.trials), "trial")) for doubt in analysis.doubts)
    known = {caveat.code for caveat in analysis.verdict.caveats}
    common = shared_codes(analysis.comparisons) - known if analysis.verdict.arms else frozenset()
    told: dict[str, Note] = {}
    for comparison in analysis.comparisons:
        for caveat in comparison.caveats:
            if caveat.code in common:
                told.setdefault(caveat.code, effects.note(caveat, "every metric"))
    yield from told.values()


def _points(analysis: Analysis) -> tuple[tuple[Chart, ...], tuple[Chart, ...]]:
    """A chart per metric recorded: the primary ones, and the others."""
    values = values_by_trial(analysis.run.measures)
    lines = [line for line in analysis.ledger if line.trial.block > 0 and line.trial.name in values]
    wanted = analysis.run.experiment.primary
    recorded = dict.fromkeys([*wanted, *METRICS, *sorted({row.metric for row in analysis.run.measures})])
    charts: dict[str, Chart] = {}
    for name in (name for name in recorded if name in wanted or not is_detail(name)):
        metric = METRICS.get(name) or Metric(name, "", "none", "trial", name, "")
        points = [point for line in lines for point in _point(line, values[line.trial.name].get(name), analysis)]
        if points and name != KILLS:
            charts[name] = _points_chart(metric, points, setting.arm_order(analysis.run.experiment))
    return (
        tuple(chart for name, chart in charts.items() if name in wanted),
        tuple(chart for name, chart in charts.items() if name not in wanted),
    )


def _point(line: LedgerLine, values: Mapping[int, float] | None, analysis: Analysis) -> Iterator[Point]:
    if values:
        why = line.reason or _why_not(line, analysis)
        yield Point(line.trial.block, line.trial.arm, statistics.median(values.values()), not why, why, line.trial.name)


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


def _points_chart(metric: Metric, points: Sequence[Point], arms: Sequence[str]) -> Chart:
    better = {"lower": "Lower is better.", "higher": "Higher is better.", "none": "Neither way is better."}
    launches = " Each point is the median of its trial's launches." if metric.window == "launch" else ""
    told = f"{metric.title}, one point per trial, paired by block. {better[metric.better]}{launches}"
    shown = scale(metric.unit, *(point.value for point in points))
    return Chart(
        name=f"points-{metric.name}",
        title=metric.title,
        unit=shown.symbol,
        note=f"{better[metric.better]}{launches} Source: {metric.source}.",
        spec=blocks_chart(points, arms, shown, told),
    )


def _overlays(analysis: Analysis, extras: Extras) -> tuple[tuple[Chart, ...], str]:
    step = grid_step(extras.tracks)
    order = setting.arm_order(analysis.run.experiment)
    charts = []
    for name in [*extras.quantities, *sorted(extras.tracks.keys() - extras.quantities.keys())]:
        drawn = curves(extras.tracks.get(name, {}), order, step)
        if drawn:
            unit, title = extras.quantities.get(name, ("", name))
            shown = scale(unit, *(value for curve in drawn for value in curve.high if value is not None))
            told = f"{title} over time, one line per arm."
            spec = overlay_chart(drawn, order, shown, told)
            charts.append(Chart(f"over-time-{name}", title, shown.symbol, "", spec))
    trials = sum(line.status == "counts" for line in analysis.ledger)
    note = (
        f"Line: median over the trials of an arm; band: the middle half of them; a point every {number(step)} s, over"
        f" {count(trials, 'trial')} that count. Short peaks of single trials are flattened: open their traces for them."
        " A break in a line: more than"
        f" {number(LONGEST_GAP_S)} s without samples in most trials."
    )
    return tuple(charts), note if charts else ""


def _methods(analysis: Analysis) -> Iterator[str]:
    yield (
        "The block is the unit: every block holds every arm once, and an effect is the mean over blocks of arm minus"
        f" control, 95 % interval by {PAIRED_T}. From {ORDER_FROM_BLOCKS} blocks on the order of arms is in the model,"
        " so that a phone that slows down from trial to trial is not taken for an effect. The change in percent is the"
        f" {FIELLER}; it decides exactly as the difference does."
    )
    yield "A trial's value of a launch metric is the median over the launches that both trials of its block recorded."
    yield (
        "Blocks in which any process was killed are left out of every effect, because a killed process lowers the"
        " demand for memory; kills themselves are compared over all blocks."
    )
    yield (
        "“No detectable difference” means that the interval holds zero. What a run of this size would have seen"
        " is given for 9 chances in 10, from the spread of this run's own blocks."
    )
    metrics, looks = len({each.metric.name for each in analysis.comparisons}), looks_note(analysis.comparisons)
    if looks:
        yield looks
    if metrics:
        yield (
            f"{count(metrics, 'metric is', 'metrics are')} compared. The primary ones are one family (Holm: chance of"
            " any false alarm at most 5 %), all others a second one (false discovery rate 5 %, Benjamini and Hochberg)."
            " The verdict rests on kills and the primary metrics alone."
        )
    if analysis.interactions:
        yield (
            "Whether an effect depends on another setting is told by the ratio of two effects in the same blocks (by"
            " their difference where a value is not positive), without the blocks with kills in any of the four arms;"
            " these questions are a family of their own (Holm)."
        )


def _commands(analysis: Analysis) -> Iterator[str]:
    run = analysis.run
    asked = [event["command"] for event in run.events if isinstance(event.get("command"), str)]
    yield from (str(command) for command in asked[:1])
    if not asked:
        yield f"reclaim run {run.experiment.name} --blocks {run.experiment.blocks}"
    yield f"reclaim compare {run.name}"
    yield f"reclaim gate {run.name}"
    yield f"reclaim report {run.name}"
