# SPDX-License-Identifier: Apache-2.0
"""The reviewers' questions, each with what a run says of it, or why it cannot and which command would. Pure.

Figures that the table of effects has are the table's own. Those it has not (metrics that explain others, steps between
numbers of threads) are judged together as a family of their own: at most 5 % false among those said to have moved.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from reports import interaction_words
from reports.analysis import Analysis
from reports.comparison import Comparison, compare_metric
from reports.families import judge
from reports.interaction import Interaction
from reports.metrics import METRICS
from reports.noise.tracing import treatments
from reports.questions.catalogue import KCOMPRESSD, QUESTIONS, Question
from reports.questions.words import level_sentence, pair_sentence, unrecorded_sentence
from reports.record import Caveat
from reports.wording import title
from workloads.dose import workload_of
from workloads.spec import Arm

Status: TypeAlias = Literal["answered", "partly", "open"]
"""`partly`: of some of the evidence there are figures; `open`: this run cannot answer."""

Pair: TypeAlias = tuple[str, str]
"""An arm and what it is compared with."""

_OFF = "off"


@dataclass(frozen=True)
class Answer:
    """What a run says of one question.

    Attributes:
        question: what was asked.
        status: how much of it is answered.
        sentences: the figures, each with its interval, arms and blocks; () when it is open.
        why: why this run cannot answer, or not all of it; empty when it does.
        command: the command whose run would; empty when this one does.
        comparisons: the effects that the sentences tell.
        interactions: how the effect depends on another setting, where that was asked.
        caveats: doubts about the figures, each once.
    """

    question: Question
    status: Status
    sentences: tuple[str, ...]
    why: str
    command: str
    comparisons: tuple[Comparison, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    caveats: tuple[Caveat, ...] = ()


def about_kcompressd(analysis: Analysis) -> bool:
    """Whether arms of the run differ in kcompressd: else nobody expects answers of it."""
    return len({arm.levels.get(KCOMPRESSD) for arm in analysis.run.experiment.arms}) > 1


def answers(analysis: Analysis) -> tuple[Answer, ...]:
    """Every question, in order, with its answer or why there is none."""
    evidence = _evidence(analysis)
    return tuple(_answer(question, analysis, evidence) for question in QUESTIONS)


def doubts(found: Sequence[Answer]) -> dict[Caveat, list[str]]:
    """Every doubt once, and the keys of the questions whose answers it touches."""
    touched: dict[Caveat, list[str]] = {}
    for answer in found:
        for caveat in answer.caveats:
            touched.setdefault(caveat, []).append(answer.question.key)
    return touched


_Evidence: TypeAlias = dict[tuple[str, Pair], Comparison]


def _evidence(analysis: Analysis) -> _Evidence:
    """Every comparison that a question wants, by metric and pair; the analysis' own where it has them."""
    known = {(each.metric.name, (each.arm, each.control)): each for each in analysis.comparisons}
    recorded = {name for trial in analysis.trials for name in trial.values}
    wanted = dict.fromkeys(
        (name, pair)
        for question in QUESTIONS
        for pair in (_steps(analysis) if question.look == "steps" else _pairs(analysis))
        for name in question.metrics
    )
    more = [
        compare_metric(METRICS[name], *pair, analysis.trials)
        for name, pair in wanted
        if (name, pair) not in known and name in recorded and name in METRICS
    ]
    return known | {(each.metric.name, (each.arm, each.control)): each for each in judge(more, ())}


def _pairs(analysis: Analysis) -> list[Pair]:
    """Arms with kcompressd on, each with the one that has it off and is the same else."""
    arms = {arm.name: arm for arm in analysis.run.experiment.arms}
    found = treatments(analysis.run.experiment).items()
    return [(arm, control) for arm, control in found if _switched(arms[arm], arms[control])]


def _switched(arm: Arm, control: Arm) -> bool:
    return control.levels.get(KCOMPRESSD) == _OFF and _differ_only(arm, control)


def _differ_only(one: Arm, other: Arm) -> bool:
    first, second = one.levels, other.levels
    return {knob for knob in first.keys() | second.keys() if first.get(knob) != second.get(knob)} == {KCOMPRESSD}


def _steps(analysis: Analysis) -> list[Pair]:
    """Each number of kcompressd against the one before it in the experiment, both on and the same else."""
    arms = {arm.name: arm for arm in analysis.run.experiment.arms}
    treated = [arms[name] for name, _ in _pairs(analysis)]
    steps = ((later, earlier) for earlier, later in pairwise(treated))
    return [(later.name, earlier.name) for later, earlier in steps if _differ_only(later, earlier)]


