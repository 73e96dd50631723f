# SPDX-License-Identifier: Apache-2.0
"""A whole run: which trials count, every comparison, the verdict. Pure: `reports.compare` feeds it from disk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from reports.comparison import KILLS, Comparison, TrialValues, compare_metric
from reports.families import judge
from reports.levels import Level, levels
from reports.metrics import METRICS, Metric
from reports.record import Caveat, DeviceFacts, Plan, PlannedTrial, TrialRecord
from reports.situation import Situation
from reports.verdict import Verdict, decide
from workloads.spec import Experiment, controls

Status: TypeAlias = Literal["counts", "warm-up", "excluded", "not measured", "not run"]


@dataclass(frozen=True)
class Measure:
    """One row of measures.parquet that statistics uses.

    Attributes:
        trial: name of the trial.
        launch: 1-based launch, 0 for the trial as a whole.
        app: package of the launch, empty for the trial.
        metric: name of the metric.
        value: finite, base units.
        unit: base unit.
    """

    trial: str
    launch: int
    app: str
    metric: str
    value: float
    unit: str


@dataclass(frozen=True)
class RunValues:
    """A run as read from disk.

    Attributes:
        name: its directory's name.
        path: its directory, as the user named it.
        experiment: what was asked.
        device: the phone.
        plan: the trials as planned.
        records: the trials that ended.
        measures: what was measured; () when nothing was.
        events: what happened, in order.
        caveats: doubts about a trial's measures, by name of the trial.
    """

    name: str
    path: str
    experiment: Experiment
    device: DeviceFacts
    plan: Plan
    records: tuple[TrialRecord, ...]
    measures: tuple[Measure, ...]
    events: tuple[dict[str, object], ...] = ()
    caveats: Mapping[str, tuple[Caveat, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class LedgerLine:
    """Whether one planned trial counts, and why not.

    Attributes:
        trial: the plan's line.
        status: `counts`, or what keeps it out of comparisons.
        reason: in words; empty when it counts.
        kills: processes killed during it; 0 when it was not run.
    """

    trial: PlannedTrial
    status: Status
    reason: str
    kills: int


@dataclass(frozen=True)
class TrialDoubt:
    """A caveat of records, and the trials that carry it."""

    caveat: Caveat
    trials: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """What a run says.

    Attributes:
        run: its values.
        ledger: every planned trial.
        comparisons: every arm but the control, every metric recorded; primary metrics first.
        levels: what each arm measured by itself.
        verdict: the answer.
        doubts: caveats of trials that count, each once.
    """

    run: RunValues
    ledger: tuple[LedgerLine, ...]
    comparisons: tuple[Comparison, ...]
    levels: tuple[Level, ...]
    verdict: Verdict
    doubts: tuple[TrialDoubt, ...]


def analyse(run: RunValues) -> Analysis:
    """Answer the run's question from its values."""
    values = values_by_trial(run.measures)
    traced = {trial: int(metrics.get(KILLS, {}).get(0, 0)) for trial, metrics in values.items()}
    ledger = keep_ledger(run.plan, run.records, traced)
    counting = [line for line in ledger if line.status == "counts"]
    trials = _trials(counting, values)
    metrics = _metrics(run, trials)
    comparisons = judge(tuple(_compare(run, metrics.values(), trials)), run.experiment.primary)
    situation = Situation(
        planned=len(run.plan.trials),
        ended=len(run.records),
        counting=len(counting),
        excluded=sum(line.status == "excluded" for line in ledger),
        measured=bool(run.measures),
        arms=tuple(arm.name for arm in run.experiment.arms),
        arms_counting=tuple(dict.fromkeys(line.trial.arm for line in counting)),
        same_settings=len({arm.settings for arm in run.experiment.arms}) == 1 < len(run.experiment.arms),
        kills={
            arm.name: sum(line.kills for line in ledger if line.trial.arm == arm.name and line.trial.block > 0)
            for arm in run.experiment.arms
        },
    )
    verdict = decide(run.experiment, situation, comparisons)
    names = {line.trial.name for line in counting}
    alone = tuple(levels([arm.name for arm in run.experiment.arms], metrics, trials))
    return Analysis(run, ledger, comparisons, alone, verdict, _doubts(run, names))


