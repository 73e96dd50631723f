# SPDX-License-Identifier: Apache-2.0
"""Running handhelds, written down so that another command can list and stop them."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.handheld.guard import Identity
from agent.handheld.host import state_dir
from agent.handheld.options import HandheldOptions
from workloads.errors import InputError

_STARTING_S = 600.0
"""A folder without a state file is somebody's start in progress; after this long it is rubbish."""


@dataclass(frozen=True)
class Running:
    """One handheld, as its state.json keeps it.

    Attributes:
        name: unique among the running ones.
        serial: adb serial, 127.0.0.1:PORT.
        adb_server: HOST:PORT of its adb server.
        qemu: its QEMU process.
        adb: its adb server's process.
        kept: started with --keep: outlives its command.
        options: what it was started with.
        started_s: seconds since 1970.
    """

    name: str
    serial: str
    adb_server: str
    qemu: Identity
    adb: Identity
    kept: bool
    options: HandheldOptions
    started_s: float


def machines_dir() -> Path:
    """The folder that holds one folder per handheld."""
    return state_dir() / "machines"


def reserve(name: str | None) -> Path:
    """Make the folder of a new handheld, by a name of its own or the next free `handheld-N`.

    Raises:
        InputError: the name is taken or cannot be a folder's.
    """
    machines_dir().mkdir(parents=True, exist_ok=True, mode=0o700)
    running()
    candidates = [name] if name else [f"handheld-{number}" for number in range(1, 1000)]
    for candidate in candidates:
        if not candidate.replace("-", "").replace("_", "").isalnum():
            raise InputError(f"{candidate!r} cannot name a handheld: use letters, digits, - and _")
        try:
            (machines_dir() / candidate).mkdir(mode=0o700)
        except FileExistsError:
            continue
        return machines_dir() / candidate
    raise InputError(f"a handheld called {name} runs already: choose another name, or reclaim handheld stop {name}")


def write(folder: Path, entry: Running) -> None:
    """Write a handheld down; whole or not at all."""
    partial = folder / "state.json.partial"
    partial.write_bytes(msgspec.json.encode(entry))
    partial.replace(folder / "state.json")


def running() -> tuple[Running, ...]:
    """Handhelds that run now, by name; what dead ones left behind is removed."""
    return tuple(sorted(_living(), key=lambda entry: entry.name))


def _living() -> Iterator[Running]:
    if not machines_dir().is_dir():
        return
    for folder in machines_dir().iterdir():
        entry = _read(folder)
        if entry is None:
            if time.time() - folder.stat().st_mtime > _STARTING_S:
                shutil.rmtree(folder, ignore_errors=True)
        elif entry.qemu.alive:
            yield entry
        else:
            end(entry)


def _read(folder: Path) -> Running | None:
    try:
        return msgspec.json.decode((folder / "state.json").read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None


def end(entry: Running) -> None:
    """Kill a handheld and its adb server, and forget it. Its disk is its own: nothing is worth a goodbye."""
    entry.qemu.kill()
    entry.adb.kill()
    shutil.rmtree(machines_dir() / entry.name, ignore_errors=True)


def stop(name: str | None) -> tuple[str, ...]:
    """Stop one handheld, or all of them; also one whose QEMU hangs.

    Returns:
        The names of those that were stopped.

    Raises:
        InputError: no handheld of that name runs.
    """
    found = running()
    chosen = [entry for entry in found if name in (None, entry.name)]
    if name is not None and not chosen:
        others = ", ".join(entry.name for entry in found) or "none runs"
        raise InputError(f"no handheld called {name} runs (running: {others})")
    for entry in chosen:
        end(entry)
    return tuple(entry.name for entry in chosen)
