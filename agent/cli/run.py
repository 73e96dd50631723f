# SPDX-License-Identifier: Apache-2.0
"""`reclaim run`: an experiment on a phone."""

import argparse
import shlex
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workloads.spec import Experiment

if TYPE_CHECKING:
    from agent.runner.run import Request


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("experiment", metavar="EXPERIMENT", help="a name from `reclaim list`, or a .toml file")
    parser.add_argument(
        "-s",
        "--serial",
        action="append",
        help="the phone; default: the only one there is; several times, or `all`: side by side, DIR/SERIAL each",
    )
    parser.add_argument("--adb-server", metavar="HOST:PORT", help="adb server (default: as the adb program does)")
    add_run_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="check everything, print every write it would make")
    parser.add_argument(
        "--allow-unsafe-knob", action="store_true", help="write settings that are known to harm some kernels, too"
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `run` and `demo` share."""
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="run directory (default: runs/EXPERIMENT-TIME)")
    parser.add_argument("--blocks", type=up_to_1000, metavar="N", help="blocks to run (default: the experiment's own)")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Run it and show the answer, or with --dry-run only what it would write."""
    from agent.cli.answer import answer  # noqa: PLC0415 - imported late: a wrong name must be told at once
    from agent.cli.phones import ALL, chosen, run_each  # noqa: PLC0415 - the same
    from agent.cli.progress import watching  # noqa: PLC0415 - the same
    from agent.device.adb import connect  # noqa: PLC0415 - the same
    from agent.device.clock import SystemClock  # noqa: PLC0415 - the same
    from agent.device.lock import taken  # noqa: PLC0415 - the same
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.runner.run import run_experiment  # noqa: PLC0415 - the same
    from reports.rundir import refuse_taken, telling_how_to_go_on  # noqa: PLC0415 - the same

    request = requested(args.experiment, args.out, args.blocks)
    request = replace(request, allow_unsafe=args.allow_unsafe_knob, command=shlex.join(("reclaim", *args.words)))
    refuse_taken(request.out)
    if len(serials := args.serial or [None]) > 1 or ALL in serials:
        return run_each(args, chosen(serials, args.adb_server, err), request.out, out, err)
    phone = attach(connect(serials[0], args.adb_server))
    if args.dry_run:
        from agent.runner.dry import writes  # noqa: PLC0415 - the same

        print("\n".join(writes(phone, request)), file=out)
        return 0
    with taken(phone), telling_how_to_go_on(request.out), watching(err) as watch:
        store = run_experiment(phone, request, SystemClock(), watch)
    answer(store, out, err)
    return 0


def requested(name_or_file: str, out: Path | None, blocks: int | None) -> "Request":
    """What the words of the command line ask for.

    Raises:
        InputError: no such experiment, or mistakes in its file.
    """
    from agent.runner.run import Request  # noqa: PLC0415 - imported late: a wrong name must be told at once
    from workloads import load  # noqa: PLC0415 - pydantic

    experiment, text = load.experiment(name_or_file)
    if blocks:
        experiment = replace(experiment, blocks=blocks)
    return Request(experiment, text, out or default_out(experiment))


def default_out(experiment: Experiment) -> Path:
    """`runs/kcompressd-20261123-064500` in the current directory."""
    return Path("runs") / f"{experiment.name}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"


def up_to_1000(text: str) -> int:
    """Read a number of blocks or phones."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:  # noqa: PLR2004 - as experiment files
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)
