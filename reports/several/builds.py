# SPDX-License-Identifier: Apache-2.0
"""Builds, or boots, as arms: runs of one experiment on two kernels, for what no knob switches while a phone runs. Pure.

Rules:

- The arms are what the runs' phones differ by: build, kernel, or the kcompressd they have. The runs named first are the
  control. Each arm of the experiment is held against the same arm of the other build; arms with the same settings are
  one.
- Nothing is paired: Welch (see `reports.statistics.unpaired`). The unit is the run where both builds have two runs or
  more, for boots differ from each other by more than chance between trials; with one run on a side it is the trial, and
  that is said.
- Trials in which somebody was killed are left out, except for the figures of kills.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.analysis import Analysis, RunValues, analyse
from reports.comparison import KILLS, OF_KILLS, Comparison, TrialValues, outcome
from reports.families import judge
from reports.metrics import METRICS, Metric
from reports.record import Caveat, DeviceFacts
from reports.several.pool import check_same_experiment
from reports.statistics.power import minimum_detectable_effect
from reports.statistics.unpaired import welch
from reports.units import count
from workloads.errors import InputError
from workloads.spec import Arm, Experiment

FEWEST_RUNS = 2
_POWER = 0.9


@dataclass(frozen=True)
class Build:
    """One side.

    Attributes:
        runs: made on it.
        facts: what sets it apart: name -> value.
    """

    runs: tuple[Analysis, ...]
    facts: dict[str, str]

    @property
    def device(self) -> DeviceFacts:
        """The phone of its first run."""
        return self.runs[0].run.device


@dataclass(frozen=True)
class Builds:
    """Two builds against each other.

    Attributes:
        control: the runs named first.
        arm: the others.
        differ: name of what differs -> control's value and the arm's: the treatment.
        unit: what n counts: `run` or `trial`.
        comparisons: of each arm of the experiment, its name in `arm`, every metric recorded; primary ones first.
        caveats: doubts about the whole.
    """

    control: Build
    arm: Build
    differ: dict[str, tuple[str, str]]
    unit: str
    comparisons: tuple[Comparison, ...]
    caveats: tuple[Caveat, ...]


def fingerprint(device: DeviceFacts) -> tuple[tuple[str, str], ...]:
    """What makes one build of a phone another: build, kernel, and where its kcompressd is, if anywhere."""
    where = device.knobs.get("kcompressd", "none").partition(": ")[0]
    return (("build", device.build), ("kernel", device.kernel), ("kcompressd", where))


def are_builds(runs: Sequence[RunValues]) -> bool:
    """Whether runs are of two builds to be held against each other, and not of several phones to be joined.

    Two builds of phones of one model, and either one phone has had both, or the experiment's arms are all alike, so
    that nothing but the builds can be the question.
    """
    kinds = {fingerprint(run.device) for run in runs}
    if len(kinds) != 2 or len({run.device.model for run in runs}) != 1:  # noqa: PLR2004 - one against the other
        return False
    phones = [{run.device.serial for run in runs if fingerprint(run.device) == kind} for kind in kinds]
    return not phones[0].isdisjoint(phones[1]) or all(_alike(run.experiment) for run in runs)


def _alike(experiment: Experiment) -> bool:
    return len({_settings(experiment, arm) for arm in experiment.arms}) == 1


def compare_builds(runs: Sequence[RunValues]) -> Builds:
    """Hold them against each other.

    Raises:
        InputError: they are not of one experiment, or a side has nothing to compare.
    """
    for run in runs[1:]:
        check_same_experiment(runs[0], run)
    analyses = [analyse(run) for run in runs]
    first = fingerprint(runs[0].device)
    sides = [[each for each in analyses if (fingerprint(each.run.device) == first) == own] for own in (True, False)]
    control, arm = (Build(tuple(side), dict(fingerprint(side[0].run.device))) for side in sides)
    for build in (control, arm):
        if not any(each.trials for each in build.runs):
            raise InputError(f"{build.runs[0].run.path}: no trial of it counts; run it again")
    differ = {
        name: (control.facts[name], arm.facts[name]) for name in control.facts if control.facts[name] != arm.facts[name]
    }
    unit = "run" if min(len(control.runs), len(arm.runs)) >= FEWEST_RUNS else "trial"
    found = tuple(_compared(control, arm, unit))
    return Builds(control, arm, differ, unit, found, tuple(_doubts(control, arm, unit)))


def _compared(control: Build, arm: Build, unit: str) -> Iterator[Comparison]:
    experiment = control.runs[0].run.experiment
    groups = _groups(experiment)
    recorded = {name for build in (control, arm) for run in build.runs for trial in run.trials for name in trial.values}
    names = [*experiment.primary, *(name for name in METRICS if name in recorded and name not in experiment.primary)]
    made = [
        _comparison(METRICS[name], title, (_values(control, name, arms, unit), _values(arm, name, arms, unit)))
        for title, arms in groups.items()
        for name in names
        if name in METRICS
    ]
    yield from judge([each for each in made if each.n], experiment.primary)


def _groups(experiment: Experiment) -> dict[str, tuple[str, ...]]:
    """Arms with the same settings are one, by the name of the first."""
    alike: dict[object, list[str]] = {}
    for arm in experiment.arms:
        alike.setdefault(_settings(experiment, arm), []).append(arm.name)
    return {names[0]: tuple(names) for names in alike.values()}


def _settings(experiment: Experiment, arm: Arm) -> object:
    """What an arm is, but for settings that only some phones have."""
    levels = tuple(sorted((knob, value) for knob, value in arm.levels.items() if knob not in experiment.optional))
    return levels, arm.recording


def _values(build: Build, metric: str, arms: Sequence[str], unit: str) -> list[list[float]]:
    """One list per run; a trial's value is the mean over its launches."""
    per_run = [
        [
            statistics.fmean(trial.values[metric].values())
            for trial in run.trials
            if trial.arm in arms and trial.values.get(metric) and _counts(trial, metric)
        ]
        for run in build.runs
    ]
    kept = [values for values in per_run if values]
    return [[statistics.fmean(values)] for values in kept] if unit == "run" else kept


