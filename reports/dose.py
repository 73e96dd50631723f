# SPDX-License-Identifier: Apache-2.0
"""A dose in words, and whether what it came to is what it was found for. Pure."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from reports.ledger import LedgerLine
from reports.metrics import METRICS
from reports.record import Caveat, Titrated
from reports.units import quantity, share
from workloads.spec import Experiment
from workloads.titration import Adjustable

Values = Mapping[str, Mapping[str, Mapping[int, float]]]
"""Trial -> metric -> launch (0: the whole trial) -> value."""


def dose_words(adjust: Adjustable, dose: int) -> str:
    """A dose by the field it is of: `bytes_each = 198 MiB`."""
    return f"{adjust} = {quantity(dose, 'bytes' if adjust == 'bytes_each' else 'bytes/s')}"


def off_target(
    experiment: Experiment, found: Titrated | None, counting: Sequence[LedgerLine], values: Values
) -> Iterator[Caveat]:
    """Tell when the control arm's trials missed what the dose was titrated to."""
    goal, control = experiment.titrate, experiment.control
    if goal is None or found is None or found.dose is None:
        return
    reached = trial_values([line.trial.name for line in counting if line.trial.arm == control], values, goal.metric)
    if not reached:
        return
    off = statistics.fmean(reached) / goal.target - 1
    if abs(off) > goal.within:
        mean, target = (quantity(each, METRICS[goal.metric].unit) for each in (statistics.fmean(reached), goal.target))
        yield Caveat(
            "dose-off-target",
            f"{goal.metric} of {control} is {mean} on average, {share(off)} {side(off)} the target of {target}.",
            "Compare the arms at the dose that there was; titrate anew for another.",
        )


def side(off: float) -> str:
    """On which side of a target something lies that is off by so much."""
    return "above" if off > 0 else "below"


def trial_values(trials: Sequence[str], values: Values, metric: str) -> list[float]:
    """A metric of whole trials, of those that recorded it."""
    return [values[trial][metric][0] for trial in trials if 0 in values.get(trial, {}).get(metric, {})]
