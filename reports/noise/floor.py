# SPDX-License-Identifier: Apache-2.0
"""What arms with the same settings differ by on one phone: told by an A/A run, used before and after every later one.

Pure; `reports.noise.store` keeps it. Differences are in base units, shares of the control's level as 0.02 for +2 %.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.comparison import FEW_BLOCKS, KILLS, WITHIN_NOISE_FLOOR, Comparison
from reports.record import Caveat, DeviceFacts
from reports.statistics.power import freedom_of, minimum_detectable_effect, upper_spread
from reports.units import count, quantity, share

if TYPE_CHECKING:
    from reports.statistics.paired import Estimate

SHIPPED_WORKLOAD = "launches-under-pressure"
"""The workload of the A/A experiment that ships, `aa`."""

_POWER, _MANY_BLOCKS = 0.9, 20


@dataclass(frozen=True)
class Span:
    """An effect and its interval."""

    value: float
    low: float
    high: float

    @property
    def reach(self) -> float:
        """The larger end, without its sign."""
        return max(abs(self.low), abs(self.high))


@dataclass(frozen=True)
class Origin:
    """The run a figure comes from.

    Attributes:
        run: its name.
        at: when its first trial began, ISO 8601; empty when that is not known.
        serial: of the phone.
        model: of the phone.
        build: the phone's fingerprint.
        kernel: its release.
        workload: name of the workload.
    """

    run: str
    at: str
    serial: str
    model: str
    build: str
    kernel: str
    workload: str

    def same_build(self, device: DeviceFacts) -> bool:
        """Whether a phone still runs the same build and kernel."""
        return (self.build, self.kernel) == (device.build, device.kernel)

    def told(self, device: DeviceFacts) -> str:
        """`run aa-1 of 2026-11-23`, and that it is another build's where it is."""
        older = "" if self.same_build(device) else ", older build"
        return f"run {self.run} of {self.at[:10] or 'unknown date'}{older}"


@dataclass(frozen=True)
class MetricNoise:
    """How much one metric differs between identical arms.

    Attributes:
        metric: its name.
        unit: base unit.
        n: blocks.
        freedom: degrees of freedom of the spread.
        level: mean of the control, base units.
        spread: standard deviation of the blocks' differences, base units, the order of arms taken out.
        difference: between the arms, base units.
        relative: the same as a share of the control's level; None where there is none.
    """

    metric: str
    unit: str
    n: int
    freedom: float
    level: float
    spread: float
    difference: Span
    relative: Span | None

    @property
    def relative_spread(self) -> float | None:
        """The spread as a share of the control's level; None where that level has no bounded ratio."""
        return self.spread / self.level if self.relative is not None else None

    def detectable(self, blocks: int) -> float | None:
        """Smallest true difference that a run of so many blocks sees 9 times in 10, base units; None without freedom.

        The spread of an A/A run is itself uncertain; its upper limit (chance 0.8) is taken, as for a pilot.
        """
        error = upper_spread(self.spread, self.freedom) / math.sqrt(blocks)
        return minimum_detectable_effect(error, freedom_of(blocks), _POWER)


@dataclass(frozen=True)
class NoiseFloor:
    """What one A/A run says of a phone."""

    origin: Origin
    metrics: tuple[MetricNoise, ...]

    def of(self, metric: str) -> MetricNoise | None:
        """One metric's noise; None when the run did not see it vary."""
        return next((each for each in self.metrics if each.metric == metric), None)

    def told(self, device: DeviceFacts) -> str:
        """The line that names it."""
        blocks = count(max(each.n for each in self.metrics), "block")
        return f"A/A noise floor of this phone: {self.origin.told(device)}, {blocks}."


