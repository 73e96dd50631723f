# SPDX-License-Identifier: Apache-2.0
"""`reclaim report`: a run's page, one HTML file that needs nothing else."""

import argparse
from pathlib import Path
from typing import TextIO

from workloads.errors import InputError


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim report`."""
    parser.add_argument("run", metavar="RUN", type=Path, help="a run directory")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="where to write; default: RUN/report.html")
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
        InputError: rules that do not fit the run, or an output that would take the place of one of its files.
    """
    del err
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.page.render import write_page  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.store import RunStore  # noqa: PLC0415 - imported late: `--help` needs none of it

    store = RunStore.open(args.run)
    path: Path = args.output or store.report_path
    if args.rules is not None and args.rules.resolve() == path.resolve():
        raise InputError(f"{path}: is named twice; give the page its own file")
    write_page(store, path, args.rules)
    out.write(encode({"report": str(path)}).decode() if args.json else f"{path}\n")
    return 0
