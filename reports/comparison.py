# SPDX-License-Identifier: Apache-2.0
"""One metric of one arm against the control, with its doubts. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.looks import Looks, scaled_p
from reports.metrics import Metric
from reports.record import Caveat
from reports.returns import SURVIVORS
from reports.statistics.blocks import Pair, Sample, pair_blocks
from reports.statistics.paired import CONFIDENCE, Estimate, log_ratio, paired_t, ratio_of_means, robust_centre
from reports.statistics.power import minimum_detectable_effect
from reports.units import count

Outcome: TypeAlias = Literal["better", "worse", "higher", "lower", "same", "unknown"]
"""`higher`/`lower`: changed, and neither way is better; `same`: no detectable difference; `unknown`: too few blocks."""

Family: TypeAlias = Literal["kills", "primary", "other"]
"""Effects that are judged together: `reports.families`."""

KILLS: Literal["kills"] = "kills"
OF_KILLS = frozenset({KILLS, SURVIVORS, "kills_lmkd", "kills_oom", "kills_lmk", "kills_while_queued"})
"""Metrics that kills are told by: they are compared over all blocks."""

FEW_BLOCKS = 6
MISSING_UNEVEN = "missing-uneven"
"""A figure is missing in one arm more often than chance allows: what is left of it is a choice."""
WITHIN_NOISE_FLOOR = "within-noise-floor"
"""A caveat whose figures are each metric's own: never told once for all."""


@dataclass(frozen=True)
class TrialValues:
    """What statistics needs of one trial.

    Attributes:
        block: its block, 1-based.
        index: its place in the order of execution.
        arm: its arm.
        kills: processes killed during it.
        values: metric name -> launch index (0: the whole trial) -> value in base units.
    """

    block: int
    index: int
    arm: str
    kills: int
    values: Mapping[str, Mapping[int, float]]


@dataclass(frozen=True)
class Comparison:
    """The effect of an arm on one metric.

    Attributes:
        metric: the metric.
        arm: the arm.
        control: the arm it is compared with.
        family: what it is judged together with.
        adjusted_p: p of `difference`, adjusted for its family; None without an effect.
        outcome: decided by `adjusted_p`.
        n: blocks the effect rests on.
        control_mean: mean over those blocks, base units; None at n = 0.
        arm_mean: the same of the arm.
        difference: arm - control, base units.
        relative: mean of the arm / mean of the control; consistent with `difference`.
        ratio: geometric mean of the blocks' ratios; None unless all values are positive.
        robust: centre of the blocks' differences that a few wild blocks hardly move, base units; None at n = 0.
        detectable_80: difference seen with chance 0.8 by a run of this size and spread, base units.
        detectable_90: the same with chance 0.9.
        all_blocks: the difference with blocks of unequal survivors included; None when there are none.
        left_out: blocks left out because somebody was killed in them.
        pairs: every block with both values, left out or not.
        caveats: doubts.
        looks: times the run was looked at, where the intervals pay for that; 0: they are plain ones.
    """

    metric: Metric
    arm: str
    control: str
    family: Family
    adjusted_p: float | None
    outcome: Outcome
    n: int
    control_mean: float | None
    arm_mean: float | None
    difference: Estimate | None
    relative: Estimate | None
    ratio: Estimate | None
    robust: float | None
    detectable_80: float | None
    detectable_90: float | None
    all_blocks: Estimate | None
    left_out: int
    pairs: tuple[Pair, ...]
    caveats: tuple[Caveat, ...]
    looks: int = 0

    def uses(self, pair: Pair) -> bool:
        """Whether a block counts in the effect."""
        return self.metric.name in OF_KILLS or pair.survivors_equal


