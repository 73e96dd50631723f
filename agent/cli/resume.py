# SPDX-License-Identifier: Apache-2.0
"""`reclaim resume`: go on with a run that broke off, at the very trial."""

import argparse
import shlex
from pathlib import Path
from typing import TextIO


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("run", type=Path, metavar="RUN", help="directory of the run that broke off")
    parser.add_argument("-s", "--serial", help="the phone; default: the one on which the run was begun")
    parser.add_argument("--adb-server", metavar="HOST:PORT", help="adb server (default: as the adb program does)")
    parser.add_argument(
        "--allow-unsafe-knob", action="store_true", help="write settings that are known to harm some kernels, too"
    )


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Run what is left of the plan and show the answer; of a complete run, say so and show the answer."""
    from agent.cli.answer import answer  # noqa: PLC0415 - imported late: a wrong name must be told at once
    from agent.cli.progress import watching  # noqa: PLC0415 - the same
    from agent.device.adb import connect  # noqa: PLC0415 - the same
    from agent.device.clock import SystemClock  # noqa: PLC0415 - the same
    from agent.device.lock import taken  # noqa: PLC0415 - the same
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.runner.resume import put_back, resume, settings_open, tidy_up  # noqa: PLC0415 - the same
    from agent.runner.run import Request  # noqa: PLC0415 - the same
    from reports.rundir import occupied, telling_how_to_go_on  # noqa: PLC0415 - the same
    from reports.store import RunStore  # noqa: PLC0415 - the same

    store = RunStore.open(args.run)
    command = shlex.join(("reclaim", *args.words))
    text, unsafe = store.experiment_text(), args.allow_unsafe_knob
    request = Request(store.experiment(), text, store.path, command=command, allow_unsafe=unsafe)
    with occupied(store.path), watching(err) as watch:
        left = tidy_up(store, watch)
        if left or settings_open(store):
            phone = attach(connect(args.serial or store.device.serial, args.adb_server))
            with taken(phone), telling_how_to_go_on(store.path):
                if left:
                    resume(phone, store, request, SystemClock(), watch)
                else:
                    put_back(phone, store, request)
        if not left:
            watch.looked(f"{store.path}: this run is complete: no trial is left to run")
    answer(store, out, err)
    return 0
