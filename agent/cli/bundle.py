# SPDX-License-Identifier: Apache-2.0
"""`reclaim bundle`: a run, a recording or a trace as one file to hand on."""

import argparse
from pathlib import Path
from typing import TextIO


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim bundle`."""
    parser.add_argument(
        "source", metavar="SOURCE", type=Path, help="a run directory, a folder of `reclaim record`, or a trace"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="where to write; default: SOURCE.reclaim.zip beside it"
    )
    parser.add_argument("--no-redact", action="store_true", help="leave serial numbers, accounts and names in it")
    parser.add_argument(
        "--keep",
        metavar="PACKAGE",
        action="append",
        default=[],
        help="leave the name of this package, such as the app under test; com.example.* for many",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Write the bundle and name it.

    Raises:
        ReclaimError: nothing that can be bundled or redacted, or the bundle cannot be written.
    """
    from reports.bundle.manifest import SUFFIX  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.bundle.pack import pack  # noqa: PLC0415 - the same
    from reports.encoding import encode  # noqa: PLC0415 - the same

    source: Path = args.source.resolve()
    stem = source.name if args.source.is_dir() else source.name.partition(".")[0]
    path: Path = args.output or args.source.parent / f"{stem}{SUFFIX}"
    made = pack(args.source, path, redact=not args.no_redact, keep=args.keep)
    if args.json:
        out.write(encode({"schema": made.schema, "bundle": str(path), "redacted": made.redacted}).decode())
    else:
        out.write(f"{path}\n")
    if args.no_redact:
        err.write("not redacted: serial numbers, accounts and names are in it\n")
    return 0
