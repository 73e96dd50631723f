# SPDX-License-Identifier: Apache-2.0
"""The moments between QEMU's start and a phone that answers: waiting, waking, saving."""

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from agent.handheld import adbserver, saved
from agent.handheld.guard import Identity
from agent.handheld.monitor import Monitor, connect
from workloads.errors import TransientError

QUIET_SHARE = 0.25
"""QEMU's CPU time per second below which the guest counts as idle (an idle guest takes about 0.05)."""

_FATAL = re.compile(r"handheld: error|stage1: |Kernel panic|\bOops\b")
"""Console words after which no guest comes up: of its init, of stage1, of the kernel."""

_BOOTED = "handheld: ready"

_READY = (
    "perfetto --query >/dev/null 2>&1"
    ' && { [ ! -e /system/bin/framework ] || [ "$(getprop sys.boot_completed)" = 1 ]; }'
    " && echo ready"
)
"""Asked again and again until the guest says `ready`: traced answers its client, and the framework has booted."""


class Guest(Protocol):
    """What saving needs of a started handheld."""

    @property
    def folder(self) -> Path:
        """Its files."""
        ...

    @property
    def serial(self) -> str:
        """Its adb serial."""
        ...

    @property
    def adb_server(self) -> str:
        """Its adb server."""
        ...

    @property
    def monitor(self) -> Monitor:
        """Its monitor."""
        ...


def listening(monitor: Monitor, process: Identity, wait_s: float = 20.0) -> bool:
    """Wait until QEMU's monitor answers; False when QEMU ends or stays mute."""
    deadline = time.monotonic() + wait_s
    while process.alive and time.monotonic() < deadline:
        with suppress(TransientError):
            monitor.ask("query-status")
            return True
        time.sleep(0.02)
    return False


def wake(monitor: Monitor, folder: Path, process: Identity, wait_s: float = 60.0) -> None:
    """Let a saved state's memory come in, go on, and tell the guest what time it is.

    Raises:
        TransientError: it did not come in.
    """
    deadline = time.monotonic() + wait_s
    while monitor.ask("query-status")["status"] == "inmigrate":
        if not process.alive or time.monotonic() > deadline:
            raise TransientError("the saved state did not come in")
        time.sleep(0.02)
    monitor.cont()
    set_clock(folder)


def set_clock(folder: Path, timeout_s: float = 10.0) -> None:
    """Set the guest's clock to the host's, over the serial port that only the host reaches.

    Raises:
        TransientError: the guest does not answer.
    """
    _tell(folder, f"clock {time.time():.3f}", "clock set", timeout_s)


def _tell(folder: Path, word: str, wanted: str, timeout_s: float) -> None:
    try:
        with connect(folder / "control.sock", timeout_s) as link:
            link.sendall(f"{word}\n".encode())
            heard = ""
            while wanted not in heard:
                part = link.recv(4096)
                if not part:
                    raise TransientError(f"the guest hung up on {word!r}")
                heard += part.decode(errors="replace")
    except OSError as error:
        raise TransientError(f"the guest's control port does not answer {word!r}: {error}") from error


def booted(console: Path, process: Identity, wait_s: float) -> None:
    """Wait until the guest's init has started everything.

    Raises:
        TransientError: the guest ended, gave up, or did not come so far in time.
    """

    def ready() -> bool:
        said = console.read_text(errors="replace")
        if _FATAL.search(said):
            raise TransientError("its start failed")
        return _BOOTED in said

    _wait(ready, process, wait_s)


def answer(server: str, serial: str, process: Identity, wait_s: float) -> None:
    """Connect the adb server to the guest, and wait until adbd, traced and the framework answer.

    Raises:
        TransientError: the guest ended or did not answer in time.
    """

    def ready() -> bool:
        with suppress(TransientError):
            adbserver.ask(server, f"host:connect:{serial}")
            return "ready" in adbserver.shell(server, serial, _READY).split()
        return False

    _wait(ready, process, wait_s)


def _wait(done: Callable[[], bool], process: Identity, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while not done():
        if not process.alive:
            raise TransientError("QEMU ended")
        if time.monotonic() > deadline:
            raise TransientError(f"no answer in {wait_s:g} s")
        time.sleep(0.1)


def save(guest: Guest, pid: int, key: str) -> None:
    """Freeze a quiet guest without a connection, save memory and /data, and let it go on.

    A connection would wake up dead: the host's end of it is not saved.
    """
    adbserver.ask(guest.adb_server, f"host:disconnect:{guest.serial}")
    _tell(guest.folder, "sync", "synced", 20.0)
    wait_quiet(pid)
    memory = guest.folder / "memory.zst"
    guest.monitor.stop()
    try:
        guest.monitor.save(memory)
        saved.keep(key, memory, guest.folder / "data.qcow2")
    finally:
        memory.unlink(missing_ok=True)
        guest.monitor.cont()
    set_clock(guest.folder)


def wait_quiet(pid: int, wait_s: float = 10.0) -> None:
    """Wait until QEMU uses little CPU: the guest has nothing left to do. Gives up waiting after `wait_s`."""
    deadline = time.monotonic() + wait_s
    tick = 1 / os.sysconf("SC_CLK_TCK")
    while time.monotonic() < deadline:
        before = _cpu_ticks(pid)
        time.sleep(0.5)
        if (_cpu_ticks(pid) - before) * tick / 0.5 < QUIET_SHARE:
            return


def _cpu_ticks(pid: int) -> int:
    """User and system time, fields 14 and 15 of /proc/PID/stat (proc_pid_stat(5))."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0


def last_lines(folder: Path, count: int = 15) -> str:
    """The last lines of the guest's console and of QEMU itself, for an error message."""
    texts = {"console": folder / "console.log", "QEMU": folder / "qemu.log"}
    found = {who: path.read_text(errors="replace").strip() for who, path in texts.items() if path.exists()}
    parts = [f"last lines of {who}:\n" + "\n".join(text.splitlines()[-count:]) for who, text in found.items() if text]
    return "\n".join(parts) or "it said nothing"
