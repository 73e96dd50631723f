# SPDX-License-Identifier: Apache-2.0
"""A run's answer as plain text: 80 columns, readable without colour. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reports import interaction_words
from reports.analysis import Analysis
from reports.comparison import KILLS, Comparison, Outcome, shared_codes
from reports.demanded import demanded, survived
from reports.exclusions import BY_RECORD
from reports.gate.text import rules_lines
from reports.levels import Level
from reports.noise.tracing import not_compared
from reports.printable import printable
from reports.questions.text import question_lines
from reports.survival import survival, survival_sentence
from reports.units import beside, count, share, together
from reports.wording import SHORT_WORDS as _WORDS
from reports.wording import effect_text, looks_note, relative_text, sentence
from reports.wrapping import WIDTH
from reports.wrapping import wrap as _wrap

if TYPE_CHECKING:
    from reports.ledger import LedgerLine
    from reports.record import Caveat

_EFFECT_WIDTH = 22
_WORD_WIDTH = 7
QUIET: frozenset[Outcome] = frozenset({"same", "unknown"})
"""Outcomes of metrics that did not move, as far as anybody can tell."""

_NOTE = (
    "~ no detectable difference; in brackets the change that would be seen 9 times in 10, in percent or in the unit"
    " of its row. Intervals of 95 %: paired t over blocks, the order of arms in the model from 6 blocks on; changes"
    " in percent: ratio of means (Fieller), same decision. Launches: median per trial. A word beside n means p below"
    " 0.05 among all metrics of its kind: the primary ones (the second group; Holm), the others (false discovery"
    " rate)."
)


def compare_text(analysis: Analysis, *, whole: bool = False, questions: bool = False) -> str:
    """The answer, ending in a line feed.

    Args:
        analysis: the run's.
        whole: with the metrics that nobody asked about, that did not move and of which nothing is doubted; else they
            are only counted.
        questions: with a paragraph per question of kcompressd's reviewers; else, where it was varied, only a hint.
    """
    lines = [*_lines(analysis, whole=whole), *question_lines(analysis, told=whole or questions)]
    return "\n".join(lines) + "\n"


def _speaks(each: Comparison, common: frozenset[str]) -> bool:
    return each.outcome not in QUIET or any(caveat.code not in common for caveat in each.caveats)


def untold(rows: int) -> Iterator[str]:
    """That rows are not shown, and how to see them; nothing when all are."""
    if rows:
        yield ""
        yield f"{count(rows, 'more metric')} without a detectable difference: `reclaim compare --all`"


def _lines(analysis: Analysis, *, whole: bool) -> Iterator[str]:
    run, verdict, device = analysis.run, analysis.verdict, analysis.run.device
    yield from _wrap(verdict.question)
    yield from _wrap(f"{run.path}: {device.model}, kernel {device.kernel}, {device.build}", indent="  ")
    if device.stand_in:
        yield from _wrap(f"NOT A PHONE: {device.stand_in}", indent="  ")
    yield ""
    for trouble in verdict.troubles:
        yield from _wrap(trouble)
    yield from _wrap(verdict.ending)
    yield from _wrap(f"KILLS: {verdict.kills}")
    for each in survival(analysis) if verdict.killed else ():
        yield from _wrap(survival_sentence(each), indent="  ", first="  ")
    for arm in verdict.arms:
        yield from _wrap(arm.sentence)
    yield from _around(analysis)
    asked = {KILLS, *run.experiment.primary, *(ruling.rule.metric for ruling in verdict.rulings)}
    for arm in verdict.arms:
        rows = [each for each in analysis.comparisons if each.arm == arm.arm]
        common = shared_codes(rows)
        shown = [each for each in rows if whole or each.metric.name in asked or _speaks(each, common)]
        yield ""
        yield from _table(arm.arm, arm.control, shown, analysis.run.experiment.primary)
        yield from untold(len(rows) - len(shown))
        yield from _row_doubts(shown, common)
    yield from _interactions(analysis)
    yield from rules_lines(analysis)
    if verdict.arms:
        yield ""
        yield from _wrap(_NOTE)
        yield from _wrap(looks_note(analysis.comparisons))
    elif analysis.levels:
        yield ""
        yield from _levels(analysis.levels)
    yield from _doubts(analysis)


def _around(analysis: Analysis) -> Iterator[str]:
    """Doubts about the whole answer, what was demanded, and what is known of the phone."""
    for caveat in analysis.verdict.caveats:
        yield from _wrap(f"! {caveat.what} {caveat.do}", indent="  ")
    told = (*demanded(analysis), *survived(analysis), *analysis.background)
    for line in (*told, *not_compared(analysis.run.experiment, analysis.prices)):
        yield from _wrap(line)


def _table(arm: str, control: str, rows: Sequence[Comparison], primary: Sequence[str]) -> Iterator[str]:
    yield _row("", control, arm, "change", "  n")
    yield "-" * WIDTH
    first = [each for each in rows if each.metric.name == KILLS]
    main = [each for each in rows if each.metric.name in primary and each not in first]
    rest = [each for each in rows if each not in first and each not in main]
    for group in (first, main, rest):
        yield from (_comparison(each) for each in group)
        if group and group is not rest:
            yield ""


def _row_doubts(rows: Sequence[Comparison], common: frozenset[str]) -> Iterator[str]:
    """Doubts that touch some metrics, each once, with the metrics it touches; `common` are told once for the run."""
    metrics: dict[Caveat, list[str]] = {}
    for row in rows:
        for caveat in row.caveats:
            if caveat.code not in common and row.metric.name != KILLS:
                metrics.setdefault(caveat, []).append(row.metric.name)
    if metrics:
        yield ""
    for caveat, names in metrics.items():
        yield from _wrap(f"! {', '.join(names)}: {sentence(caveat.what)} {sentence(caveat.do)}", indent="  ")


def _interactions(analysis: Analysis) -> Iterator[str]:
    for question, found in interaction_words.by_question(analysis.interactions).items():
        yield ""
        yield from _wrap(question)
        for each in found:
            yield from _wrap(f"{interaction_words.sentence(each)}.", indent="  ")
        for caveat, metrics in interaction_words.doubts(found):
            yield from _wrap(f"! {', '.join(metrics)}: {caveat.what} {caveat.do}", indent="  ")


def _levels(levels: Sequence[Level]) -> Iterator[str]:
    yield f"{'':<19} {'arm':<15} {'median':>9} {'lowest':>9} {'highest':>17}   n"
    yield "-" * WIDTH
    for each in levels:
        texts, symbol = together([each.median, each.lowest, each.highest], each.metric.unit)
        last = f"{texts[2]} {symbol}".rstrip()
        name, arm = cut(each.metric.name, 19), cut(each.arm, 15)
        yield f"{name:<19} {arm:<15} {texts[0]:>9} {texts[1]:>9} {last:>17} {each.n:>3}"


def _comparison(each: Comparison) -> str:
    control, arm = each.control_mean, each.arm_mean
    if control is None or arm is None:
        return _row(each.metric.name, "-", "-", "-", f"{each.n:>3} {_word(each)}")
    levels, symbol = together([control, arm], each.metric.unit)
    effect = relative_text(each) if each.relative else effect_text(each)
    if len(effect) > _EFFECT_WIDTH:
        effect = effect_text(each, digits=2)
    return _row(each.metric.name, levels[0], f"{levels[1]} {symbol}".rstrip(), effect, f"{each.n:>3} {_word(each)}")


def _word(each: Comparison) -> str:
    """What became of it; where nothing was detected, the change that would have been, as far as there is room."""
    word, size = _WORDS[each.outcome], each.detectable_90
    if each.outcome != "same" or not size or not each.difference:
        return word
    if each.control_mean and each.relative is not None:
        told = f"{word}({share(size / each.control_mean).replace(' ', '')})"
    else:
        effect = each.difference
        told = f"{word}({beside(size, effect.value, effect.low, effect.high, each.metric.unit)})"
    return told if len(told) <= _WORD_WIDTH else word


def _row(name: str, control: str, arm: str, effect: str, judged: str) -> str:
    left = f"{cut(name, 19):<19} {cut(control, 9):>9} {cut(arm, 15):>15}"
    return f"{left} {cut(effect, _EFFECT_WIDTH):>{_EFFECT_WIDTH}} {judged}".rstrip()


def cut(text: str, width: int) -> str:
    """A name that fits its column."""
    plain = printable(text)
    return plain if len(plain) <= width else f"{plain[: width - 2]}.."


def _doubts(analysis: Analysis) -> Iterator[str]:
    left_out = [line for line in analysis.ledger if line.status in ("excluded", "not measured", "not run")]
    if analysis.doubts or left_out:
        yield ""
    for doubt in analysis.doubts:
        told = f"{sentence(doubt.caveat.what)} {sentence(doubt.caveat.do)}"
        yield from _wrap(f"! {told} [{count(len(doubt.trials), 'trial')}]", indent="  ")
    reasons: dict[tuple[str, str], list[LedgerLine]] = {}
    for line in left_out:
        ruled = line.rule and line.rule != BY_RECORD
        reasons.setdefault((line.status, line.rule if ruled else line.reason), []).append(line)
    for (status, rule), lines in reasons.items():
        arms = ", ".join(f"{arm} {amount}" for arm, amount in Counter(line.trial.arm for line in lines).items())
        told = rule if rule == lines[0].reason else f"by rule {rule} ({lines[0].trial.name}: {lines[0].reason})"
        yield from _wrap(f"left out: {count(len(lines), 'trial')} ({arms}), {status}: {told}", indent="  ")
