# SPDX-License-Identifier: Apache-2.0
"""Blocks of a real run as a small table: `python -m tests.support.recorded_blocks RUN` prints it as CSV.

Columns: metric, block, lag (trials from the control's to the arm's), control, arm (base units). Only metrics that a
rule can be about, only blocks that count.
"""

import csv
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from reports.compare import compare_run
from reports.comparison import KILLS
from reports.statistics.blocks import Pair
from reports.store import RunStore

COLUMNS = ("metric", "block", "lag", "control", "arm")


def read_blocks(lines: Iterable[str]) -> dict[str, tuple[Pair, ...]]:
    """Metric -> its blocks, in the order of the table."""
    found: dict[str, list[Pair]] = {}
    for row in csv.DictReader(lines):
        pair = Pair(int(row["block"]), float(row["control"]), float(row["arm"]), 0, 0, int(row["lag"]))
        found.setdefault(row["metric"], []).append(pair)
    return {metric: tuple(pairs) for metric, pairs in found.items()}


def main(argv: list[str], out: TextIO) -> int:
    """Print the blocks of a run's first arm."""
    if len(argv) != 1:
        print("usage: python -m tests.support.recorded_blocks RUN", file=out)
        return 2
    comparisons = compare_run(RunStore.open(Path(argv[0]))).comparisons
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in comparisons:
        if each.arm == comparisons[0].arm and each.metric.better != "none" and each.metric.name != KILLS:
            pairs = (pair for pair in each.pairs if each.uses(pair))
            writer.writerows((each.metric.name, p.block, p.lag, f"{p.control:.6g}", f"{p.arm:.6g}") for p in pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
