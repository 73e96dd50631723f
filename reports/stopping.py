# SPDX-License-Identifier: Apache-2.0
"""When a run with `stop = "decided"` may end: once every primary metric of every arm is decided. Pure.

A metric is decided when its repeated interval (`reports.looks`) leaves out "no effect", or, where a rule of the
experiment says `not-worsen`, when the arm is proven to be no worse than the margin. A rule that says `improve` asks for
more: the arm has to be proven better by the margin, or not to be. Rules about single apps end no run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.comparison import KILLS, Comparison, Outcome
from reports.gate.findings import PROVEN, SIGHT, Case, power, weigh
from reports.gate.rulebook import EACH_APP, Place, StatedRule
from reports.looks import family_size
from reports.noise.tracing import treatments
from reports.record import Plan, PlannedTrial, TrialRecord
from reports.statistics.paired import CONFIDENCE
from reports.statistics.sequential import Outlook, look_blocks, outlook
from reports.units import count
from reports.wording import enumerate_words
from workloads.spec import Experiment, Rule

Answer: TypeAlias = Literal["better", "worse", "higher", "lower", "no worse", "too little", "undecided"]
"""`no worse` than the margin allows; `too little`: no improvement by the margin that is asked for."""

_BY_ITSELF: Mapping[Outcome, Answer] = {"better": "better", "worse": "worse", "higher": "higher", "lower": "lower"}

STOPPED = "stopped"
"""Name of the event that ends a run before its budget."""

WHY = "every primary metric was decided"


@dataclass(frozen=True)
class Decision:
    """What the looks at a run say of one primary metric of one arm."""

    metric: str
    arm: str
    control: str
    answer: Answer

    @property
    def name(self) -> str:
        """Which: `ttid of on`."""
        return f"{self.metric} of {self.arm}"


def expected(experiment: Experiment) -> Iterator[str]:
    """What stopping early means for a run, in lines, before it is made; nothing where it does not."""
    if experiment.stop != "decided":
        return
    first, second = look_blocks(experiment.blocks)[:2]
    every = "every block" if second - first == 1 else f"every {second - first} blocks"
    yield (
        f"looked at after block {first} and {every} from there on, at most {experiment.blocks}; ends once every primary"
        " metric is decided"
    )
    promise = _promise(experiment)
    if promise:
        yield (
            f"  sees what {promise.fixed} blocks without a look see 9 times in 10; a metric with that effect is decided"
            f" after {promise.expected:.0f} blocks on average, one with an effect half as large again after"
            f" {promise.expected_large:.0f}"
        )


def fixed_blocks(experiment: Experiment) -> int:
    """Blocks of a run without a look that sees as much."""
    promise = _promise(experiment) if experiment.stop == "decided" else None
    return promise.fixed if promise else experiment.blocks


def _promise(experiment: Experiment) -> Outlook | None:
    return outlook(experiment.blocks, (1 - CONFIDENCE) / family_size(experiment, len(treatments(experiment))))


def look_due(experiment: Experiment, plan: Plan, trial: PlannedTrial) -> bool:
    """Whether a run is looked at when this trial has ended: it is the last of its block, and not of the run."""
    last = max((each.index for each in plan.trials if each.block == trial.block), default=0)
    return (
        experiment.stop == "decided"
        and trial.index == last
        and trial.block in look_blocks(experiment.blocks)
        and trial.block < experiment.blocks
    )


def decisions(experiment: Experiment, comparisons: Sequence[Comparison]) -> tuple[Decision, ...]:
    """What is decided of every primary metric of every arm; () where the run does not stop by itself.

    Args:
        experiment: what was asked.
        comparisons: with intervals that pay for the looks.
    """
    if experiment.stop != "decided":
        return ()
    found = {(each.arm, each.metric.name): each for each in comparisons}
    sharing = _sharing(experiment)
    rules = {name: [r for r in experiment.rules if r.metric == name and not r.app] for name in experiment.primary}
    return tuple(
        Decision(metric, arm, control, _answer(found.get((arm, metric)), rules[metric], sharing))
        for arm, control in treatments(experiment).items()
        for metric in dict.fromkeys(experiment.primary)
    )


def all_decided(found: Sequence[Decision]) -> bool:
    """Whether the run may end."""
    return bool(found) and all(each.answer != "undecided" for each in found)


def told(found: Sequence[Decision]) -> str:
    """What a look found, in one line: `1 of 2 decided; on: ttid better, kswapd_cpu undecided`."""
    arms: dict[str, list[str]] = {}
    for each in found:
        arms.setdefault(each.arm, []).append(f"{each.metric} {each.answer}")
    known = sum(each.answer != "undecided" for each in found)
    return "; ".join(
        [f"{known} of {len(found)} decided", *(f"{arm}: {', '.join(told_of)}" for arm, told_of in arms.items())]
    )


def reached(records: Sequence[TrialRecord]) -> int:
    """The last block of which a trial ended; 0 before the first."""
    return max((record.trial.block for record in records), default=0)


def stopped_after(events: Sequence[Mapping[str, object]]) -> int | None:
    """The block after which a run was stopped because it was decided; None when it was not."""
    blocks = [event.get("after_block") for event in events if event.get("event") == STOPPED]
    return next((block for block in blocks if type(block) is int and block > 0), None)


def ending(experiment: Experiment, found: Sequence[Decision], stopped: int | None, reached: int) -> str:
    """How a run that stops by itself ended, in one sentence; empty where it does not, or broke off.

    Args:
        experiment: what was asked.
        found: what is decided now.
        stopped: `stopped_after`.
        reached: last block of which a trial ended.
    """
    if stopped is not None:
        return f"Stopped after {stopped} of at most {count(experiment.blocks, 'block')}: {WHY}."
    open_ones = [each.name for each in found if each.answer == "undecided"]
    if reached < experiment.blocks or not open_ones:
        return ""
    verb = "is" if len(open_ones) == 1 else "are"
    return f"Ran all {count(experiment.blocks, 'block')} of its budget: {enumerate_words(open_ones)} {verb} undecided."


def _sharing(experiment: Experiment) -> int:
    """Rules that will share the gate's one chance of a wrong failure, if nobody is killed."""
    apps = len({app.partition("/")[0] for app in experiment.workload.apps})
    asked = [rule for rule in experiment.rules if rule.must == "not-worsen" and rule.metric != KILLS]
    return sum(apps if rule.app == EACH_APP else 1 for rule in asked) * len(treatments(experiment))


