# SPDX-License-Identifier: Apache-2.0
"""Several runs of one experiment: which belong to one phone, and the blocks of a phone side by side. Pure.

Rules:

- Only runs of one experiment are joined: question, arms and their settings, control, treatment, primary metrics, apps,
  pressure and steps are the same; of a dose that each run found for itself, what it was to reach. Blocks, seed, limits,
  rules and capture may differ.
- A phone is a serial and a model, because serials repeat. Its runs are more blocks of the same phone when build, kernel
  and the rules that exclude trials are the same too; the blocks of two runs are never one block.
- A run that has nothing to compare by itself is left out, and named.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reports.analysis import Analysis, RunValues, analyse
from reports.ledger import rules_in_force
from reports.record import Caveat, DeviceFacts, PlannedTrial
from reports.stopping import STOPPED, stopped_after
from reports.units import count
from workloads.choice import as_asked
from workloads.dose import with_dose
from workloads.errors import InputError
from workloads.spec import Experiment, Stop, Workload

FEWEST_ARMS = 2


@dataclass(frozen=True)
class LeftOut:
    """A run that is not joined, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Phone:
    """One phone and what its runs say together.

    Attributes:
        number: 1-based, in the order its first run was named.
        runs: as they are on disk.
        analysis: of all its blocks.
        caveats: doubts about putting its runs together.
    """

    number: int
    runs: tuple[RunValues, ...]
    analysis: Analysis
    caveats: tuple[Caveat, ...] = ()

    @property
    def device(self) -> DeviceFacts:
        """The phone, as its first run found it."""
        return self.runs[0].device


@dataclass(frozen=True)
class Gathered:
    """Runs, by phone.

    Attributes:
        phones: at least one.
        left_out: runs that hold nothing to compare.
    """

    phones: tuple[Phone, ...]
    left_out: tuple[LeftOut, ...]


def gather(runs: Sequence[RunValues]) -> Gathered:
    """Put the runs of each phone together.

    Raises:
        InputError: a run given twice, another experiment, a phone with two builds or two sets of exclusion rules, or
            nothing to compare in any run.
    """
    _no_run_twice(runs)
    asking = [run for run in runs if len(run.experiment.arms) >= FEWEST_ARMS]
    for run in asking[1:]:
        check_same_experiment(asking[0], run)
    analyses = [analyse(run) for run in runs]
    left_out = tuple(LeftOut(each.run.path, _why_not(each)) for each in analyses if not each.verdict.arms)
    phones: dict[tuple[str, str], list[Analysis]] = {}
    for each in analyses:
        if each.verdict.arms:
            phones.setdefault((each.run.device.serial, each.run.device.model), []).append(each)
    if not phones:
        raise InputError(*(f"{each.path}: {each.reason}" for each in left_out))
    for same in phones.values():
        for each in same[1:]:
            _same_phone(same[0].run, each.run)
    return Gathered(tuple(_phone(number, same) for number, same in enumerate(phones.values(), start=1)), left_out)


def pooled(runs: Sequence[RunValues]) -> RunValues:
    """The runs of one phone as one run: trials and blocks numbered on from run to run, warm-ups kept as such.

    Where one of them may have stopped early, all intervals pay for looks.
    """
    first = runs[0]
    budget = sum(run.experiment.blocks for run in runs)
    stop: Stop = "decided" if any(run.experiment.stop == "decided" for run in runs) else "fixed"
    parts = [_moved(_as_far_as_needed(run), *before) for run, before in zip(runs, places_before(runs), strict=True)]
    blocks = max((trial.block for part in parts for trial in part.plan.trials), default=0)
    return replace(
        first,
        name="+".join(run.name for run in runs),
        path=", ".join(run.path for run in runs),
        opens="",
        experiment=replace(first.experiment, blocks=max(blocks, budget), stop=stop),
        plan=replace(first.plan, trials=tuple(trial for run in parts for trial in run.plan.trials)),
        titrated=first.titrated if all(run.titrated == first.titrated for run in runs) else None,
        records=tuple(record for run in parts for record in run.records),
        measures=tuple(row for run in parts for row in run.measures),
        events=tuple(event for run in parts for event in run.events),
        caveats={trial: caveats for run in parts for trial, caveats in run.caveats.items()},
        not_finite={
            metric: tuple(trial for run in parts for trial in run.not_finite.get(metric, ()))
            for metric in {metric for run in parts for metric in run.not_finite}
        },
    )


