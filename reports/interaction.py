# SPDX-License-Identifier: Apache-2.0
"""Does the effect of the knob under test depend on another knob? Pure.

An experiment with a `treatment` and arms that differ in other knobs too holds cells: the treatment's level by a
factor's level. Block by block the difference of differences of four cells is taken, so that the block cancels twice:

    (treated - untreated) at the factor's level  -  (treated - untreated) at the control's level

and, where every value is positive, the same on logarithms: a ratio of ratios. That is the scale that decides then,
because levels differ between the levels of a factor (a slower compressor costs more CPU in every cell).

Rules: a value of a launch metric is the median over the launches that all four trials of a block recorded; a block with
a kill in any of the four is left out; the order of trials is in the model through the same contrast of their places.
Factors are taken one at a time: a pair of arms that differs from the control's pair in two factors has no contrast.
Numbers (threads, dose) are levels like words. All contrasts of all primary metrics are one family (Holm).
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.comparison import FEW_BLOCKS, KILLS, TrialValues
from reports.families import holm
from reports.metrics import Metric
from reports.record import Caveat
from reports.statistics.paired import LOG_PAIRED_T, PAIRED_T, Estimate, exp, log_ratio, paired_t
from reports.statistics.power import minimum_detectable_effect
from reports.units import count
from workloads.spec import Arm, Experiment, controls

Scale: TypeAlias = Literal["ratio", "difference"]
Finding: TypeAlias = Literal["differs", "same", "unknown"]
"""`same`: no detectable difference between the effects; `unknown`: too few blocks."""

UNSET = "not set"
RATIO_OF_RATIOS = "ratio of two effects' ratios, paired t on logs over blocks"
DIFFERENCE_OF_DIFFERENCES = "difference of two differences, paired t over blocks"


@dataclass(frozen=True)
class Contrast:
    """Which four arms stand against each other.

    Attributes:
        treatment: knob under test.
        treated: its level in two of the arms.
        factor: the other knob.
        level: its level in two of the arms.
        base: its level in the other two, the control's.
        arms: treated and untreated at `level`, treated and untreated at `base`.
    """

    treatment: str
    treated: str
    factor: str
    level: str
    base: str
    arms: tuple[str, str, str, str]


@dataclass(frozen=True)
class Cells:
    """One block's four values.

    Attributes:
        block: the block.
        values: in the order of the contrast's arms, base units.
        places: of the trials in the order of execution, likewise.
        survivors_equal: whether nobody was killed in any of the four trials.
    """

    block: int
    values: tuple[float, float, float, float]
    places: tuple[int, int, int, int]
    survivors_equal: bool

    @property
    def lags(self) -> tuple[int, int]:
        """Trials from untreated to treated, at the factor's level and at the control's."""
        return self.places[0] - self.places[1], self.places[2] - self.places[3]


@dataclass(frozen=True)
class Interaction:
    """How the effect on one metric depends on one level of a factor.

    Attributes:
        metric: the metric.
        contrast: the arms.
        n: blocks it rests on.
        left_out: blocks left out because somebody was killed in them.
        scale: the scale that decides: `ratio` where every value is positive.
        at_level: effect of the treatment at the factor's level, over the same blocks, on the deciding scale.
        at_base: the same at the control's level.
        difference: of the two effects, base units; None below two blocks.
        ratio: of the two effects; None unless every value is positive.
        adjusted_p: p on the deciding scale, adjusted for the family.
        finding: decided by it.
        detectable_90: what would have been seen with chance 0.9: a ratio above 1, or a difference in base units.
        caveats: doubts.
    """

    metric: Metric
    contrast: Contrast
    n: int
    left_out: int
    scale: Scale
    at_level: Estimate | None
    at_base: Estimate | None
    difference: Estimate | None
    ratio: Estimate | None
    adjusted_p: float | None
    finding: Finding
    detectable_90: float | None
    caveats: tuple[Caveat, ...]

    @property
    def decides(self) -> Estimate | None:
        """The estimate on the deciding scale."""
        return self.ratio if self.scale == "ratio" else self.difference


def interactions(
    experiment: Experiment, metrics: Mapping[str, Metric], trials: Sequence[TrialValues]
) -> tuple[Interaction, ...]:
    """Every contrast of every primary metric that was recorded, judged as one family; () without factors.

    Args:
        experiment: what was asked.
        metrics: those recorded, by name.
        trials: those that count.
    """
    asked = [metrics[name] for name in experiment.primary if name in metrics and name != KILLS]
    found = [
        _interaction(metric, contrast, trials)
        for contrast in contrasts(experiment.arms, experiment.control, experiment.treatment)
        for metric in asked
    ]
    known = [place for place, each in enumerate(found) if each.decides is not None]
    adjusted = holm([each.decides.p for each in found if each.decides is not None])
    for place, p in zip(known, adjusted, strict=True):
        found[place] = _judged(found[place], p, len(known))
    return tuple(found)


def contrasts(arms: Sequence[Arm], control: str, treatment: str) -> tuple[Contrast, ...]:
    """The contrasts that an experiment's arms allow, in the order of its arms; arms without a trace are no cells."""
    if not treatment:
        return ()
    alike = [arm.recording for arm in arms if arm.name == control]
    traced = [arm for arm in arms if arm.trace and arm.recording in alike]
    levels = {arm.name: arm.levels for arm in traced}
    if control not in levels:
        return ()
    pairs = [(arm, base) for arm, base in controls(traced, control, treatment).items() if base is not None]
    at_base = {
        levels[arm].get(treatment, UNSET): (arm, base) for arm, base in pairs if not _changed(levels, base, control)
    }
    found = []
    for arm, base in pairs:
        treated, changed = levels[arm].get(treatment, UNSET), _changed(levels, base, control)
        if treated in at_base and len(changed) == 1:
            (factor,) = changed
            ends = (levels[base].get(factor, UNSET), levels[control].get(factor, UNSET))
            found.append(Contrast(treatment, treated, factor, *ends, (arm, base, *at_base[treated])))
    return tuple(found)


