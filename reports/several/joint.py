# SPDX-License-Identifier: Apache-2.0
"""Several phones, one answer: kills phone by phone, the primary metrics over phones, the doubts. Pure.

Kills stand first, and a phone on which the arm killed more processes is never outweighed by the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.comparison import KILLS, Comparison, Outcome
from reports.metrics import METRICS
from reports.record import Caveat
from reports.several.effect import JointEffect, joint_effect, judge, named, opposed, sure_on
from reports.several.pool import Gathered, LeftOut, Phone
from reports.units import count, number, quantity
from reports.verdict import OPENING, Answer, one_word
from reports.wording import by, enumerate_words, title

FEW_PHONES = 5
_TWO = 2
_TIMES_FROM = 3.0


@dataclass(frozen=True)
class JointArm:
    """The answer for one arm over phones.

    Attributes:
        arm: the arm.
        control: what it is compared with.
        answer: in one word.
        sentence: the primary metrics, with size and certainty.
    """

    arm: str
    control: str
    answer: Answer
    sentence: str


@dataclass(frozen=True)
class Joint:
    """What several phones say together.

    Attributes:
        question: what was asked.
        primary: metrics the answer is about.
        phones: each with its own analysis.
        kills: who died, and what else must be known first: one sentence or more per phone.
        arms: one answer per arm that was compared.
        effects: kills, then the primary metrics, then the others, arm by arm.
        caveats: doubts about the answer as a whole.
        left_out: runs that are not joined.
    """

    question: str
    primary: tuple[str, ...]
    phones: tuple[Phone, ...]
    kills: tuple[str, ...]
    arms: tuple[JointArm, ...]
    effects: tuple[JointEffect, ...]
    caveats: tuple[Caveat, ...]
    left_out: tuple[LeftOut, ...]

    def effects_of(self, arm: JointArm) -> list[JointEffect]:
        """The effects of one arm, in order."""
        return [each for each in self.effects if each.arm == arm.arm]


def join(gathered: Gathered) -> Joint:
    """One answer over at least two phones."""
    phones = gathered.phones
    experiment = phones[0].analysis.run.experiment
    effects = judge([joint_effect(own, experiment.primary, len(phones)) for own in _grouped(phones)])
    arms = dict.fromkeys((each.arm, each.control) for each in effects)
    return Joint(
        question=experiment.question,
        primary=experiment.primary,
        phones=phones,
        kills=tuple(_kills(phones)),
        arms=tuple(
            _arm(arm, control, experiment.primary, [each for each in effects if each.arm == arm])
            for arm, control in arms
        ),
        effects=effects,
        caveats=tuple(_caveats(phones)),
        left_out=gathered.left_out,
    )


def _kills(phones: Sequence[Phone]) -> Iterator[str]:
    """Who died, phone by phone; phones on which nobody did share one sentence."""
    for phone in phones:
        verdict = phone.analysis.verdict
        told = (*verdict.troubles, *([verdict.kills] if verdict.killed else []))
        if told:
            yield f"Phone {phone.number}: {' '.join(told)}"
    spared = [phone.number for phone in phones if not phone.analysis.verdict.killed]
    if spared:
        yield f"Nobody was killed on {named(spared)}."


def _grouped(phones: Sequence[Phone]) -> Iterator[list[tuple[int, Comparison]]]:
    """Each arm and metric with every phone that recorded it: kills, primary metrics, the others."""
    found: dict[tuple[str, str], list[tuple[int, Comparison]]] = {}
    for phone in phones:
        for each in phone.analysis.comparisons:
            found.setdefault((each.arm, each.metric.name), []).append((phone.number, each))
    experiment = phones[0].analysis.run.experiment
    metrics = dict.fromkeys([KILLS, *experiment.primary, *METRICS, *(metric for _, metric in found)])
    for arm in experiment.arms:
        yield from (found[arm.name, metric] for metric in metrics if (arm.name, metric) in found)


def _arm(arm: str, control: str, primary: Sequence[str], effects: Sequence[JointEffect]) -> JointArm:
    by_name = {each.metric.name: each for each in effects}
    judged = [by_name[name] for name in primary if name in by_name and name != KILLS]
    kills = by_name.get(KILLS)
    if kills is not None and kills.outcome in ("better", "worse"):
        judged = [kills, *judged]
    outcomes = {outcome for each in judged for outcome in _outcomes(each)}
    answer = one_word(outcomes, more_kills=kills is not None and kills.outcome == "worse")
    opening = OPENING[answer].format(arm=arm, control=control)
    told = _undecided(arm, control, judged) if answer == "unknown" else "".join(_body(answer, judged))
    return JointArm(arm, control, answer, f"{opening}{told}.")


def _outcomes(each: JointEffect) -> Iterator[Outcome]:
    """What became of a metric, and both ways where phones surely contradict each other."""
    yield each.outcome
    if opposed(each):
        yield from ("higher", "lower") if each.metric.better == "none" else ("better", "worse")


def _undecided(arm: str, control: str, judged: Sequence[JointEffect]) -> str:
    if not judged:
        return "no primary metric was recorded"
    return (
        f"fewer than two phones can tell {arm} from {control} in {enumerate_words([title(e.metric) for e in judged])}"
    )


def _body(answer: Answer, judged: Sequence[JointEffect]) -> Iterator[str]:
    silent = [each for each in judged if each.outcome == "same" and not opposed(each)]
    unknown = [each for each in judged if each.outcome == "unknown"]
    moved = [each for each in judged if each not in silent and each not in unknown]
    if answer == "same":
        yield enumerate_words([title(each.metric) for each in silent])
    else:
        yield enumerate_words([_moved(each) for each in moved])
        yield "".join(f"; no detectable difference in {title(each.metric)}" for each in silent)
    yield f", over {_phones(moved or silent)}"
    told = seen(silent[0]) if silent else ""
    if told:
        yield f" ({told} in {title(silent[0].metric)})"
    if unknown:
        yield f"; {enumerate_words([title(each.metric) for each in unknown])} cannot be judged from one phone"


def _moved(each: JointEffect) -> str:
    name, apart, decides = title(each.metric), opposed(each), each.decides
    if each.metric.name == KILLS and sure_on(each, rising=True):
        return f"more processes were killed on {named(sure_on(each, rising=True))}"
    if apart:
        return f"{name} rose on {named(apart[0])} but fell on {named(apart[1])}"
    if decides is None:
        return name
    mean = decides.mean
    return f"{name} {by(mean, mean if each.scale == 'ratio' else None, each.metric.unit)}"


def _phones(effects: Sequence[JointEffect]) -> str:
    sizes = sorted({each.phones for each in effects if each.metric.name != KILLS} or {each.phones for each in effects})
    return count(sizes[0], "phone") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} phones"


def seen(each: JointEffect) -> str:
    """What phones this many and this different would have shown; empty when that is not known."""
    size = each.detectable_90
    if not size:
        return ""
    if each.scale == "difference":
        return f"a change of {quantity(size, each.metric.unit)} would be seen 9 times in 10"
    if size >= _TIMES_FROM:
        return f"a rise to {number(size)} times would be seen 9 times in 10"
    return f"a change of {number(float(f'{100 * (size - 1):.2g}'))} % would be seen 9 times in 10"


def _caveats(phones: Sequence[Phone]) -> Iterator[Caveat]:
    yield from _few(len(phones))
    devices = [phone.device for phone in phones]
    if any(device.stand_in for device in devices):
        yield Caveat(
            "stand-in-phones",
            "Virtual handhelds are among the phones: each serial counts as a phone of its own, though they are copies"
            " of one system.",
            "Read the answer as one about virtual handhelds.",
        )
    if any(run.experiment.stop == "decided" for phone in phones for run in phone.runs):
        yield Caveat(
            "stopped-when-decided",
            "Runs that stop once they are decided overstate effects a little, and so does what is joined of them.",
            "Run a fixed number of blocks where the size of the effect matters.",
        )
    for phone in phones:
        for caveat in (*phone.caveats, *phone.analysis.verdict.caveats):
            yield Caveat(caveat.code, f"Phone {phone.number}: {caveat.what}", caveat.do)


def _few(phones: int) -> Iterator[Caveat]:
    if phones == _TWO:
        yield Caveat(
            "few-phones",
            "Two phones: an interval reaches 6.4 times as far to either side as the phones lie apart, so it is wide"
            " unless they happen to agree.",
            "Read each phone's own effect; three phones narrow the interval to a third, five to a fifth.",
        )
    elif phones < FEW_PHONES:
        yield Caveat(
            "few-phones",
            f"Rests on {count(phones, 'phone')}: how much phones differ is itself hardly known, so intervals are wide.",
            f"Read each phone's own effect; run on {FEW_PHONES} phones or more.",
        )
