# SPDX-License-Identifier: Apache-2.0
"""Folders that appear whole or not at all, one writer at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workloads.errors import SetupError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; the kernel drops it when this process ends, however it ends (flock(2))."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def appearing(final: Path) -> Iterator[Path]:
    """Give a folder beside `final` to fill; when the block ends well it is flushed to disk and renamed to `final`.

    Call it with `locked`: what an interrupted call left behind is removed first.

    Raises:
        SetupError: the disk is full or may not be written.
    """
    # a name of its own: children of a killed build may still write to the old one for a moment
    partial = final.with_name(f".{final.name}.partial-{os.getpid()}")
    try:
        for old in final.parent.glob(".*.partial-*"):
            shutil.rmtree(old, ignore_errors=True)
        partial.mkdir(parents=True)
        yield partial
        _flush(partial)
        if final.exists():
            shutil.rmtree(final)
        partial.rename(final)
        _sync(final.parent)
    except OSError as error:
        raise SetupError(
            f"cannot write {final}: {error.strerror or error}; free some space or set RECLAIM_CACHE"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _flush(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink():
            _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
