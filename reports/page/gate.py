# SPDX-License-Identifier: Apache-2.0
"""Rulings as the page shows them, in the words of the terminal. Pure."""

from reports.analysis import Analysis
from reports.gate.findings import Decision
from reports.gate.rulings import Ruling, waiver_text
from reports.gate.words import WORDS, rule_text
from reports.page.pieces import RulingRow, Tone
from reports.wording import sentence

_TONES: dict[Decision, Tone] = {"pass": "good", "fail": "bad", "not-decided": "unknown", "waived": "moved"}


def ruling_rows(analysis: Analysis) -> tuple[RulingRow, ...]:
    """One per ruling, in the order of the rules."""
    return tuple(_row(ruling) for ruling in analysis.verdict.rulings)


def _row(ruling: Ruling) -> RulingRow:
    waived = ruling.decision == "waived" and ruling.waiver is not None
    return RulingRow(
        word=WORDS[ruling.decision],
        tone=_TONES[ruling.decision],
        name=ruling.name,
        rule=rule_text(ruling.rule),
        why=sentence(ruling.why),
        waiver=sentence(waiver_text(ruling.waiver)) if waived and ruling.waiver else "",
    )
