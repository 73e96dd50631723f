# SPDX-License-Identifier: Apache-2.0
"""What the figures of a run say to each rule. Pure: no words yet, so that the self-test can ask it thousands of times.

A rule "must not worsen by a margin" holds when a one-sided test at 4.75 % (`PROVEN`) proves it and the run is fine
enough to see a worsening of the margin: that a coarse run finds none is luck. It is broken when the arm is proven worse
than the control, two-sided at 5 %, by Holm's step-down over all such rules of the gate. What is neither is not decided,
also where the arm is proven better by a run too coarse to see the margin. A margin of 0 has no size that could be seen:
such a rule holds when the arm is proven better. A rule "must improve" holds, or is broken, by a one-sided test.
Source of both kinds of test: Westlake, Biometrics 32 (1976) 741-744; Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987)
657-680 (two one-sided tests).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

from reports.comparison import FEW_BLOCKS, MISSING_UNEVEN, Comparison, TrialValues, compare_metric, lacking
from reports.families import holm
from reports.gate.rulebook import EACH_APP, Rulebook, StatedRule, app_problem, metric_problem
from reports.looks import Looks, scaled_one_sided_p, scaled_p
from reports.metrics import METRICS
from reports.record import Caveat
from reports.statistics.blocks import Pair
from reports.statistics.paired import CONFIDENCE, Estimate, below_p, paired_t
from reports.statistics.power import power_of
from workloads.spec import Rule

Decision: TypeAlias = Literal["pass", "fail", "not-decided", "waived"]

Ground: TypeAlias = Literal[
    "cannot",
    "few",
    "broken",
    "uncounted",
    "lost",
    "same",
    "better",
    "proven",
    "worse",
    "blind",
    "open",
    "improved",
    "not-improved",
]
"""Why: `cannot`: no evidence; `broken`: some of it is no number; `uncounted`: processes died where no block looks;
`lost`: figures of the arm are missing more often than chance allows;
`same`: no difference in any block; `better`: proven, of a rule without a margin; `blind`: the run is too coarse to see
the margin; `open`: proven neither way."""

ERROR = 0.05
"""Chance of any wrong failure of a gate, and the most that a wrong pass of one rule may have."""

PROVEN = 0.0475
"""One-sided p at or below which something is proven of a margin.