def places_before(runs: Sequence[RunValues]) -> list[tuple[int, int]]:
    """For each run of a phone, how many trials and blocks come before its own in the phone's numbering."""
    found, trials, blocks = [], 0, 0
    for run in map(_as_far_as_needed, runs):
        found.append((trials, blocks))
        trials += max((trial.index for trial in run.plan.trials), default=0)
        blocks += max((trial.block for trial in run.plan.trials), default=0)
    return found


def names_in_pool(run: RunValues, trials_before: int, blocks_before: int) -> dict[str, str]:
    """A trial's name in its run -> its name among all runs of the phone."""
    known = {*run.plan.trials, *(record.trial for record in run.records)}
    return {trial.name: _numbered_on(trial, trials_before, blocks_before).name for trial in known}


def _numbered_on(trial: PlannedTrial, trials_before: int, blocks_before: int) -> PlannedTrial:
    block = trial.block + blocks_before if trial.block else 0
    return replace(trial, index=trial.index + trials_before, block=block)


def _as_far_as_needed(run: RunValues) -> RunValues:
    """A run that stopped because it was decided, as one that was not planned any longer."""
    stopped = stopped_after(run.events)
    if stopped is None:
        return run
    trials = tuple(trial for trial in run.plan.trials if trial.block <= stopped)
    events = tuple(event for event in run.events if event.get("event") != STOPPED)
    return replace(run, plan=replace(run.plan, trials=trials), events=events)


def _moved(run: RunValues, trials_before: int, blocks_before: int) -> RunValues:
    def moved(trial: PlannedTrial) -> PlannedTrial:
        return _numbered_on(trial, trials_before, blocks_before)

    names = names_in_pool(run, trials_before, blocks_before)
    return replace(
        run,
        plan=replace(run.plan, trials=tuple(moved(trial) for trial in run.plan.trials)),
        records=tuple(replace(record, trial=moved(record.trial)) for record in run.records),
        measures=tuple(replace(row, trial=names[row.trial]) for row in run.measures if row.trial in names),
        caveats={names[trial]: caveats for trial, caveats in run.caveats.items() if trial in names},
        not_finite={
            metric: tuple(names[trial] for trial in trials if trial in names)
            for metric, trials in run.not_finite.items()
        },
    )


def _phone(number: int, analyses: Sequence[Analysis]) -> Phone:
    runs = tuple(each.run for each in analyses)
    whole = analyses[0] if len(runs) == 1 else analyse(pooled(runs))
    return Phone(number, runs, whole, tuple(_settings_differ(runs)))


def _no_run_twice(runs: Sequence[RunValues]) -> None:
    for place, run in enumerate(runs):
        for other in runs[:place]:
            if run.path == other.path:
                raise InputError(f"{run.path}: is given twice; name each run once")
            if run.measures and run.measures == other.measures:
                raise InputError(f"{run.path}: is a copy of {other.path}, every figure is the same; name each run once")


def check_same_experiment(one: RunValues, other: RunValues) -> None:
    """Pass where two runs ask the same.

    Raises:
        InputError: they do not; what differs.
    """
    found = list(differences(one.experiment, other.experiment))
    if found:
        raise InputError(
            f"{other.path}: asks another question than {one.path}: {'; '.join(found)}; name runs of one experiment"
        )


