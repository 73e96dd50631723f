# SPDX-License-Identifier: Apache-2.0
"""The page of two builds, or boots, against each other: what differs, the answer, every metric. Pure."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from reports.analysis import Analysis
from reports.comparison import KILLS, Comparison
from reports.page import effects, forest, setting
from reports.page.model import Fact
from reports.page.pieces import EffectGroup, EffectRow, EffectTable, Note, Tick
from reports.several.builds import Build, Builds
from reports.situation import SAME_SETTINGS
from reports.units import count
from reports.verdict import OPENING, one_word
from reports.wording import enumerate_words, moved, title

_KNOWN = ("same", "unknown")


_TICKS = tuple(Tick(at, label) for at, label in ((0.0, "worse"), (50.0, "no change"), (100.0, "better")))


@dataclass(frozen=True)
class BuildsPage:
    """Two builds, one page.

    Attributes:
        title: of the browser's tab.
        question: the experiment's.
        troubles: what must be read before any figure, run by run.
        kills: who was killed, a sentence per run with kills.
        answers: one sentence per arm of the experiment.
        differ: what sets B apart from A: the treatment.
        sides: facts of A and of B.
        stand_in: what is no phone here; empty on a phone.
        notes: doubts about the whole.
        tables: effects of each arm of the experiment.
        unit: what n counts.
        commands: to do it again, in order.
        made_by: program and versions.
    """

    form: ClassVar[str] = "builds"
    title: str
    question: str
    troubles: tuple[str, ...]
    kills: tuple[str, ...]
    answers: tuple[str, ...]
    differ: tuple[Fact, ...]
    sides: tuple[tuple[Fact, ...], ...]
    stand_in: str
    notes: tuple[Note, ...]
    tables: tuple[EffectTable, ...]
    unit: str
    commands: tuple[str, ...]
    made_by: str


def build_builds(builds: Builds, made_by: str) -> BuildsPage:
    """Put the page together; every text of it is final."""
    runs = [each for build in (builds.control, builds.arm) for each in build.runs]
    arms = list(dict.fromkeys(each.arm for each in builds.comparisons))
    found = {arm: [each for each in builds.comparisons if each.arm == arm] for arm in arms}
    paths = [each.run.path for each in runs]
    return BuildsPage(
        title=f"{runs[0].run.experiment.name}: two builds of {builds.control.device.model}",
        question=runs[0].run.experiment.question,
        troubles=tuple(_troubles(runs)),
        kills=tuple(f"{each.run.path}: {each.verdict.kills}" for each in runs if each.verdict.killed),
        answers=tuple(_answer(builds, arm if len(arms) > 1 else "", each) for arm, each in found.items()),
        differ=setting.facts({name: f"{before} in A, {after} in B" for name, (before, after) in builds.differ.items()}),
        sides=tuple(_side(name, build) for name, build in (("A", builds.control), ("B", builds.arm))),
        stand_in=builds.control.device.stand_in or "",
        notes=tuple(effects.note(caveat) for caveat in builds.caveats),
        tables=tuple(_table(arm if len(arms) > 1 else "", each) for arm, each in found.items()),
        unit=builds.unit,
        commands=(f"reclaim compare {shlex.join(paths)}", *(f"reclaim report {shlex.quote(path)}" for path in paths)),
        made_by=made_by,
    )


def _troubles(runs: Sequence[Analysis]) -> Iterator[str]:
    """What is wrong run by run; that a run's own arms are alike is nothing wrong here: builds are the arms."""
    for each in runs:
        yield from (f"{each.run.path}: {told}" for told in each.verdict.troubles if told != SAME_SETTINGS)


def _answer(builds: Builds, arm: str, found: Sequence[Comparison]) -> str:
    """The primary metrics, and kills where they moved; more kills are never outweighed."""
    kills = [each for each in found if each.metric.name == KILLS and each.outcome not in _KNOWN]
    judged = [*kills, *(each for each in found if each.family == "primary" and each.metric.name != KILLS)]
    answer = one_word({each.outcome for each in judged}, more_kills=any(each.outcome == "worse" for each in kills))
    told = [moved(each) for each in judged if each.outcome not in _KNOWN]
    if answer == "same":
        told = [title(each.metric) for each in judged if each.outcome == "same"]
    elif answer == "unknown":
        told = [f"too few {builds.unit}s of a build to tell B from A"]
    opening = OPENING[answer].format(arm="B", control="A")
    most = max((each.n for each in judged), default=0)
    over = "" if answer == "unknown" else f", over {count(most, builds.unit)} of each build at least"
    return (f"With {arm}. " if arm else "") + f"{opening}{enumerate_words(told)}{over}."


def _side(name: str, build: Build) -> tuple[Fact, ...]:
    paths = ", ".join(each.run.path for each in build.runs)
    return setting.facts({"side": name, "phone": build.device.model, **build.facts, "runs": paths})


def _table(arm: str, found: Sequence[Comparison]) -> EffectTable:
    headings = {KILLS: "Kills", "primary": "What the question is about", "other": "Everything else"}
    groups = [
        EffectGroup(
            heading, _TICKS, tuple(_rows(each for each in found if each.family == family)), besides=family == "other"
        )
        for family, heading in headings.items()
        if any(each.family == family for each in found)
    ]
    return EffectTable(f"B, {arm}" if arm else "B", f"A, {arm}" if arm else "A", tuple(groups))


def _rows(found: Iterable[Comparison]) -> Iterator[EffectRow]:
    """Each metric on an axis of its own that its interval fills: there is no ratio to share one."""
    for each in found:
        (row,) = effects.group("", [each], 2.0, frozenset(), {}).rows
        own = forest.axis([each.difference], each.metric.better, ("", ""), each.metric.unit or "count")
        yield replace(row, mark=own.mark(each.difference))
