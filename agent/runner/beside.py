# SPDX-License-Identifier: Apache-2.0
"""Several runs side by side on one computer, a process each, so that one phone's trouble never touches another's.

A process of its own has its own lock, its own signals and its own end: what hangs, crashes or is killed there puts its
own phone's settings back, or leaves that to the phone's dead-man, while the others go on. When this process is killed,
the others find their standard error closed at the next trial, and end as if interrupted: clean, to be resumed.
"""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from agent.knobs.undisturbed import ENDING

_Process: TypeAlias = subprocess.Popen[str]
_STDERR_LINES = 50
_LOOK_S = 0.2
"""A signal that comes just before a wait does not end it: its handler runs after the wait."""


@dataclass(frozen=True)
class Errand:
    """One run.

    Attributes:
        name: what its lines are told by: the phone's serial.
        argv: the command, which takes SIGTERM for an interrupt.
    """

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        name: as its errand's.
        code: exit status; minus the signal that killed it.
        out: what it printed.
        last: the last lines that it told on standard error, oldest first.
    """

    name: str
    code: int
    out: str
    last: tuple[str, ...]


@dataclass
class Running:
    """A run under way."""

    errand: Errand
    process: _Process
    said: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def follow(self, told: Callable[[str, str], None]) -> list[threading.Thread]:
        """Read both of its outputs to their ends, each by a thread: a pipe that is full would stop the run."""

        def errors() -> None:
            for line in self.process.stderr or ():
                self.lines.append(line.rstrip("\n"))
                del self.lines[:-_STDERR_LINES]
                told(self.errand.name, line.rstrip("\n"))

        def answers() -> None:
            self.said.append(self.process.stdout.read() if self.process.stdout else "")

        threads = [threading.Thread(target=each, daemon=True) for each in (errors, answers)]
        for thread in threads:
            thread.start()
        return threads


def run_beside(errands: Sequence[Errand], told: Callable[[str, str], None]) -> tuple[Outcome, ...]:
    """Run all at once and wait for all; an interrupt goes to each, and each is waited for.

    Args:
        errands: what to run.
        told: takes an errand's name and a line as it comes; called from threads, one at a time.
    """
    lock = threading.Lock()

    def one_at_a_time(name: str, line: str) -> None:
        with lock:
            told(name, line)

    processes: list[_Process] = []
    with _interrupts_passed_on(processes) as missed, contextlib.ExitStack() as pipes:
        for errand in errands:
            process = pipes.enter_context(start(errand))
            processes.append(process)
            if missed(process):  # asked while it was being started
                ask_to_end(process)
        running = [Running(errand, process) for errand, process in zip(errands, processes, strict=True)]
        threads = [thread for each in running for thread in each.follow(one_at_a_time)]
        for thread in threads:
            while thread.is_alive():
                thread.join(_LOOK_S)
        return tuple(
            Outcome(each.errand.name, each.process.wait(), "".join(each.said), tuple(each.lines)) for each in running
        )


def start(errand: Errand) -> _Process:
    """In a session of its own: Ctrl-C reaches this process alone, which passes it on, once each time."""
    return subprocess.Popen(
        errand.argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


@contextlib.contextmanager
def _interrupts_passed_on(
    processes: Sequence[_Process],
) -> Iterator[Callable[[_Process], bool]]:
    """Ask every process to end, once for each time that this one is asked; lend what tells whether one has missed that.

    By a handler, for a KeyboardInterrupt strikes anywhere: between two waits it would leave them all unasked.
    """
    told: list[_Process] = []
    times = 0

    def pass_on(_number: int, _frame: object) -> None:
        nonlocal times
        times += 1
        for process in processes:
            told.append(process)
            ask_to_end(process)

    asked = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, pass_on) for number in asked}
    try:
        yield lambda process: times > 0 and process not in told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ask_to_end(process: _Process) -> None:
    """As Ctrl-C would: it puts its phone's settings back and can be resumed."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