def differences(one: Experiment, other: Experiment) -> Iterator[str]:
    """In what two experiments differ that their figures depend on; nothing when they are the same."""
    for name in ("question", "control", "treatment"):
        pair = getattr(one, name), getattr(other, name)
        if pair[0] != pair[1]:
            yield f"{name} {pair[1]!r}, not {pair[0]!r}"
    if set(one.primary) != set(other.primary):
        yield f"primary metrics {_named(other.primary)}, not {_named(one.primary)}"
    yield from _arms(one, other)
    if one.titrate != other.titrate:
        yield "another target of `titrate`"
    yield from _workload(*(as_asked(with_dose(each, 0).workload) for each in (one, other)))


def _arms(one: Experiment, other: Experiment) -> Iterator[str]:
    names = [arm.name for arm in one.arms], [arm.name for arm in other.arms]
    if set(names[0]) != set(names[1]):
        yield f"arms {_named(names[1])}, not {_named(names[0])}"
        return
    before = {arm.name: arm for arm in one.arms}
    for arm in other.arms:
        known = before[arm.name]
        settings = [_fixed(each.levels, one.optional) for each in (known, arm)]
        if settings[0] != settings[1]:
            yield f"arm {arm.name} with {_settings(settings[1])}, not {_settings(settings[0])}"
        if known.trace != arm.trace:
            yield f"arm {arm.name} {'with' if arm.trace else 'without'} a trace"
        elif known.recording != arm.recording:
            yield f"arm {arm.name} recorded by {arm.recording}, not by {known.recording}"


def _fixed(levels: Mapping[str, str], optional: Collection[str]) -> dict[str, str]:
    return {knob: value for knob, value in levels.items() if knob not in optional}


def _workload(one: Workload, other: Workload) -> Iterator[str]:
    parts = [name for name in ("apps", "pressure", "steps") if getattr(one, name) != getattr(other, name)]
    if parts:
        yield f"another workload ({_named(parts)})"


def _settings(values: Mapping[str, str]) -> str:
    return _named([f"{knob} {value}" for knob, value in values.items()])


def _named(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"


def _same_phone(one: RunValues, other: RunValues) -> None:
    if one.experiment.workload.apps != other.experiment.workload.apps:
        raise InputError(
            f"{other.path}: has other apps than {one.path}, chosen on the same phone ({one.device.serial}): compare"
            " each by itself, or name the apps in the workload"
        )
    for what in ("build", "kernel"):
        pair = getattr(one.device, what), getattr(other.device, what)
        if pair[0] != pair[1]:
            raise InputError(
                f"{other.path}: is of the same phone as {one.path} ({one.device.serial}) with another {what}:"
                f" {pair[1]}, not {pair[0]}; runs of two builds can be compared as arms, of more two at a time"
            )
    rules = [set(rules_in_force(run.plan)) for run in (one, other)]
    if rules[0] != rules[1]:
        codes = _named(sorted({rule.code for rule in rules[0] ^ rules[1]}))
        raise InputError(
            f"{other.path}: excludes trials by other rules than {one.path} ({codes}); rules are fixed before a run,"
            " compare each by itself"
        )


def _settings_differ(runs: Sequence[RunValues]) -> Iterator[Caveat]:
    """Kernel values that were not the same in all runs of a phone."""
    values = [{**run.device.vm, "zram compressor": run.device.zram_algorithm or "unreadable"} for run in runs]
    names = dict.fromkeys(name for each in values for name in each)
    changed = [name for name in names if len({each.get(name) for each in values}) > 1]
    if changed:
        yield Caveat(
            "settings-changed",
            f"Between the runs of this phone {_named(changed)} changed, so they are not quite the same phone.",
            "Set them alike and run again, or compare each run by itself.",
        )


def _why_not(analysis: Analysis) -> str:
    """Why a run has nothing to compare, in its own words."""
    troubles = analysis.verdict.troubles
    trials = count(len(analysis.run.plan.trials), "trial")
    return troubles[-1] if troubles else f"None of its {trials} can be compared."
