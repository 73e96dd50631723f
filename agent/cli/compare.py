# SPDX-License-Identifier: Apache-2.0
"""`reclaim compare`: effects with intervals, in the terminal."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workloads.errors import InputError

if TYPE_CHECKING:
    from reports.analysis import Analysis


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim compare`."""
    parser.add_argument(
        "run", metavar="RUN", type=Path, nargs="+", help="a run directory; several of one experiment are one answer"
    )
    parser.add_argument(
        "--all", action="store_true", help="show also the metrics that nobody asked about and that did not move"
    )
    parser.add_argument(
        "--questions", action="store_true", help="answer what kcompressd's reviewers asked; of one run (in --all, too)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print a run's answer, kills first; keep it in the run as comparisons.parquet and verdict.json.

    An A/A run's noise floor is kept for later runs of the phone.

    Several runs of one phone are one run with more blocks, runs of several phones are joined with the phone as random
    effect; nothing is kept then.

    Returns:
        0, whatever the answer: `reclaim gate` is the command that judges.

    Raises:
        StoreError: not a run, or a file of it is broken.
        InputError: runs that cannot be one answer.
    """
    if len(args.run) > 1:
        return _several(args, out, err)
    from reports.compare import compare_run, document, keep  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.noise.store import remember  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.store import RunStore  # noqa: PLC0415 - imported late: `--help` needs none of it

    store = RunStore.open(args.run[0])
    analysis = compare_run(store)
    keep(store, analysis)
    remember(analysis, err)
    out.write(encode(document(analysis)).decode() if args.json else _text(args, analysis))
    return 0


def _text(args: argparse.Namespace, analysis: "Analysis") -> str:
    from reports.text import compare_text  # noqa: PLC0415 - imported late: `--help` needs none of it

    return compare_text(analysis, whole=args.all, questions=args.questions)


def _several(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """A run that has nothing to compare is ignored, and that is said at once, not only below a long answer."""
    if args.questions:
        raise InputError("--questions: is answered of one run at a time; name one run, or leave it out")
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.printable import printable  # noqa: PLC0415 - the same
    from reports.several.runs import (  # noqa: PLC0415 - imported late: `--help` needs none of it
        gather_runs,
        several_document,
        several_text,
    )

    gathered = gather_runs(args.run)
    err.writelines(f"ignored {printable(each.path)}: {each.reason}\n" for each in gathered.left_out)
    out.write(encode(several_document(gathered)).decode() if args.json else several_text(gathered, whole=args.all))
    return 0
