# SPDX-License-Identifier: Apache-2.0
"""Effects over phones as the page shows them: the answer, its cards, the forest by phone, every metric. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reports.comparison import KILLS, Comparison
from reports.page import effects, forest
from reports.page.pieces import Answer, Card, EffectGroup, EffectRow, EffectTable, Mark
from reports.several.effect import JointEffect
from reports.several.joint import Joint, JointArm, seen
from reports.statistics.paired import Estimate
from reports.statistics.phones import NEW_PHONE_FROM, OverPhones
from reports.units import change, change_interval, count, difference, quantity, together
from reports.wording import sentence


def answer(joint: Joint, arm: JointArm) -> Answer:
    """What one arm did, over phones."""
    lead, _, rest = arm.sentence.partition(": ")
    if not rest:
        lead, rest = "", arm.sentence
    found = joint.effects_of(arm)
    others = [each for each in found if each.family == "other"]
    quiet = sum(each.outcome == "same" for each in others)
    return Answer(
        arm=arm.arm,
        lead=lead,
        rest=rest,
        tone=effects.ANSWER_TONES[arm.answer],
        cards=tuple(_card(each) for each in _asked(found))[: effects.MOST_CARDS],
        costs=tuple(_moved(each) for each in others if each.outcome == "worse"),
        gains=tuple(_moved(each) for each in others if each.outcome == "better"),
        silent=f"No detectable difference in {count(quiet, 'other metric')}." if quiet else "",
    )


def by_phone(joint: Joint, arm: JointArm) -> EffectTable:
    """Kills and the primary metrics, a group each: over phones first, then each phone by itself."""
    models = {phone.number: f"{phone.number} {phone.device.model}" for phone in joint.phones}
    groups = []
    for each in _asked(joint.effects_of(arm)):
        own = tuple(_own_row(each, models[number], comparison) for number, comparison in each.own)
        rows = (*_joint_rows(each), *own)
        groups.append(EffectGroup(each.metric.title, _axis(each).ticks if any(row.mark for row in rows) else (), rows))
    return EffectTable(arm.arm, arm.control, tuple(groups))


def table(joint: Joint, arm: JointArm) -> EffectTable:
    """Every metric that nobody asked about, over phones."""
    found = [each for each in joint.effects_of(arm) if each.family == "other"]
    edge = forest.reach([each.ratio.mean if each.ratio else None for each in found])
    groups = []
    for heading, better in (("Gains and costs besides", True), ("Neither way is better", False)):
        rows = tuple(_row(each, each.metric.title, edge) for each in found if (each.metric.better != "none") == better)
        words = ("worse", "better") if better else ("less", "more")
        if rows:
            groups.append(EffectGroup(heading, forest.ticks(edge, words), rows, besides=True))
    return EffectTable(arm.arm, arm.control, tuple(groups))


def _asked(found: Sequence[JointEffect]) -> list[JointEffect]:
    """Kills, then the primary metrics."""
    kills = [each for each in found if each.metric.name == KILLS]
    return kills + [each for each in found if each.family == "primary"]


def _moved(each: JointEffect) -> str:
    return f"{each.metric.title} {_text(each, each.decides.mean)}" if each.decides else each.metric.title


def _card(each: JointEffect) -> Card:
    word, tone = effects.WORDS[each.outcome]
    doubts = tuple(sentence(caveat.what) for caveat in each.caveats)
    if each.metric.name == KILLS:
        return replace(_kills_card(each), doubts=doubts)
    if each.decides is None:
        return Card(each.metric.title, "?", count(each.phones, "phone"), word, tone, doubts)
    mean = each.decides.mean
    figure = change(mean.value) if each.scale == "ratio" else quantity(mean.value, each.metric.unit)
    told = f"{_text(each, mean).partition(' ')[2]}, mean of {count(each.phones, 'phone')}"
    return Card(each.metric.title, figure, told, word, tone, doubts)


def _kills_card(each: JointEffect) -> Card:
    word, tone = effects.WORDS[each.outcome]
    control = sum(pair.control_kills for _, own in each.own for pair in own.pairs)
    arm = sum(pair.arm_kills for _, own in each.own for pair in own.pairs)
    if control == arm == 0:
        return Card(
            "Processes killed", "0", f"in either arm, {count(each.phones, 'phone')}", "nobody was killed", "good"
        )
    told = f"{each.control} / {each.arm}, {count(each.phones, 'phone')}"
    return Card("Processes killed", f"{control} / {arm}", told, word, "moved" if tone == "same" else tone)


def _joint_rows(each: JointEffect) -> Iterator[EffectRow]:
    """The effect over phones, and where that of one phone more would lie."""
    row = _row(each, f"Over {count(each.phones, 'phone')}", None)
    yield row
    decides = each.decides
    if decides is not None and decides.new_phone and each.phones >= NEW_PHONE_FROM:
        span = replace(decides.mean, low=decides.new_phone[0], high=decides.new_phone[1])
        yield replace(
            row,
            metric="",
            title="One phone more",
            relative=_text(each, span) if each.scale == "ratio" else "",
            absolute="" if each.scale == "ratio" else _text(each, span),
            word="where it would lie, 19 times in 20",
            tone="unknown",
            mark=_axis(each).mark(span),
            detectable="",
            notes=(),
        )


def _row(each: JointEffect, title: str, edge: float | None) -> EffectRow:
    """The effect over phones; `edge` of the axis that it shares with others, None for its own."""
    word, tone = effects.WORDS[each.outcome]
    over = each.decides
    ratio = over is not None and each.scale == "ratio"
    return EffectRow(
        metric=each.metric.name,
        title=title,
        source=each.metric.source,
        control="",
        arm="",
        relative=_text(each, over.mean) if over and ratio else "",
        absolute=_spread(over) if ratio else _text(each, over.mean) if over else "",
        n=each.phones,
        word=word,
        tone=tone,
        mark=_mark(each, over, edge),
        detectable=seen(each),
        notes=tuple(effects.note(caveat) for caveat in each.caveats),
    )


def _mark(each: JointEffect, over: OverPhones | None, edge: float | None) -> Mark | None:
    if over is None:
        return None
    if edge is None:
        return _axis(each).mark(over.mean)
    return forest.mark(over.mean, edge, each.metric.better) if each.scale == "ratio" else None


def _spread(over: OverPhones | None) -> str:
    return "" if over is None or over.between is None else f"I² {100 * over.between:.0f} %"


def _own_row(each: JointEffect, title: str, own: Comparison) -> EffectRow:
    word, tone = effects.WORDS[own.outcome]
    estimate, levels, symbol = each.own_estimate(own), ["-", "-"], ""
    if own.control_mean is not None and own.arm_mean is not None:
        levels, symbol = together([own.control_mean, own.arm_mean], own.metric.unit)
    if own.metric.name == KILLS:
        symbol = "per trial"
    text = _text(each, estimate) if estimate else "-"
    return EffectRow(
        metric="",
        title=title,
        source="",
        control=f"{levels[0]} {symbol}".rstrip(),
        arm=f"{levels[1]} {symbol}".rstrip(),
        relative=text if each.scale == "ratio" else "",
        absolute="" if each.scale == "ratio" else text,
        n=own.n,
        word=word,
        tone=tone,
        mark=_axis(each).mark(estimate),
        detectable="",
        notes=tuple(effects.note(caveat) for caveat in own.caveats),
    )


def _text(each: JointEffect, estimate: Estimate) -> str:
    if each.scale == "ratio":
        return change_interval(estimate.value, estimate.low, estimate.high)
    return difference(estimate.value, estimate.low, estimate.high, each.metric.unit)


def _axis(each: JointEffect) -> forest.Axis:
    """The axis on which an effect over phones and each phone's own lie, whole where the widest axis allows."""
    found = [each.own_estimate(own) for _, own in each.own]
    found += [each.decides.mean] if each.decides else []
    words = ("less", "more") if each.metric.better == "none" else ("worse", "better")
    return forest.axis(found, each.metric.better, words, "" if each.scale == "ratio" else each.metric.unit)
