# SPDX-License-Identifier: Apache-2.0
"""What recording a trace costs: the same arm with and without one, by metrics that need none. Pure.

Both arms are measured the same way, by am's own clock and by the growth of /proc/vmstat around the trial: a trace polls
its counters over another stretch of time, so a figure from a trace and one without are not the same figure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.comparison import KILLS, Outcome, TrialValues, compare_metric
from reports.families import judge
from reports.metrics import METRICS
from reports.noise.floor import Origin, Span, share_of
from reports.record import DeviceFacts, TrialRecord
from reports.recorded import AM_TOTAL_TIME, WITHOUT_TRACE, by_am, by_vmstat
from reports.units import change_interval, count, difference, share
from workloads.spec import Arm, Experiment, controls


@dataclass(frozen=True)
class Cost:
    """What tracing does to one metric, traced against untraced.

    Attributes:
        metric: its name.
        outcome: judged among all of them.
        n: blocks.
        difference: base units.
        relative: as a share of the untraced arm's level; None where there is none.
        detectable: share that would be seen 9 times in 10; None when not known.
    """

    metric: str
    outcome: Outcome
    n: int
    difference: Span
    relative: Span | None
    detectable: float | None

    @property
    def told(self) -> str:
        """Metric and effect: `am_total_time +2.1 [+0.3, +3.9] %`."""
        if self.relative is None:
            spread = difference(
                self.difference.value, self.difference.low, self.difference.high, METRICS[self.metric].unit
            )
            return f"{self.metric} {spread}"
        value, low, high = (1 + end for end in (self.relative.value, self.relative.low, self.relative.high))
        return f"{self.metric} {change_interval(value, low, high)}"


@dataclass(frozen=True)
class TracingPrice:
    """What tracing costs on one phone under one workload.

    Attributes:
        origin: the run that measured it.
        traced: the arm with a trace.
        untraced: the same arm without.
        costs: am's launch time first.
    """

    origin: Origin
    traced: str
    untraced: str
    costs: tuple[Cost, ...]

    @property
    def blocks(self) -> int:
        """Most blocks that any of the costs rests on."""
        return max(each.n for each in self.costs)

    def told(self, device: DeviceFacts, run: str) -> str:
        """One sentence: launch time, what else moved, and what was not seen to.

        Args:
            device: the phone as it is now.
            run: name of the run in which it is told; another run's price is told with its origin.
        """
        loud = [each for each in self.costs if each.metric == AM_TOTAL_TIME or each.outcome != "same"]
        parts = [each.told + _unseen(each) for each in loud]
        silent = len(self.costs) - len(loud)
        if silent:
            parts.append(f"no detectable difference in {count(silent, 'other metric')}")
        arms = f"{self.traced} with a trace against {self.untraced} without"
        where = arms if self.origin.run == run else self.origin.told(device)
        return f"What tracing costs: {'; '.join(parts)} ({where}, {count(self.blocks, 'block')})."


def _unseen(each: Cost) -> str:
    if each.outcome != "same":
        return ""
    limit = f", {share(each.detectable)} would be seen 9 times in 10" if each.detectable else ""
    return f" (no detectable difference{limit})"


def about_tracing(experiment: Experiment) -> bool:
    """Whether the arms differ in nothing but whether they record a trace."""
    return len({settings_of(arm) for arm in experiment.arms}) == 1 < len({arm.trace for arm in experiment.arms})


def all_alike(experiment: Experiment) -> bool:
    """Whether the arms differ in nothing at all (an A/A)."""
    return len({(settings_of(arm), arm.trace) for arm in experiment.arms}) == 1 < len(experiment.arms)


def settings_of(arm: Arm) -> frozenset[tuple[str, str]]:
    """Its settings and its own demand, whatever their order."""
    return frozenset(arm.levels.items())


def treatments(experiment: Experiment) -> dict[str, str]:
    """Arm -> what it is compared with; arms that are there only to tell what tracing costs are left out."""
    traced = next((arm.trace for arm in experiment.arms if arm.name == experiment.control), True)
    arms = experiment.arms if about_tracing(experiment) else [a for a in experiment.arms if a.trace == traced]
    found = controls(arms, experiment.control, experiment.treatment)
    return {arm: control for arm, control in found.items() if control is not None}


def recordless(experiment: Experiment) -> frozenset[str]:
    """Metrics that no comparison of this experiment can have, because an arm of it records no trace."""
    compared = {name for pair in treatments(experiment).items() for name in pair}
    blind = any(arm.name in compared and not arm.trace for arm in experiment.arms)
    return frozenset(METRICS) - WITHOUT_TRACE if blind else frozenset()


def recorded(record: TrialRecord) -> dict[str, dict[int, float]]:
    """Metric -> launch (0: the whole trial) -> value, by the record alone."""
    values = {metric: {0: value} for metric, value in by_vmstat(record)}
    launches = {launch.index: value for launch, value in by_am(record)}
    return {**values, AM_TOTAL_TIME: launches} if launches else values


def prices(origin: Origin, arms: Sequence[Arm], trials: Sequence[TrialValues]) -> Iterator[TracingPrice]:
    """The price that each untraced arm tells.

    Args:
        origin: the run.
        arms: of the experiment.
        trials: those that count, valued by `recorded`.
    """
    for untraced in arms:
        alike = [arm for arm in arms if arm.trace and settings_of(arm) == settings_of(untraced)]
        if not untraced.trace and alike:
            costs = tuple(_costs(alike[0].name, untraced.name, trials))
            if costs:
                yield TracingPrice(origin, alike[0].name, untraced.name, costs)


def _costs(traced: str, untraced: str, trials: Sequence[TrialValues]) -> Iterator[Cost]:
    there: Mapping[str, None] = dict.fromkeys(name for trial in trials for name in trial.values)
    names = [name for name in dict.fromkeys([AM_TOTAL_TIME, *there]) if name in there and name != KILLS]
    compared = judge([compare_metric(METRICS[name], traced, untraced, trials) for name in names], (AM_TOTAL_TIME,))
    for each in compared:
        effect, level, limit = each.difference, each.control_mean, each.detectable_90
        if effect is not None and level is not None:
            yield Cost(
                metric=each.metric.name,
                outcome=each.outcome,
                n=each.n,
                difference=Span(effect.value, effect.low, effect.high),
                relative=share_of(each.relative),
                detectable=limit / level if limit and each.relative is not None else None,
            )
