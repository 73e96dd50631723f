# SPDX-License-Identifier: Apache-2.0
"""A page as a reader has it before them: tables of texts, and whether a text shows a figure.

Nothing of the project converts or rounds here, so that its own conversions are looked at, not repeated.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

UNITS = {
    "": 1.0,
    "%": 0.01,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "bytes": 1.0,
    "pages": 1.0,
    "k pages": 1e3,
    "M pages": 1e6,
    "pages/s": 1.0,
    "k pages/s": 1e3,
    "M pages/s": 1e6,
    "page s": 1.0,
    "k page s": 1e3,
    "per trial": 1.0,
}
"""Symbol behind a figure -> base units in one."""

WORDS = {
    "better": "better",
    "worse": "worse",
    "higher": "higher",
    "lower": "lower",
    "same": "no detectable difference",
    "unknown": "cannot be judged",
}
"""Outcome -> the page's word for it."""

ENDS = ("value", "low", "high")

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_ASCII = str.maketrans(
    {"\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x", "\N{MICRO SIGN}": "u", "\N{NARROW NO-BREAK SPACE}": " "}
)


@dataclass
class Cell:
    """One cell: its class, and the texts in it, each by itself."""

    kind: str
    texts: list[str] = field(default_factory=list)


@dataclass
class Table:
    """One table: its class, its caption, its rows."""

    kind: str
    section: str
    caption: str = ""
    rows: list[list[Cell]] = field(default_factory=list)


class Tables(HTMLParser):
    """Every table of a page and the section that it stands in."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Table] = []
        self.texts: list[str] = []
        self._section, self._inside = "", list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "section":
            self._section = named.get("id", "")
        elif tag == "table":
            self.found.append(Table(named.get("class", ""), self._section))
        elif tag == "tr":
            self.found[-1].rows.append([])
        elif tag in ("td", "th"):
            self.found[-1].rows[-1].append(Cell(named.get("class", "")))
        if tag in ("table", "caption", "td", "th", "svg", "script", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        text = " ".join(data.translate(_ASCII).split())
        place = self._inside[-1] if self._inside else ""
        if not text or place in ("svg", "script", "style", "table"):
            return
        if place == "caption":
            self.found[-1].caption += text
        elif place:
            self.found[-1].rows[-1][-1].texts.append(text)
        else:
            self.texts.append(text)


def numbers(text: str) -> list[tuple[float, int]]:
    """Each number of a text and its decimals."""
    plain = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return [(float(each), len(each.partition(".")[2])) for each in _NUMBER.findall(plain)]


def unit(text: str) -> str:
    """What stands behind the last number."""
    return re.split(r"[\d\]]", text)[-1].strip()


def agree(text: str, wanted: Sequence[float | None]) -> bool:
    """Whether a text shows exactly these figures, each rounded as shown."""
    if None in wanted:
        return text in ("-", "?", "no ratio")
    shown, size = numbers(text), UNITS[unit(text)]
    figures = [value / size for value in wanted if value is not None]
    return len(shown) == len(figures) and all(
        abs(number - value) <= 0.5000001 * 10.0**-decimals
        for (number, decimals), value in zip(shown, figures, strict=True)
    )


def ratios_agree(text: str, wanted: Sequence[float]) -> bool:
    """Whether a text shows these ratios: as percent more or less, or from three times on as times."""
    if text.startswith("x"):
        return agree(text, wanted)
    return text.endswith("%") and agree(text, [each - 1 for each in wanted])
