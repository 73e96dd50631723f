# SPDX-License-Identifier: Apache-2.0
"""Short runs on the virtual handheld, a fault at a random moment of each: `python -m tests.soak [--short]`."""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from agent.handheld.machine import Handheld
from tests.soak.ordeal import NOTHING, Ordeal, Outcome, undergo
from tests.soak.table import COLUMNS, document, line
from tests.support.faults import checks
from tests.support.faults.bench import FaultBench, fault_bench
from tests.support.faults.catalogue import FAULTS, GROUP_ADBD, KILL, KILL_AND_DROP, REBOOT, Fault
from workloads.errors import ReclaimError

_SHORT: tuple[Fault, ...] = (KILL, REBOOT)
_FULL_SILENCE_S = 90
_RUNS = 60


def main(argv: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Run the soak; 1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--runs", type=int, default=_RUNS, metavar="N", help=f"runs (default: {_RUNS})")
    parser.add_argument("--seed", type=int, help="of the first run; each one more has the next (default: the day's)")
    parser.add_argument("--short", action="store_true", help="two runs with a fault each, as in CI")
    parser.add_argument("--only", nargs="+", metavar="WORDS", help="faults whose name holds one of these")
    parser.add_argument("--write", action="store_true", help="write docs/soak.md")
    args = parser.parse_args(argv)
    seed = int(f"{datetime.now(UTC):%Y%m%d}") if args.seed is None else args.seed
    chosen = [fault for fault in FAULTS if args.only is None or any(words in fault.name for words in args.only)]
    ordeals = _short(seed) if args.short else plan(seed, args.runs, chosen)
    if not args.short and args.only is None:  # and one run with the phone's usual patience
        ordeals.append(Ordeal(args.runs + 1, seed + args.runs, KILL_AND_DROP, _FULL_SILENCE_S, kcompressd=True))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        os.environ["RECLAIM_STATE"] = f"{folder}/state"
        outcomes = list(_told(_soak(ordeals, Path(folder), err), out))
    bad = [outcome for outcome in outcomes if outcome.faults]
    print(f"{len(outcomes) - len(bad)} of {len(outcomes)} runs hold all that must hold", file=out)
    if args.write:
        page = Path(__file__).parents[2] / "docs" / "soak.md"
        page.write_text(document(outcomes, f"{datetime.now(UTC):%Y-%m-%d}"), encoding="utf-8")
    return 1 if bad else 0


def _short(seed: int) -> list[Ordeal]:
    return [Ordeal(number, seed + number - 1, fault, blocks=1) for number, fault in enumerate(_SHORT, start=1)]


def plan(seed: int, runs: int, faults: Sequence[Fault]) -> list[Ordeal]:
    """Every fault as often as any other, give or take one, in random order."""
    draw = random.Random(seed)  # noqa: S311 - a draw for a test, no secret
    order = [faults[number % len(faults)] for number in range(runs)]
    draw.shuffle(order)
    return [Ordeal(number, seed + number - 1, fault) for number, fault in enumerate(order, start=1)]


def _soak(ordeals: Sequence[Ordeal], folder: Path, err: TextIO) -> Iterator[Outcome]:
    """Run one after the other on one handheld; a new one only where it did not come back.

    The first run, without a fault, tells how long they are.
    """
    left = [Ordeal(0, ordeals[0].seed, NOTHING, blocks=ordeals[0].blocks), *ordeals]
    length_s = 0.0
    while left:
        with Handheld.start(progress=lambda text: print(text, file=err)) as guest, fault_bench(guest) as bench:
            first, whole = checks.settings(bench), True
            while left and whole:
                _group(bench)
                outcome = _undergo(bench, left.pop(0), folder, length_s, first)
                whole = outcome.took_s > 0
                length_s = length_s or outcome.took_s
                yield outcome


def _undergo(bench: FaultBench, ordeal: Ordeal, folder: Path, length_s: float, first: Mapping[str, str]) -> Outcome:
    try:
        return undergo(bench, ordeal, folder / f"run-{ordeal.number}", length_s, first)
    except ReclaimError as error:
        return Outcome(ordeal, 0.0, "-", "-", None, (f"the handheld is lost: {error}",), 0.0)


def _group(bench: FaultBench) -> None:
    bench.sh(f"su 0 sh -c '{GROUP_ADBD}'")


def _told(outcomes: Iterator[Outcome], out: TextIO) -> Iterator[Outcome]:
    print(COLUMNS, end="", file=out)
    for outcome in outcomes:
        print(line(outcome), f"{outcome.took_s:.0f} s", file=out, flush=True)
        yield outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout, sys.stderr))