def _trials(
    counting: Sequence[LedgerLine], values: Mapping[str, Mapping[str, Mapping[int, float]]]
) -> list[TrialValues]:
    return [
        TrialValues(
            line.trial.block,
            line.trial.index,
            line.trial.arm,
            line.kills,
            _with_kills(values[line.trial.name], line.kills),
        )
        for line in counting
    ]


def keep_ledger(plan: Plan, records: Sequence[TrialRecord], traced: Mapping[str, int]) -> tuple[LedgerLine, ...]:
    """Say of every planned trial whether it counts; rules that look at no result.

    A trial is left out when it is a warm-up, was not run, was excluded by the runner, has a setting that was not in
    force, or has no measures.

    Args:
        plan: the trials.
        records: those that ended.
        traced: name of each measured trial -> kills its measures count.
    """
    ended = {record.trial.name: record for record in records}
    return tuple(_line(trial, ended.get(trial.name), traced.get(trial.name)) for trial in plan.trials)


def _line(trial: PlannedTrial, record: TrialRecord | None, traced: int | None) -> LedgerLine:
    if record is None:
        return LedgerLine(trial, "not run", "the run ended before it", 0)
    kills = max(kills_of(record), traced or 0)
    unproven = [knob for knob, proof in record.proof.items() if proof.outcome == "not_taken"]
    if trial.block == 0:
        return LedgerLine(trial, "warm-up", "warm-ups are never compared", kills)
    if record.excluded is not None:
        return LedgerLine(trial, "excluded", record.excluded, kills)
    if unproven:
        return LedgerLine(trial, "excluded", f"setting not in force: {', '.join(unproven)}", kills)
    if traced is None:
        return LedgerLine(trial, "not measured", "no measures: run `reclaim measure` on the run", kills)
    return LedgerLine(trial, "counts", "", kills)


def kills_of(record: TrialRecord) -> int:
    """Processes killed during a trial: those its log names, or the eaters that never reported, whichever is more."""
    return max(len(record.kills), sum(not eater.survived for eater in record.eaters))


def values_by_trial(measures: Iterable[Measure]) -> dict[str, dict[str, dict[int, float]]]:
    """Trial -> metric -> launch (0: the whole trial) -> value."""
    values: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in measures:
        values[row.trial][row.metric][row.launch] = row.value
    return values


def _with_kills(values: Mapping[str, Mapping[int, float]], kills: int) -> dict[str, Mapping[int, float]]:
    """Kills as the ledger counts them, so that the rule and the table never differ."""
    return {**values, KILLS: {0: float(kills)}}


def _metrics(run: RunValues, trials: Sequence[TrialValues]) -> dict[str, Metric]:
    """Metrics recorded: kills, then the primary ones, then the rest in the order of `METRICS`."""
    units = {row.metric: row.unit for row in run.measures}
    recorded = {metric for trial in trials for metric in trial.values}
    ordered = dict.fromkeys([KILLS, *run.experiment.primary, *METRICS, *sorted(recorded)])
    return {
        name: METRICS.get(name) or Metric(name, units[name], "none", "trial", name, "this run's measures")
        for name in ordered
        if name in recorded
    }


def _compare(run: RunValues, metrics: Iterable[Metric], trials: Sequence[TrialValues]) -> Iterator[Comparison]:
    experiment = run.experiment
    for arm, control in controls(experiment.arms, experiment.control, experiment.treatment).items():
        if control is not None:
            yield from (compare_metric(metric, arm, control, trials) for metric in metrics)


def _doubts(run: RunValues, counting: set[str]) -> tuple[TrialDoubt, ...]:
    found: dict[str, Caveat] = {}
    trials: dict[str, list[str]] = defaultdict(list)
    for record in run.records:
        name = record.trial.name
        if name in counting:
            for caveat in (*record.caveats, *run.caveats.get(name, ()), *_proof_caveats(record)):
                found.setdefault(caveat.code, caveat)
                if name not in trials[caveat.code]:
                    trials[caveat.code].append(name)
    return tuple(TrialDoubt(caveat, tuple(trials[code])) for code, caveat in found.items())


def _proof_caveats(record: TrialRecord) -> Iterable[Caveat]:
    for knob, proof in record.proof.items():
        if proof.outcome == "not_exercised":
            yield Caveat(
                f"not-exercised-{knob}",
                f"{knob} read back as set, but too little happened to prove it by its effect.",
                "Raise the dose so that kswapd has to write.",
            )
