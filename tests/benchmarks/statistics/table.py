# SPDX-License-Identifier: Apache-2.0
"""Rows to the table of scenarios, in Markdown, and a committed table held against new rows. Pure."""

import math
from collections.abc import Iterator, Sequence

from tests.benchmarks.statistics.row import Row

HEADER = """<!-- SPDX-License-Identifier: Apache-2.0 -->
# Scenarios

Made by `make bench-statistics`, seeds fixed; [statistics.md](statistics.md) says what is simulated and why. One line
per scenario, one column per n: blocks, or phones where the heading says so. Figures are percent of the simulated runs
unless they are named otherwise. `runs`: how many runs each figure rests on. `allowed`: the range it lies in, as
printed; figures of the short form, on fewer runs, may miss it by three standard errors of their simulation.
"""
SLACK = 3.0
"""Standard errors by which a figure of the short form may miss its range: with fixed seeds a check, no coin toss."""
APART = 5.0
"""Standard errors of the simulation by which a figure may differ from the committed one."""

_Key = tuple[str, str, str, str]
"""Topic, scenario, figure and allowed range: they make one line."""


def fits(row: Row, slack: float = SLACK) -> bool:
    """Whether a figure, as printed, lies in its range; one that is no number does not.

    Args:
        row: the figure.
        slack: standard errors of its simulation by which it may miss it.
    """
    if math.isnan(row.value):
        return False
    low, value, high = (float(_text(row, each)) for each in (row.low, row.value, row.high))
    shown = 100 * slack
    return low - shown * _error(row, row.low) <= value <= high + shown * _error(row, row.high)


def missed(row: Row) -> str:
    """A figure that does not fit, as one line."""
    return f"{row.topic}: {row.scenario}, n = {row.n}: {row.figure} {_text(row, row.value)}, allowed {_allowed(row)}"


def markdown(rows: Sequence[Row]) -> str:
    """The whole table: a heading per topic, lines as wide as they need, so that it reads in a terminal too."""
    topics = dict.fromkeys(row.topic for row in rows)
    parts = (f"## {topic}\n\n{_lines([row for row in rows if row.topic == topic])}" for topic in topics)
    return "\n".join([HEADER, *parts])


def stale(committed: str, rows: Sequence[Row]) -> Iterator[str]:
    """Where a committed table differs from new rows, one line each: in what it lists, and in shares far apart."""
    if not committed.startswith(HEADER):
        yield "its head is another"
    known, found = _parse(committed), {(*_key(row), str(row.n)): row for row in rows}
    for verb, places in (("lacks", found.keys() - known.keys()), ("should not have", known.keys() - found.keys())):
        yield from sorted({f"{verb} {', '.join(place[:-1])}" for place in places})
    for place, row in found.items():
        if place in known and not _agree(row, *known[place]):
            yield f"{', '.join(place)}: says {known[place][0]}, now {_text(row, row.value)}"


def _agree(row: Row, text: str, reps: int) -> bool:
    if row.high > 1:
        return True
    known = float(text) / 100
    middle = min(max((known + row.value) / 2, 1 / row.reps), 1 - 1 / row.reps)
    error = math.sqrt(middle * (1 - middle) * (1 / reps + 1 / row.reps))
    return abs(known - row.value) <= APART * error + 0.0005  # rounded to a tenth of a percent


def _lines(rows: Sequence[Row]) -> str:
    sizes = sorted({row.n for row in rows})
    head = ["scenario", "figure", "allowed", *(f"n = {n}" for n in sizes), "runs"]
    lines = [head, ["---"] * len(head)]
    for key in dict.fromkeys(_key(row) for row in rows):
        cells = {row.n: row for row in rows if _key(row) == key}
        figures = [_text(cells[n], cells[n].value) if n in cells else "" for n in sizes]
        lines.append([*key[1:], *figures, str(min(row.reps for row in cells.values()))])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |\n"
        for line in lines
    )


def _parse(table: str) -> dict[tuple[str, ...], tuple[str, int]]:
    """Topic, scenario, figure, allowed, n -> the figure's text and the runs it rests on."""
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    topic, head = "", [""]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("## "):
            topic = line.removeprefix("## ")
        elif cells[0] == "scenario":
            head = cells
        elif line.startswith("| ") and cells[0] != "---":
            for name, text in zip(head[3:-1], cells[3:-1], strict=True):
                if text:
                    found[(topic, *cells[:3], name.removeprefix("n = "))] = text, int(cells[-1])
    return found


def _key(row: Row) -> _Key:
    return row.topic, row.scenario, row.figure, _allowed(row)


def _error(row: Row, bound: float) -> float:
    """Standard error of a share that lies at its bound; of a mean of shares at most that. 0 for other figures."""
    return math.sqrt(bound * (1 - bound) / row.reps) if 0 <= bound <= 1 and row.high <= 1 else 0.0


def _allowed(row: Row) -> str:
    bottom, top = row.low <= 0, row.high == (1.0 if row.high <= 1 else math.inf)
    low, high = _text(row, row.low), _text(row, row.high)
    if bottom and top:
        return "-"
    if top:
        return f">= {low}"
    return f"<= {high}" if bottom else f"{low} .. {high}"


def _text(row: Row, value: float) -> str:
    return f"{100 * value:.1f}" if row.high <= 1 else f"{value:.2f}"
