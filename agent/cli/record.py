# SPDX-License-Identifier: Apache-2.0
"""`reclaim record`: a flight recorder on the phone, which goes on when the link is lost."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workloads.errors import ReclaimError

if TYPE_CHECKING:
    from agent.field.flight import Flight, Wanted
    from agent.field.when import Condition
    from agent.ports import Clock

_EPILOG = """\
conditions (--when, several: any of them):
  psi.some > 40%          of the last second somebody waited for memory; psi.full: all did
  available < 300 MB      MemAvailable
  vmstat.pgscan_direct > 5000/s    any counter of /proc/vmstat
  launch > 2 s            an app took so long to its first frame
  kill                    lmkd or the kernel killed a process
  anr                     an app did not respond

The phone judges them itself, once a second. Ctrl-C ends the recording and keeps it; a second one gives it up."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("-s", "--serial", help="the phone; default: the only one there is")
    parser.add_argument(
        "--adb-server", metavar="HOST:PORT", help="adb server to use (default: as the adb program does)"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="where it goes (default: record-TIME)")
    parser.add_argument("--when", action="append", default=[], metavar="COND", help="end when this comes true")
    parser.add_argument(
        "--after", default="2s", metavar="TIME", help="go on for so long after a condition came true (2s)"
    )
    parser.add_argument(
        "--for", dest="length", metavar="TIME", help="end after so long: 60s, 10min, 2h (10min; with a ring 8h)"
    )
    parser.add_argument(
        "--ring", action="store_true", help="keep the newest when the buffer is full; --when implies it"
    )
    parser.add_argument(
        "--no-redact", action="store_true", help="leave serial numbers, accounts and names in the bundle"
    )
    parser.add_argument(
        "--keep", metavar="PACKAGE", action="append", default=[], help="leave the name of this package in the bundle"
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Record until told to end, by time, by a condition or by Ctrl-C; name the folder, and the bundle made of it.

    Returns:
        0.

    Raises:
        InputError: a condition or a length of time that is none.
        StoreError: the folder is there already, or cannot be written.
        DeviceError: no phone, it cannot record, or its link did not come back.
    """
    from agent.device.adb import connect  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.device.clock import SystemClock  # noqa: PLC0415 - the same
    from agent.device.lock import taken  # noqa: PLC0415 - the same
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.field.flight import flying  # noqa: PLC0415 - the same
    from agent.field.saved import default_folder, save  # noqa: PLC0415 - the same
    from workloads.errors import StoreError  # noqa: PLC0415 - the same

    wanted, clock = _wanted(args), SystemClock()
    folder: Path = args.out or default_folder(Path())
    if folder.exists():
        raise StoreError(f"{folder}: is there already; choose another folder")
    phone = attach(connect(args.serial, args.adb_server))
    with taken(phone), flying(phone, wanted) as flight:
        ends = " or when " + ", ".join(each.text for each in wanted.conditions) if wanted.conditions else ""
        print(f"recording {phone.serial}, at most {wanted.length_s:.0f} s{ends}; Ctrl-C ends it", file=err, flush=True)
        lost_s = _followed(flight, clock, err)
        print("fetching", file=err, flush=True)
        save(flight, folder, lost_s, (), clock)
    _told(folder, out, err)
    print(_bundled(folder, args), file=out)
    return 0


def _bundled(folder: Path, args: argparse.Namespace) -> Path:
    """Make the one file to hand on, beside the folder; whatever becomes of it, the folder is there."""
    from reports.bundle.manifest import SUFFIX  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.bundle.pack import pack  # noqa: PLC0415 - the same

    bundle = folder.with_name(f"{folder.name}{SUFFIX}")
    try:
        pack(folder, bundle, redact=not args.no_redact, keep=args.keep)
    except ReclaimError as error:
        error.add_note(f"the recording itself is whole: {folder}; `reclaim bundle` makes a bundle of it")
        raise
    return bundle


def _wanted(args: argparse.Namespace) -> "Wanted":
    from agent.field.flight import Wanted  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.field.when import condition, seconds  # noqa: PLC0415 - the same
    from workloads.errors import InputError  # noqa: PLC0415 - the same

    problems: list[str] = []
    conditions: list[Condition] = []
    for text in args.when:
        try:
            conditions.append(condition(text))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    return Wanted(
        tuple(conditions),
        ring=args.ring or bool(conditions),
        most_s=seconds(args.length) if args.length else 0.0,
        after_s=seconds(args.after),
    )


def _followed(flight: "Flight", clock: "Clock", err: TextIO) -> float:
    """Wait for its end; Ctrl-C asks the phone for it. Return the seconds without a link."""
    from agent.field.flight import follow, persist  # noqa: PLC0415 - imported late: --help must stay quick

    try:
        return follow(flight, clock)
    except KeyboardInterrupt:
        print("ending the recording; Ctrl-C again gives it up", file=err, flush=True)
        persist(flight, clock, flight.stop)
        return follow(flight, clock)


def _told(folder: Path, out: TextIO, err: TextIO) -> None:
    from agent.field.recording import Recording  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.encoding import decode  # noqa: PLC0415 - the same
    from reports.printable import printable  # noqa: PLC0415 - the same

    meta = decode((folder / "meta.json").read_bytes(), Recording, folder / "meta.json")
    err.writelines(f"reclaim: not recorded: {printable(line)}\n" for line in meta.missing)
    lost = f"; the link was lost for {meta.lost_s:.0f} s, the recording went on" if meta.lost_s else ""
    print(f"{meta.ended_s - meta.begun_s:.1f} s recorded; {printable(meta.why)}{lost}", file=out)
    print(folder, file=out)
