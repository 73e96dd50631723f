# SPDX-License-Identifier: Apache-2.0
"""One metric of one arm over several phones, with its doubts. Pure.

The phone is a random effect (`reports.statistics.phones`): the effect is that on phones like these, not on these few.
Where every value on every phone is positive the ratio decides, because phones differ in level, and a second saved on a
slow phone is not a second saved on a fast one; else the difference does.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.comparison import KILLS, Comparison, Family, Outcome, outcome
from reports.families import benjamini_hochberg, holm
from reports.metrics import Metric
from reports.record import Caveat
from reports.statistics.paired import CONFIDENCE, Estimate, exp
from reports.statistics.phones import OverPhones, differences_over_phones, ratios_over_phones
from reports.statistics.power import minimum_detectable_effect
from reports.units import count
from reports.wording import enumerate_words

Scale: TypeAlias = Literal["ratio", "difference"]

_ALPHA = 1 - CONFIDENCE


@dataclass(frozen=True)
class JointEffect:
    """The effect of an arm on one metric over phones.

    Attributes:
        metric: the metric.
        arm: the arm.
        control: the arm it is compared with.
        family: what it is judged together with.
        scale: what decides.
        difference: over phones, base units; None below two phones that tell.
        ratio: over phones; None unless it decides.
        adjusted_p: p on the deciding scale, adjusted for its family.
        outcome: decided by it; that of kills by each phone, too.
        detectable_90: what would be seen with chance 0.9: a ratio above 1, or a difference in base units.
        own: number of each phone that recorded the metric, and its own effect.
        caveats: doubts.
    """

    metric: Metric
    arm: str
    control: str
    family: Family
    scale: Scale
    difference: OverPhones | None
    ratio: OverPhones | None
    adjusted_p: float | None
    outcome: Outcome
    detectable_90: float | None
    own: tuple[tuple[int, Comparison], ...]
    caveats: tuple[Caveat, ...]

    @property
    def decides(self) -> OverPhones | None:
        """The effect on the deciding scale."""
        return self.ratio if self.scale == "ratio" else self.difference

    @property
    def phones(self) -> int:
        """Phones that have an effect of their own."""
        return sum(each.difference is not None for _, each in self.own)

    def own_estimate(self, own: Comparison) -> Estimate | None:
        """A phone's own effect on the deciding scale."""
        return own.ratio if self.scale == "ratio" else own.difference

    @property
    def nothing(self) -> float:
        """The value on the deciding scale that means "no effect"."""
        return 1.0 if self.scale == "ratio" else 0.0


def joint_effect(own: Sequence[tuple[int, Comparison]], primary: Sequence[str], phones: int) -> JointEffect:
    """Put the effects of several phones together; `judge` decides what became of it.

    Args:
        own: number of a phone, and its effect of one arm on one metric.
        primary: metrics the answer is about.
        phones: how many there are, those without the metric included.
    """
    first = own[0][1]
    telling = [each for _, each in own if each.difference is not None]
    ratios = [each.ratio for each in telling if each.ratio is not None]
    positive = first.metric.name != KILLS and len(ratios) == len(telling)
    difference = differences_over_phones([each.difference for each in telling if each.difference is not None])
    ratio = ratios_over_phones(ratios) if positive else None
    scale: Scale = "difference" if ratio is None else "ratio"
    family: Family = "primary" if first.metric.name in primary else "other"
    found = JointEffect(
        metric=first.metric,
        arm=first.arm,
        control=first.control,
        family=KILLS if first.metric.name == KILLS else family,
        scale=scale,
        difference=difference,
        ratio=ratio,
        adjusted_p=None,
        outcome="unknown",
        detectable_90=_detectable(scale, ratio or difference),
        own=tuple(own),
        caveats=(),
    )
    return replace(found, caveats=tuple(_doubts(found, phones)))


def judge(effects: Sequence[JointEffect]) -> tuple[JointEffect, ...]:
    """Adjust p values family by family, as for one run, and let them decide; order is kept."""
    found = list(effects)
    for family, method in (("primary", holm), ("other", benjamini_hochberg), (KILLS, list[float])):
        known = [(i, each.decides) for i, each in enumerate(effects) if each.family == family and each.decides]
        adjusted = method([decides.mean.p for _, decides in known])
        differ = holm([1.0 if decides.differ_p is None else decides.differ_p for _, decides in known])
        for (place, _), p, apart in zip(known, adjusted, differ, strict=True):
            found[place] = _judged(effects[place], p, apart, len(known))
    return tuple(found)


