# SPDX-License-Identifier: Apache-2.0
"""What the documentation tells people to type."""

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGES = (TOP / "README.md", TOP / "CONTRIBUTING.md", *sorted((TOP / "docs").glob("*.md")))
_PROGRAM = re.compile(r"(?:\.venv/bin/)?reclaim ")
_INDENTED = re.compile(r" {4,6}(?=\S)")

OFFLINE = ("measure", "compare", "gate", "report", "bundle", "list", "history")
"""Typed by tests/integration/test_docs.py: they need neither phone nor guest. So are those of a farm that only look."""
PHONE = ("doctor", "run", "resume", "restore", "watch", "record")
"""Commands that are typed at the fake phone by tests/integration/test_docs_phone.py."""
ELSEWHERE = {
    ("compare", "for-them.reclaim.zip", "RUN"): "integration/test_bundle.py",
    ("demo",): "guest/test_demo.py",
    ("farm",): "integration/test_farm.py",
    ("handheld",): "guest/test_handheld.py",
    ("history", "bisect"): "integration/test_history_command.py",
    ("run", "my.toml", "-s", "all"): "integration/test_beside.py",
    ("trace", "open"): "integration/test_viewer.py",
}
"""Commands that ask for more than a folder or a fake phone, and the tests that give it; here they are parsed."""
OTHERS = ("#", "make", "cp", "python3", ".venv/bin/python", ".venv/bin/pip", "pip", "export", "dask", "openssl")
"""First words of lines for a shell that are no command of ours; `#` is a line that only says something."""
DRAWN = ("experiment.toml -> Experiment -> Plan (seeded, counterbalanced)       pure",)
"""First lines of blocks that are in no language."""


@dataclass(frozen=True)
class Told:
    """A command: the page, its line, the words after `reclaim`."""

    page: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        """`start.md:12 doctor --json`."""
        return f"{self.page}:{self.line} {' '.join(self.words)}"


@dataclass(frozen=True)
class Block:
    """Indented or fenced lines: the page, the first one's number, the language, the lines.

    The language is the fence's, else what the first line looks like: `sh`, `toml`, `sql`, `python`, `drawn` or empty.
    """

    page: str
    line: int
    language: str
    lines: tuple[str, ...]


def all_blocks() -> Iterator[Block]:
    """Every block of every page."""
    for path in PAGES:
        yield from _of_page(path.name, path.read_text(encoding="utf-8").splitlines())


def _of_page(page: str, lines: list[str]) -> Iterator[Block]:
    fence: str | None = None
    kept: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("```"):
            if fence is not None:
                yield Block(page, number - len(kept), fence, tuple(kept))
            fence, kept = (line[3:] if fence is None else None), []
        elif fence is not None or (line.startswith("    ") and (kept or _INDENTED.match(line))):
            kept.append(line)
        elif kept:
            text = textwrap.dedent("\n".join(kept)).splitlines()
            yield Block(page, number - len(kept), _language(text), tuple(text))
            kept = []


def _language(lines: list[str]) -> str:
    first = lines[0]
    if _PROGRAM.match(first) or first.split()[0] in OTHERS:
        return "sh"
    if first in DRAWN:
        return "drawn"
    looks = {r"\[|[a-z_]+ = ": "toml", r"-- ": "sql", r">>> ": "python"}
    return next((name for look, name in looks.items() if re.match(look, first)), "")


def commands() -> Iterator[Told]:
    """Every command of ours in blocks for a shell."""
    for block in all_blocks():
        for number, text in enumerate(block.lines, block.line):
            if block.language in ("sh", "console") and _PROGRAM.match(text):
                yield Told(block.page, number, tuple(shlex.split(text, comments=True)[1:]))


def in_line() -> Iterator[Told]:
    """Every command of ours in the text itself, between backticks; one with placeholders for a choice is none."""
    for path in PAGES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for text in re.findall(r"`reclaim ([^`|\[]+)`", line):
                yield Told(path.name, number, tuple(shlex.split(text)))


def typed_in(told: Told) -> str:
    """Where a command is run: `folder`, `phone`, the file of tests that does, or empty."""
    if told.words[0] == "farm" and (told.words[1] == "status" or "--detach" in told.words):
        return "folder"
    for words, place in ELSEWHERE.items():
        if told.words[: len(words)] == words:
            return place
    return "folder" if told.words[0] in OFFLINE else "phone" if told.words[0] in PHONE else ""


def blocks(page: str, language: str) -> list[str]:
    """Fenced blocks of a page of docs/ that are in one language."""
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
