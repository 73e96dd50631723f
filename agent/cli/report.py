# SPDX-License-Identifier: Apache-2.0
"""`reclaim report`: a run's page, one HTML file that needs nothing else; the same as JSON, its gist as Markdown."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workloads.errors import InputError

if TYPE_CHECKING:
    from reports.page.elsewhere import Also


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
    parser.add_argument(
        "--json-file", metavar="FILE", type=Path, help="write also what the page shows, as JSON (docs/forms.md)"
    )
    parser.add_argument(
        "--markdown",
        metavar="FILE",
        type=Path,
        help="write also the answer as Markdown, for a pull request or a mail, and two pictures beside it",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Write the page, and what else is asked for, and name every file.

    Returns:
        0, whatever the answer.

    Raises:
        TraceError: a trace that cannot be read.
        StoreError: not a run, a file of it is broken, or the page cannot be written.
        InputError: rules that do not fit the run, an output that would take the place of one of its files or of
            another output, a bundle that may not be trusted, runs that cannot be one answer, or Markdown of a trace.
        SetupError: what draws the pictures beside Markdown is not installed.
    """
    if len(args.run) > 1:
        return _several(args, out, err)
    from reports.bundle.sources import write_report  # noqa: PLC0415 - imported late: `--help` needs none of it

    _name(args, write_report(args.run[0], args.output, args.rules, _also(args)), out)
    return 0


def _also(args: argparse.Namespace) -> "Also":
    from reports.page.elsewhere import Also  # noqa: PLC0415 - imported late: `--help` needs none of it

    return Also(args.json_file, args.markdown)


def _name(args: argparse.Namespace, page: Path, out: TextIO) -> None:
    """Every file written, the page first."""
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it

    written = {"report": page, "json_file": args.json_file, "markdown": args.markdown}
    named = {name: str(path) for name, path in written.items() if path is not None}
    out.write(encode(named).decode() if args.json else "".join(f"{path}\n" for path in named.values()))


def _several(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """One page of several runs; a run that has nothing to compare is left out, and that is said at once."""
    if args.output is None:
        raise InputError(f"{args.run[0]} and {len(args.run) - 1} more: say where their page goes (-o page.html)")
    if args.rules is not None:
        raise InputError(f"{args.rules}: rules judge one run; name one run, or leave --rules out")
    from reports.page.many import write_several  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.printable import printable  # noqa: PLC0415 - the same

    left_out = write_several(args.run, args.output, _also(args))
    err.writelines(f"ignored {printable(each.path)}: {each.reason}\n" for each in left_out)
    _name(args, args.output, out)
    return 0
