# SPDX-License-Identifier: Apache-2.0
"""A run directory as a thing that processes work in: free or taken, one at a time, and told how to go on with."""

import contextlib
import fcntl
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from reports.atomic import unwritable
from reports.store import RunStore
from workloads.errors import ReclaimError, StoreError

BROKE_OFF = "broke off"
"""Name of the event where a run ended before its plan did; `why` tells."""


def refuse_taken(path: Path) -> None:
    """Pass unless a run lies at `path` already.

    Raises:
        StoreError: one does.
    """
    if (path / "plan.json").exists():
        raise StoreError(f"{path}: holds a run already; `reclaim resume {shlex.quote(str(path))}` goes on with it")


@contextlib.contextmanager
def occupied(path: Path) -> Iterator[None]:
    """Keep a run directory for this process while the block runs; the kernel lets go when it ends, however it ends.

    The directory itself is locked (flock(2)), so that no file of the run has to be written for it.

    Raises:
        StoreError: another process works in it, or it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreError(f"{path}: another process is at work on this run; wait until it ends, or end it") from None
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def telling_how_to_go_on(path: Path) -> Iterator[None]:
    """Add to what ends the block early a note that says how the run at `path` goes on; the event is kept, too."""
    try:
        yield
    except (ReclaimError, KeyboardInterrupt) as error:
        with contextlib.suppress(StoreError):  # no run was begun, or its disk is full: the error itself is told
            store = RunStore.open(path)
            error.add_note(how_to_go_on(store))
            store.append_event({"event": BROKE_OFF, "why": str(error) or "interrupted"})
        raise


def how_to_go_on(store: RunStore) -> str:
    """One line: how much of a run is kept, and the command that goes on with it."""
    kept = len({record.trial.place for record in store.records()})
    return (
        f"{kept} of {len(store.plan.trials)} trials are kept; `reclaim resume {shlex.quote(str(store.path))}` goes on"
    )
