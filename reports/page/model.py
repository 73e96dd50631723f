# SPDX-License-Identifier: Apache-2.0
"""Exactly what the page shows, ready to be written down: every text is final, every position computed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reports.page.data import Data
from reports.page.pieces import Answer, Breakdown, Check, EffectTable, InteractionTable, LevelRow, Note, RulingRow


@dataclass(frozen=True)
class Values:
    """Every trial's value of one metric, in words, for who sees no picture.

    Attributes:
        title: the metric and the unit.
        rows: block, then a figure per arm; in brackets what does not count.
    """

    title: str
    rows: tuple[tuple[str, ...], ...]


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
        open: the command that opens its trace; empty without one.
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
    open: str


@dataclass(frozen=True)
class SlowLaunch:
    """A launch that took long for its app in its arm.

    Attributes:
        app: package.
        arm: its arm.
        number: of the arm.
        trial: folder.
        launch: 1-based.
        took: its time.
        times: of the median of the app's launches in that arm, as shown.
        told: why its trial does not count; empty when it does.
        open: the command that opens its trace at the launch; empty without one.
    """

    app: str
    arm: str
    number: int
    trial: str
    launch: int
    took: str
    times: str
    told: str
    open: str


@dataclass(frozen=True)
class Asked:
    """A question that reviewers asked, and what the run says of it.

    Attributes:
        question: in their words.
        by: who asked.
        open: whether this run cannot answer.
        lines: the answer, or why there is none, sentence by sentence.
        command: whose run would answer; empty where this one does.
    """

    question: str
    by: str
    open: bool
    lines: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class Trust:
    """Whether the run can be trusted.

    Attributes:
        notes: doubts about the run, most important first.
        checks: whether the arms met the same conditions.
        dose: what trials demanded, how it was found, what it came to and who lived, sentences.
        order: whether the phone drifted from trial to trial, sentences.
        plan: as it ran.
        background: what is known of the phone's noise and of tracing, sentences.
        methods: how figures were made, sentences.
        rules: code and sentence of each rule by which a trial may be left out.
        trials: the list.
    """

    notes: tuple[Note, ...]
    checks: tuple[Check, ...]
    dose: tuple[str, ...]
    order: tuple[str, ...]
    plan: tuple[PlanBlock, ...]
    background: tuple[str, ...]
    methods: tuple[str, ...]
    rules: tuple[Fact, ...]
    trials: tuple[TrialRow, ...]


@dataclass(frozen=True)
class Setup:
    """What was run on what.

    Attributes:
        arms: settings.
        device: facts of the phone.
        machine: what a virtual handheld runs on; () on a phone.
        kernel_values: VM settings and the like.
        workload_title: of the workload.
        workload: the steps in words.
    """

    arms: tuple[ArmBox, ...]
    device: tuple[Fact, ...]
    machine: tuple[Fact, ...]
    kernel_values: tuple[Fact, ...]
    workload_title: str
    workload: tuple[str, ...]


@dataclass(frozen=True)
class Again:
    """How to do it again.

    Attributes:
        commands: in order.
        files: name and SHA-256 of the files that the page was made from.
        experiment: the experiment's file.
        made_by: program and versions.
    """

    commands: tuple[str, ...]
    files: tuple[Fact, ...]
    experiment: str
    made_by: str


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
        tables: effects.
        by_arm: the primary metrics with a row per arm; () with fewer than two arms compared.
        app_tables: the same for the launches of each app; () with one app or none.
        interactions: whether effects depend on another knob; () where none was varied.
        levels: each arm by itself, when nothing is compared.
        data: the figures behind its pictures.
        kinds: kind of picture -> Vega-Lite specification without data.
        overlay_note: how the curves were made.
        slow: launches that took longest for their app, the worst first.
        values: the primary metrics, block by block.
        survival: how soon processes were killed, a sentence per arm; () where nobody was.
        breakdowns: a launch's time by cause, reclaim's CPU time by thread; () where that was not recorded.
        causes: effects on metrics that explain others.
        asked: what reviewers of kcompressd asked; () where the run is not about it.
        trust: whether it can be trusted.
        setup: what was run on what.
        again: how to do it again.
    """

    form: ClassVar[str] = "run"
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
    tables: tuple[EffectTable, ...]
    by_arm: tuple[EffectTable, ...]
    app_tables: tuple[EffectTable, ...]
    interactions: tuple[InteractionTable, ...]
    levels: tuple[LevelRow, ...]
    data: Data
    kinds: Mapping[str, Any]
    overlay_note: str
    slow: tuple[SlowLaunch, ...]
    values: tuple[Values, ...]
    survival: tuple[str, ...]
    breakdowns: tuple[Breakdown, ...]
    causes: tuple[EffectTable, ...]
    asked: tuple[Asked, ...]
    trust: Trust
    setup: Setup
    again: Again