def compare_metric(
    metric: Metric, arm: str, control: str, trials: Sequence[TrialValues], looks: Looks | None = None
) -> Comparison:
    """Compare one metric over the blocks in which nobody was killed; those that tell of kills over all blocks.

    Args:
        metric: what to compare.
        arm: the arm.
        control: the reference.
        trials: those that count: no warm-up, nothing excluded.
        looks: at the run, which the intervals have to pay for; None: nobody looked before its end.
    """
    samples = {name: _samples(metric, name, trials) for name in (arm, control)}
    pairs = pair_blocks(samples[control], samples[arm])
    used = [pair for pair in pairs if metric.name in OF_KILLS or pair.survivors_equal]
    controls, arms, lags = [p.control for p in used], [p.arm for p in used], [p.lag for p in used]
    differences, n, lonely = [p.difference for p in used], len(used), sum(map(len, samples.values())) - 2 * len(pairs)
    sure = looks.confidence([pair.block for pair in used]) if looks else CONFIDENCE
    difference = paired_t(differences, lags, confidence=sure)
    found = Comparison(
        metric=metric,
        arm=arm,
        control=control,
        family=KILLS if metric.name == KILLS else "other",
        adjusted_p=scaled_p(difference),
        outcome=outcome(metric, difference, scaled_p(difference)),
        n=n,
        control_mean=sum(controls) / n if n else None,
        arm_mean=sum(arms) / n if n else None,
        difference=difference,
        relative=ratio_of_means(arms, controls, lags, confidence=sure),
        ratio=log_ratio(arms, controls, lags, confidence=sure),
        robust=robust_centre(differences, lags),
        detectable_80=_detectable(difference, 0.8),
        detectable_90=_detectable(difference, 0.9),
        all_blocks=_over_all(pairs, sure) if len(pairs) > n else None,
        left_out=len(pairs) - n,
        pairs=pairs,
        caveats=(),
    )
    dropped = sum(pair.launches_dropped for pair in used)
    doubts = (*_block_caveats(found, lonely, dropped), *_missing(found, trials), *_estimate_caveats(found))
    return _paid(replace(found, caveats=doubts), looks)


def lacking(metric: str, arm: str, control: str, trials: Sequence[TrialValues]) -> tuple[int, int]:
    """Blocks with both trials in which the arm recorded fewer launches or none, and those in which the control did."""
    counts = {
        name: {trial.block: len(trial.values.get(metric, ())) for trial in trials if trial.arm == name}
        for name in (arm, control)
    }
    apart = [counts[arm][block] - counts[control][block] for block in counts[arm].keys() & counts[control].keys()]
    return sum(each < 0 for each in apart), sum(each > 0 for each in apart)


def _missing(comparison: Comparison, trials: Sequence[TrialValues]) -> list[Caveat]:
    """By the exact sign test over blocks (McNemar, Psychometrika 12 (1947) 153-157): launches are no units."""
    arm, control = lacking(comparison.metric.name, comparison.arm, comparison.control, trials)
    most, either = max(arm, control), arm + control
    tail = sum(math.comb(either, hits) for hits in range(most, either + 1))
    if 2 * tail > (1 - CONFIDENCE) * 2**either:
        return []
    return [
        Caveat(
            MISSING_UNEVEN,
            f"Figures are missing in {count(arm, 'block')} of {comparison.arm} and in {control} of"
            f" {comparison.control}, hardly by chance: what failed or timed out may be the slowest.",
            "Find out why they are missing before you believe what is left.",
        )
    ]


def _over_all(pairs: Sequence[Pair], confidence: float) -> Estimate | None:
    return paired_t([p.difference for p in pairs], [p.lag for p in pairs], confidence=confidence)


def _paid(found: Comparison, looks: Looks | None) -> Comparison:
    """With intervals that say that they pay for looks, where they do."""
    if looks is None:
        return found
    times = len(looks.blocks)
    note = f", repeated interval: the run was looked at {count(times, 'time')}"
    difference, relative, ratio, all_blocks = (
        each and replace(each, method=each.method + note)
        for each in (found.difference, found.relative, found.ratio, found.all_blocks)
    )
    return replace(found, difference=difference, relative=relative, ratio=ratio, all_blocks=all_blocks, looks=times)


def shared_codes(rows: Sequence[Comparison]) -> frozenset[str]:
    """Caveats that every metric carries: told once for the run, not on every row."""
    codes = [{caveat.code for caveat in each.caveats} for each in rows if each.metric.name != KILLS]
    return frozenset(set.intersection(*codes)) - {WITHIN_NOISE_FLOOR} if codes else frozenset()


