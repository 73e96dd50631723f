# SPDX-License-Identifier: Apache-2.0
"""Exactly what the page shows, ready to be written down: every text is final, every position computed. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reports.page.data import Data
from reports.page.parts import Answer, Check, EffectTable, InteractionTable, LevelRow, Note, RulingRow


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
        checks: whether the arms met the same conditions.
        order: whether the phone drifted from trial to trial, sentences.
        tables: effects.
        app_tables: the same for the launches of each app; () with one app or none.
        interactions: whether effects depend on another knob; () where none was varied.
        levels: each arm by itself, when nothing is compared.
        data: the figures behind its pictures.
        kinds: kind of picture -> Vega-Lite specification without data.
        overlay_note: how the curves were made.
        values: the primary metrics, block by block.
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
        files: name and SHA-256 of the files that the page was made from.
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
    checks: tuple[Check, ...]
    order: tuple[str, ...]
    tables: tuple[EffectTable, ...]
    app_tables: tuple[EffectTable, ...]
    interactions: tuple[InteractionTable, ...]
    levels: tuple[LevelRow, ...]
    data: Data
    kinds: Mapping[str, Any]
    overlay_note: str
    values: tuple[Values, ...]
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
    files: tuple[Fact, ...]
    made_by: str
