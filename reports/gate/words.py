# SPDX-License-Identifier: Apache-2.0
"""Rules and findings in words: what is asked, what was found, how sure it is. Pure."""

from collections.abc import Callable

from reports.comparison import FEW_BLOCKS, KILLS
from reports.gate.findings import ERROR, SIGHT, Decision, Figures, Finding, Ground, power
from reports.metrics import METRICS
from reports.statistics.paired import Estimate
from reports.statistics.power import MOST_BLOCKS
from reports.units import change_interval, count, difference, number, quantity
from workloads.spec import Rule

WORDS: dict[Decision, str] = {"pass": "PASS", "fail": "FAIL", "not-decided": "NOT DECIDED", "waived": "WAIVED"}
_FEWEST_P = 0.001
_NOTHING = "the control is 0, of which no margin in percent can be taken; give `margin` in the metric's unit"


def margin_text(rule: Rule) -> str:
    """A rule's margin: `5 %`, `20 ms`, `0.5 per trial`."""
    if rule.relative:
        return f"{number(100 * rule.margin)} %"
    if rule.metric == KILLS:
        return f"{number(rule.margin)} per trial"
    return quantity(rule.margin, METRICS[rule.metric].unit if rule.metric in METRICS else "")


def rule_text(rule: Rule) -> str:
    """What a rule asks: `must not worsen by more than 5 %`, `must improve`."""
    asked = "must not worsen" if rule.must == "not-worsen" else "must improve"
    return f"{asked} by more than {margin_text(rule)}" if rule.margin else asked


def subject(metric: str, arm: str, app: str) -> str:
    """What is judged: `ttid of on`, `ttid of on in com.example`, `ttid of on in each app`."""
    where = " in each app" if app == "*" else f" in {app}" if app else ""
    return f"{metric} of {arm}{where}"


def why(finding: Finding, ratio: Estimate | None, blocks: int | None) -> str:
    """Why a decision fell, in one sentence without its full stop.

    Args:
        finding: the decision.
        ratio: arm / control, where the margin is relative and the control allows one.
        blocks: blocks that would see the margin 9 times in 10; None where no number is known.
    """
    case, figures = finding.case, finding.figures
    if case.trouble:
        return case.trouble
    size = count(len(case.pairs), "block")
    if figures is None:
        left = f" ({count(case.left_out, 'block')} with kills left out)" if case.left_out else ""
        return f"rests on {size}{left}, a ruling needs {FEW_BLOCKS} or more"
    if finding.ground == "same":
        return _same(finding, size)
    effect = figures.difference
    if ratio is not None:
        moved = change_interval(ratio.value, ratio.low, ratio.high)
    else:
        moved = difference(effect.value, effect.low, effect.high, METRICS[case.rule.metric].unit)
    per = " per trial" if ratio is None and case.rule.metric == KILLS else ""
    return f"{moved}{per} over {size}: {_GROUNDS[finding.ground](finding, figures, blocks)}"


def probability(share: float) -> int:
    """A share as so many in a hundred; 100 and 0 only when it is so."""
    return min(99, max(1, round(100 * share))) if 0 < share < 1 else round(100 * share)


def times(share: float) -> str:
    """A share as a reader counts: `8 times in 10`, `hardly ever`."""
    tenths = int(10 * share)
    return f"{tenths} times in 10" if tenths > 1 else "1 time in 10" if tenths else "hardly ever"


def seldom(share: float) -> str:
    """The same of a share that is too small: `only 3 times in 10`, `hardly ever`."""
    return f"only {times(share)}" if share >= 0.1 else times(share)  # noqa: PLR2004 - below it `times` says no figure


def _see(what: str, share: float) -> str:
    """That something is seen too seldom: `see that only 3 times in 10`, `hardly ever see that`."""
    return f"see {what} {seldom(share)}" if share >= 0.1 else f"{seldom(share)} see {what}"  # noqa: PLR2004 - as in `seldom`


