# SPDX-License-Identifier: Apache-2.0
"""Comparisons to an answer in words: kills first, then the primary metrics, then the costs. Pure."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.comparison import FEW_BLOCKS, KILLS, Comparison, Outcome
from reports.gate.findings import Decision
from reports.gate.rulings import Ruling, overall, summary
from reports.noise.tracing import recordless
from reports.record import Caveat
from reports.situation import Situation, kills_sentence, troubles
from reports.units import count
from reports.wording import enumerate_words, moved, seen, title
from workloads.spec import Experiment

Answer: TypeAlias = Literal["better", "worse", "mixed", "changed", "same", "unknown"]
"""`changed`: primary metrics moved, and neither way is better; `same`: no detectable difference in any of them."""

_RISE_IS_A_COST = frozenset({"kcompressd_cpu"})
"""Metrics without a better direction whose rise is a price all the same."""

OPENING: dict[Answer, str] = {
    "better": "Better: with {arm} instead of {control}, ",
    "worse": "Worse: with {arm} instead of {control}, ",
    "mixed": "Mixed: with {arm} instead of {control}, ",
    "changed": "Changed: with {arm} instead of {control}, ",
    "same": "No detectable difference between {arm} and {control} in ",
    "unknown": "Not decided: ",
}


@dataclass(frozen=True)
class ArmVerdict:
    """The answer for one arm.

    Attributes:
        arm: the arm.
        control: what it is compared with.
        answer: in one word.
        n: most blocks any primary effect rests on.
        sentence: the primary metrics, with size and certainty.
        costs: what got worse besides, one phrase each.
        gains: what got better besides, one phrase each.
        silent: how many other metrics show no detectable difference.
    """

    arm: str
    control: str
    answer: Answer
    n: int
    sentence: str
    costs: tuple[str, ...]
    gains: tuple[str, ...]
    silent: int


@dataclass(frozen=True)
class Verdict:
    """The answer of a run.

    Attributes:
        question: what was asked.
        troubles: what must be known before any figure, in sentences; () when all is as planned.
        kills: who died, one sentence; comes before any effect.
        killed: whether anybody was.
        arms: one answer per arm that was compared.
        sentence: the whole answer in the order it must be read.
        caveats: doubts about the answer as a whole.
        rulings: every rule on every arm; () when nothing can be compared.
        decision: the worst of them; `not-decided` when there are none.
        gate: the rulings in one sentence; empty when there are none.
        ending: how a run that stops by itself ended, in one sentence; empty where it does not, or broke off.
    """

    question: str
    troubles: tuple[str, ...]
    kills: str
    killed: bool
    arms: tuple[ArmVerdict, ...]
    sentence: str
    caveats: tuple[Caveat, ...]
    rulings: tuple[Ruling, ...] = ()
    decision: Decision = "not-decided"
    gate: str = ""
    ending: str = ""


def decide(
    experiment: Experiment, situation: Situation, comparisons: Sequence[Comparison], rulings: Sequence[Ruling] = ()
) -> Verdict:
    """Put the answer together.

    Args:
        experiment: the question and its primary metrics.
        situation: what there is to judge.
        comparisons: every arm but the control, every metric recorded.
        rulings: every rule on every arm.
    """
    by_arm = {
        arm.name: [each for each in comparisons if each.arm == arm.name]
        for arm in experiment.arms
        if situation.comparable
    }
    arms = tuple(_judge(experiment, arm, found) for arm, found in by_arm.items() if found)
    known = tuple(troubles(situation))
    killed, kills = any(situation.kills.values()), kills_sentence(situation)
    first = [situation.ending] if situation.ending else []
    spoken = [*known, *first, *([kills] if killed else []), *(arm.sentence for arm in arms)]
    verdict = Verdict(
        question=experiment.question,
        troubles=known,
        kills=kills,
        killed=killed,
        arms=arms,
        sentence=" ".join(spoken),
        caveats=tuple(_caveats(experiment, situation, comparisons)),
        ending=situation.ending,
    )
    return ruled(verdict, rulings)


def ruled(verdict: Verdict, rulings: Sequence[Ruling]) -> Verdict:
    """The verdict with these rulings and what they come to."""
    decision = overall(ruling.decision for ruling in rulings)
    return replace(verdict, rulings=tuple(rulings), decision=decision, gate=summary(rulings))


def _judge(experiment: Experiment, arm: str, comparisons: Sequence[Comparison]) -> ArmVerdict:
    by_name = {each.metric.name: each for each in comparisons}
    primary = [by_name[name] for name in experiment.primary if name in by_name and name != KILLS]
    others = [each for each in comparisons if each not in primary and each.metric.name != KILLS]
    kills = by_name.get(KILLS)
    judged = [kills, *primary] if kills is not None and kills.outcome in ("better", "worse") else primary
    answer = one_word({each.outcome for each in judged}, more_kills=kills is not None and kills.outcome == "worse")
    control = comparisons[0].control
    opening = OPENING[answer].format(arm=arm, control=control)
    told = _undecided(arm, control, judged) if answer == "unknown" else "".join(_body(answer, judged))
    return ArmVerdict(
        arm=arm,
        control=control,
        answer=answer,
        n=max((each.n for each in primary), default=0),
        sentence=f"{opening}{told}.",
        costs=tuple(moved(each) for each in others if _is_cost(each)),
        gains=tuple(moved(each) for each in others if each.outcome == "better"),
        silent=sum(each.outcome == "same" for each in others),
    )


def one_word(outcomes: AbstractSet[Outcome], *, more_kills: bool) -> Answer:
    """One word for several primary metrics; more kills are never outweighed."""
    if more_kills:
        return "worse"
    if {"better", "worse"} <= outcomes:
        return "mixed"
    for word in ("better", "worse"):
        if word in outcomes:
            return "better" if word == "better" else "worse"
    if outcomes & {"higher", "lower"}:
        return "changed"
    return "same" if "same" in outcomes else "unknown"


def _body(answer: Answer, judged: Sequence[Comparison]) -> Iterator[str]:
    effects = [each for each in judged if each.outcome not in ("same", "unknown")]
    silent = [each for each in judged if each.outcome == "same"]
    unknown = [each for each in judged if each.outcome == "unknown"]
    if answer == "same":
        yield enumerate_words([title(each.metric) for each in silent])
    elif effects:
        yield enumerate_words([moved(each) for each in effects])
        yield "".join(f"; {moved(each)}" for each in silent)
    if effects or silent:
        yield f", over {_blocks(judged)}" + _survivors(judged)
    yield _power(silent)
    if unknown:
        yield ("; " if effects or silent else "") + enumerate_words([moved(each) for each in unknown])


def _undecided(arm: str, control: str, judged: Sequence[Comparison]) -> str:
    if not judged:
        return "no primary metric was recorded"
    most = count(max(each.n for each in judged), "block")
    metrics = enumerate_words([title(each.metric) for each in judged])
    return f"{most} cannot tell {arm} from {control} in {metrics}"


def _blocks(judged: Sequence[Comparison]) -> str:
    sizes = sorted({each.n for each in judged if each.metric.name != KILLS and each.n > 1} or {0})
    if len(sizes) == 1:
        return count(sizes[0], "block")
    return f"{sizes[0]} to {sizes[-1]} blocks"


def _survivors(judged: Sequence[Comparison]) -> str:
    return " in which nobody was killed" if any(each.left_out for each in judged) else ""


def _power(silent: Sequence[Comparison]) -> str:
    for each in silent:
        told = seen(each)
        if told:
            return f" ({told} in {title(each.metric)})"
    return ""


def _is_cost(comparison: Comparison) -> bool:
    if comparison.metric.name in _RISE_IS_A_COST:
        return comparison.outcome == "higher"
    return comparison.outcome == "worse"


def _caveats(experiment: Experiment, situation: Situation, comparisons: Sequence[Comparison]) -> Iterator[Caveat]:
    if situation.comparable:
        yield from _weak(experiment, comparisons)
    if len(set(situation.kills.values())) > 1:
        yield Caveat(
            "unequal-kills",
            "The arms did not lose the same number of processes, so they did not face the same demand.",
            "Read effects as those of the blocks without kills; lower the dose and run again.",
        )
    if situation.stopped and any(each.looks and each.outcome not in ("same", "unknown") for each in comparisons):
        yield Caveat(
            "stopped-early",
            "The run ended once it was decided, when chance often helps: effects are likely smaller than measured.",
            'Rely on the intervals, which pay for that; for the size itself run all blocks (`stop = "fixed"`).',
        )
    if situation.excluded:
        yield Caveat(
            "exclusions",
            f"{count(situation.excluded, 'trial')} excluded by rule.",
            "See the list of trials for each reason.",
        )


def _weak(experiment: Experiment, comparisons: Sequence[Comparison]) -> Iterator[Caveat]:
    primary = [each for each in comparisons if each.metric.name in experiment.primary]
    fewest = min((each.n for each in primary), default=0)
    if primary and fewest < FEW_BLOCKS:
        yield Caveat(
            "few-blocks",
            f"A primary effect rests on {count(fewest, 'block')}.",
            f"Run at least {FEW_BLOCKS}, better 20 blocks.",
        )
    recorded = {each.metric.name for each in comparisons}
    recorded |= recordless(experiment)
    missing = [name for name in experiment.primary if name not in recorded]
    if missing:
        yield Caveat(
            "primary-missing",
            f"Not recorded: {', '.join(missing)}.",
            "Look at what the phone can record (caveats of the trials), then run again.",
        )