A little below `ERROR`: Student's test keeps 5 % to a few tenths where noise drifts or remembers, and `make
bench-statistics`, whose own standard error is 0.11 %, is to find at most 5 % in every scenario. The price is 1.5 % of
the margin that a run can prove.
"""

SIGHT = 0.8
"""Chance of seeing a worsening of its margin that a gate needs to say "pass"."""

_SURELY_SEEN = 20.0
"""From so many standard errors on an effect is seen for certain; farther out the noncentral t has no digits left."""


@dataclass(frozen=True)
class Case:
    """A rule laid on one arm and app, with its evidence.

    Attributes:
        stated: the rule.
        arm: the arm it is laid on.
        control: what the arm is compared with.
        app: package whose launches are judged; empty: the median over all launches, or the trial.
        pairs: blocks that count.
        left_out: blocks left out because somebody was killed in them.
        trouble: why it cannot be judged at all; empty when it can.
        broken: trials whose figure is no finite number.
        uncounted: of a rule on kills, trials of the arm with kills that no block compares: left out by rule, not
            measured, or without a partner.
        lost: blocks in which the arm lacks figures that its control has, where those are too many for chance; else 0.
        caveats: doubts about the effect.
        confidence: coverage of its interval by itself: above 0.95 where the run was looked at before it ended.
    """

    stated: StatedRule
    arm: str
    control: str
    app: str
    pairs: tuple[Pair, ...]
    left_out: int = 0
    trouble: str = ""
    broken: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    lost: int = 0
    caveats: tuple[Caveat, ...] = ()
    confidence: float = CONFIDENCE

    @property
    def rule(self) -> Rule:
        """The rule itself."""
        return self.stated.rule

    @property
    def worse_sign(self) -> int:
        """1 where a rise is worse, -1 where a fall is."""
        return 1 if METRICS[self.rule.metric].better == "lower" else -1


@dataclass(frozen=True)
class Figures:
    """What the blocks of a case say.

    Attributes:
        difference: arm - control, base units.
        margin: the rule's margin in base units; 0 where a relative one is laid on a control of 0.
        holds_p: one-sided p of "the rule does not hold"; looks at the run before it ended are paid for.
    """

    difference: Estimate
    margin: float
    holds_p: float

    @property
    def same(self) -> bool:
        """Whether the arm is the same as the control in every block."""
        return self.difference.error == 0 and self.difference.value == 0


@dataclass(frozen=True)
class Finding:
    """A decision, without words.

    Attributes:
        case: what was judged.
        figures: what its blocks say; None with too few of them.
        changed_p: two-sided p of "no difference", adjusted over the gate; None where it was not asked.
        decision: pass, fail or not-decided.
        ground: why.
        sharing: rules that share one chance of a wrong failure with this one, itself counted.
    """

    case: Case
    figures: Figures | None
    changed_p: float | None
    decision: Decision
    ground: Ground
    sharing: int = 1


def cases(
    book: Rulebook,
    controls: Mapping[str, str | None],
    evidence: Mapping[str, Sequence[TrialValues]],
    broken: Mapping[str, tuple[str, ...]],
    looks: Looks | None = None,
) -> tuple[Case, ...]:
    """Lay every rule on every arm.

    Args:
        book: the rules.
        controls: arm -> what it is compared with; None where it has no control.
        evidence: trials that count, by the app whose launches they hold, every app that was to be launched among them;
            those of all apps under the empty name.
        broken: metric -> trials whose figure is no finite number.
        looks: at the run before it ended; None: nobody looked.
    """
    return tuple(
        _paid(_case(stated, (arm, control), app, evidence.get(app, ()), broken.get(stated.rule.metric, ())), looks)
        for stated in book.rules
        for arm, control in controls.items()
        if control is not None
        for app in _apps(stated.rule, evidence)
    )


def _paid(case: Case, looks: Looks | None) -> Case:
    """At the level that the looks have left; rules share it by themselves (`decide`), so the family is one."""
    if looks is None:
        return case
    return replace(case, confidence=replace(looks, family=1).confidence([pair.block for pair in case.pairs]))


def weigh(case: Case) -> Figures | None:
    """What the blocks of a case say; None when it cannot be judged or has fewer than `FEW_BLOCKS`."""
    if case.trouble or len(case.pairs) < FEW_BLOCKS:
        return None
    rule, pairs = case.rule, case.pairs
    arms, controls, lags = [p.arm for p in pairs], [p.control for p in pairs], [p.lag for p in pairs]
    difference = paired_t([p.difference for p in pairs], lags, confidence=case.confidence)
    border = case.worse_sign * rule.margin * (1 if rule.must == "not-worsen" else -1)
    ratio, absolute = (1 + border, 0.0) if rule.relative else (1.0, border)
    below = below_p(arms, controls, lags, ratio=ratio, absolute=absolute)
    if difference is None or difference.error is None or below is None:
        return None
    margin = rule.margin * (abs(sum(controls)) / len(pairs) if rule.relative else 1)
    return Figures(
        difference,
        margin,
        scaled_one_sided_p(below if case.worse_sign > 0 else 1 - below, case.confidence),
    )


@lru_cache(maxsize=4096)
def power(figures: Figures, sharing: int = 1) -> float:
    """Chance that a worsening of the margin fails in a run of this size and spread.

    Args:
        figures: of the run.
        sharing: rules that share one chance of a wrong failure. While they all hold but one, that one has the smallest
            p, which Holm multiplies by their number.
    """
    error, margin = figures.difference.error or 0.0, figures.margin
    if error == 0 or margin == 0:
        return float(margin > 0)
    return power_of(min(margin, _SURELY_SEEN * error), error, figures.difference.freedom, level(sharing))


def level(sharing: int) -> float:
    """Confidence at which a rule that shares its chance of a wrong failure sees a worsening."""
    return 1 - ERROR / max(1, sharing)


def decide(laid: Sequence[Case], figures: Sequence[Figures | None]) -> tuple[Finding, ...]:
    """Decide every case of a gate; they share one chance of a wrong failure.

    Args:
        laid: the cases.
        figures: what `weigh` says of each.
    """
    asked = [
        i
        for i, (case, found) in enumerate(zip(laid, figures, strict=True))
        if found is not None and not found.same and case.rule.must == "not-worsen"
    ]
    adjusted = dict(
        zip(asked, holm([scaled_p(found.difference) or 0.0 for i in asked if (found := figures[i])]), strict=True)
    )
    return tuple(_finding(case, figures[i], adjusted.get(i), max(1, len(asked))) for i, case in enumerate(laid))


def _apps(rule: Rule, evidence: Mapping[str, Sequence[TrialValues]]) -> Iterator[str]:
    """The apps a rule is laid on: for `*` each, also one of which nothing was recorded; `*` stays where that is all."""
    if rule.app != EACH_APP:
        yield rule.app
        return
    recorded = any(app and rule.metric in trial.values for app, trials in evidence.items() for trial in trials)
    yield from [app for app in evidence if app] if recorded else [EACH_APP]


def _case(
    stated: StatedRule, arms: tuple[str, str], app: str, trials: Sequence[TrialValues], broken: tuple[str, ...]
) -> Case:
    (arm, control), name = arms, stated.rule.metric
    trouble = metric_problem(name) or app_problem(name, app)
    if trouble:
        return Case(stated, arm, control, app, (), trouble=trouble)
    found = compare_metric(METRICS[name], arm, control, trials)
    pairs = tuple(pair for pair in found.pairs if found.uses(pair))
    return Case(
        stated,
        arm,
        control,
        app,
        pairs,
        found.left_out,
        trouble="" if pairs else _nothing(name, found.left_out, trials),
        broken=broken,
        lost=_lost(found, trials),
        caveats=(*found.caveats, *_not_finite(broken)),
    )


def _lost(found: Comparison, trials: Sequence[TrialValues]) -> int:
    fewer, more = lacking(found.metric.name, found.arm, found.control, trials)
    return fewer if fewer > more and any(caveat.code == MISSING_UNEVEN for caveat in found.caveats) else 0


def _not_finite(trials: tuple[str, ...]) -> Iterator[Caveat]:
    if trials:
        yield Caveat(
            "not-finite",
            f"No finite number in {', '.join(trials)}: taken as not recorded.",
            "Run `reclaim measure` on the run again; until then this cannot pass.",
        )


def _nothing(name: str, left_out: int, trials: Sequence[TrialValues]) -> str:
    if left_out:
        return "a process was killed in every block, so none can be compared"
    if any(name in trial.values for trial in trials):
        return "no block has a figure of both arms"
    return "was not recorded"


def _finding(case: Case, figures: Figures | None, adjusted: float | None, sharing: int) -> Finding:
    if figures is None:
        return Finding(case, None, None, "not-decided", "cannot" if case.trouble else "few")
    if case.rule.must == "improve":
        decision, ground = _improved(figures)
    else:
        decision, ground = _not_worsened(case, figures, adjusted, sharing)
    if case.broken and decision == "pass":
        decision, ground = "not-decided", "broken"
    if case.uncounted and decision == "pass":
        decision, ground = "not-decided", "uncounted"
    if case.lost and decision == "pass":
        decision, ground = "not-decided", "lost"
    return Finding(case, figures, adjusted, decision, ground, sharing)


def _not_worsened(case: Case, figures: Figures, changed_p: float | None, sharing: int) -> tuple[Decision, Ground]:
    if changed_p is None:
        return "pass", "same"
    changed, worse = changed_p <= ERROR, figures.difference.value * case.worse_sign > 0
    holds = figures.holds_p <= PROVEN
    if holds and power(figures, sharing) >= SIGHT:
        return "pass", "proven"
    if changed and worse:
        return "fail", "worse"
    if changed and not case.rule.margin:
        return "pass", "better"
    return "not-decided", "blind" if holds and case.rule.margin else "open"


def _improved(figures: Figures) -> tuple[Decision, Ground]:
    if figures.same:
        return "fail", "same"
    if figures.holds_p <= PROVEN:
        return "pass", "improved"
    if figures.holds_p >= 1 - PROVEN:
        return "fail", "not-improved"
    return "not-decided", "open"