def sure_on(effect: JointEffect, *, rising: bool) -> list[int]:
    """Phones whose own blocks say that the metric rose, or fell, chance among the phones allowed for (Holm)."""
    told = [(number, effect.own_estimate(own)) for number, own in effect.own]
    known = [(number, estimate) for number, estimate in told if estimate is not None]
    adjusted = holm([estimate.p for _, estimate in known])
    return [
        number
        for (number, estimate), p in zip(known, adjusted, strict=True)
        if p <= _ALPHA and (estimate.value > effect.nothing) == rising
    ]


def opposed(effect: JointEffect) -> tuple[list[int], list[int]] | None:
    """Phones on which the metric surely rose and phones on which it surely fell; None unless there are both."""
    rose, fell = sure_on(effect, rising=True), sure_on(effect, rising=False)
    return (rose, fell) if rose and fell else None


def named(numbers: Sequence[int]) -> str:
    """`phone 2`, `phones 1, 2 and 4`."""
    return ("phone " if len(numbers) == 1 else "phones ") + enumerate_words([str(number) for number in numbers])


def _judged(each: JointEffect, p: float, differ_p: float, family: int) -> JointEffect:
    decides = each.decides
    if decides is None:
        return each
    mean = decides.mean
    signed = replace(mean, value=math.log(mean.value)) if each.scale == "ratio" else mean
    found = outcome(each.metric, signed, p)
    if each.metric.name == KILLS and sure_on(each, rising=True):
        found = "worse"
    doubts = [*_disagreement(each, differ_p), *_chance(each, mean, p, family)]
    return replace(each, adjusted_p=p, outcome=found, caveats=(*each.caveats, *doubts))


def _detectable(scale: Scale, over: OverPhones | None) -> float | None:
    if over is None or over.mean.error is None:
        return None
    size = minimum_detectable_effect(over.mean.error, over.mean.freedom, 0.9)
    return exp(size) if size is not None and scale == "ratio" else size


def _doubts(each: JointEffect, phones: int) -> Iterator[Caveat]:
    if each.phones < phones:
        yield Caveat(
            "phones-missing",
            f"Told by {each.phones} of {count(phones, 'phone')}: the others did not record it, or have too few blocks.",
            "Look at what those phones record, run more blocks on them.",
        )
    decides = each.decides
    if decides is not None and decides.tau is None and each.metric.name != KILLS:
        yield Caveat(
            "no-spread",
            "On a phone every block differs by the same amount, so how much phones differ is not known.",
            "Run more blocks.",
        )
    if each.ratio is not None and each.difference is not None:
        yield from _scales(each.difference.mean, each.ratio.mean)


def _scales(difference: Estimate, ratio: Estimate) -> Iterator[Caveat]:
    if difference.excludes(0.0) and ratio.excludes(1.0) and (difference.value > 0) != (ratio.value > 1):
        yield Caveat(
            "scale-matters",
            "In units the phones rise, in percent they fall, or the reverse: phones of different levels disagree.",
            "Look at each phone's own effect.",
        )


def _disagreement(each: JointEffect, differ_p: float) -> Iterator[Caveat]:
    """Phones that contradict each other, or differ by more than their own blocks explain."""
    decides, apart = each.decides, opposed(each)
    if apart:
        yield Caveat(
            "phones-disagree",
            f"It rose on {named(apart[0])} and fell on {named(apart[1])}, beyond their own noise: the figure over"
            " phones describes neither.",
            "Read each phone's own effect; find out how they differ: kernel, memory, compressor, apps.",
        )
    elif decides is not None and decides.between is not None and differ_p <= _ALPHA:
        yield Caveat(
            "phones-disagree",
            f"The effect is not the same on every phone: {100 * decides.between:.0f} % of the variance of the phones'"
            " effects lies between phones, more than their blocks explain.",
            "Read each phone's own effect; find out how they differ: kernel, memory, compressor, apps.",
        )


def _chance(each: JointEffect, mean: Estimate, p: float, family: int) -> Iterator[Caveat]:
    if mean.excludes(each.nothing) and p > _ALPHA:
        yield Caveat(
            "chance-among-many",
            f"Its own interval leaves out no change, but among {count(family, 'metric')} judged together that may be"
            " chance.",
            "Ask about this metric alone in runs of its own.",
        )
