# SPDX-License-Identifier: Apache-2.0
"""Comparisons to what the page shows of them: answers, cards, rows of the forest plot. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reports.analysis import Analysis
from reports.comparison import KILLS, Comparison, Outcome, shared_codes
from reports.gate.rulings import Ruling
from reports.gate.words import rule_text
from reports.page import forest
from reports.page.pieces import Answer, Card, EffectGroup, EffectRow, EffectTable, LevelRow, Note, Tone
from reports.record import Caveat
from reports.units import change, count, quantity, scale, together
from reports.verdict import Answer as Word
from reports.verdict import ArmVerdict
from reports.wording import effect_text, relative_text, seen, sentence
from workloads.spec import Rule

WORDS: dict[Outcome, tuple[str, Tone]] = {
    "better": ("better", "good"),
    "worse": ("worse", "bad"),
    "higher": ("higher", "moved"),
    "lower": ("lower", "moved"),
    "same": ("no detectable difference", "same"),
    "unknown": ("cannot be judged", "unknown"),
}
ANSWER_TONES: dict[Word, Tone] = {
    "better": "good",
    "worse": "bad",
    "mixed": "moved",
    "changed": "moved",
    "same": "same",
    "unknown": "unknown",
}
MOST_CARDS = 6


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
        tone=ANSWER_TONES[arm.answer],
        cards=(*kills, *(_doubted(each, common) for each in primary if each.metric.name != KILLS))[:MOST_CARDS],
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
    others = [each for each in rows if each.metric.name != KILLS and each not in primary]
    edge = forest.reach([each.relative for each in rows], [each.relative for each in primary])
    asked = {ruling.rule.metric: ruling.rule for ruling in analysis.verdict.rulings if _about(ruling, arm.arm)}
    groups = {
        "First of all": [each for each in rows if each.metric.name == KILLS],
        "What the verdict is about": primary,
    }
    besides = {
        "Gains and costs besides": [each for each in others if each.metric.better != "none"],
        "Neither way is better": [each for each in others if each.metric.better == "none"],
    }
    common = shared_codes(rows)
    made = [
        replace(group(name, found, edge, common, asked), besides=name in besides)
        for name, found in (groups | besides).items()
        if found
    ]
    return EffectTable(arm.arm, arm.control, tuple(made))


def by_arm(analysis: Analysis) -> tuple[EffectTable, ...]:
    """Kills and each primary metric with a row per arm on one axis; () with fewer than two arms compared."""
    if len(analysis.verdict.arms) <= 1:
        return ()
    levels = {
        arm.name: ", ".join(f"{knob} {value}" for knob, value in arm.levels.items())
        for arm in analysis.run.experiment.arms
    }
    groups = []
    for name in dict.fromkeys([KILLS, *analysis.run.experiment.primary]):
        found = [each for each in analysis.comparisons if each.metric.name == name]
        edge = forest.reach([], [each.relative for each in found])
        titles = [f"{each.arm} against {each.control}" for each in found]
        if found:
            made = group(found[0].metric.title, found, edge, shared_codes(analysis.comparisons), {}, titles)
            rows = tuple(
                replace(row, metric="", source="", under=levels[each.arm])
                for row, each in zip(made.rows, found, strict=True)
            )
            groups.append(replace(made, rows=rows))
    return (EffectTable("every arm", "its control", tuple(groups)),)


def _about(ruling: Ruling, arm: str) -> bool:
    return ruling.arm == arm and not ruling.app


def group(
    title: str,
    found: Sequence[Comparison],
    edge: float,
    common: frozenset[str],
    asked: Mapping[str, Rule],
    titles: Sequence[str] = (),
) -> EffectGroup:
    """Effects under one heading and on one axis.

    Args:
        title: the heading.
        found: the effects, all with a better way or all without one but those that the verdict is about.
        edge: the ratio at the right edge of the axis.
        common: codes of caveats that are told elsewhere.
        asked: metric -> the rule laid on it.
        titles: of the rows; () for those of the metrics.
    """
    rows = tuple(_row(each, edge, common, asked.get(each.metric.name)) for each in found)
    if titles:
        rows = tuple(replace(row, title=title) for row, title in zip(rows, titles, strict=True))
    words = ("less", "more") if all(each.metric.better == "none" for each in found) else ("worse", "better")
    return EffectGroup(title, forest.ticks(edge, words) if any(row.mark for row in rows) else (), rows)


def _row(each: Comparison, edge: float, common: frozenset[str], rule: Rule | None) -> EffectRow:
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
        mark=forest.mark(each.relative, edge, each.metric.better, _border(each, rule)),
        detectable=seen(each),
        notes=tuple(note(caveat) for caveat in each.caveats if caveat.code not in common),
        rule=sentence(rule_text(rule)) if rule else "",
    )


def _border(each: Comparison, rule: Rule | None) -> float | None:
    """The ratio at which a rule's margin ends; None where there is none."""
    level = each.control_mean
    if rule is None or not level or each.metric.better == "none":
        return None
    share = rule.margin if rule.relative else rule.margin / abs(level)
    worse = 1 if each.metric.better == "lower" else -1
    return 1 + worse * (share if rule.must == "not-worsen" else -share)


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
