# SPDX-License-Identifier: Apache-2.0
"""Files that a user named on the command line: all of them are looked at before the first is written."""

import os
from collections.abc import Mapping
from pathlib import Path

from reports.atomic import unwritable, write_bytes
from reports.store import is_part_of_a_run
from workloads.errors import InputError, StoreError


def write_named(files: Mapping[Path, bytes]) -> None:
    """Write files where a user wants them; each appears whole or not at all.

    A link is followed. What is there and is no file, such as /dev/null or a pipe, is written into, never replaced.

    Args:
        files: path -> content.

    Raises:
        InputError: one is a directory or a part of a run; nothing is written then.
        StoreError: one cannot be written; where its folder is to blame, nothing is written.
    """
    for path in files:
        check_named(path)
    for path, data in files.items():
        _write(path, data)


def check_named(path: Path) -> None:
    """Look at a file that is to be written later, so that nobody works for an hour in vain.

    Raises:
        InputError: it is a directory or a part of a run.
        StoreError: its folder is missing, or not this user's to write in.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a directory; name a file")
    if is_part_of_a_run(path):
        raise InputError(f"{path}: is a part of a run, which would be lost; name another file")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise StoreError(f"{path}: cannot be written: there is no directory {folder}; make it, or name another file")
    if not os.access(folder, os.W_OK | os.X_OK) and not _is_special(path):
        raise StoreError(f"{path}: cannot be written: {folder} is not yours to write in; name another file")


def _write(path: Path, data: bytes) -> None:
    if not _is_special(path):
        write_bytes(path.resolve(), data)
        return
    try:
        with path.open("wb") as file:
            file.write(data)
    except OSError as error:
        raise unwritable(path, error) from error


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file()
