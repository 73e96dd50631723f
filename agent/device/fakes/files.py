# SPDX-License-Identifier: Apache-2.0
"""Files and threads as sysfs and procfs show them."""

from collections.abc import Callable
from dataclasses import dataclass

_USER_HZ = 100


class RefusedError(Exception):
    """The kernel refuses a read or a write; the message is the text of the errno, as `cat` prints it."""


def keep(text: str) -> str:
    """Take any value, as it is."""
    return text


def refuse(_text: str) -> str:
    """Take no value: a file without a setter."""
    raise RefusedError("Permission denied")


def invalid(_text: str = "") -> str:
    """Take no value: it is out of range."""
    raise RefusedError("Invalid argument")


def ranged(least: int, most: int, store: Callable[[int], None]) -> Callable[[str], str]:
    """Make an `accept` that stores numbers in range; others answer EINVAL and the value is kept (kernel/sysctl.c)."""

    def accept(text: str) -> str:
        try:
            number = int(text, 0)
        except ValueError:
            return invalid()
        if not least <= number <= most:
            return invalid()
        store(number)
        return str(number)

    return accept


@dataclass
class FakeFile:
    """A file that behaves.

    Attributes:
        text: what it holds.
        accept: given what is written, returns what the file then holds, or raises `RefusedError`.
        root_only: only root may read and write it.
        mode: permissions, as `stat -c %a` prints them.
    """

    text: str
    accept: Callable[[str], str] = keep
    root_only: bool = False
    mode: str = "644"

    def read(self, *, as_root: bool) -> bytes:
        """Return the content."""
        self._permit(as_root=as_root)
        return self.text.encode("utf-8", "surrogateescape")

    def write(self, data: bytes, *, as_root: bool) -> None:
        """Store what `accept` makes of it."""
        self._permit(as_root=as_root)
        ending = "\n" if self.text.endswith("\n") else ""
        self.text = self.accept(data.decode("utf-8", "surrogateescape").removesuffix("\n")) + ending

    def _permit(self, *, as_root: bool) -> None:
        if self.root_only and not as_root:
            raise RefusedError("Permission denied")


@dataclass
class FakeThread:
    """A kernel thread; `started` is the clock tick of its birth."""

    pid: int
    name: str
    cpu_s: float = 0.0
    started: int = 100

    def stat(self) -> str:
        """Return its line of /proc/PID/stat (proc_pid_stat(5))."""
        ticks = round(self.cpu_s * _USER_HZ)
        return f"{self.pid} ({self.name}) S 2 0 0 0 -1 0 0 0 0 0 0 {ticks} 0 0 20 0 1 0 {self.started} 0 0\n"
