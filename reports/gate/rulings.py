# SPDX-License-Identifier: Apache-2.0
"""A gate's rulings: each rule on each arm, decided and told in words, and what they come to together. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reports.gate.findings import SIGHT, Case, Decision, Figures, Finding, Ground, decide, level, power, weigh
from reports.gate.rulebook import Place, Rulebook, Waiver
from reports.gate.words import WORDS, margin_text, probability, seldom, subject, why
from reports.record import Caveat
from reports.statistics.paired import Estimate, ratio_of_means
from reports.statistics.power import blocks_for
from reports.wording import enumerate_words
from workloads.spec import Rule


@dataclass(frozen=True)
class Sight:
    """What a gate says of a worsening that is known to be there, planted into the recorded data.

    Attributes:
        margin: size of the rule's margin in base units; what was planted first.
        runs: runs that were made from the recorded blocks.
        seen: share of them that fail with a worsening of the margin.
        passed: share of them that pass it, wrongly.
        seen_larger: share that fail with one of `larger` times the margin.
        passed_larger: share that pass that.
        recorded: the decision on the recorded rows themselves, with one of the margin planted in; None for kills.
        larger: the larger worsening, in margins.
    """

    margin: float
    runs: int
    seen: float
    passed: float
    seen_larger: float
    passed_larger: float
    recorded: Decision | None
    larger: float = 1.5


@dataclass(frozen=True)
class Ruling:
    """One rule on one arm and app.

    Attributes:
        rule: the rule.
        place: where it is written.
        arm: the arm it is laid on.
        control: what the arm is compared with.
        app: package whose launches are judged; empty: the median over all launches, or the trial.
        decision: pass, fail, not-decided or waived.
        ground: why, in one stable word.
        why: why, in one sentence, with size and certainty.
        n: blocks it rests on.
        estimate: arm / control for a relative margin, arm - control in base units else; None without one.
        holds_p: one-sided p of "the rule does not hold".
        changed_p: two-sided p of "no difference", adjusted over the gate, where the rule is `not-worsen`.
        power: chance that this gate, all its rules counted, sees a worsening of the margin in a run of this size and
            spread.
        blocks: blocks that would see it 9 times in 10; None where no number is known to be enough.
        waiver: what covers a failure, expired or not.
        sight: what the self-test found.
        caveats: doubts about the effect.
    """

    rule: Rule
    place: Place
    arm: str
    control: str
    app: str
    decision: Decision
    ground: Ground
    why: str
    n: int
    estimate: Estimate | None
    holds_p: float | None
    changed_p: float | None
    power: float | None
    blocks: int | None
    waiver: Waiver | None = None
    sight: Sight | None = None
    caveats: tuple[Caveat, ...] = ()

    @property
    def name(self) -> str:
        """What is judged: `ttid of on`, `ttid of on in com.example`."""
        return subject(self.rule.metric, self.arm, self.app)


def rule_on(laid: Sequence[Case], book: Rulebook) -> tuple[Ruling, ...]:
    """Decide every case, tell why, and lay waivers on failures.

    Args:
        laid: `reports.gate.findings.cases`.
        book: its waivers count.
    """
    found = decide(laid, [weigh(case) for case in laid])
    return tuple(waived(_told(finding), book) for finding in found)


def overall(decisions: Iterable[Decision]) -> Decision:
    """The worst decision: fail, not-decided, pass; what is waived passes, nothing at all is not decided."""
    found = set(decisions)
    if "fail" in found:
        return "fail"
    return "pass" if found and "not-decided" not in found else "not-decided"


def summary(rulings: Sequence[Ruling]) -> str:
    """All of them in one sentence: `FAIL. Of 3 rulings 1 fails (ttid of on) and 2 pass.`; empty when there are none."""
    parts = [
        f"{len(names)} {one if len(names) == 1 else many}" + (f" ({', '.join(names)})" if named else "")
        for decision, one, many, named in _TALLY
        if (names := [ruling.name for ruling in rulings if ruling.decision == decision])
    ]
    if not parts:
        return ""
    word, whole = WORDS[overall(ruling.decision for ruling in rulings)], parts[0].partition(" ")[2]
    if len(rulings) == 1:
        return f"{word}. The only ruling {whole}."
    if len(parts) == 1:
        all_of_them = "Both" if len(rulings) == 2 else f"All {len(rulings)}"  # noqa: PLR2004 - a word of its own
        return f"{word}. {all_of_them} rulings {whole}."
    return f"{word}. Of {len(rulings)} rulings {enumerate_words(parts)}."


_TALLY: tuple[tuple[Decision, str, str, bool], ...] = (
    ("fail", "fails", "fail", True),
    ("not-decided", "is not decided", "are not decided", True),
    ("waived", "is waived", "are waived", False),
    ("pass", "passes", "pass", False),
)
"""Decisions from the worst on, in words for one and for many, and whether what they fell on is named."""


def with_sight(ruling: Ruling, sight: Sight | None) -> Ruling:
    """A ruling and what the self-test found: one that passes without seeing its own margin is not decided."""
    if sight is None:
        return ruling
    if ruling.decision == "pass" and sight.seen < SIGHT:
        told = f"{ruling.why}; but the self-test sees a worsening of the margin {seldom(sight.seen)}"
        return replace(ruling, decision="not-decided", ground="blind", why=told, sight=sight)
    return replace(ruling, sight=sight)


def waiver_text(waiver: Waiver) -> str:
    """Who answers for a failure: `waived by kernel-team until 2026-12-31: known, fix in review`."""
    return f"waived by {waiver.owner} until {waiver.expires.isoformat()}: {waiver.reason}"


def sight_text(ruling: Ruling) -> str:
    """What the self-test found, in one sentence without its full stop; empty without one."""
    sight = ruling.sight
    if sight is None:
        return ""
    told = "" if sight.recorded is None else f"; planted into the recorded rows: {WORDS[sight.recorded].lower()}"
    return (
        f"self-test: a worsening of {margin_text(ruling.rule)} would have been seen in {probability(sight.seen)} of 100"
        f" such runs and wrongly passed in {probability(sight.passed)}, one of {sight.larger:g} times that seen in"
        f" {probability(sight.seen_larger)}{told}"
    )


def _told(finding: Finding) -> Ruling:
    case, figures = finding.case, finding.figures
    ratio = _ratio(case) if figures else None
    blocks = _blocks(case, figures, finding.sharing) if figures else None
    return Ruling(
        rule=case.rule,
        place=case.stated.place,
        arm=case.arm,
        control=case.control,
        app=case.app,
        decision=finding.decision,
        ground=finding.ground,
        why=why(finding, ratio, blocks),
        n=len(case.pairs),
        estimate=ratio or (figures.difference if figures else None),
        holds_p=figures.holds_p if figures else None,
        changed_p=finding.changed_p,
        power=power(figures, finding.sharing) if figures else None,
        blocks=blocks,
        caveats=case.caveats,
    )


def _ratio(case: Case) -> Estimate | None:
    """Arm / control where the margin is a share of the control's level, and that level allows one."""
    if not case.rule.relative:
        return None
    arms, controls = [p.arm for p in case.pairs], [p.control for p in case.pairs]
    return ratio_of_means(arms, controls, [p.lag for p in case.pairs], confidence=case.confidence)


def _blocks(case: Case, figures: Figures, sharing: int) -> int | None:
    error = figures.difference.error
    if not figures.margin or error is None:
        return None
    return blocks_for(figures.margin, error * len(case.pairs) ** 0.5, confidence=level(sharing))


def waived(ruling: Ruling, book: Rulebook) -> Ruling:
    """A failure that a waiver covers, waived; one whose waiver ran out, told so."""
    if ruling.decision != "fail":
        return ruling
    found = [each for each in book.waivers if each.covers(ruling.rule.metric, ruling.arm, ruling.app)]
    if not found or book.today is None:
        return ruling
    waiver = max(found, key=lambda each: each.expires)
    if waiver.expires >= book.today:
        return replace(ruling, decision="waived", waiver=waiver)
    told = f"{ruling.why}; the waiver of {waiver.owner} ran out on {waiver.expires.isoformat()}"
    return replace(ruling, why=told, waiver=waiver)