def _samples(metric: Metric, arm: str, trials: Sequence[TrialValues]) -> list[Sample]:
    return [
        Sample(trial.block, trial.index, trial.values[metric.name], trial.kills)
        for trial in trials
        if trial.arm == arm and metric.name in trial.values
    ]


def _detectable(difference: Estimate | None, power: float) -> float | None:
    if difference is None or difference.error is None:
        return None
    return minimum_detectable_effect(difference.error, difference.freedom, power, difference.confidence)


def outcome(metric: Metric, difference: Estimate | None, p: float | None) -> Outcome:
    """What became of a metric, from its effect and the p value that counts (its own, or adjusted for its family).

    Where no block differs from the others there is no spread to judge by, only the sign, and counts are often alike:
    chance makes n equal signs in 2^(1 - n) of runs, which is below 5 % from `FEW_BLOCKS` on.
    """
    if difference is None or p is None or (difference.rigid and difference.n < FEW_BLOCKS):
        return "unknown"
    if p > 1 - CONFIDENCE:
        return "same"
    rose = difference.value > 0
    if metric.better == "none":
        return "higher" if rose else "lower"
    return "better" if rose == (metric.better == "higher") else "worse"


def _block_caveats(comparison: Comparison, lonely: int, dropped: int) -> list[Caveat]:
    found, n, left_out = [], comparison.n, comparison.left_out
    if left_out:
        found.append(
            Caveat(
                "blocks-with-kills",
                f"{count(left_out, 'block')} with kills left out: a killed process lowers the demand for memory.",
                "Read the kills first; lower the dose until nobody is killed.",
            )
        )
    if lonely:
        found.append(
            Caveat(
                "one-sided",
                f"{count(lonely, 'trial')} without a partner in its block.",
                "A block that lacks an arm is left out; run more to make up.",
            )
        )
    if dropped:
        found.append(
            Caveat(
                "launches-dropped",
                f"{count(dropped, 'launch', 'launches')} recorded by one arm of a block only; not compared.",
                "Look at those launches in the list of trials.",
            )
        )
    if n < FEW_BLOCKS:
        found.append(
            Caveat("few-blocks", f"Rests on {count(n, 'block')}.", f"Run at least {FEW_BLOCKS}, better 20 blocks.")
        )
    return found


def _estimate_caveats(comparison: Comparison) -> list[Caveat]:
    difference, ratio, all_blocks = comparison.difference, comparison.ratio, comparison.all_blocks
    if difference is None:
        return []
    found, seen = [], difference.excludes(0.0)
    if difference.rigid:
        found.append(
            Caveat(
                "no-spread", "Every block differs by the same amount, so the interval is a point.", "Run more blocks."
            )
        )
    if ratio is not None and ratio.excludes(1.0) != seen:
        found.append(
            Caveat(
                "scale-matters",
                "Differences and block-by-block ratios disagree on whether there is an effect.",
                "Look at the blocks one by one; a few large ones may decide.",
            )
        )
    if all_blocks is not None and all_blocks.excludes(0.0) != seen:
        found.append(
            Caveat(
                "kills-decide",
                "With the blocks in which processes were killed the answer would be another.",
                "Lower the dose until nobody is killed, then run again.",
            )
        )
    robust = comparison.robust
    if robust is not None and seen and not difference.low <= robust <= difference.high:
        found.append(
            Caveat(
                "few-blocks-decide",
                "The mean effect lies far from the middle of the blocks: a few wild blocks make it.",
                "Look at the blocks one by one, find out what happened in those, run more blocks.",
            )
        )
    return found


def kills_traced(values: Mapping[str, Mapping[str, Mapping[int, float]]]) -> dict[str, int]:
    """Trial -> processes killed, of every trial that was measured, from trial -> metric -> launch -> value."""
    return {trial: int(metrics.get(KILLS, {}).get(0, 0)) for trial, metrics in values.items()}
