# SPDX-License-Identifier: Apache-2.0
"""One process of this user works with a phone at a time.

A phone is locked under its adb serial and under what tells two serials of one phone (HOST:PORT over Wi-Fi, another by
USB): the number it calls itself by, and its boot, whose id the kernel draws anew each time (drivers/char/random.c).
The number holds through a reboot; the boot is there where a board has no number. The kernel drops a lock when its
process ends, however it ends (flock(2)), so that none is ever stale. Runs of other users and computers are told apart
by the phone's own journal (`agent.knobs.leftover`).
"""

import contextlib
import fcntl
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

from agent.device import batch
from agent.device.phone import BOOT_ID, Phone
from reports import folders
from reports.printable import printable
from workloads.errors import SetupError, TransientError

_UNTOLD = re.compile(r"|unknown|0123456789ABCDEF|0+|EMULATOR\w+")
"""No numbers, or those of boards and emulators that many share: they would lock phones out that are not the same."""


@contextlib.contextmanager
def taken(phone: Phone) -> Iterator[None]:
    """Keep the phone for this process while the block runs.

    Raises:
        TransientError: another process works with it; its pid and command are told. Or the link dropped.
        SetupError: the state folder cannot be written.
    """
    with contextlib.ExitStack() as locks:
        for name in sorted(_names(phone)):
            path = folders.state_dir() / "phones" / f"{quote(name, safe='')[:200]}.lock"
            locks.enter_context(locked(path, phone.serial))
        yield


def _names(phone: Phone) -> set[str]:
    numbers = (batch.program("getprop", name) for name in ("ro.serialno", "ro.boot.serialno"))
    told = {answer.text.strip() for (answer,) in phone.ask(*numbers, batch.file(BOOT_ID), as_root=False) if answer.ok}
    return {phone.serial, *(name for name in told if not _UNTOLD.fullmatch(name))}


@contextlib.contextmanager
def locked(path: Path, name: str) -> Iterator[None]:
    """Keep a lock file for this process while the block runs.

    Args:
        path: the file; its folder is made.
        name: what it stands for, in what is told of a process that has it.

    Raises:
        TransientError: another process has it; its pid and command are told.
        SetupError: it cannot be written.
    """
    with _opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TransientError(_busy(name, file.read())) from None
        file.truncate(0)
        file.write(f"{os.getpid()} {shlex.join(sys.argv)}\n")
        file.flush()
        yield


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{path}: cannot be written: {error.strerror}; set RECLAIM_STATE to another folder") from error


def _busy(name: str, text: str) -> str:
    pid, _, command = text.strip().partition(" ")
    who = f"process {printable(pid, 20)} of this computer (`{printable(command, 200)}`)" if pid else "another process"
    return f"{name}: busy: {who} works with it; wait until that ends, or end it"
