# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all, and say in one line why they could not be written."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from workloads.errors import StoreError


def write_bytes(path: Path, data: bytes, *, exclusive: bool = False) -> None:
    """Write a file so that a reader, or a crash, meets the old content or the new, never a part.

    The data goes to a temporary file beside `path`, is synced, renamed over it, and the directory is synced:
    the order rename(2) and fsync(2) ask for.

    Args:
        path: the file.
        data: its whole content.
        exclusive: refuse when the file is there already; decided by link(2), so that of two writers one wins.

    Raises:
        StoreError: it cannot be written (disk full, no permission, there already).
    """
    draft = path.with_name(f".{path.name}.{token_hex(6)}.part")  # on NFS another host may have this process's number
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if exclusive:
            os.link(draft, path)
        else:
            draft.replace(path)
        sync_directory(path.parent)
    except FileExistsError:
        raise StoreError(f"{path}: is there already; choose another directory") from None
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def append_line(path: Path, line: bytes) -> None:
    """Add one line to a file; when the disk is full the file ends where it ended before.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        before = os.fstat(descriptor).st_size
        written = os.write(descriptor, line + b"\n")
        if written != len(line) + 1:  # a short write is how ENOSPC shows when some room was left
            os.ftruncate(descriptor, before)
            raise StoreError(f"{path}: cannot be written: no space left on device; free some space")
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory as durable as their files; fsync(2) demands it."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> StoreError:
    """The one line for a file that cannot be written."""
    return StoreError(f"{path}: cannot be written: {error.strerror}; free some space or choose another directory")