def _same(finding: Finding, size: str) -> str:
    rule = finding.case.rule
    if rule.metric == KILLS and not any(pair.control for pair in finding.case.pairs):
        told = f"nobody was killed in {size}"
    else:
        told = f"the same in each of {size} ({quantity(finding.case.pairs[0].arm, METRICS[rule.metric].unit)})"
        if len({pair.arm for pair in finding.case.pairs}) > 1:
            told = f"no difference in any of {size}"
    return f"{told}, so nothing improved" if rule.must == "improve" else told


def _better(finding: Finding, _figures: Figures, _blocks: int | None) -> str:
    return f"proven to be better ({_p(finding.changed_p or 0.0)})"


def _proven(finding: Finding, figures: Figures, _blocks: int | None) -> str:
    return f"proven at most {margin_text(finding.case.rule)} worse ({_p(figures.holds_p)})"


def _worse(finding: Finding, _figures: Figures, _blocks: int | None) -> str:
    told = f"proven to be worse ({_p(finding.changed_p or 0.0)})"
    rule = finding.case.rule
    return f"{told} and not proven to stay within {margin_text(rule)}" if rule.margin else told


def _blind(finding: Finding, figures: Figures, blocks: int | None) -> str:
    better = finding.changed_p is not None and finding.changed_p <= ERROR
    found = _better(finding, figures, blocks) if better else "looks well"
    if not figures.margin:
        return f"{found}, but {_NOTHING}"
    worsening, chance = f"a worsening of {margin_text(finding.case.rule)}", power(figures, finding.sharing)
    return f"{found}, but such a run would {_see(worsening, chance)}; {_enough(blocks)}"


def _open(finding: Finding, figures: Figures, blocks: int | None) -> str:
    rule = finding.case.rule
    if rule.must == "improve":
        by = f" by more than {margin_text(rule)}" if rule.margin else ""
        return f"neither proven to be better{by} nor proven not to be; more blocks would tell"
    if not rule.margin:
        return "neither proven to be better nor to be worse; give the rule a margin that a run can prove"
    if not figures.margin:
        return _NOTHING
    told = f"proven neither to be worse nor to stay within {margin_text(rule)}"
    chance = power(figures, finding.sharing)
    seen = f"see that {times(chance)}" if chance >= SIGHT else _see("that", chance)
    return f"{told}; such a run would {seen}, {_enough(blocks, len(finding.case.pairs))}"


def _broken(finding: Finding, _figures: Figures, _blocks: int | None) -> str:
    trials = len(finding.case.broken)
    return f"would hold, were it not for {count(trials, 'trial whose figure is', 'trials whose figures are')} no number"


def _uncounted(finding: Finding, _figures: Figures, _blocks: int | None) -> str:
    lost = count(len(finding.case.uncounted), "trial")
    return f"would hold, but processes were killed in {lost} of {finding.case.arm} that no block compares"


def _lost(finding: Finding, _figures: Figures, _blocks: int | None) -> str:
    case = finding.case
    return f"would hold, but {case.arm} lacks figures in {count(case.lost, 'block')}, too many for chance"


def _improved(finding: Finding, figures: Figures, _blocks: int | None) -> str:
    rule = finding.case.rule
    by = f" by more than {margin_text(rule)}" if rule.margin else ""
    return f"proven to be better{by} ({_p(figures.holds_p)})"


def _not_improved(finding: Finding, figures: Figures, _blocks: int | None) -> str:
    rule = finding.case.rule
    by = f" by {margin_text(rule)}" if rule.margin else ""
    return f"proven not to be better{by} ({_p(1 - figures.holds_p)})"


_GROUNDS: dict[Ground, Callable[[Finding, Figures, int | None], str]] = {
    "better": _better,
    "proven": _proven,
    "worse": _worse,
    "blind": _blind,
    "open": _open,
    "broken": _broken,
    "uncounted": _uncounted,
    "lost": _lost,
    "improved": _improved,
    "not-improved": _not_improved,
}


def _enough(blocks: int | None, had: int = 0) -> str:
    if blocks is None:
        return f"{MOST_BLOCKS:,} blocks would not be enough"
    if blocks <= had:
        return "the true change may lie near the margin, more blocks would tell"
    return f"about {count(blocks, 'block')} would be enough"


def _p(p: float) -> str:
    return f"p < {_FEWEST_P}" if p < _FEWEST_P else f"p {p:.2g}"
