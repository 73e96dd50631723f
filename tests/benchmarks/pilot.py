# SPDX-License-Identifier: Apache-2.0
"""How many blocks a run needs, from a pilot: `python -m tests.benchmarks.pilot RUN` prints docs/pilot.md's tables."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from reports import units
from reports.compare import compare_run
from reports.comparison import Comparison
from reports.statistics.power import required_blocks
from reports.store import RunStore

DECIDING = ("pgsteal_direct", "kswapd_cpu")
"""The effects that the demo is to show; the first sets its number of blocks."""


def main(argv: list[str], out: TextIO) -> int:
    if len(argv) != 1:
        print("usage: python -m tests.benchmarks.pilot RUN", file=out)
        return 2
    comparisons = compare_run(RunStore.open(Path(argv[0]))).comparisons
    print("\n".join((*_needs(comparisons), "", *_blocks(comparisons))), file=out)
    return 0


def _needs(comparisons: tuple[Comparison, ...]) -> Iterator[str]:
    yield "| metric | off | on | on - off, 95 % | n | blocks for power 0.9 | ... with the pilot's own doubt |"
    yield "|---|---|---|---|---|---|---|"
    for one in comparisons:
        if one.difference is None or one.control_mean is None or one.arm_mean is None:
            continue
        effect, unit = one.difference, one.metric.unit
        needed = [_required(one, assurance) for assurance in (0.5, 0.8)]
        means = [units.quantity(value, unit) for value in (one.control_mean, one.arm_mean)]
        interval = units.difference(effect.value, effect.low, effect.high, unit)
        yield f"| {one.metric.name} | {means[0]} | {means[1]} | {interval} | {one.n} | {needed[0]} | {needed[1]} |"


def _required(one: Comparison, assurance: float) -> str:
    """Blocks that see the pilot's own effect with chance 0.9; a dash where there is none to see."""
    if one.difference is None or not one.difference.excludes(0.0):
        return "-"
    differences = [pair.arm - pair.control for pair in one.pairs if one.uses(pair)]
    return str(required_blocks(differences, one.difference.value, 0.9, assurance=assurance) or "-")


def _blocks(comparisons: tuple[Comparison, ...]) -> Iterator[str]:
    chosen = [one for name in DECIDING for one in comparisons if one.metric.name == name]
    yield "| block | " + " | ".join(f"{one.metric.name} off | on" for one in chosen) + " |"
    yield "|---|" + "---|---|" * len(chosen)
    for pairs in zip(*(one.pairs for one in chosen), strict=True):
        cells = (f"{pair.control:.6g} | {pair.arm:.6g}" for pair in pairs)
        yield f"| {pairs[0].block} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
