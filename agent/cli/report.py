# SPDX-License-Identifier: Apache-2.0
"""`reclaim report`: a run's page, one HTML file that needs nothing else."""

import argparse
from pathlib import Path
from typing import TextIO


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim report`."""
    parser.add_argument("run", metavar="RUN_OR_BUNDLE", type=Path, help="a run directory, or a bundle")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="where to write; default: RUN/report.html, BUNDLE's name.html"
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
        StoreError: not a run, a file of it is broken, or the page cannot be written.
        InputError: rules that do not fit the run, an output that would take the place of one of its files, or a bundle
            that may not be trusted.
    """
    del err
    from reports.bundle.sources import write_report  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it

    path = write_report(args.run, args.output, args.rules)
    out.write(encode({"report": str(path)}).decode() if args.json else f"{path}\n")
    return 0
