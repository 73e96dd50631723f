# SPDX-License-Identifier: Apache-2.0
"""Interactions to what the page shows of them. Pure."""

from collections.abc import Sequence

from reports import interaction_words as words
from reports.interaction import Finding, Interaction
from reports.page.effects import note
from reports.page.pieces import InteractionRow, InteractionTable, Tone

_TONES: dict[Finding, Tone] = {"differs": "moved", "same": "same", "unknown": "unknown"}


def interaction_tables(interactions: Sequence[Interaction]) -> tuple[InteractionTable, ...]:
    """One table per question."""
    return tuple(
        InteractionTable(question, found[0].contrast.level, found[0].contrast.base, tuple(_row(each) for each in found))
        for question, found in words.by_question(interactions).items()
    )


def _row(each: Interaction) -> InteractionRow:
    same = each.finding == "same"
    return InteractionRow(
        metric=each.metric.name,
        title=each.metric.title,
        at_level=words.effect(each, each.at_level),
        at_base=words.effect(each, each.at_base),
        between=words.between(each),
        n=each.n,
        word=words.WORDS["same"] if same else words.found(each),
        tone=_TONES[each.finding],
        detectable=words.seen(each) if same else "",
        notes=tuple(note(caveat) for caveat in each.caveats),
    )
