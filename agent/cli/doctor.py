# SPDX-License-Identifier: Apache-2.0
"""`reclaim doctor`: what the agent can and cannot do on this phone, and what to do about it."""

import argparse
import json
from pathlib import Path
from typing import TextIO


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("-s", "--serial", help="the phone; default: the only one there is")
    parser.add_argument(
        "--adb-server", metavar="HOST:PORT", help="adb server to use (default: as the adb program does)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="also write what the phone answered, without serial numbers, names and addresses, for a regression test",
    )
    parser.add_argument(
        "--no-restart",
        action="store_true",
        help="leave adbd alone; else it is restarted once, to prove that the phone can put settings back without us",
    )


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Ask, tell; 0 when a run that switches kcompressd is possible, else 1."""
    from agent.device.adb import connect  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.device.clock import SystemClock  # noqa: PLC0415 - the same
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.device.recorder import RecordingTransport  # noqa: PLC0415 - the same
    from agent.field.doctor import diagnose  # noqa: PLC0415 - the same
    from reports.outputs.files import check_named, write_named  # noqa: PLC0415 - the same

    if args.record:
        check_named(args.record)
    link = RecordingTransport(connect(args.serial, args.adb_server))
    try:
        found = diagnose(attach(link), SystemClock(), restart=not args.no_restart)
    finally:
        if args.record:
            write_named({args.record: link.transcript().text().encode()})
            print(f"reclaim: {args.record}: written; look through it before you give it away", file=err)
    if args.json:
        print(json.dumps(found.document()), file=out)
    else:
        print("\n".join(found.lines()), file=out)
    return 0 if found.possible else 1
