# SPDX-License-Identifier: Apache-2.0
"""`make bench-statistics`: every topic in this folder, its figures as a table; exit status 1 when one is out of range.

A topic is a module with `rows(reps, seed)`; `REPS = (short, full)` where it needs fewer runs than the others.
"""

import argparse
import importlib
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TextIO

from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.table import SLACK, fits, markdown, missed, stale

SEED = 20261125
REPS = (2_000, 40_000)
"""Simulated runs per figure: short form, full form."""


def main(argv: Sequence[str], out: TextIO) -> int:
    """Print the table; 1 when a figure misses its range, or when the committed table says something else."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.statistics", description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer runs, wider allowances")
    parser.add_argument("--write", metavar="FILE", type=Path, help="write the table")
    parser.add_argument("--check", metavar="FILE", type=Path, help="hold a committed table against the new one")
    parser.add_argument("topics", metavar="TOPIC", nargs="*", help="modules of this folder; default: all")
    args = parser.parse_args(argv)
    found: list[Row] = []
    for name in args.topics or topics():
        found += _run(name, out, short=args.short)
    table = markdown(found)
    out.write(f"\n{table}\n")
    slack = SLACK if args.short else 0.0
    problems = [f"OUT OF RANGE  {missed(row)}" for row in found if not fits(row, slack)]
    if args.write:
        args.write.write_text(table)
    if args.check:
        problems += [f"STALE  {args.check}: {line}" for line in stale(args.check.read_text(), found)]
    out.writelines(f"{problem}\n" for problem in problems)
    if any(problem.startswith("STALE") for problem in problems):
        out.write(f"once nothing is out of range: python -m tests.benchmarks.statistics --write {args.check}\n")
    out.write(f"{len(found)} figures, {len(problems)} problems\n")
    return 1 if problems else 0


def topics() -> list[str]:
    """Modules of this folder that simulate something, in the order of the alphabet."""
    here = str(Path(__file__).parent)
    names = sorted(module.name for module in pkgutil.iter_modules([here]) if module.name != "__main__")
    return [name for name in names if hasattr(_module(name), "rows")]


def _run(name: str, out: TextIO, *, short: bool) -> list[Row]:
    module = _module(name)
    reps = getattr(module, "REPS", REPS)[0 if short else 1]
    started = time.monotonic()
    rows = list(module.rows(reps, SEED))
    most = max(row.reps for row in rows)
    out.write(f"{name}: {len(rows)} figures of up to {most} runs in {time.monotonic() - started:.1f} s\n")
    out.flush()
    return rows


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"tests.benchmarks.statistics.{name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