def floor_of(origin: Origin, comparisons: Sequence[Comparison]) -> NoiseFloor | None:
    """The noise floor that the comparisons of an A/A run give.

    Metrics of fewer than `FEW_BLOCKS` blocks and those that never vary are left out; of several arms, the comparison
    with the largest spread counts.

    Returns:
        None when no metric is left.
    """
    found: dict[str, MetricNoise] = {}
    for comparison in comparisons:
        noise = _noise(comparison)
        if noise and (noise.metric not in found or found[noise.metric].spread < noise.spread):
            found[noise.metric] = noise
    return NoiseFloor(origin, tuple(found.values())) if found else None


def _noise(each: Comparison) -> MetricNoise | None:
    effect, level = each.difference, each.control_mean
    if effect is None or level is None or each.n < FEW_BLOCKS or each.metric.name == KILLS:
        return None
    if not effect.error or effect.rigid:
        return None
    return MetricNoise(
        metric=each.metric.name,
        unit=each.metric.unit,
        n=each.n,
        freedom=effect.freedom,
        level=level,
        spread=effect.error * math.sqrt(each.n),
        difference=Span(effect.value, effect.low, effect.high),
        relative=share_of(each.relative),
    )


def share_of(relative: "Estimate | None") -> Span | None:
    """A ratio as a share above or below one."""
    return Span(relative.value - 1, relative.low - 1, relative.high - 1) if relative else None


def doubt(comparison: Comparison, floor: NoiseFloor, device: DeviceFacts) -> Caveat | None:
    """The caveat of an effect that is smaller than what identical arms may differ by.

    Returns:
        None when it is larger, or when no effect is claimed.
    """
    noise, effect = floor.of(comparison.metric.name), comparison.difference
    if noise is None or effect is None or comparison.outcome in ("same", "unknown"):
        return None
    if comparison.relative is not None and noise.relative is not None:
        size, reach = abs(comparison.relative.value - 1), noise.relative.reach
        told = [share(size), share(reach)]
    else:
        size, reach = abs(effect.value), noise.difference.reach
        told = [quantity(figure, noise.unit) for figure in (size, reach)]
    if size >= reach:
        return None
    return Caveat(
        WITHIN_NOISE_FLOOR,
        f"An effect of {told[0]}; arms with the same settings may differ by up to {told[1]} on this phone (A/A"
        f" {floor.origin.told(device)}, {count(noise.n, 'block')}).",
        "Believe it once a second run repeats it.",
    )


def outlook(
    floor: NoiseFloor | None, device: DeviceFacts, primary: Sequence[str], blocks: int, workload: str
) -> Iterator[str]:
    """What a run is going to see, before it is made, one line per primary metric.

    Args:
        floor: of this phone and workload; None when there is none.
        device: the phone as it is now.
        primary: metrics that the verdict will be about.
        blocks: planned.
        workload: its name.
    """
    if floor is None:
        how = "`reclaim run aa`" if workload == SHIPPED_WORKLOAD else "make all arms alike in a copy of this experiment"
        yield f"smallest change this run can see: unknown: no A/A run of this phone; {how}"
        return
    yield f"smallest change this run can see, by the A/A {floor.origin.told(device)}:"
    for name in primary:
        noise = floor.of(name)
        yield f"  {_seen(noise, blocks)}" if noise else f"  {name}: unknown: the A/A run did not see it vary"


def _seen(noise: MetricNoise, blocks: int) -> str:
    more = _MANY_BLOCKS if blocks < _MANY_BLOCKS else 2 * blocks
    now, then = (_size(noise, noise.detectable(amount)) for amount in (blocks, more))
    if not now:
        return f"{noise.metric}: {count(blocks, 'block')} cannot tell; {more} blocks: {then}"
    shows = f"with {count(blocks, 'block')} this phone shows a change of {now} of {noise.metric} 9 times in 10"
    return f"{shows}; {more} blocks: {then}"


def _size(noise: MetricNoise, difference: float | None) -> str:
    if difference is None:
        return ""
    return share(difference / noise.level) if noise.relative is not None else quantity(difference, noise.unit)