def _changed(levels: Mapping[str, Mapping[str, str]], one: str, other: str) -> set[str]:
    """Knobs in which two arms differ."""
    knobs = levels[one].keys() | levels[other].keys()
    return {knob for knob in knobs if levels[one].get(knob) != levels[other].get(knob)}


def cells(metric: str, arms: Sequence[str], trials: Sequence[TrialValues]) -> tuple[Cells, ...]:
    """The blocks in which all four arms have a value, in order."""
    by_block: dict[int, dict[str, TrialValues]] = {}
    for trial in trials:
        if metric in trial.values:
            by_block.setdefault(trial.block, {})[trial.arm] = trial
    found = (_cells(metric, block, [held.get(arm) for arm in arms]) for block, held in sorted(by_block.items()))
    return tuple(each for each in found if each is not None)


def _cells(metric: str, block: int, four: Sequence[TrialValues | None]) -> Cells | None:
    present = [trial for trial in four if trial is not None]
    if len(present) < len(four):
        return None
    launches = set.intersection(*(set(trial.values[metric]) for trial in present))
    if not launches:
        return None
    a, b, c, d = ((statistics.median(t.values[metric][i] for i in launches), t.index) for t in present)
    return Cells(
        block=block,
        values=(a[0], b[0], c[0], d[0]),
        places=(a[1], b[1], c[1], d[1]),
        survivors_equal=not any(trial.kills for trial in present),
    )


def _interaction(metric: Metric, contrast: Contrast, trials: Sequence[TrialValues]) -> Interaction:
    found = cells(metric.name, contrast.arms, trials)
    used = [each for each in found if each.survivors_equal]
    a, b, c, d = ([each.values[place] for each in used] for place in range(4))
    at_level, at_base = ([each.lags[place] for each in used] for place in range(2))
    lags = [level - base for level, base in zip(at_level, at_base, strict=True)]
    positive = all(min(each.values) > 0 for each in used)
    ratio = _named(log_ratio(_products(a, d), _products(b, c), lags) if positive else None)
    difference = _named(paired_t([(w - x) - (y - z) for w, x, y, z in zip(a, b, c, d, strict=True)], lags))
    scale: Scale = "difference" if ratio is None else "ratio"
    return Interaction(
        metric=metric,
        contrast=contrast,
        n=len(used),
        left_out=len(found) - len(used),
        scale=scale,
        at_level=_effect(scale, a, b, at_level),
        at_base=_effect(scale, c, d, at_base),
        difference=difference,
        ratio=ratio,
        adjusted_p=None,
        finding="unknown",
        detectable_90=_detectable(scale, ratio or difference),
        caveats=tuple(_doubts(len(used), len(found) - len(used), difference, ratio)),
    )


def _named(estimate: Estimate | None) -> Estimate | None:
    """With a method that tells of four arms, not two."""
    if estimate is None:
        return None
    method = estimate.method.replace(LOG_PAIRED_T, RATIO_OF_RATIOS).replace(PAIRED_T, DIFFERENCE_OF_DIFFERENCES)
    return replace(estimate, method=method)


def _products(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [first * second for first, second in zip(one, other, strict=True)]


def _effect(scale: Scale, arm: Sequence[float], control: Sequence[float], lags: Sequence[float]) -> Estimate | None:
    if scale == "ratio":
        return log_ratio(arm, control, lags)
    return paired_t([treated - untreated for treated, untreated in zip(arm, control, strict=True)], lags)


def _detectable(scale: Scale, decides: Estimate | None) -> float | None:
    if decides is None or decides.error is None:
        return None
    size = minimum_detectable_effect(decides.error, decides.freedom, 0.9)
    return exp(size) if size is not None and scale == "ratio" else size


def _judged(each: Interaction, p: float, family: int) -> Interaction:
    decides = each.decides
    if decides is None:
        return each
    alone = decides.excludes(1.0 if each.scale == "ratio" else 0.0)
    differs = p <= 1 - decides.confidence
    doubt = (
        Caveat(
            "chance-among-many",
            f"Its own interval says that the effects differ, but among {count(family, 'such question')} asked together"
            " that may be chance.",
            "Ask this alone in a run of its own.",
        ),
    )
    return replace(
        each,
        adjusted_p=p,
        finding="differs" if differs else "same",
        caveats=(*each.caveats, *(doubt if alone and not differs else ())),
    )


def _doubts(n: int, left_out: int, difference: Estimate | None, ratio: Estimate | None) -> Iterator[Caveat]:
    if left_out:
        yield Caveat(
            "blocks-with-kills",
            f"{count(left_out, 'block')} with kills in one of the four arms left out.",
            "Read the kills first; lower the dose until nobody is killed.",
        )
    if n < FEW_BLOCKS:
        yield Caveat("few-blocks", f"Rests on {count(n, 'block')}.", f"Run at least {FEW_BLOCKS}, better 20 blocks.")
    if difference is not None and ratio is not None and difference.excludes(0.0) != ratio.excludes(1.0):
        yield Caveat(
            "scale-matters",
            "Ratios and differences disagree on whether the effects differ: where levels differ, the same change in"
            " percent is another one in units.",
            "Say which of the two matters to you; the ratio decides here.",
        )
