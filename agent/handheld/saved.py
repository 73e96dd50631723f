# SPDX-License-Identifier: Apache-2.0
"""Saved states: a booted, quiet guest's memory beside the exact contents of its /data disk.

Every start gets a qcow2 layer of its own, on top of the saved layer or of the empty disk; lower layers are never
written to again, so any number of starts share them.
"""

import hashlib
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.handheld.folders import appearing, locked
from agent.handheld.host import cache_dir, run

KEPT = 8
"""States kept, newest first: about 90 MB each."""


@dataclass(frozen=True)
class SavedState:
    """A state on disk."""

    path: Path

    @property
    def data(self) -> Path:
        """The /data layer that belongs to the memory."""
        return self.path / "data.qcow2"

    @property
    def reader(self) -> str:
        """Shell command that prints QEMU's migration stream, or nonsense where it cannot.

        Without the nonsense QEMU 7.2 waits for ever at the end of an empty stream.
        """
        return f"zstd -dcq {shlex.quote(str(self.path / 'memory.zst'))} || printf '%064d' 0"


def key(parts: Sequence[str]) -> str:
    """Names a state by all it depends on: QEMU's version, machine, kernel line, image."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def find(name: str) -> SavedState | None:
    """The state of that key, if it was finished."""
    path = _folder() / name
    return SavedState(path) if path.is_dir() else None


def keep(name: str, memory: Path, data: Path) -> SavedState:
    """Move a memory file, and copy the /data layer that belongs to it, to where later starts find them."""
    final = _folder() / name
    with locked(cache_dir() / "saved.lock"):
        with appearing(final) as folder:
            shutil.move(memory, folder / "memory.zst")
            shutil.copy2(data, folder / "data.qcow2")
        for old in sorted(_folder().glob("[!.]*"), key=lambda path: path.stat().st_mtime, reverse=True)[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    return SavedState(final)


def drop(state: SavedState) -> None:
    """Forget a state that did not wake up."""
    shutil.rmtree(state.path, ignore_errors=True)


def layer(base: Path, path: Path) -> None:
    """Make an empty qcow2 layer on a disk (raw, or another layer)."""
    kind = "qcow2" if base.suffix == ".qcow2" else "raw"
    run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", str(base), str(path)], "making the /data disk")


def _folder() -> Path:
    return cache_dir() / "saved"
