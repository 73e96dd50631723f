# SPDX-License-Identifier: Apache-2.0
"""The gist of a page as Markdown, for a pull request or a mail. Pure.

Texts are escaped as `reports.outputs.markdown` says; figures are set as on the page.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from reports.outputs.markdown import code, escape, line
from reports.page.gist import Gist
from reports.page.pictures import Picture
from reports.page.pieces import Answer, EffectRow, EffectTable, LevelRow, Note
from reports.page.spelling import capital, figure
from reports.units import count

_INTERVAL = re.compile(r"\\\[([\d\N{MINUS SIGN}\N{MULTIPLICATION SIGN}+., ]+)\\\](?![(\[:])")
"""Brackets around figures need no escape, and a mail is read as it is; but none may open a link."""


def markdown(gist: Gist, pictures: Mapping[str, Picture]) -> str:
    """The whole text, ending in a line feed.

    Args:
        gist: of the page.
        pictures: name of its file, which stands beside the text -> the picture.
    """
    blocks = [block for block in _blocks(gist, pictures) if block]
    return "\n\n".join(blocks) + "\n"


def _blocks(gist: Gist, pictures: Mapping[str, Picture]) -> Iterator[str]:
    """Paragraphs, tables and lists, in the order in which a reader asks."""
    yield f"### {_text(gist.title)}"
    yield _line(gist.question)
    yield from map(_line, gist.first)
    yield from map(_verdict, gist.answers)
    yield _line(gist.gate)
    yield from map(_line, gist.facts)
    if gist.stand_in:
        yield f"**Not a phone:** {_text(gist.stand_in)}. Compare arms; absolute times are not a phone's."
    yield _doubts(gist)
    yield from map(_table, gist.tables)
    yield _levels(gist.levels)
    yield from (f"![{_text(each.told)}]({quote(name)})" for name, each in pictures.items())
    for answer in gist.answers:
        of = f" with {code(answer.arm)}" if len(gist.answers) > 1 else ""
        yield _list(f"**What it cost{of}**", answer.costs)
        yield _list(f"**What else got better{of}**", answer.gains)
        yield _line(answer.silent)
    yield f"Made by {code(gist.made_by)}."


def _text(text: str) -> str:
    return _INTERVAL.sub(r"[\1]", escape(figure(text)))


def _line(text: str) -> str:
    return _INTERVAL.sub(r"[\1]", line(figure(text)))


def _verdict(answer: Answer) -> str:
    lead = f"**{_text(answer.lead)}.** " if answer.lead else ""
    return f"{lead}{_line(capital(answer.rest))}"


def _list(heading: str, lines: Sequence[str]) -> str:
    return "\n".join((heading, "", *(f"- {_line(capital(each))}" for each in lines))) if lines else ""


def _table(table: EffectTable) -> str:
    """Rows under their group's heading; levels of the arms only where some row has them."""
    rows = [row for group in table.groups for row in group.rows]
    levels = any(row.control or row.arm for row in rows)
    between = [code(table.control), code(table.arm)] if levels else []
    cells: list[list[str]] = []
    for group in table.groups:
        cells.append([f"**{_text(group.title)}**", *["" for _ in between], "", "", ""])
        cells += [_row(row, levels=levels) for row in group.rows]
    heading = _cells(["Metric", *between, "Change, 95 % interval", "n", "Result"])
    ruled = _cells(["---", *["---:" for _ in between], "---:", "---:", "---"])
    told = f"{code(table.arm)} against {code(table.control)}:"
    return "\n".join((told, "", heading, ruled, *map(_cells, cells)))


def _row(row: EffectRow, *, levels: bool) -> list[str]:
    title = " ".join((_text(row.title), *(code(name) for name in (row.metric, row.under) if name)))
    word = f"**{_text(row.word)}**" if row.tone in ("good", "bad", "moved") else _text(row.word)
    seen = f", {_text(row.detectable)}" if row.tone == "same" and row.detectable else ""
    change = "; ".join(_text(each) for each in (row.relative, row.absolute) if each)
    return [title, *([_text(row.control), _text(row.arm)] if levels else []), change, str(row.n), word + seen]


def _levels(rows: Sequence[LevelRow]) -> str:
    if not rows:
        return ""
    head = (_cells(["Metric", "Arm", "Median", "Range", "Trials"]), _cells(["---", "---", "---:", "---:", "---:"]))
    told = (
        [f"{_text(row.title)} {code(row.metric)}", code(row.arm), _text(row.median), _text(row.span), str(row.n)]
        for row in rows
    )
    return "\n".join((*head, *map(_cells, told)))


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _doubts(gist: Gist) -> str:
    """Doubts about the whole, then those about single rows, each once."""
    of_rows: dict[Note, list[str]] = {}
    for row in (row for table in gist.tables for group in table.groups for row in group.rows):
        for note in row.notes:
            of_rows.setdefault(note, []).append(row.metric or row.title)
    lines = [_doubt(note, note.where and _text(note.where)) for note in gist.notes]
    lines += [_doubt(note, ", ".join(map(code, dict.fromkeys(names)))) for note, names in of_rows.items()]
    return "\n".join((f"**{count(len(lines), 'caveat')}**", "", *lines)) if lines else ""


def _doubt(note: Note, where: str) -> str:
    return f"- {code(note.code)}{f' ({where})' if where else ''} {_text(note.what)} {_text(note.do)}"
