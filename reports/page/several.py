# SPDX-License-Identifier: Apache-2.0
"""The page of several phones: the joint answer, each phone beside it, and every phone's figures. Pure."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from reports.page import effects, overphones, setting
from reports.page.charts import kinds
from reports.page.data import Data
from reports.page.figures import figures
from reports.page.merged import merged
from reports.page.model import ArmBox, Fact, PlanBlock
from reports.page.overlay import LONGEST_GAP_S, Grid, Tracks, grid_of
from reports.page.pieces import Answer, Check, EffectTable, Note
from reports.page.trust import checks, order_test
from reports.several.joint import Joint
from reports.several.pool import Phone
from reports.survival import survival, survival_sentence
from reports.units import count, number, quantity


@dataclass(frozen=True)
class PhonePart:
    """One phone on a page of several.

    Attributes:
        number: 1-based.
        name: its model.
        answers: of its own blocks, whole sentences.
        facts: build, kernel, runs.
        notes: doubts about it alone.
        checks: whether its arms met the same conditions.
        order: whether it drifted from trial to trial, sentences.
        plan: as it ran.
        background: what is known of its noise and of tracing, sentences.
    """

    number: int
    name: str
    answers: tuple[str, ...]
    facts: tuple[Fact, ...]
    notes: tuple[Note, ...]
    checks: tuple[Check, ...]
    order: tuple[str, ...]
    plan: tuple[PlanBlock, ...]
    background: tuple[str, ...]


@dataclass(frozen=True)
class SeveralPage:
    """Several phones, one page.

    Attributes:
        title: of the browser's tab.
        question: what was asked.
        troubles: what must be read before any figure, phone by phone; then the runs that are left out.
        kills: who died, a sentence or more per phone.
        killed: whether anybody was.
        answers: one per arm compared, over phones.
        summary: how many of what, in one line.
        stand_in: what is no phone here; empty where all are.
        notes: doubts about the answer over phones, most important first.
        by_phone: per arm a table of kills and the primary metrics: over phones, then each phone.
        tables: per arm every metric over phones.
        data: the figures behind its pictures.
        kinds: kind of picture -> Vega-Lite specification without data.
        overlay_note: how the curves were made.
        phones: each phone.
        arms: settings.
        workload: the steps of a trial in words.
        methods: how figures were made, sentences.
        commands: to do it again, in order.
        made_by: program and versions.
    """

    form: ClassVar[str] = "phones"
    title: str
    question: str
    troubles: tuple[str, ...]
    kills: tuple[str, ...]
    killed: bool
    answers: tuple[Answer, ...]
    summary: str
    stand_in: str
    notes: tuple[Note, ...]
    by_phone: tuple[EffectTable, ...]
    tables: tuple[EffectTable, ...]
    data: Data
    kinds: Mapping[str, Any]
    overlay_note: str
    phones: tuple[PhonePart, ...]
    arms: tuple[ArmBox, ...]
    workload: tuple[str, ...]
    methods: tuple[str, ...]
    commands: tuple[str, ...]
    made_by: str


def build_several(
    joint: Joint, tracks: Mapping[int, Tracks], quantities: Mapping[str, tuple[str, str]], made_by: str
) -> SeveralPage:
    """Put the page together; every text of it is final.

    Args:
        joint: the answer over phones.
        tracks: number of a phone -> time series of its trials that count.
        quantities: series name -> unit and title.
        made_by: program and versions.
    """
    experiment = joint.phones[0].analysis.run.experiment
    grid = grid_of(list(tracks.values()))
    found = {
        phone.number: figures(phone.analysis, tracks.get(phone.number, {}), quantities, grid) for phone in joint.phones
    }
    data = merged({phone.number: phone.device.model for phone in joint.phones}, found, joint)
    stand_ins = dict.fromkeys(phone.device.stand_in for phone in joint.phones if phone.device.stand_in)
    return SeveralPage(
        title=f"{experiment.name} on {count(len(joint.phones), 'phone')}",
        question=joint.question,
        troubles=tuple(_troubles(joint)),
        kills=tuple(_kills(joint)),
        killed=any(phone.analysis.verdict.killed for phone in joint.phones),
        answers=tuple(overphones.answer(joint, arm) for arm in joint.arms),
        summary=_summary(joint),
        stand_in="; ".join(stand_ins),
        notes=tuple(effects.note(caveat) for caveat in joint.caveats),
        by_phone=tuple(overphones.by_phone(joint, arm) for arm in joint.arms),
        tables=tuple(overphones.table(joint, arm) for arm in joint.arms),
        data=data,
        kinds=kinds(data.arms, len(data.apps)),
        overlay_note=_overlay_note(grid),
        phones=tuple(_phone(phone) for phone in joint.phones),
        arms=setting.arm_boxes(experiment),
        workload=setting.workload_lines(experiment.workload),
        methods=_METHODS,
        commands=tuple(_commands(joint)),
        made_by=made_by,
    )


_METHODS = (
    (
        "The phone is the unit: the effect over phones is the mean of the phones' own effects, each counting the same,"
        " 95 % interval by Student's t over phones, never narrower than the phones' own blocks allow. Where every value"
        " on every phone is positive the ratio decides (geometric mean), because phones differ in level; else the"
        " difference does."
    ),
    (
        "A phone's own effect is the mean over its blocks of arm against control, as on a page of that phone alone."
        " Runs of one phone are more blocks of it."
    ),
    "One phone more: where the effect on a further phone like these would lie, 19 times in 20.",
    "I²: the share of the variance of the phones' effects that lies between phones, not in their noise.",
    (
        "The primary metrics are one family (Holm), all others a second one (false discovery rate 5 %, Benjamini and"
        " Hochberg). A phone on which the arm surely killed more processes is never outweighed by the others."
    ),
)


def _troubles(joint: Joint) -> Iterator[str]:
    for phone in joint.phones:
        yield from (f"Phone {phone.number}: {told}" for told in phone.analysis.verdict.troubles)
    yield from (f"Left out: {each.path}: {each.reason}" for each in joint.left_out)


def _kills(joint: Joint) -> Iterator[str]:
    """Who died; phones on which nobody did are told in one sentence, as in the terminal."""
    for phone in joint.phones:
        if phone.analysis.verdict.killed:
            yield f"Phone {phone.number}: {phone.analysis.verdict.kills}"
    yield from (told for told in joint.kills if told.startswith("Nobody"))


def _summary(joint: Joint) -> str:
    runs = sum(len(phone.runs) for phone in joint.phones)
    models = ", ".join(dict.fromkeys(phone.device.model for phone in joint.phones))
    builds = len({phone.device.build for phone in joint.phones})
    kernels = len({phone.device.kernel for phone in joint.phones})
    lines = [line for phone in joint.phones for line in phone.analysis.ledger]
    counting = sum(line.status == "counts" for line in lines)
    return " · ".join(
        (
            count(len(joint.phones), "phone"),
            models,
            count(builds, "build"),
            count(kernels, "kernel"),
            count(runs, "run"),
            f"{counting} of {count(len(lines), 'trial')} count",
        )
    )


def _overlay_note(grid: Grid) -> str:
    return (
        f"Line: median over the trials of an arm that count; band: the middle half of them; a point every"
        f" {number(grid.step_s)} s. Single trials keep their peaks: at most {grid.most_points} points each, the lowest"
        f" and the highest of every stretch. A break in a line: more than {number(LONGEST_GAP_S)} s without samples in"
        " most trials."
    )


def _phone(phone: Phone) -> PhonePart:
    analysis, device = phone.analysis, phone.device
    verdict = analysis.verdict
    doubts = [effects.note(doubt.caveat, count(len(doubt.trials), "trial")) for doubt in analysis.doubts]
    return PhonePart(
        number=phone.number,
        name=device.model,
        answers=(
            *verdict.troubles,
            verdict.kills,
            *(survival_sentence(each) for each in survival(analysis)),
            *(arm.sentence for arm in verdict.arms),
        ),
        facts=setting.facts(
            {
                "serial": device.serial,
                "build": device.build,
                "kernel": device.kernel,
                "memory": quantity(device.memory_bytes, "bytes"),
                "zram": device.zram_algorithm or "not known",
                "runs": ", ".join(run.path for run in phone.runs),
            }
        ),
        notes=(*map(effects.note, (*phone.caveats, *verdict.caveats)), *doubts),
        checks=checks(analysis),
        order=tuple(order_test(analysis)),
        plan=setting.plan_blocks(analysis),
        background=analysis.background,
    )


def _commands(joint: Joint) -> Iterator[str]:
    paths = [run.path for phone in joint.phones for run in phone.runs]
    yield f"reclaim compare {shlex.join(paths)}"
    yield f"reclaim report {shlex.join(paths)} -o page.html"
    yield from (f"reclaim report {shlex.quote(path)}" for path in paths)
