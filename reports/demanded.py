# SPDX-License-Identifier: Apache-2.0
"""What a run's trials demanded, how that was found, and what it came to in each arm, in sentences. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from reports.analysis import Analysis, values_by_trial
from reports.dose import Values, dose_words, side, trial_values
from reports.metrics import METRICS
from reports.record import Titrated, TrialRecord
from reports.returns import Round, rounds, survival_lines
from reports.units import count, quantity, share
from reports.wording import enumerate_words
from workloads.titration import Titration

_OUTCOMES = {
    "swap_used_max": "swap in use up to {}",
    "swap_fill_max": "{} of all swap",
    "mem_available_min": "MemAvailable down to {}",
    "psi_memory_some": "some task waiting for memory {}",
    "hold_effort": "{} taken to hold it down",
}


def survived(analysis: Analysis) -> Iterator[str]:
    """Which apps lived in the background, round by round; nothing where none was brought back."""
    yield from survival_lines(returned(analysis))


def returned(analysis: Analysis) -> tuple[Round, ...]:
    """The same as figures."""
    counting = [line for line in analysis.ledger if line.status == "counts"]
    return rounds(analysis.run.experiment.arms, analysis.run.records, counting)


def demanded(analysis: Analysis) -> Iterator[str]:
    """What a run's trials demanded, how that was found, and what it came to; nothing without any pressure."""
    run, experiment = analysis.run, analysis.run.experiment
    if experiment.workload.pressure is None:
        return
    if experiment.titrate and run.titrated:
        yield _searched(experiment.titrate, run.titrated, experiment.control)
    counting = [line.trial for line in analysis.ledger if line.status == "counts"]
    by_arm = {arm.name: [trial.name for trial in counting if trial.arm == arm.name] for arm in experiment.arms}
    trials, values = {arm: names for arm, names in by_arm.items() if names}, values_by_trial(run.measures)
    yield from _demanded(trials, run.records)
    told = [f"{arm}: {', '.join(words)}" for arm, names in trials.items() if (words := list(_came_to(names, values)))]
    if told:
        yield f"It came to (median of trials): {'; '.join(told)}."


def _searched(goal: Titration, found: Titrated, control: str) -> str:
    unit, tries = METRICS[goal.metric].unit, count(len(found.tries), "try", "tries")
    wanted = f"{goal.metric} of {quantity(goal.target, unit)} in {control}"
    if found.dose is None or found.reached is None:
        return f"No dose was found for {wanted} in {tries}."
    met = sum(each.dose == found.dose for each in found.tries)
    off = found.reached / goal.target - 1
    return (
        f"The dose was found before the run, for {wanted}: {dose_words(goal.adjust, found.dose)} reached"
        f" {quantity(found.reached, unit)} in {count(met, 'trial')}, {share(off)} {side(off)} ({tries})."
    )


def _demanded(trials: Mapping[str, Sequence[str]], records: Sequence[TrialRecord]) -> Iterator[str]:
    """What was filled, by the eaters' own report."""
    filled = {record.trial.name: sum(eater.filled_bytes for eater in record.eaters) for record in records}
    by_arm = {arm: sorted({filled[name] for name in names if name in filled}) for arm, names in trials.items()}
    if len(amounts := {each for arm in by_arm.values() for each in arm}) == 1:
        (amount,) = amounts
        yield f"Every trial filled {quantity(amount, 'bytes')}, the same to the byte ({amount:,})."
    elif amounts:
        told = (f"{_span(each)} in {arm}" for arm, each in by_arm.items() if each)
        yield f"Trials filled {enumerate_words(list(told))}."


def _span(amounts: Sequence[int]) -> str:
    ends = [quantity(each, "bytes") for each in (amounts[0], amounts[-1])]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _came_to(trials: Sequence[str], values: Values) -> Iterator[str]:
    for metric, words in _OUTCOMES.items():
        if found := trial_values(trials, values, metric):
            yield words.format(quantity(statistics.median(found), METRICS[metric].unit))
