# SPDX-License-Identifier: Apache-2.0
"""Rulings as plain text: 80 columns, readable without colour. Pure."""

from collections.abc import Iterator, Sequence

from reports.analysis import Analysis
from reports.gate.rulings import Ruling, sight_text, waiver_text
from reports.gate.words import WORDS, rule_text
from reports.record import Caveat
from reports.wording import sentence
from reports.wrapping import wrap

TOLD_BY_ITS_RULING = frozenset({"few-blocks", "no-spread", "primary-missing"})
"""Codes of doubts that a ruling's own reason says already."""


def gate_text(analysis: Analysis) -> str:
    """What `reclaim gate` prints: who was judged by what, each ruling, one sentence; ends in a line feed."""
    return "\n".join(_lines(analysis)) + "\n"


def rules_lines(analysis: Analysis) -> Iterator[str]:
    """The section of `reclaim compare`: the sentence, then each ruling, with the reason of those that do not pass."""
    verdict = analysis.verdict
    if verdict.rulings:
        yield ""
        yield from wrap(f"RULES ({analysis.book.source}): {verdict.gate}", indent="  ")
    for ruling in verdict.rulings:
        yield _head(ruling)
        if ruling.decision != "pass":
            yield from _told(ruling)


def doubts(rulings: Sequence[Ruling]) -> dict[Caveat, tuple[str, ...]]:
    """Doubts about the effects judged, each once, and what they touch."""
    found: dict[Caveat, tuple[str, ...]] = {}
    for ruling in rulings:
        for caveat in ruling.caveats:
            if caveat.code not in TOLD_BY_ITS_RULING:
                found[caveat] = (*found.get(caveat, ()), ruling.name)
    return found


def against(rulings: Sequence[Ruling]) -> str:
    """Which arm is held against which."""
    return ", ".join(dict.fromkeys(f"{ruling.arm} against {ruling.control}" for ruling in rulings))


def _lines(analysis: Analysis) -> Iterator[str]:
    run, verdict, device = analysis.run, analysis.verdict, analysis.run.device
    yield from wrap(f"{run.path}: {device.model}, kernel {device.kernel}, {device.build}", indent="  ")
    if device.stand_in:
        yield from wrap(f"NOT A PHONE: {device.stand_in}", indent="  ")
    yield from wrap(f"RULES: {analysis.book.source}", indent="  ")
    yield from wrap(f"ARMS: {against(verdict.rulings)}", indent="  ")
    for trouble in verdict.troubles:
        yield from wrap(trouble)
    yield from wrap(verdict.ending)
    yield from wrap(f"KILLS: {verdict.kills}")
    for caveat in verdict.caveats:
        if caveat.code not in TOLD_BY_ITS_RULING:
            yield from wrap(f"! {sentence(caveat.what)} {sentence(caveat.do)}", indent="  ")
    yield ""
    for ruling in verdict.rulings:
        yield _head(ruling)
        yield from _told(ruling)
    for caveat, names in doubts(verdict.rulings).items():
        told = f"! {', '.join(names)}: {sentence(caveat.what)} {sentence(caveat.do)}"
        yield from wrap(told, indent="  ")
    yield ""
    yield from wrap(verdict.gate)


def _head(ruling: Ruling) -> str:
    lines = wrap(f"{WORDS[ruling.decision]:<12} {ruling.name} {rule_text(ruling.rule)}", indent=" " * 13)
    return "\n".join(lines)


def _told(ruling: Ruling) -> Iterator[str]:
    yield from wrap(sentence(ruling.why), indent="  ", first="  ")
    if ruling.decision == "waived" and ruling.waiver is not None:
        yield from wrap(sentence(waiver_text(ruling.waiver)), indent="  ", first="  ")
    if ruling.sight is not None:
        yield from wrap(sentence(sight_text(ruling)), indent="  ", first="  ")
