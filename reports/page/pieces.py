# SPDX-License-Identifier: Apache-2.0
"""What a page says of effects and rulings: answers, cards, rows of tables; every text and position is final. Pure."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Tone: TypeAlias = Literal["good", "bad", "moved", "same", "unknown"]
"""How a figure is coloured; never the only sign, a word always stands beside it."""


@dataclass(frozen=True)
class Note:
    """A doubt on the page.

    Attributes:
        code: its stable name.
        what: what happened.
        do: what to do about it.
        where: what it touches (`3 trials`); empty for the whole run.
    """

    code: str
    what: str
    do: str
    where: str = ""


@dataclass(frozen=True)
class Card:
    """One figure of the first screen.

    Attributes:
        label: what it is.
        figure: large.
        detail: below it: interval, levels, n.
        word: better, worse, no detectable difference, ...
        tone: of the word.
        doubts: what makes this figure less sure than it looks, sentences.
    """

    label: str
    figure: str
    detail: str
    word: str
    tone: Tone
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What one arm did.

    Attributes:
        arm: the arm.
        lead: first word of the sentence: Better, Worse, ...
        rest: the rest of it.
        tone: of the lead.
        cards: kills first, then the primary metrics.
        costs: what got worse besides.
        gains: what got better besides.
        silent: what is said of the metrics that did not move.
    """

    arm: str
    lead: str
    rest: str
    tone: Tone
    cards: tuple[Card, ...]
    costs: tuple[str, ...]
    gains: tuple[str, ...]
    silent: str


@dataclass(frozen=True)
class Mark:
    """An effect in the forest plot; positions in percent of its width.

    Attributes:
        at: the effect.
        low: lower end of the interval, cut at the edge.
        high: upper end.
        beyond_left: the effect or its interval goes on beyond the left edge.
        beyond_right: the same to the right.
        margin: where the margin of a rule lies; None without one, or where it lies beyond the axis.
    """

    at: float
    low: float
    high: float
    beyond_left: bool
    beyond_right: bool
    margin: float | None = None


@dataclass(frozen=True)
class Tick:
    """A labelled position of the forest plot, percent of its width."""

    at: float
    label: str


@dataclass(frozen=True)
class EffectRow:
    """One metric of the table of effects.

    Attributes:
        metric: stable name.
        title: for people.
        source: where it is read.
        control: level of the control.
        arm: level of the arm.
        relative: change in percent or times, with its interval; empty when there is none.
        absolute: change in the metric's unit, with its interval.
        n: blocks.
        word: better, worse, `no detectable difference`, ...
        tone: of the word.
        mark: its place in the forest plot; None without a ratio.
        detectable: what a run of this size would have seen; empty when not known.
        notes: doubts about this row alone.
        rule: what a rule asks of it; empty without one.
        under: below the title; may be empty.
    """

    metric: str
    title: str
    source: str
    control: str
    arm: str
    relative: str
    absolute: str
    n: int
    word: str
    tone: Tone
    mark: Mark | None
    detectable: str
    notes: tuple[Note, ...]
    rule: str = ""
    under: str = ""


@dataclass(frozen=True)
class EffectGroup:
    """Rows that share an axis.

    Attributes:
        title: heading.
        ticks: of its forest plot; () where no row has a place in it.
        rows: effects.
        besides: whether no verdict rests on them.
    """

    title: str
    ticks: tuple[Tick, ...]
    rows: tuple[EffectRow, ...]
    besides: bool = False


@dataclass(frozen=True)
class EffectTable:
    """Effects of one arm against the control.

    Attributes:
        arm: the arm.
        control: the reference.
        groups: kills, primary, others; or metric by metric, a row per app.
    """

    arm: str
    control: str
    groups: tuple[EffectGroup, ...]


@dataclass(frozen=True)
class InteractionRow:
    """Whether one metric's effect depends on another knob.

    Attributes:
        metric: stable name.
        title: for people.
        at_level: effect at the factor's level.
        at_base: effect at the control's level.
        between: what lies between them, with its interval.
        n: blocks.
        word: the answer.
        tone: of the word.
        detectable: what would have been seen; empty where the effects differ or it is not known.
        notes: doubts.
    """

    metric: str
    title: str
    at_level: str
    at_base: str
    between: str
    n: int
    word: str
    tone: Tone
    detectable: str
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class InteractionTable:
    """One question about the treatment and another knob.

    Attributes:
        question: in words.
        level: the factor's level.
        base: the control's.
        rows: one per primary metric.
    """

    question: str
    level: str
    base: str
    rows: tuple[InteractionRow, ...]


@dataclass(frozen=True)
class RulingRow:
    """One ruling of the gate.

    Attributes:
        word: PASS, FAIL, NOT DECIDED or WAIVED.
        tone: of the word.
        name: what is judged.
        rule: what is asked of it.
        why: why the decision fell.
        waiver: who answers for a failure; empty without one.
    """

    word: str
    tone: Tone
    name: str
    rule: str
    why: str
    waiver: str


@dataclass(frozen=True)
class LevelRow:
    """What one arm measured by itself, in words."""

    metric: str
    title: str
    arm: str
    median: str
    span: str
    n: int


@dataclass(frozen=True)
class Check:
    """Whether the arms met the same conditions, one condition.

    Attributes:
        what: the condition.
        figures: one text per arm; empty where nothing was recorded.
        word: `alike` or `differs`; empty where a difference is what the run asks about.
        tone: of the word.
    """

    what: str
    figures: tuple[str, ...]
    word: str
    tone: Tone


@dataclass(frozen=True)
class Segment:
    """A part of a bar; positions in percent of the longest bar.

    Attributes:
        number: of the cause; picks its pattern.
        title: the cause.
        at: where it begins.
        width: how long it is.
        told: how much that is.
    """

    number: int
    title: str
    at: float
    width: float
    told: str


@dataclass(frozen=True)
class Stack:
    """What one arm's figure is made of.

    Attributes:
        arm: the arm.
        total: of all parts.
        segments: the parts that are not zero, in order.
    """

    arm: str
    total: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Breakdown:
    """What a figure is made of, arm by arm.

    Attributes:
        title: of the figure.
        stacks: one bar per arm, the control first.
        told: what grew and shrank in each arm, sentences; means over blocks.
    """

    title: str
    stacks: tuple[Stack, ...]
    told: tuple[str, ...]