def _answer(question: Question, analysis: Analysis, evidence: _Evidence) -> Answer:
    look, cpus = question.look, analysis.run.device.cpus
    if look in ("phones", "kernel"):
        return _open(question, question.why_not)
    if look == "processor" and cpus != 1:
        return _open(question, question.why_not.format(cpus=cpus or "more than one"))
    if look == "factor":
        return _by_factor(question, analysis)
    if question.factor == "incompressible" and not _incompressible(analysis):
        return _open(question, question.why_not)
    if look == "steps" and not _steps(analysis):
        return _open(question, question.why_not)
    return _by_effects(question, analysis, evidence)


def _by_effects(question: Question, analysis: Analysis, evidence: _Evidence) -> Answer:
    pairs = _pairs(analysis)
    if not pairs:
        return _open(question, Question.why_not)
    steps = _steps(analysis) if question.look == "steps" else []
    by_pair = [
        [evidence[name, pair] for name in question.metrics if (name, pair) in evidence] for pair in (*pairs, *steps)
    ]
    by_pair = [[each for each in held if each.n] for held in by_pair]
    told = [each for held in by_pair for each in held]
    missing = [name for name in question.metrics if name in METRICS and name not in {each.metric.name for each in told}]
    if not told or (question.look == "level" and question.metrics[0] in missing):
        return _without_figures(question, analysis, missing)
    say = level_sentence if question.look == "level" else pair_sentence
    known = [each for each in told if each.outcome != "unknown"]
    why = _lacking(missing, analysis) if known else _too_few(told)
    return Answer(
        question=question,
        status="open" if not known else "partly" if missing else "answered",
        sentences=tuple(say(held) for held in by_pair if held),
        why=why,
        command="" if known else _more_blocks(analysis),
        comparisons=tuple(told),
        caveats=tuple(dict.fromkeys(caveat for each in told for caveat in each.caveats)),
    )


def _lacking(missing: Sequence[str], analysis: Analysis) -> str:
    """What has no figure, and why: it was not recorded, or no block without kills has it in both arms."""
    recorded = {name for trial in analysis.trials for name in trial.values}
    left_out = [title(METRICS[name]) for name in missing if name in recorded]
    killed = f"no block without kills has figures of both arms for {', '.join(left_out)}" if left_out else ""
    return "; ".join(filter(None, (killed, unrecorded_sentence([name for name in missing if name not in recorded]))))


def _without_figures(question: Question, analysis: Analysis, missing: Sequence[str]) -> Answer:
    if not analysis.trials:
        return _open(question, "it has no trial that counts")
    if any(name in trial.values for trial in analysis.trials for name in question.metrics):
        return _open(question, "no block without kills has figures of both arms", _more_blocks(analysis))
    return _open(question, unrecorded_sentence(missing) or question.why_not, "reclaim doctor" if missing else "")


def _by_factor(question: Question, analysis: Analysis) -> Answer:
    found = [
        each
        for each in analysis.interactions
        if (each.contrast.treatment, each.contrast.factor) == (KCOMPRESSD, question.factor)
    ]
    if not found:
        return _open(question, question.why_not + _with_this(question, analysis))
    known = [each for each in found if each.finding != "unknown"]
    return Answer(
        question=question,
        status="answered" if known else "open",
        sentences=tuple(interaction_words.sentence(each) + "." for each in found),
        why="" if known else f"{found[0].n} blocks are too few to tell",
        command="" if known else _more_blocks(analysis),
        interactions=tuple(found),
        caveats=tuple(dict.fromkeys(caveat for each in found for caveat in each.caveats)),
    )


def _with_this(question: Question, analysis: Analysis) -> str:
    algorithm = analysis.run.device.zram_algorithm
    return f" ({algorithm})" if question.key == "algorithm" and algorithm else ""


def _incompressible(analysis: Analysis) -> bool:
    """Whether the arms that are compared eat memory of which a part does not compress."""
    experiment, compared = analysis.run.experiment, {name for pair in _pairs(analysis) for name in pair}
    pressures = [workload_of(experiment.workload, arm).pressure for arm in experiment.arms if arm.name in compared]
    return bool(pressures) and all(each is not None and each.incompressible > 0 for each in pressures)


def _too_few(told: Sequence[Comparison]) -> str:
    most = max(each.n for each in told)
    return f"{most} {'block is' if most == 1 else 'blocks are'} too few to tell"


def _more_blocks(analysis: Analysis) -> str:
    """The same experiment with more blocks than had figures, at least as many as intervals want."""
    return f"reclaim run {analysis.run.experiment.name} --blocks {max(20, 2 * analysis.run.experiment.blocks)}"


def _open(question: Question, why: str, command: str = "") -> Answer:
    return Answer(question, "open", (), why, command or question.command)


def lines_of(answer: Answer) -> Iterator[str]:
    """The paragraph as sentences: figures, what was published, and what this run cannot tell."""
    yield from answer.sentences
    if answer.sentences and answer.question.compare_with:
        yield answer.question.compare_with
    if answer.status == "open":
        yield f"This run cannot answer: {answer.why}."
        yield f"To know: `{answer.command}`"
    elif answer.why:
        yield f"{answer.why[0].upper()}{answer.why[1:]}."
