# SPDX-License-Identifier: Apache-2.0
"""What of a page a pull request or a mail holds, whichever form the page has. Pure."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from reports.page.builds import BuildsPage
from reports.page.model import Page
from reports.page.pieces import Answer, EffectTable, LevelRow, Note
from reports.page.several import SeveralPage

Comparing: TypeAlias = Page | SeveralPage | BuildsPage
"""Pages that compare arms, phones or builds; that of a trace compares nothing."""

_MOVED = ("good", "bad", "moved")


@dataclass(frozen=True)
class Gist:
    """The page in short.

    Attributes:
        title: of the page.
        question: what was asked.
        first: what must be read before any figure, then who was killed, sentences.
        answers: one per arm compared.
        gate: the rulings in one sentence; empty without any.
        facts: on what, how many, how they differ, sentences.
        stand_in: what is no phone here; empty on a phone.
        notes: doubts, most important first.
        tables: kills, what the verdict is about, and what else moved.
        levels: each arm by itself, where nothing is compared.
        made_by: program and versions.
    """

    title: str
    question: str
    first: tuple[str, ...]
    answers: tuple[Answer, ...]
    gate: str
    facts: tuple[str, ...]
    stand_in: str
    notes: tuple[Note, ...]
    tables: tuple[EffectTable, ...]
    levels: tuple[LevelRow, ...]
    made_by: str


def gist(page: Comparing) -> Gist:
    """The page in short; every text of it is the page's own."""
    if isinstance(page, Page):
        return _of_run(page)
    return _of_phones(page) if isinstance(page, SeveralPage) else _of_builds(page)


def _of_run(page: Page) -> Gist:
    return Gist(
        title=page.title,
        question=page.question,
        first=(*page.troubles, page.kills),
        answers=page.answers,
        gate=page.gate,
        facts=(page.summary,),
        stand_in=page.stand_in,
        notes=page.trust.notes,
        tables=tuple(map(_short, page.by_arm or page.tables)),
        levels=page.levels,
        made_by=page.again.made_by,
    )


def _of_phones(page: SeveralPage) -> Gist:
    return Gist(
        title=page.title,
        question=page.question,
        first=(*page.troubles, *page.kills),
        answers=page.answers,
        gate="",
        facts=(page.summary,),
        stand_in=page.stand_in,
        notes=page.notes,
        tables=tuple(map(_short, page.by_phone)),
        levels=(),
        made_by=page.made_by,
    )


def _of_builds(page: BuildsPage) -> Gist:
    return Gist(
        title=page.title,
        question=page.question,
        first=(*page.troubles, *page.kills),
        answers=tuple(Answer("", "", told, "unknown", (), (), (), "") for told in page.answers),
        gate="",
        facts=tuple(f"{fact.name}: {fact.value}." for fact in page.differ),
        stand_in=page.stand_in,
        notes=page.notes,
        tables=tuple(map(_short, page.tables)),
        levels=(),
        made_by=page.made_by,
    )


def _short(table: EffectTable) -> EffectTable:
    """The table without the rows that no verdict rests on and that did not move."""
    groups = (
        replace(group, rows=tuple(row for row in group.rows if not group.besides or row.tone in _MOVED))
        for group in table.groups
    )
    return replace(table, groups=tuple(group for group in groups if group.rows))
