# SPDX-License-Identifier: Apache-2.0
"""Rulings as Markdown, for a pull request. Pure.

What comes from files and phones stands in code spans, where nothing is a link, a mention, an image or HTML; the rest is
escaped. Source: GitHub Flavored Markdown, 6.3 (code spans), 2.4 (backslash escapes), 4.10 (tables: `|` is escaped even
in code).
"""

import re
from collections.abc import Iterator

from reports.analysis import Analysis
from reports.gate.rulings import Ruling, sight_text
from reports.gate.text import TOLD_BY_ITS_RULING, against, doubts
from reports.gate.words import WORDS, rule_text
from reports.printable import printable
from reports.record import Caveat
from reports.units import count
from reports.wording import sentence

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~&#$])")
_MARKER = re.compile(r"^(\d{0,9})([-+=.)])")
_REFERENCE = re.compile(r"(?i)(\\#|\bGH-)(?=\d)")
_LINK = re.compile(r"(?i)(https?|ftp)(:)|(www)(\.)")


def markdown(analysis: Analysis) -> str:
    """The whole text, ending in a line feed."""
    return "\n".join(_lines(analysis)) + "\n"


def code(text: str) -> str:
    """Foreign text as a code span that fits into a table's cell."""
    plain = printable(text, limit=200)
    fence = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    pad = " " if plain[:1] in ("`", " ", "") or plain[-1:] in ("`", " ") else ""
    return f"{fence}{pad}{plain}{pad}{fence}".replace("|", "\\|")


def escape(text: str) -> str:
    """A sentence whose names cannot become markup, a link or a mention."""
    marked = _SPECIAL.sub(r"\\\1", printable(text))
    unlinked = _LINK.sub(lambda found: found[0][:-1] + "\\" + found[0][-1], marked)
    return _REFERENCE.sub(r"\1<!-- -->", unlinked).replace("@", "@<!-- -->")


def line(text: str) -> str:
    """A sentence that begins a line: nor can it become a list, a heading or a block of code."""
    return _MARKER.sub(r"\1\\\2", escape(text.strip()))


def _lines(analysis: Analysis) -> Iterator[str]:
    run, verdict, device = analysis.run, analysis.verdict, analysis.run.device
    yield f"### reclaim gate: {escape(verdict.gate)}"
    yield ""
    yield f"{code(run.experiment.name)} on {code(device.model)}, kernel {code(device.kernel)},"
    yield f"build {code(device.build)}; run {code(run.path)}; rules: {code(analysis.book.source)};"
    yield f"arms: {code(against(verdict.rulings))}."
    if device.stand_in:
        yield f"**Not a phone:** {code(device.stand_in)}."
    yield ""
    for known in (*verdict.troubles, verdict.ending, verdict.kills):
        if known:
            yield escape(known)
            yield ""
    yield "| | What | Rule | Why | Blocks |"
    yield "| --- | --- | --- | --- | ---: |"
    yield from (_row(ruling) for ruling in verdict.rulings)
    told = [f"- {_doubt(each)}" for each in verdict.caveats if each.code not in TOLD_BY_ITS_RULING]
    told += [f"- {escape(sentence(sight_text(each)))} ({code(each.name)})" for each in verdict.rulings if each.sight]
    told += [
        f"- {_doubt(caveat)} ({', '.join(code(name) for name in names)})"
        for caveat, names in doubts(verdict.rulings).items()
    ]
    told += [f"- {_doubt(each.caveat)} ({count(len(each.trials), 'trial')})" for each in analysis.doubts]
    if told:
        yield ""
        yield from told


def _doubt(caveat: Caveat) -> str:
    return f"{escape(sentence(caveat.what))} {escape(sentence(caveat.do))}"


def _row(ruling: Ruling) -> str:
    why = escape(sentence(ruling.why))
    waiver = ruling.waiver
    if ruling.decision == "waived" and waiver is not None:
        why += f" Waived by {code(waiver.owner)} until {waiver.expires.isoformat()}: {code(waiver.reason)}"
    cells = (f"**{WORDS[ruling.decision]}**", code(ruling.name), escape(rule_text(ruling.rule)), why, str(ruling.n))
    return f"| {' | '.join(cells)} |"
