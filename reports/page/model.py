# SPDX-License-Identifier: Apache-2.0
"""Exactly what the page shows, ready to be written down: every text is final, every position computed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

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
    """

    at: float
    low: float
    high: float
    beyond_left: bool
    beyond_right: bool


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


@dataclass(frozen=True)
class EffectTable:
    """Every metric of one arm against the control.

    Attributes:
        arm: the arm.
        control: the reference.
        ticks: of the forest plot.
        groups: heading and rows: kills, primary, others.
    """

    arm: str
    control: str
    ticks: tuple[Tick, ...]
    groups: tuple[tuple[str, tuple[EffectRow, ...]], ...]


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
class Chart:
    """A picture drawn in the browser.

    Attributes:
        name: its id on the page.
        title: above it.
        unit: of its vertical axis; may be empty.
        note: below it.
        spec: Vega-Lite, data inside.
    """

    name: str
    title: str
    unit: str
    note: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Fact:
    """A name and what it is."""

    name: str
    value: str


@dataclass(frozen=True)
class ArmBox:
    """An arm and its settings.

    Attributes:
        name: the arm.
        number: 0 for the control; picks its colour and shape.
        role: control or treatment.
        settings: knob and value.
    """

    name: str
    number: int
    role: str
    settings: tuple[Fact, ...]


@dataclass(frozen=True)
class PlanCell:
    """One trial in the picture of the plan."""

    arm: str
    number: int
    counts: bool
    told: str


@dataclass(frozen=True)
class PlanBlock:
    """One block in the picture of the plan."""

    label: str
    cells: tuple[PlanCell, ...]


@dataclass(frozen=True)
class TrialRow:
    """One trial in the list of trials.

    Attributes:
        name: its folder.
        arm: its arm.
        number: of the arm.
        status: counts, excluded, ...
        rule: code of the rule that excludes it; empty unless one does.
        reason: why it does not count.
        proof: whether its settings were in force, and by what evidence.
        kills: who was killed.
        notes: its caveats, codes.
        took: seconds on the host.
        trace: file, relative to the run; empty without one.
    """

    name: str
    arm: str
    number: int
    status: str
    rule: str
    reason: str
    proof: str
    kills: str
    notes: tuple[Note, ...]
    took: str
    trace: str


@dataclass(frozen=True)
class Page:
    """One run, one page.

    Attributes:
        title: of the browser's tab.
        question: what was asked.
        troubles: what must be read before any figure.
        kills: who died, one sentence.
        killed: whether anybody was.
        answers: one per arm compared.
        gate: the rulings in one sentence; empty without any.
        gate_rules: where the rules come from.
        rulings: rules on arms.
        summary: phone, kernel, blocks in one line.
        stand_in: what is no phone here; empty on a phone.
        notes: doubts about the run, most important first.
        background: what is known of the phone's noise and of tracing, sentences.
        tables: effects.
        interactions: whether effects depend on another knob; () where none was varied.
        levels: each arm by itself, when nothing is compared.
        primary_points: the primary metrics, block by block.
        other_points: the other metrics, block by block.
        overlays: over time.
        overlay_note: how the curves were made.
        arms: settings.
        device: facts of the phone.
        machine: what a virtual handheld runs on; () on a phone.
        kernel_values: VM settings and the like.
        workload_title: of the workload.
        workload: the steps in words.
        dose: what trials demanded, how it was found, and what it came to, who lived; sentences.
        plan: as it ran.
        rules: code and sentence of each rule by which a trial may be left out.
        trials: the list.
        methods: how figures were made, sentences.
        commands: how to do it again.
        experiment: the experiment's file.
        made_by: program and versions.
    """

    title: str
    question: str
    troubles: tuple[str, ...]
    kills: str
    killed: bool
    answers: tuple[Answer, ...]
    gate: str
    gate_rules: str
    rulings: tuple[RulingRow, ...]
    summary: str
    stand_in: str
    notes: tuple[Note, ...]
    background: tuple[str, ...]
    tables: tuple[EffectTable, ...]
    interactions: tuple[InteractionTable, ...]
    levels: tuple[LevelRow, ...]
    primary_points: tuple[Chart, ...]
    other_points: tuple[Chart, ...]
    overlays: tuple[Chart, ...]
    overlay_note: str
    arms: tuple[ArmBox, ...]
    device: tuple[Fact, ...]
    machine: tuple[Fact, ...]
    kernel_values: tuple[Fact, ...]
    workload_title: str
    workload: tuple[str, ...]
    dose: tuple[str, ...]
    plan: tuple[PlanBlock, ...]
    rules: tuple[Fact, ...]
    trials: tuple[TrialRow, ...]
    methods: tuple[str, ...]
    commands: tuple[str, ...]
    experiment: str
    made_by: str
