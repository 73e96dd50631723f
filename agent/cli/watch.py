# SPDX-License-Identifier: Apache-2.0
"""`reclaim watch`: a phone's memory reclaim, live."""

import argparse
import contextlib
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from agent.field.live import View

_KEYS = "Keys in a terminal: m marks a moment, k switches the knob and back, r records and stops recording, q quits."


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("-s", "--serial", help="the phone; default: the only one there is")
    parser.add_argument(
        "--adb-server", metavar="HOST:PORT", help="adb server to use (default: as the adb program does)"
    )
    parser.add_argument(
        "--csv", metavar="FILE", help="one row a second, units in the names, as it comes; - is standard output"
    )
    parser.add_argument("--for", dest="length", metavar="TIME", help="end after so long: 30s, 10min, 2h")
    parser.add_argument("--knob", default="kcompressd", metavar="NAME", help="what the key k switches (kcompressd)")
    parser.add_argument(
        "--allow-unsafe-knob", action="store_true", help="let k write a setting that is known to harm some kernels, too"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="where recordings go (here)", default=Path())
    parser.epilog = _KEYS


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Watch until told to end; every setting that was switched is back then.

    Returns:
        0; 130 after Ctrl-C.

    Raises:
        InputError: a length of time that is none, or no file to write.
        SetupError: a terminal, and `textual` is not installed.
        DeviceError: no phone, or its link did not come back.
    """
    from agent.device.adb import connect  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.device.clock import SystemClock  # noqa: PLC0415 - the same
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.field.live import View  # noqa: PLC0415 - the same
    from agent.field.switch import Hands  # noqa: PLC0415 - the same
    from agent.field.when import seconds  # noqa: PLC0415 - the same
    from reports.outputs.files import check_named  # noqa: PLC0415 - the same

    clock, length = SystemClock(), seconds(args.length) if args.length else None
    if args.csv and args.csv != "-":
        check_named(Path(args.csv))
    on_screen = not args.csv and out.isatty() and sys.stdin.isatty()
    if on_screen:
        from agent.field.extra import check_textual  # noqa: PLC0415 - the same

        check_textual()
    phone = attach(connect(args.serial, args.adb_server))
    end = clock.now() + length if length else None
    view = View(phone, clock, lambda: end is not None and clock.now() >= end)
    with contextlib.ExitStack() as stack:
        if on_screen:
            from agent.field.screen import show  # noqa: PLC0415 - the same

            return show(view, Hands(phone, args.knob, stack, args.allow_unsafe_knob), args.out, err)
        with _sink(args.csv, out) as sink:
            _tell(view, sink, err, rows=bool(args.csv))
    return 0


@contextlib.contextmanager
def _sink(name: str | None, out: TextIO) -> Iterator[TextIO]:
    if name in (None, "-"):
        yield out
        return
    from reports.atomic import unwritable  # noqa: PLC0415 - imported late: --help must stay quick

    path = Path(str(name))
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise unwritable(path, error) from error


def _tell(view: "View", sink: TextIO, err: TextIO, *, rows: bool) -> None:
    """Lines or CSV rows as they come; what is missing and what goes wrong on standard error."""
    from agent.field.board import CSV_HEADER, Board, happened_line, plain_line  # noqa: PLC0415 - as above
    from agent.field.events import Lost, Missing, Read  # noqa: PLC0415 - the same
    from agent.field.happenings import Happening  # noqa: PLC0415 - the same

    board, writer = Board(), csv.writer(sink, lineterminator="\n")
    if rows:
        writer.writerow(CSV_HEADER)
    for event in view.events():
        board.take(event)
        match event:
            case Missing():
                err.writelines(f"reclaim: not shown: {line}\n" for line in event.lines)
            case Lost():
                print(f"reclaim: {event.why}; trying again", file=err)
            case Read(values=values) if values is not None:
                writer.writerow(board.csv_cells()) if rows else print(plain_line(values), file=sink)
                sink.flush()
            case Happening() if not rows:
                print(f"{event.at_s:.0f} s  {happened_line(event)}", file=sink, flush=True)
            case _:
                pass