def _counts(trial: TrialValues, metric: str) -> bool:
    return metric in OF_KILLS or not trial.kills


def _comparison(metric: Metric, title: str, sides: tuple[list[list[float]], list[list[float]]]) -> Comparison:
    control, arm = ([value for run in side for value in run] for side in sides)
    difference = welch(arm, control)
    return Comparison(
        metric=metric,
        arm=title,
        control=title,
        family=KILLS if metric.name == KILLS else "other",
        adjusted_p=difference.p if difference else None,
        outcome=outcome(metric, difference, difference.p if difference else None),
        n=min(len(control), len(arm)),
        control_mean=statistics.fmean(control) if control else None,
        arm_mean=statistics.fmean(arm) if arm else None,
        difference=difference,
        relative=None,
        ratio=None,
        robust=None,
        detectable_80=None,
        detectable_90=minimum_detectable_effect(difference.error, difference.freedom, _POWER)
        if difference and difference.error is not None
        else None,
        all_blocks=None,
        left_out=0,
        pairs=(),
        caveats=(),
    )


def _doubts(control: Build, arm: Build, unit: str) -> Iterator[Caveat]:
    if unit == "trial":
        yield Caveat(
            "one-boot",
            "A build has one run, hence one boot: how boots differ from each other is not known, and is part of what is"
            " taken for the difference.",
            f"Run each build {count(FEWEST_RUNS, 'time')} or more, best in turns, and name all runs.",
        )
    killed = [sum(bool(trial.kills) for run in build.runs for trial in run.trials) for build in (control, arm)]
    if any(killed):
        yield Caveat(
            "trials-with-kills",
            f"Somebody was killed in {count(killed[0], 'trial')} of the control and {killed[1]} of the other build;"
            " they are left out of all but the figures of kills.",
            "Read the kills first; lower the dose until nobody is killed.",
        )
    memory = [build.device.memory_bytes >> 24 for build in (control, arm)]  # a kernel takes a little more or less
    if memory[0] != memory[1]:
        yield Caveat("memory-differs", "The phones differ in memory as well.", "Use one phone for both builds.")
