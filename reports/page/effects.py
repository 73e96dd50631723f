# SPDX-License-Identifier: Apache-2.0
"""Comparisons to what the page shows of them: answers, cards, rows of the forest plot. Pure."""

from dataclasses import replace

from reports.analysis import Analysis
from reports.comparison import KILLS, Comparison, Outcome, shared_codes
from reports.page import forest
from reports.page.model import Answer, Card, EffectRow, EffectTable, LevelRow, Note, Tone
from reports.record import Caveat
from reports.units import change, count, quantity, scale, together
from reports.verdict import Answer as Word
from reports.verdict import ArmVerdict
from reports.wording import effect_text, relative_text, seen, sentence

WORDS: dict[Outcome, tuple[str, Tone]] = {
    "better": ("better", "good"),
    "worse": ("worse", "bad"),
    "higher": ("higher", "moved"),
    "lower": ("lower", "moved"),
    "same": ("no detectable difference", "same"),
    "unknown": ("cannot be judged", "unknown"),
}
_ANSWER_TONES: dict[Word, Tone] = {
    "better": "good",
    "worse": "bad",
    "mixed": "moved",
    "changed": "moved",
    "same": "same",
    "unknown": "unknown",
}
_MOST_CARDS = 6


def note(caveat: Caveat, where: str = "") -> Note:
    """A caveat as the page shows it."""
    return Note(caveat.code, sentence(caveat.what), sentence(caveat.do), where)


def answers(analysis: Analysis) -> tuple[Answer, ...]:
    """One per arm compared."""
    return tuple(_answer(analysis, arm) for arm in analysis.verdict.arms)


def _answer(analysis: Analysis, arm: ArmVerdict) -> Answer:
    rows = [each for each in analysis.comparisons if each.arm == arm.arm]
    primary = [each for each in rows if each.metric.name in analysis.run.experiment.primary]
    lead, _, rest = arm.sentence.partition(": ")
    if not rest:
        lead, rest = "", arm.sentence
    common = shared_codes(rows)
    kills = [_kills_card(each) for each in rows if each.metric.name == KILLS]
    return Answer(
        arm=arm.arm,
        lead=lead,
        rest=rest,
        tone=_ANSWER_TONES[arm.answer],
        cards=(*kills, *(_doubted(each, common) for each in primary if each.metric.name != KILLS))[:_MOST_CARDS],
        costs=arm.costs,
        gains=arm.gains,
        silent=f"No detectable difference in {count(arm.silent, 'other metric')}." if arm.silent else "",
    )


def _kills_card(each: Comparison) -> Card:
    control = sum(pair.control_kills for pair in each.pairs)
    arm = sum(pair.arm_kills for pair in each.pairs)
    if control == arm == 0:
        return Card("Processes killed", "0", f"in either arm, {count(each.n, 'block')}", "nobody was killed", "good")
    word, tone = WORDS[each.outcome]
    return Card(
        "Processes killed",
        f"{control} / {arm}",
        f"{each.control} / {each.arm}, {count(each.n, 'block')}",
        word,
        "moved" if tone == "same" else tone,
    )


def _doubted(each: Comparison, common: frozenset[str]) -> Card:
    doubts = tuple(sentence(caveat.what) for caveat in each.caveats if caveat.code not in common)
    return replace(_card(each), doubts=doubts)


def _card(each: Comparison) -> Card:
    word, tone = WORDS[each.outcome]
    if each.control_mean is None or each.arm_mean is None:
        return Card(each.metric.title, "?", count(each.n, "block"), word, tone)
    values, symbol = together([each.control_mean, each.arm_mean], each.metric.unit)
    levels = f"{values[0]} to {values[1]} {symbol}".rstrip()
    if each.difference is None:
        return Card(each.metric.title, "?", f"{levels}, n = {each.n}", word, tone)
    if each.relative is None:
        shown = scale(each.metric.unit, each.difference.value)
        figure = ("+" if each.difference.value > 0 else "") + quantity(each.difference.value, each.metric.unit, shown)
        return Card(each.metric.title, figure, f"{effect_text(each)}; {levels}, n = {each.n}", word, tone)
    interval = relative_text(each).partition(" ")[2]
    return Card(each.metric.title, change(each.relative.value), f"{interval}; {levels}, n = {each.n}", word, tone)


def tables(analysis: Analysis) -> tuple[EffectTable, ...]:
    """The effects of every arm compared: kills, primary, others."""
    return tuple(_table(analysis, arm) for arm in analysis.verdict.arms)


def _table(analysis: Analysis, arm: ArmVerdict) -> EffectTable:
    rows = [each for each in analysis.comparisons if each.arm == arm.arm]
    chosen = analysis.run.experiment.primary
    primary = [each for each in rows if each.metric.name in chosen and each.metric.name != KILLS]
    edge = forest.reach([each.relative for each in rows], [each.relative for each in primary])
    common = shared_codes(rows)
    groups = (
        ("First of all", [each for each in rows if each.metric.name == KILLS]),
        ("What the verdict is about", primary),
        ("Everything else", [each for each in rows if each.metric.name != KILLS and each not in primary]),
    )
    return EffectTable(
        arm=arm.arm,
        control=arm.control,
        ticks=forest.ticks(edge),
        groups=tuple((name, tuple(_row(each, edge, common) for each in found)) for name, found in groups if found),
    )


def _row(each: Comparison, edge: float, common: frozenset[str]) -> EffectRow:
    word, tone = WORDS[each.outcome]
    levels, symbol = ["-", "-"], ""
    if each.control_mean is not None and each.arm_mean is not None:
        levels, symbol = together([each.control_mean, each.arm_mean], each.metric.unit)
    if each.metric.name == KILLS:
        symbol = "per trial"
    return EffectRow(
        metric=each.metric.name,
        title=each.metric.title,
        source=each.metric.source,
        control=f"{levels[0]} {symbol}".rstrip(),
        arm=f"{levels[1]} {symbol}".rstrip(),
        relative=relative_text(each) if each.relative else "",
        absolute=effect_text(each),
        n=each.n,
        word=word,
        tone=tone,
        mark=forest.mark(each.relative, edge),
        detectable=seen(each),
        notes=tuple(note(caveat) for caveat in each.caveats if caveat.code not in common),
    )


def level_rows(analysis: Analysis) -> tuple[LevelRow, ...]:
    """Each arm by itself, for runs that compare nothing."""
    if analysis.verdict.arms:
        return ()
    found = []
    for each in analysis.levels:
        texts, symbol = together([each.median, each.lowest, each.highest], each.metric.unit)
        found.append(
            LevelRow(
                metric=each.metric.name,
                title=each.metric.title,
                arm=each.arm,
                median=f"{texts[0]} {symbol}".rstrip(),
                span=f"{texts[1]} to {texts[2]} {symbol}".rstrip(),
                n=each.n,
            )
        )
    return tuple(found)
