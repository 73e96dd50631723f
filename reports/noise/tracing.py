# SPDX-License-Identifier: Apache-2.0
"""What recording costs: the same arm with and without a trace, or with and without attribution in it. Pure.

Both arms are measured the same way, by am's own clock and by the growth of /proc/vmstat around the trial: a trace polls
its counters over another stretch of time, so a figure from a trace and one without are not the same figure. Where both
have a trace, what it tells of reclaim's CPU time is compared, too: attribution costs most where it looks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reports.comparison import KILLS, Outcome, TrialValues, compare_metric
from reports.families import judge
from reports.metrics import METRICS
from reports.noise.floor import Origin, Span, share_of
from reports.record import DeviceFacts, TrialRecord
from reports.recorded import AM_TOTAL_TIME, WITHOUT_TRACE, by_am, by_vmstat
from reports.units import change_interval, count, difference, share
from workloads.spec import Arm, Experiment, controls

_BY_TRACE = frozenset({"kswapd_cpu", "kcompressd_cpu", "reclaim_cpu_per_1000_pages"})
_ALWAYS = (AM_TOTAL_TIME, "reclaim_cpu_per_1000_pages")
"""Told whether they moved or not."""


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
        traced: the arm that records more.
        untraced: the same arm with less.
        costs: am's launch time first.
        what: what costs that.
    """

    origin: Origin
    traced: str
    untraced: str
    costs: tuple[Cost, ...]
    what: Literal["tracing", "attribution"] = "tracing"

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
        loud = [each for each in self.costs if each.metric in _ALWAYS or each.outcome != "same"]
        parts = [each.told + _unseen(each) for each in loud]
        silent = len(self.costs) - len(loud)
        if silent:
            parts.append(f"no detectable difference in {count(silent, 'other metric')}")
        how = "with a trace" if self.what == "tracing" else "attributed"
        arms = f"{self.traced} {how} against {self.untraced} without"
        where = arms if self.origin.run == run else self.origin.told(device)
        return f"What {self.what} costs: {'; '.join(parts)} ({where}, {count(self.blocks, 'block')})."


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
    return len({(settings_of(arm), arm.recording) for arm in experiment.arms}) == 1 < len(experiment.arms)


def settings_of(arm: Arm) -> frozenset[tuple[str, str]]:
    """Its settings and its own demand, whatever their order."""
    return frozenset(arm.levels.items())


def treatments(experiment: Experiment) -> dict[str, str]:
    """Arm -> what it is compared with; arms that are there only to tell what recording costs are left out."""
    alike = next((arm.recording for arm in experiment.arms if arm.name == experiment.control), "trace")
    arms = experiment.arms if about_tracing(experiment) else [a for a in experiment.arms if a.recording == alike]
    found = controls(arms, experiment.control, experiment.treatment)
    return {arm: control for arm, control in found.items() if control is not None}


def not_compared(experiment: Experiment, priced: Sequence[TracingPrice]) -> Iterator[str]:
    """A sentence on the arms that are there only to tell what recording costs, as long as no price says it."""
    alike = next((arm.recording for arm in experiment.arms if arm.name == experiment.control), "trace")
    names = [arm.name for arm in experiment.arms if arm.recording != alike]
    if names and not priced and not about_tracing(experiment):
        yield f"Not compared, there only to tell what recording costs: {', '.join(names)}."


def recordless(experiment: Experiment) -> frozenset[str]:
    """Metrics that no comparison of this experiment can have: an arm of it records no trace, or is attributed."""
    compared = {name for pair in treatments(experiment).items() for name in pair}
    kinds = {arm.recording for arm in experiment.arms if arm.name in compared}
    launches = {name for name, metric in METRICS.items() if metric.window == "launch" and kinds - {"nothing", "trace"}}
    return frozenset(METRICS) - WITHOUT_TRACE | launches if "nothing" in kinds else frozenset(launches)


def recorded(record: TrialRecord) -> dict[str, dict[int, float]]:
    """Metric -> launch (0: the whole trial) -> value, by the record alone."""
    values = {metric: {0: value} for metric, value in by_vmstat(record)}
    launches = {launch.index: value for launch, value in by_am(record)}
    return {**values, AM_TOTAL_TIME: launches} if launches else values


def prices(
    origin: Origin, arms: Sequence[Arm], trials: Sequence[TrialValues], measured: Sequence[TrialValues]
) -> Iterator[TracingPrice]:
    """The price that each arm tells which records less than one of the same settings.

    Args:
        origin: the run.
        arms: of the experiment.
        trials: those that count, valued by `recorded`.
        measured: the same trials in the same order, by their traces.
    """
    both = [
        replace(
            trial, values={**trial.values, **{name: traced.values[name] for name in _BY_TRACE & traced.values.keys()}}
        )
        for trial, traced in zip(trials, measured, strict=True)
    ]
    for less in arms:
        alike = [arm for arm in arms if settings_of(arm) == settings_of(less)]
        for more in [arm for arm in alike if arm.trace and not less.trace][:1]:
            if costs := tuple(_costs(more.name, less.name, trials)):
                yield TracingPrice(origin, more.name, less.name, costs)
        for more in alike if less.recording == "trace" else ():
            if more.attribution != "none" and (costs := tuple(_costs(more.name, less.name, both))):
                yield TracingPrice(origin, more.name, less.name, costs, "attribution")


def _costs(traced: str, untraced: str, trials: Sequence[TrialValues]) -> Iterator[Cost]:
    there: Mapping[str, None] = dict.fromkeys(name for trial in trials for name in trial.values)
    names = [name for name in dict.fromkeys([AM_TOTAL_TIME, *there]) if name in there and name != KILLS]
    compared = judge([compare_metric(METRICS[name], traced, untraced, trials) for name in names], _ALWAYS)
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
