# SPDX-License-Identifier: Apache-2.0
"""`reclaim`: picks the command, runs it, turns errors into one line and an exit code.

Exit codes: 0 done, 1 the answer is no, 2 could not, 3 not decided, 130 interrupted.
A command is a module beside this one with `add(parser)` and `main(args, out, err) -> int`; only the one asked for is
imported, so that `--help` stays quick.
"""

import argparse
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import NoReturn, TextIO

from workloads.errors import ReclaimError

OK, NO, COULD_NOT, NOT_DECIDED, INTERRUPTED = 0, 1, 2, 3, 130

COMMANDS = {
    "demo": "boot the virtual handheld, compare kcompressd off and on, write the report",
    "doctor": "what the agent can and cannot do on this phone, and what to do about it",
    "run": "run an experiment on a phone",
    "resume": "go on with a run that broke off, at the very trial",
    "restore": "put every setting of a phone back",
    "measure": "metrics of any trace or run",
    "compare": "effects with intervals, in the terminal",
    "gate": "judge a run by rules; the exit code is the answer",
    "report": "the page",
    "trace": "open a trace in Perfetto's own UI, offline, at a launch",
    "watch": "a phone's memory reclaim, live; mark, switch, record by a key",
    "record": "a flight recorder on the phone: ends by hand, time or condition, survives a lost link",
    "bundle": "a run, a recording or a trace as one redacted file to hand on",
    "history": "many runs over months: add, list, trend, baselines, bisect",
    "farm": "many phones on many hosts: worker, run, attach, status",
    "handheld": "the virtual handheld by itself: build, start, stop, list",
    "list": "experiments, workloads, metrics, knobs",
}


def main(argv: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Run one command.

    Args:
        argv: without the program's name.
        out: answers.
        err: progress and errors.

    Returns:
        The exit code.
    """
    try:
        with redirect_stdout(out), redirect_stderr(err):
            args = parse(argv)
        return int(args.command_main(args, out, err))
    except SystemExit as done:  # argparse, after --help or --version
        return int(done.code or OK)
    except ReclaimError as error:
        from reports.printable import printable  # noqa: PLC0415 - imported late: only errors need it

        for line in (*str(error).splitlines(), *_notes(error)):
            print(f"reclaim: {printable(line)}", file=err)
        return COULD_NOT
    except KeyboardInterrupt as interrupt:
        for line in ("interrupted", *_notes(interrupt)):
            print(f"reclaim: {line}", file=err)
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last resort: a user never meets a traceback
        print(f"reclaim: a bug: {type(error).__name__}: {error}; please report it with {_keep_traceback()}", file=err)
        return COULD_NOT


def _notes(error: BaseException) -> Sequence[str]:
    """What was added to an error on its way up: how to go on."""
    notes: Sequence[str] = getattr(error, "__notes__", ())
    return notes


def run() -> None:
    """Entry point of the `reclaim` program."""
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup ignores it: then nobody's terminal matters
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        code = main(sys.argv[1:], sys.stdout, sys.stderr)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter complains at its end
        code = COULD_NOT
    sys.exit(code)


class _UsageError(ReclaimError):
    """Words on the command line that fit no command."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; `--help` tells the rest."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing usage and exiting."""
        raise _UsageError(f"{message} (see `{self.prog} --help`)")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """What a command line asks for.

    Raises:
        ReclaimError: it fits no command.
        SystemExit: after `--help` and `--version`.
    """
    parser = _Parser(
        prog="reclaim",
        description="Puts an Android phone under app-launch memory pressure, flips one kernel setting"
        " (kcompressd first), and says, with evidence, whether launches got better and what it cost.",
        epilog="Exit codes: 0 done, 1 the answer is no, 2 could not, 3 not decided, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"reclaim {version('reclaim-agent')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    asked = next((word for word in argv if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary.capitalize() + ".")
        if name == asked:
            module = import_module(f"agent.cli.{name}")
            module.add(command)
            command.set_defaults(command_main=module.main, words=tuple(argv))
    return parser.parse_args(argv)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _keep_traceback() -> Path:
    """Write the traceback to a file for a bug report."""
    with tempfile.NamedTemporaryFile("w", prefix="reclaim-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return Path(file.name)
