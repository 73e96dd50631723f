# SPDX-License-Identifier: Apache-2.0
"""`reclaim run -s all`, or with several `-s`: one run per phone, side by side, and their joint answer."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import quote

from reports.printable import printable
from workloads.errors import InputError, ReclaimError

if TYPE_CHECKING:
    from agent.runner.beside import Outcome

ALL = "all"
_COULD_NOT, _INTERRUPTED = 2, 130
RECLAIM = (sys.executable, "-P", "-c", "import sys; sys.argv[0] = 'reclaim'; from agent.cli.main import run; run()")


def chosen(serials: Sequence[str], server: str | None, err: TextIO) -> tuple[str, ...]:
    """The phones that are meant, each once; `all` are those that are ready, others are told in a line each.

    Raises:
        InputError: none is ready.
        SetupError: no adb server.
    """
    if ALL not in serials:
        return tuple(dict.fromkeys(serials))
    from agent.device.server import (  # noqa: PLC0415 - imported late: --help must stay quick
        default_address,
        devices,
        ensure_running,
        parse_address,
    )

    address = parse_address(server) if server else default_address()
    ensure_running(address)
    found = devices(address)
    for serial, state in sorted(found.items()):
        if state != "device":
            print(f"reclaim: {printable(serial)}: left out: it is {printable(state)}", file=err)
    ready = tuple(serial for serial, state in sorted(found.items()) if state == "device")
    if not ready:
        raise InputError(f"-s all: no phone is ready at the adb server {address}; `adb devices` shows what it sees")
    return ready


def run_each(args: argparse.Namespace, serials: Sequence[str], folder: Path, out: TextIO, err: TextIO) -> int:
    """Run the experiment on every phone; say per phone how it ended, then the joint answer of those that finished.

    Returns:
        The worst of their exit codes: 130, else 2, else 0.
    """
    from agent.runner.beside import Errand, run_beside  # noqa: PLC0415 - imported late: --help must stay quick

    places = {serial: folder / quote(serial, safe="") for serial in serials}
    errands = [Errand(serial, _command(args, serial, place)) for serial, place in places.items()]
    outcomes = run_beside(errands, lambda name, line: print(f"{name}: {line}", file=err, flush=True))
    if args.dry_run:
        out.writelines(outcome.out for outcome in outcomes)
    else:
        for outcome in outcomes:
            print(_line(outcome, places[outcome.name]), file=out)
        joint([places[outcome.name] for outcome in outcomes if outcome.code == 0], out, err)
    return max(map(_code, outcomes))


def _command(args: argparse.Namespace, serial: str, place: Path) -> tuple[str, ...]:
    words = [*RECLAIM, "run", args.experiment, "-s", serial, "-o", str(place)]
    words += ["--adb-server", args.adb_server] if args.adb_server else []
    words += ["--blocks", str(args.blocks)] if args.blocks else []
    words += ["--dry-run"] if args.dry_run else []
    words += ["--allow-unsafe-knob"] if args.allow_unsafe_knob else []
    return tuple(words)


def _line(outcome: "Outcome", place: Path) -> str:
    if outcome.code == 0:
        return f"{outcome.name}: done: {place}"
    told = [line.removeprefix("reclaim: ") for line in outcome.last if line.startswith("reclaim: ")]
    if outcome.code == _INTERRUPTED:  # told first by the run itself
        return f"{outcome.name}: {printable('; '.join(told) or 'interrupted')}"
    return f"{outcome.name}: could not ({outcome.code}): {printable('; '.join(told) or 'it said nothing')}"


def _code(outcome: "Outcome") -> int:
    """A process that a signal killed could not finish."""
    return outcome.code if outcome.code >= 0 else _COULD_NOT


def joint(runs: Sequence[Path], out: TextIO, err: TextIO) -> None:
    """Print what several runs answer together, or why they do not."""
    if len(runs) < 2:  # noqa: PLR2004 - one run has its own answer already
        return
    from reports.several.runs import gather_runs, several_text  # noqa: PLC0415 - imported late: scipy

    try:
        print(file=out)
        out.write(several_text(gather_runs(list(runs))))
    except ReclaimError as error:
        for line in str(error).splitlines():
            print(f"reclaim: no joint answer: {printable(line)}", file=err)
