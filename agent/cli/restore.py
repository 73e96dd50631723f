# SPDX-License-Identifier: Apache-2.0
"""`reclaim restore`: put back what a run that died has left changed on a phone."""

import argparse
from pathlib import Path
from typing import TextIO

from workloads.errors import InputError

JOURNAL = "undo.json"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=Path, nargs="?", help="run directory (default: the one open in this directory)")
    parser.add_argument("-s", "--serial", help="the phone; default: the one the run's journal names")
    parser.add_argument(
        "--adb-server", metavar="HOST:PORT", help="adb server to use (default: as the adb program does)"
    )


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Restore, then say per setting what was done."""
    del err
    from agent.device.adb import connect  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.knobs import undo  # noqa: PLC0415 - the same

    path = journal_of(args.run, Path.cwd())
    journal = undo.load(path)
    if journal is None:
        raise InputError(f"{path.parent}: holds no {JOURNAL}: that run changed no setting")
    phone = attach(connect(args.serial or journal.serial, args.adb_server))
    for entry in undo.restore(phone, path):
        print(f"{phone.serial}: {entry.knob} is {entry.first} again ({entry.where})", file=out)
    return 0


def journal_of(run: Path | None, here: Path) -> Path:
    """Return the journal of a run directory, or of the only run with open settings below `here`.

    Raises:
        InputError: no run was named, and none or several have open settings.
    """
    if run is not None:
        return run / JOURNAL
    from agent.knobs import undo  # noqa: PLC0415 - imported late: --help must stay quick

    journals = sorted({*here.glob(JOURNAL), *here.glob(f"*/{JOURNAL}"), *here.glob(f"*/*/{JOURNAL}")})
    unfinished = [path for path in journals if (journal := undo.load(path)) and not journal.restored]
    if len(unfinished) == 1:
        return unfinished[0]
    if not unfinished:
        raise InputError(
            f"no run below {here} has settings left to put back; name the run directory: reclaim restore RUN"
        )
    listing = ", ".join(str(path.parent) for path in unfinished)
    raise InputError(f"{len(unfinished)} runs have settings left to put back; name one: {listing}")
