# SPDX-License-Identifier: Apache-2.0
"""`reclaim demo`: the kcompressd experiment on the virtual handheld, from nothing to the page."""

import argparse
import shlex
from dataclasses import replace
from typing import TextIO

from agent.cli.run import add_run_options, requested
from workloads.errors import DeviceError

EXPERIMENT = "kcompressd"


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_run_options(parser)


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Build what is not built, boot, run, answer; the handheld is gone afterwards."""
    from agent.cli.answer import answer  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.cli.progress import watching  # noqa: PLC0415 - the same
    from agent.device.adb import connect  # noqa: PLC0415 - the same
    from agent.device.clock import SystemClock  # noqa: PLC0415 - the same
    from agent.device.lock import taken  # noqa: PLC0415 - the same
    from agent.device.phone import attach  # noqa: PLC0415 - the same
    from agent.handheld.machine import Handheld  # noqa: PLC0415 - the same
    from agent.handheld.options import HandheldOptions  # noqa: PLC0415 - the same
    from agent.handheld.waking import last_lines  # noqa: PLC0415 - the same
    from agent.runner.run import run_experiment  # noqa: PLC0415 - the same

    request = replace(requested(EXPERIMENT, args.out, args.blocks), command=shlex.join(("reclaim", *args.words)))
    with Handheld.start(HandheldOptions(), progress=lambda line: print(line, file=err)) as guest:
        machine = guest.facts()
        try:
            phone = attach(connect(guest.serial, guest.adb_server))
            with taken(phone), watching(err) as watch:
                store = run_experiment(phone, replace(request, machine=machine), SystemClock(), watch)
        except DeviceError:
            print(f"the handheld's last words:\n{last_lines(guest.folder)}", file=err)
            raise
    answer(store, out, err)
    return 0
