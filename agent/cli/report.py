# SPDX-License-Identifier: Apache-2.0
"""`reclaim report`: a run's page, one HTML file that needs nothing else."""

import argparse
from pathlib import Path
from typing import TextIO

from workloads.errors import InputError


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim report`."""
    parser.add_argument(
        "run",
        metavar="RUN_OR_TRACE",
        type=Path,
        nargs="+",
        help="a run directory, or a bundle; several runs of one experiment are one page; or one trace",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="where to write; default: RUN/report.html, BUNDLE's or TRACE's name.html; of several it must be said",
    )
    parser.add_argument(
        "--rules", metavar="FILE", type=Path, help="rules and waivers (TOML) to judge by, as `reclaim gate` takes them"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Write the page and name it.

    Returns:
        0, whatever the answer.

    Raises:
        TraceError: a trace that cannot be read.
        StoreError: not a run, a file of it is broken, or the page cannot be written.
        InputError: rules that do not fit the run, an output that would take the place of one of its files, a bundle
            that may not be trusted, or runs that cannot be one answer.
    """
    if len(args.run) > 1:
        return _several(args, out, err)
    from reports.bundle.sources import write_report  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it

    path = write_report(args.run[0], args.output, args.rules)
    out.write(encode({"report": str(path)}).decode() if args.json else f"{path}\n")
    return 0


def _several(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """One page of several runs; a run that has nothing to compare is left out, and that is said at once."""
    if args.output is None:
        raise InputError(f"{args.run[0]} and {len(args.run) - 1} more: say where their page goes (-o page.html)")
    if args.rules is not None:
        raise InputError(f"{args.rules}: rules judge one run; name one run, or leave --rules out")
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.page.many import write_several  # noqa: PLC0415 - the same
    from reports.printable import printable  # noqa: PLC0415 - the same

    left_out = write_several(args.run, args.output)
    err.writelines(f"ignored {printable(each.path)}: {each.reason}\n" for each in left_out)
    out.write(encode({"report": str(args.output)}).decode() if args.json else f"{args.output}\n")
    return 0
