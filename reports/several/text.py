# SPDX-License-Identifier: Apache-2.0
"""The answer over several phones as plain text: 80 columns, readable without colour. Pure."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reports.comparison import KILLS, Comparison
from reports.questions.text import question_lines
from reports.several.effect import JointEffect
from reports.several.joint import Joint, JointArm
from reports.several.pool import Gathered, Phone
from reports.statistics.paired import Estimate
from reports.statistics.phones import NEW_PHONE_FROM
from reports.text import QUIET, compare_text, cut, untold
from reports.units import change_interval, count, difference, together
from reports.wording import SHORT_WORDS, sentence
from reports.wrapping import WIDTH, wrap

if TYPE_CHECKING:
    from reports.record import Caveat

_EFFECT_WIDTH, _OTHER_WIDTH = 22, 20
_NOTE = (
    "~ no detectable difference. n counts phones; in a phone's own line its blocks, and its control and arm in place of"
    " a new phone. Over phones: mean of the phones' effects, each counting the same, 95 % interval by t over phones,"
    " never narrower than the phones' own blocks allow. In percent: of ratios (geometric means), where every value is"
    " positive; else in units. A new phone: where the effect on one more phone would lie. I2: share of the variance of"
    " the phones' effects that lies between phones. A word beside n means p below 0.05 among all metrics of its kind,"
    " as for one run."
)


def joint_text(joint: Joint, *, whole: bool = False, questions: bool = False) -> str:
    """The answer, ending in a line feed; `whole` and `questions` as for `compare_text`, these phone by phone."""
    asked = [line for phone in joint.phones if questions for line in _asked(phone)]
    return "\n".join((*_lines(joint, whole=whole), *asked)) + "\n"


def _asked(phone: Phone) -> Iterator[str]:
    yield ""
    yield from _phone(phone)
    yield from question_lines(phone.analysis, told=True)


def pooled_text(gathered: Gathered, *, whole: bool = False, questions: bool = False) -> str:
    """The answer of one phone with several runs: that of one run with all their blocks, and what was left out."""
    (phone,) = gathered.phones
    doubts = [f"! {caveat.what} {caveat.do}" for caveat in phone.caveats]
    left_out = [f"left out: {each.path}: {each.reason}" for each in gathered.left_out]
    lines = [line for told in [*_blocks(phone), *doubts, *left_out] for line in wrap(told, indent="  ")]
    return compare_text(phone.analysis, whole=whole, questions=questions) + "".join(
        f"{line}\n" for line in ["", *lines] if lines
    )


def _blocks(phone: Phone) -> Iterator[str]:
    if len(phone.runs) > 1:
        yield f"{count(len(phone.runs), 'run')} of one phone; blocks are numbered on from run to run."


def _lines(joint: Joint, *, whole: bool) -> Iterator[str]:
    yield from wrap(joint.question)
    for phone in joint.phones:
        yield from _phone(phone)
    yield ""
    for told in joint.kills:
        yield from wrap(f"KILLS: {told}")
    for arm in joint.arms:
        yield from wrap(arm.sentence)
    for caveat in joint.caveats:
        yield from wrap(f"! {caveat.what} {caveat.do}", indent="  ")
    for arm in joint.arms:
        yield ""
        yield from _table(joint, arm, whole=whole)
    yield ""
    yield from wrap(_NOTE)
    yield from _rest(joint)


def _phone(phone: Phone) -> Iterator[str]:
    device = phone.device
    runs = ", ".join(run.path for run in phone.runs)
    yield from wrap(
        f"Phone {phone.number}: {device.model} ({device.serial}), kernel {device.kernel}, {device.build}: {runs}",
        indent="  ",
    )
    if device.stand_in:
        yield from wrap(f"  NOT A PHONE: {device.stand_in}", indent="  ")


def _table(joint: Joint, arm: JointArm, *, whole: bool) -> Iterator[str]:
    found = joint.effects_of(arm)
    effects = [each for each in found if whole or each.family != "other" or each.outcome not in QUIET or each.caveats]
    yield _row(f"{arm.arm} - {arm.control}", "change", "a new phone", "I2", "  n")
    yield "-" * WIDTH
    first = [each for each in effects if each.metric.name == KILLS]
    main = [each for each in effects if each.family == "primary"]
    rest = [each for each in effects if each.family == "other"]
    for group in (first, main, rest):
        for each in group:
            yield _effect(each)
            if each.family == "primary" or (each.family == KILLS and _anybody(each)):
                yield from (_own(joint, number, own, each) for number, own in each.own)
        if group and group is not rest:
            yield ""
    yield from untold(len(found) - len(effects))
    yield from _doubts(effects)


def _anybody(kills: JointEffect) -> bool:
    return any(own.control_mean or own.arm_mean for _, own in kills.own)


def _effect(each: JointEffect) -> str:
    decides = each.decides
    if decides is None:
        return _row(each.metric.name, "-", "-", "", f"{each.phones:>3} {SHORT_WORDS[each.outcome]}")
    further = _span(each, decides.new_phone) if decides.new_phone and each.phones >= NEW_PHONE_FROM else "-"
    share = "-" if decides.between is None else f"{100 * decides.between:.0f} %"
    return _row(
        each.metric.name, _change(each, decides.mean), further, share, f"{each.phones:>3} {SHORT_WORDS[each.outcome]}"
    )


def _own(joint: Joint, number: int, own: Comparison, each: JointEffect) -> str:
    device = next(phone.device for phone in joint.phones if phone.number == number)
    estimate, levels = each.own_estimate(own), "-"
    if own.control_mean is not None and own.arm_mean is not None:
        texts, symbol = together([own.control_mean, own.arm_mean], own.metric.unit)
        levels = f"{texts[0]} to {texts[1]} {symbol}".rstrip()
    effect = _change(each, estimate) if estimate else "-"
    return _row(f"  {number} {device.model}", effect, levels, "", f"{own.n:>3} {SHORT_WORDS[own.outcome]}")


def _change(each: JointEffect, estimate: Estimate) -> str:
    """An effect with its interval on the deciding scale, as short as it must be."""
    ends = estimate.value, estimate.low, estimate.high
    if each.scale == "ratio":
        told = change_interval(*ends)
        return told if len(told) <= _EFFECT_WIDTH else "x{:.2g} [x{:.2g}, x{:.2g}]".format(*ends)
    told = difference(*ends, each.metric.unit)
    return told if len(told) <= _EFFECT_WIDTH else difference(*ends, each.metric.unit, 2)


def _span(each: JointEffect, ends: tuple[float, float]) -> str:
    """Where a new phone would lie: the interval alone."""
    middle = (ends[0] * ends[1]) ** 0.5 if each.scale == "ratio" else sum(ends) / 2
    told = change_interval(middle, *ends) if each.scale == "ratio" else difference(middle, *ends, each.metric.unit, 2)
    told = told[told.index("[") :]
    return told if len(told) <= _OTHER_WIDTH else "[x{:.2g}, x{:.2g}]".format(*ends)


def _row(name: str, effect: str, other: str, share: str, judged: str) -> str:
    left = f"{cut(name, 19):<19} {cut(effect, _EFFECT_WIDTH):>{_EFFECT_WIDTH}}"
    return f"{left} {cut(other, _OTHER_WIDTH):>{_OTHER_WIDTH}} {share:>5} {judged}".rstrip()


def _doubts(effects: Sequence[JointEffect]) -> Iterator[str]:
    """Doubts that touch some metrics, each once, with the metrics it touches."""
    metrics: dict[Caveat, list[str]] = {}
    for each in effects:
        for caveat in each.caveats:
            metrics.setdefault(caveat, []).append(each.metric.name)
    if metrics:
        yield ""
    for caveat, names in metrics.items():
        yield from wrap(f"! {', '.join(names)}: {sentence(caveat.what)} {sentence(caveat.do)}", indent="  ")


def _rest(joint: Joint) -> Iterator[str]:
    """Doubts of trials, phone by phone, and runs that were left out."""
    told = [
        f"! Phone {phone.number}: {sentence(doubt.caveat.what)} {sentence(doubt.caveat.do)}"
        f" [{count(len(doubt.trials), 'trial')}]"
        for phone in joint.phones
        for doubt in phone.analysis.doubts
    ]
    told += [f"left out: {each.path}: {each.reason}" for each in joint.left_out]
    if told:
        yield ""
    for line in told:
        yield from wrap(line, indent="  ")
