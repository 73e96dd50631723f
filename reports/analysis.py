# SPDX-License-Identifier: Apache-2.0
"""A whole run: which trials count, every comparison, the verdict. Pure: `reports.compare` feeds it from disk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reports.comparison import (
    FEW_BLOCKS,
    KILLS,
    WITHIN_NOISE_FLOOR,
    Comparison,
    TrialValues,
    compare_metric,
    kills_traced,
)
from reports.dose import off_target
from reports.evenness import Exclusions, examine
from reports.exclusions import not_judged
from reports.families import judge
from reports.gate.findings import Case, cases
from reports.gate.gaps import gaps
from reports.gate.rulebook import EACH_APP, Place, Rulebook, rulebook, with_kills
from reports.gate.rulings import rule_on
from reports.interaction import Interaction, interactions
from reports.interruptions import failures
from reports.ledger import LedgerLine, keep_ledger, not_exercised, put_back, rules_in_force
from reports.levels import Level, levels
from reports.looks import Looks, looks_at
from reports.metrics import METRICS, Metric, is_detail
from reports.noise.floor import NoiseFloor, Origin, doubt, floor_of
from reports.noise.known import Known
from reports.noise.tracing import TracingPrice, about_tracing, all_alike, prices, recorded, treatments
from reports.record import Caveat, DeviceFacts, Plan, Titrated, TrialRecord
from reports.situation import Situation
from reports.stopping import Decision, decisions, ending, reached, stopped_after
from reports.verdict import Verdict, decide
from workloads.spec import Experiment, Launch


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
        known: what earlier runs have told of the phone; None when nobody looked.
        not_finite: metric -> trials in which its figure is no finite number and so was taken as not recorded.
        titrated: how the dose was found; None where none was looked for.
        opens: what `reclaim trace open` calls it; empty where it finds no traces by these names: in a bundle, or of
            several runs put together, whose trials are numbered on.
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
    known: Known | None = None
    not_finite: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    titrated: Titrated | None = None
    opens: str = ""


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
        exclusions: what was left out by rule, and whether that was even.
        cases: the rules laid on every arm, with their evidence; what the verdict's rulings rest on.
        book: what the arms were judged by.
        floor: the noise floor that this run tells, when it is an A/A run of enough blocks.
        prices: what tracing costs, by this run's arms without a trace.
        background: what is known of the phone's noise and of tracing, sentences.
        interactions: how the effect of the treatment depends on other knobs; () without such.
        decisions: what is decided of each primary metric, where the run stops by itself; () else.
        trials: the values of those that count.
    """

    run: RunValues
    ledger: tuple[LedgerLine, ...]
    comparisons: tuple[Comparison, ...]
    levels: tuple[Level, ...]
    verdict: Verdict
    doubts: tuple[TrialDoubt, ...]
    exclusions: Exclusions
    cases: tuple[Case, ...]
    book: Rulebook
    floor: NoiseFloor | None = None
    prices: tuple[TracingPrice, ...] = ()
    background: tuple[str, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    decisions: tuple[Decision, ...] = ()
    trials: tuple[TrialValues, ...] = ()


def analyse(run: RunValues, book: Rulebook | None = None) -> Analysis:
    """Answer the run's question from its values.

    Args:
        run: the values.
        book: what its arms are judged by; None: the rules of its experiment, or the default ones.
    """
    run, book = _measured_alike(run), book or rulebook(run.experiment, Place(f"{run.path}/experiment.toml"))
    values = values_by_trial(run.measures)
    ledger = keep_ledger(run.plan, run.records, kills_traced(values), stopped_after(run.events))
    counting = [line for line in ledger if line.status == "counts"]
    trials = _trials(counting, values)
    metrics = _metrics(run, trials)
    comparisons = _doubted(run, judge(tuple(_compare(run, metrics.values(), trials)), run.experiment.primary))
    exclusions = _exclusions(run, ledger, values, comparisons)
    decided = decisions(run.experiment, comparisons)
    situation = _situation(run, ledger, decided)
    laid = _cases(run, book, ledger, comparisons) if situation.comparable else ()
    verdict = decide(run.experiment, situation, comparisons, rule_on(laid, book))
    floor = floor_of(_origin(run), comparisons) if all_alike(run.experiment) else None
    priced = tuple(prices(_origin(run), run.experiment.arms, _trials(counting, _by_records(run)), trials))
    missed = off_target(run.experiment, run.titrated, counting, values)
    more = (*exclusions.caveats, *missed, *failures(run.events, run.plan), *gaps(book, verdict.rulings, comparisons))
    return Analysis(
        run=run,
        ledger=ledger,
        comparisons=comparisons,
        levels=tuple(levels([arm.name for arm in run.experiment.arms], metrics, trials)),
        verdict=replace(verdict, caveats=(*verdict.caveats, *more)),
        doubts=_doubts(run, {line.trial.name for line in counting}),
        exclusions=exclusions,
        cases=laid,
        book=book,
        floor=floor,
        prices=priced,
        background=tuple(_background(run, floor, priced)),
        interactions=interactions(run.experiment, metrics, trials),
        decisions=decided,
        trials=tuple(trials),
    )


def _measured_alike(run: RunValues) -> RunValues:
    """A run that asks what tracing costs, with every trial measured as those without a trace are."""
    if not about_tracing(run.experiment):
        return run
    units = {name: metric.unit for name, metric in METRICS.items()}
    apps = {
        (record.trial.name, launch.index): launch.component.partition("/")[0]
        for record in run.records
        for launch in record.launches
    }
    rows = [
        Measure(trial, launch, apps.get((trial, launch), ""), metric, value, units[metric])
        for trial, metrics in _by_records(run).items()
        for metric, launches in metrics.items()
        for launch, value in launches.items()
    ]
    return replace(run, measures=(*rows, *(row for row in run.measures if row.metric == KILLS)))


def _by_records(run: RunValues) -> dict[str, dict[str, dict[int, float]]]:
    """Trial -> metric -> launch -> value, by the records alone."""
    return {record.trial.name: recorded(record) for record in run.records}


def _situation(run: RunValues, ledger: Sequence[LedgerLine], decided: Sequence[Decision]) -> Situation:
    stopped = stopped_after(run.events)
    return Situation(
        planned=sum(line.status != "not needed" and line.trial.attempt == 1 for line in ledger),
        ended=sum(record.trial.attempt == 1 for record in run.records),
        counting=sum(line.status == "counts" for line in ledger),
        excluded=sum(line.status == "excluded" for line in ledger),
        measured=bool(run.measures),
        arms=tuple(arm.name for arm in run.experiment.arms),
        arms_counting=tuple(dict.fromkeys(line.trial.arm for line in ledger if line.status == "counts")),
        same_settings=all_alike(run.experiment),
        kills={
            arm.name: sum(line.kills for line in ledger if line.trial.arm == arm.name and line.trial.block > 0)
            for arm in run.experiment.arms
        },
        ending=ending(run.experiment, decided, stopped, reached(run.records)),
        stopped=stopped is not None,
    )


def _cases(
    run: RunValues, book: Rulebook, ledger: Sequence[LedgerLine], comparisons: Sequence[Comparison]
) -> tuple[Case, ...]:
    """Every rule on every arm; a rule about an app sees that app's launches alone."""
    torn = {line.trial.block for line in ledger if line.status == "excluded"}
    unseen = any(line.kills and line.trial.block in torn for line in ledger)
    if unseen or any(each.metric.name == KILLS and each.outcome == "worse" for each in comparisons):
        book = with_kills(book)
    counting = [line for line in ledger if line.status == "counts"]
    named = {stated.rule.app for stated in book.rules}
    evidence = {"": _trials(counting, values_by_trial(run.measures))}
    launched = {step.app.partition("/")[0] for step in run.experiment.workload.steps if isinstance(step, Launch)}
    launched |= {row.app for row in run.measures}
    for app in packages(run):
        if app in named or (EACH_APP in named and app in launched):
            evidence[app] = _trials(counting, values_by_trial(row for row in run.measures if row.app == app))
    counts = {line.trial.name for line in counting}
    broken = {metric: tuple(name for name in names if name in counts) for metric, names in run.not_finite.items()}
    doubts = {(each.arm, each.metric.name, ""): each.caveats for each in comparisons}
    laid = cases(book, treatments(run.experiment), evidence, broken, _looks(run))
    told = (replace(case, uncounted=_uncounted(case, ledger)) if case.rule.metric == KILLS else case for case in laid)
    return tuple(_with_doubts(case, doubts.get((case.arm, case.rule.metric, case.app), ())) for case in told)


def _uncounted(case: Case, ledger: Sequence[LedgerLine]) -> tuple[str, ...]:
    """Trials of an arm in which processes were killed, but that no block compares: nobody may be lost that way."""
    looked_at = {0, *(pair.block for pair in case.pairs)}
    lost = (line for line in ledger if line.trial.block not in looked_at or line.status == "excluded")
    return tuple(line.trial.name for line in lost if line.kills and line.trial.arm == case.arm)


def _with_doubts(case: Case, caveats: Sequence[Caveat]) -> Case:
    """What is doubted of an effect by other runs of the phone is doubted of a ruling on it, too."""
    more = tuple(caveat for caveat in caveats if caveat.code == WITHIN_NOISE_FLOOR)
    return replace(case, caveats=(*case.caveats, *more)) if more else case


def packages(run: RunValues) -> tuple[str, ...]:
    """Apps of a run: those its workload launches, in its order, and others that were measured."""
    known = [component.partition("/")[0] for component in run.experiment.workload.apps]
    return tuple(dict.fromkeys([*known, *sorted({row.app for row in run.measures if row.app})]))


def _origin(run: RunValues) -> Origin:
    return Origin(
        run=run.name,
        at=run.records[0].started_at if run.records else "",
        serial=run.device.serial,
        model=run.device.model,
        build=run.device.build,
        kernel=run.device.kernel,
        workload=run.experiment.workload.name,
    )


def _doubted(run: RunValues, comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons, those smaller than the phone's noise floor marked; an A/A run is itself one."""
    floor = run.known.floor if run.known and not all_alike(run.experiment) else None
    if floor is None:
        return tuple(comparisons)
    doubts = [doubt(each, floor, run.device) for each in comparisons]
    return tuple(
        replace(each, caveats=(*each.caveats, caveat)) if caveat else each
        for each, caveat in zip(comparisons, doubts, strict=True)
    )


def _exclusions(
    run: RunValues,
    ledger: Sequence[LedgerLine],
    values: Mapping[str, Mapping[str, Mapping[int, float]]],
    comparisons: Sequence[Comparison],
) -> Exclusions:
    """What was left out, and the primary answers with it put back as far as it was measured."""
    rules, primary = rules_in_force(run.plan), run.experiment.primary
    lines = put_back(ledger, values)
    back, trials = sum(line.status == "excluded" for line in lines), _trials(lines, values)
    metrics = [metric for metric in _metrics(run, trials).values() if metric.name in primary and back]
    without = judge(tuple(_compare(run, metrics, trials)), primary)
    found = examine(rules, ledger, treatments(run.experiment), comparisons, without, back)
    ended = [record for record in run.records if record.trial.block > 0]
    return replace(found, caveats=(*found.caveats, *not_judged(rules, ended)))


def _background(run: RunValues, floor: NoiseFloor | None, priced: Sequence[TracingPrice]) -> Iterator[str]:
    """What is known of this phone's noise and of tracing: by earlier runs, and by this one."""
    known = run.known or Known()
    if known.floor and known.floor.origin.run != run.name:
        yield known.floor.told(run.device)
    if known.trouble:
        yield f"The phone's noise floor is not known: {known.trouble}"
    yield from (price.told(run.device, run.name) for price in priced)
    if known.price and not priced:
        yield known.price.told(run.device, run.name)
    if all_alike(run.experiment) and floor is None and run.records:
        yield f"Not kept as this phone's noise floor: that takes {FEW_BLOCKS} blocks without kills and with some noise."


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
    """Metrics recorded: kills, then the primary ones, then the rest in the order of `METRICS`; no details unasked."""
    units = {row.metric: row.unit for row in run.measures}
    recorded = {metric for trial in trials for metric in trial.values}
    ordered = dict.fromkeys([KILLS, *run.experiment.primary, *METRICS, *sorted(recorded)])
    return {
        name: METRICS.get(name) or Metric(name, units[name], "none", "trial", name, "this run's measures")
        for name in ordered
        if name in recorded and (name in run.experiment.primary or not is_detail(name))
    }


def _compare(run: RunValues, metrics: Iterable[Metric], trials: Sequence[TrialValues]) -> Iterator[Comparison]:
    looks, primary = _looks(run), run.experiment.primary
    for arm, control in treatments(run.experiment).items():
        for metric in metrics:
            yield compare_metric(metric, arm, control, trials, looks if metric.name in primary else None)


def _looks(run: RunValues) -> Looks | None:
    return looks_at(run.experiment, reached(run.records), len(treatments(run.experiment)))


def _doubts(run: RunValues, counting: set[str]) -> tuple[TrialDoubt, ...]:
    found: dict[str, Caveat] = {}
    trials: dict[str, list[str]] = defaultdict(list)
    for record in run.records:
        name = record.trial.name
        if name in counting:
            for caveat in (*record.caveats, *run.caveats.get(name, ()), *not_exercised(record)):
                found.setdefault(caveat.code, caveat)
                if name not in trials[caveat.code]:
                    trials[caveat.code].append(name)
    return tuple(TrialDoubt(caveat, tuple(trials[code])) for code, caveat in found.items())