def _answer(each: Comparison | None, rules: Sequence[Rule], sharing: int) -> Answer:
    if each is None or each.difference is None:
        return "undecided"
    own = _BY_ITSELF.get(each.outcome, "undecided")
    if each.metric.better == "none":
        return own
    answers = [_ruled(each, rule, own, sharing) for rule in rules]
    return "undecided" if "undecided" in answers else next(iter(answers), own)


def _ruled(each: Comparison, rule: Rule, own: Answer, sharing: int) -> Answer:
    """The answer to one rule, by the figures that a gate rules by; `own` is the answer where there is none."""
    figures = weigh(_case(each, rule))
    if figures is None:
        return "undecided"
    if rule.must == "improve":
        if figures.holds_p <= PROVEN:
            return "better"
        return "too little" if figures.holds_p >= 1 - PROVEN else "undecided"
    no_worse = figures.holds_p <= PROVEN and power(figures, sharing) >= SIGHT
    return "no worse" if own == "undecided" and no_worse else own


def _case(each: Comparison, rule: Rule) -> Case:
    pairs = tuple(pair for pair in each.pairs if each.uses(pair))
    confidence = each.difference.confidence if each.difference else CONFIDENCE
    return Case(StatedRule(rule, Place("")), each.arm, each.control, "", pairs, confidence=confidence)
