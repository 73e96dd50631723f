# SPDX-License-Identifier: Apache-2.0
"""The seams between the agent and the world: protocols of at most three methods."""

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Completed:
    """A command that ended on the phone.

    Attributes:
        argv: what was run.
        code: exit status; adb's own failures raise instead.
        out: standard output, decoded as UTF-8 with replacement, as printed.
        err: standard error, the same.
    """

    argv: tuple[str, ...]
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Pulse:
    """Standard input that stays open: a line now and then, never the same twice, says that this computer is there.

    Attributes:
        every_s: seconds between two lines; the first comes at once.
        ends: becomes readable when it is to end (its other end is closed); standard input is then closed.
    """

    every_s: float
    ends: socket.socket


class Transport(Protocol):
    """A link to one phone. Quoting happens behind it, once: callers pass argument lists, never shell text."""

    @property
    def serial(self) -> str:
        """The adb serial this link addresses."""
        ...

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        """Run a program on the phone, wait for it, return what it printed and its exit status.

        Args:
            argv: the program and its arguments.
            stdin: what it reads; then its standard input is closed.
            timeout_s: seconds it may take.
            pulse: what it reads instead of `stdin`.

        Raises:
            TransientError: the link dropped or the time ran out.
            FinalError: the phone is unknown, unauthorized or gone for good.
        """
        ...

    def push(self, data: bytes, remote: str, *, mode: int = 0o644) -> None:
        """Write a file on the phone, as the shell user."""
        ...

    def pull(self, remote: str, local: Path) -> None:
        """Fetch a file from the phone; `local` appears whole or not at all."""
        ...


@runtime_checkable
class Revivable(Protocol):
    """A link that may need a hand to come back: adb's server is gone, or has forgotten a phone on the network."""

    def revive(self) -> None:
        """Make the link usable again as far as this computer can; fine when it is.

        Raises:
            TransientError: not yet.
            SetupError: no adb server, and none can be started.
        """
        ...


@runtime_checkable
class Streaming(Protocol):
    """A link that can hand on what a program prints while it runs."""

    def stream(self, argv: Sequence[str], *, silence_s: float) -> Iterator[str]:
        """Run a program; give each line it prints as it comes; ends when it ends with status 0.

        Args:
            argv: the program and its arguments.
            silence_s: seconds without a line after which the link counts as lost.

        Raises:
            TransientError: the link dropped or fell silent, or the program ended with another status.
            FinalError: the phone is unknown, unauthorized or gone for good.
        """
        ...


class Clock(Protocol):
    """Time, so that tests need none."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...
