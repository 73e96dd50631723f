# SPDX-License-Identifier: Apache-2.0
"""`reclaim restore`: put back what a run that died has left changed on a phone."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from reports.printable import printable
from workloads.errors import InputError

if TYPE_CHECKING:
    from agent.device.phone import Phone

JOURNAL = "undo.json"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "run",
        type=Path,
        nargs="?",
        help="run directory (default: the one open in this directory, else the phone's word)",
    )
    parser.add_argument("-s", "--serial", help="the phone; default: the one the run's journal names, or the only one")
    parser.add_argument(
        "--adb-server", metavar="HOST:PORT", help="adb server to use (default: as the adb program does)"
    )


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Restore from the run's journal and the phone's own, then say per setting what was done."""
    del err
    from agent.device.adb import connect  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.knobs import undo  # noqa: PLC0415 - the same

    path = journal_of(args.run, Path.cwd(), args.serial)
    journal = undo.load(path) if path else None
    put_back(attach(connect(args.serial or (journal.serial if journal else None), args.adb_server)), path, out)
    return 0


def put_back(phone: "Phone", path: Path | None, out: TextIO) -> None:
    """Put everything back, end what trials have left running, and say what the phone had done by itself, too.

    Raises:
        FinalError: a setting could not be put back, or another computer is at work on the phone.
        TransientError: another process of this computer is at work on it.
    """
    from agent.device.lock import taken  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.knobs import leftover, undo  # noqa: PLC0415 - the same
    from agent.runner.workspace import Workspace  # noqa: PLC0415 - the same

    with taken(phone):
        left = leftover.look(phone)
        entries = undo.restore(phone, path)
        Workspace(phone).sweep()
        Workspace(phone).remove()
    for line in leftover.told(left) if left else ():
        print(line, file=out)
    for entry in entries:
        knob, first, where = map(printable, (entry.knob, entry.first, entry.where))
        print(f"{phone.serial}: {knob} is {first} again ({where})", file=out)
    if not entries:
        print(f"{phone.serial}: nothing of an earlier run is left to put back", file=out)


def journal_of(run: Path | None, here: Path, serial: str | None = None) -> Path | None:
    """Return the journal of a run directory, or of the only run with open settings below `here`.

    None when there is none, or when the run directory is gone: then the phone's own journal tells.

    Raises:
        InputError: the run that was named changed no setting, or several runs have open settings.
    """
    if run is not None:
        if run.is_dir() and not (run / JOURNAL).exists():
            raise InputError(f"{run}: holds no {JOURNAL}: that run changed no setting")
        return run / JOURNAL
    from agent.knobs import undo  # noqa: PLC0415 - imported late: --help must stay quick

    journals = sorted({*here.glob(JOURNAL), *here.glob(f"*/{JOURNAL}"), *here.glob(f"*/*/{JOURNAL}")})
    loaded = ((path, undo.load(path)) for path in journals)
    unfinished = [path for path, one in loaded if one and not one.restored and serial in (None, one.serial)]
    if len(unfinished) > 1:
        listing = ", ".join(str(path.parent) for path in unfinished)
        raise InputError(f"{len(unfinished)} runs have settings left to put back; name one: {listing}")
    return unfinished[0] if unfinished else None
