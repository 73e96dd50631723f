# SPDX-License-Identifier: Apache-2.0
"""What the documentation tells people to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGES = (TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").glob("*.md")))
_PROGRAM = re.compile(r"(?:\.venv/bin/)?reclaim ")


@dataclass(frozen=True)
class Told:
    """A command: the page, its line, the words after `reclaim`."""

    page: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        """`start.md:12 doctor --json`."""
        return f"{self.page}:{self.line} {' '.join(self.words)}"


def commands() -> Iterator[Told]:
    """Every command that stands on a line of its own, in an indented or a fenced block."""
    for path in PAGES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            text = line.strip()
            if line.startswith("    ") and _PROGRAM.match(text):
                yield Told(path.name, number, tuple(shlex.split(text, comments=True)[1:]))


def blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of a page of docs/ that are in one language."""
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
