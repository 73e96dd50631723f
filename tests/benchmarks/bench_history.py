# SPDX-License-Identifier: Apache-2.0
"""Whether a history finds what was planted into it, what it finds that was not, and how long a trend takes.

2 000 runs of 500 builds, 12 shifts of 3 to 10 %, in several kinds of noise. Run as `python -m
tests.benchmarks.bench_history [--histories N] [--write]`; exit status 1 where a limit is missed. `--write` brings the
table of docs/history.md up to date.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import numpy as np

from reports.gate.rulebook import Place, Rulebook, StatedRule
from reports.gate.rulings import Ruling
from reports.history.against import Past, rulings
from reports.history.changes import follow
from reports.history.rows import Row
from reports.history.series import gather
from reports.history.store import open_history
from tests.support.planted import KINDS, planted
from workloads.spec import Rule

LEAST_FOUND = 0.99
MOST_FALSE = 1.0  # per 500 runs
MOST_S = 2.0
SPREADS = (0.01, 0.015)
"""The limits hold for the first; the second shows where the method ends."""

ROUNDS = 5
PAGE = Path(__file__).resolve().parents[2] / "docs" / "history.md"
BEGIN, END = "<!-- table of `make bench-history` -->\n", "<!-- end of table -->\n"


@dataclass(frozen=True)
class Score:
    """What was found of a kind of noise.

    Attributes:
        kind: of noise.
        spread: from run to run.
        histories: made.
        planted: shifts in them.
        found: of those, within one build.
        covered: of those, with the true size inside the interval.
        false: changes found where none lies within one build.
        quiet: changes found in as many histories without any shift.
        runs: of all histories with shifts.
        quiet_runs: of those without.
    """

    kind: str
    spread: float
    histories: int
    planted: int
    found: int
    covered: int
    false: int
    quiet: int
    runs: int
    quiet_runs: int

    @property
    def false_per_500(self) -> float:
        """False changes per 500 runs, of the worse of both."""
        return 500 * max(self.false / self.runs, self.quiet / self.quiet_runs)


def score(kind: str, spread: float, histories: int) -> Score:
    """Plant into so many histories and count."""
    total = Score(kind, spread, histories, 0, 0, 0, 0, 0, 0, 0)
    for seed in range(histories):
        made, calm = planted(seed, kind=kind, spread=spread), planted(seed + 10_000, kind=kind, spread=spread, shifts=0)
        (series,), (quiet,) = gather(made.rows), gather(calm.rows)
        changes = follow(series).changes
        at = np.array([change.build for change in changes], dtype=int)
        near = [np.flatnonzero(np.abs(at - place) <= 1) for place in made.at]
        hits = [(changes[each[0]].size, size) for each, size in zip(near, made.sizes, strict=True) if len(each)]
        total = replace(
            total,
            planted=total.planted + len(made.at),
            found=total.found + len(hits),
            covered=total.covered + sum(span.low <= size <= span.high for span, size in hits),
            false=total.false + sum(bool((np.abs(made.at - place) > 1).all()) for place in at),
            quiet=total.quiet + len(follow(quiet).changes),
            runs=total.runs + len(made.rows),
            quiet_runs=total.quiet_runs + len(calm.rows),
        )
    return total


@dataclass(frozen=True)
class Gate:
    """How a gate against a history keeps its word, shares of runs.

    Attributes:
        kind: of noise.
        failed: of runs of a build that changed nothing, those that fail.
        undecided: of the same, those not decided.
        passed: of runs that are worse by the margin, those that pass.
        seen: of the same, those that fail.
    """

    kind: str
    failed: float
    undecided: float
    passed: float
    seen: float


def gate(kind: str, histories: int) -> Gate:
    """Hold one run of a new build against the 40 builds before it, again and again."""
    calm, worse = Counter[str](), Counter[str]()
    for seed in range(histories):
        rows = planted(20_000 + seed, kind=kind, builds=41, shifts=0).rows
        new = next(row for row in rows if row.kernel == rows[-1].kernel)
        (series,) = gather([row for row in rows if row.kernel != new.kernel])
        past = {(new.arm, new.metric): Past(follow(series), tuple(range(len(series.rows))), "history")}
        found = _ruled(new, past)
        calm[found.decision] += 1
        worse[_ruled(replace(new, level=new.level * (1 + found.rule.margin)), past).decision] += 1
    return Gate(kind, *(each / histories for each in (calm["fail"], calm["not-decided"], worse["pass"], worse["fail"])))


def _ruled(row: Row, past: dict[tuple[str, str], Past]) -> Ruling:
    place = Place("bench")
    book = Rulebook((StatedRule(Rule("ttid", "not-worsen", 0.05), place),), "bench")
    (found,) = rulings(book, [row], past, own_margins=False)
    return found


def trend_seconds() -> float:
    """The whole command over 2 000 runs of 40 figures each on disk: the best of some rounds, wall clock."""
    with tempfile.TemporaryDirectory() as folder:
        history = open_history(folder)
        for each in planted(1).rows:
            history.add([each, *(replace(each, metric=f"other-{i}", primary=False) for i in range(39))])
        command = [str(Path(sys.executable).with_name("reclaim")), "history", "trend", "--history", folder]
        return min(_timed(command) for _ in range(ROUNDS))


def _timed(command: Sequence[str]) -> float:
    before = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - before


def table(scores: Sequence[Score]) -> str:
    """The scores as docs/history.md shows them."""
    head = (
        "| noise | run to run | shifts found within one build | true size in the 95 % interval | false per 500 runs |\n"
    )
    rows = (
        f"| {each.kind} | {each.spread:.1%} | {each.found} of {each.planted} | {each.covered / max(1, each.found):.0%}"
        f" | {each.false_per_500:.2f} |\n"
        for each in scores
    )
    return head + "|---|---|---|---|---|\n" + "".join(rows)


def gate_table(gates: Sequence[Gate]) -> str:
    """The gate's figures as docs/history.md shows them."""
    head = "\n| noise | unchanged: fails | unchanged: not decided | worse by the margin: passes | worse: fails |\n"
    rows = (
        f"| {each.kind} | {each.failed:.1%} | {each.undecided:.1%} | {each.passed:.1%} | {each.seen:.0%} |\n"
        for each in gates
    )
    return head + "|---|---|---|---|---|\n" + "".join(rows)


def main(out: TextIO, histories: int = 40, *, write: bool = False) -> int:
    """Score every kind of noise, time the command; 1 where a limit is missed."""
    scores = [score(kind, spread, histories) for kind in KINDS for spread in SPREADS]
    text = table(scores) + gate_table([gate(kind, 10 * histories) for kind in KINDS])
    out.write(text)
    missed = [each for each in scores if each.found < LEAST_FOUND * each.planted or each.false_per_500 > MOST_FALSE]
    out.writelines(f"MISSED: {each.kind}, {each.spread:.1%}\n" for each in missed if each.spread == SPREADS[0])
    took = trend_seconds()
    out.write(f"`reclaim history trend` over 2,000 runs: {took:.2f} s, limit {MOST_S:g} s\n")
    if write:
        before, _, rest = PAGE.read_text().partition(BEGIN)
        PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2])
    return int(took > MOST_S or any(each.spread == SPREADS[0] for each in missed))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=40)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    sys.exit(main(sys.stdout, options.histories, write=options.write))
