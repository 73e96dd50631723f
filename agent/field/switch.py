# SPDX-License-Identifier: Apache-2.0
"""A knob switched by hand while a phone is watched: through the undo journal, and put back however it ends."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from agent.device.lock import taken
from agent.device.phone import Phone
from agent.knobs import undo
from agent.knobs.base import Knob
from agent.knobs.discover import discover, find
from agent.knobs.undo import Guard
from reports import folders
from workloads.errors import FinalError, StoreError
from workloads.spec import Setting


@dataclass
class Hands:
    """What is done to a phone while it is watched: nothing, until the first key asks for something.

    Attributes:
        phone: the phone.
        name: of the knob to switch.
        stack: puts everything back when it is closed.
        allow_unsafe: write a setting that may harm the phone, too.
    """

    phone: Phone
    name: str
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    allow_unsafe: bool = False
    _taken: bool = False
    _guard: Guard | None = None

    def take(self) -> None:
        """Make sure that nobody else works with the phone from now on.

        Raises:
            TransientError: another process does.
        """
        if not self._taken:
            self.stack.enter_context(taken(self.phone))
            self._taken = True

    def toggle(self) -> str:
        """Switch the knob from off to on or back; return the value read back.

        Raises:
            FinalError: there is no such knob here, it has no off and on, or it may harm the phone.
            ProofError: it did not take.
            TransientError: the link dropped, or another process works with the phone.
        """
        self.take()
        guard = self._guard or self._begin()
        knob = guard.knob(self.name)
        guard.dead_man.check(guard.journal.boot_id)
        value = _other(knob, knob.read(self.phone), self.phone.serial)
        if why := guard.try_hold(Setting(self.name, value)):
            raise FinalError(why)
        return knob.read(self.phone)

    def _begin(self) -> Guard:
        knobs = discover(self.phone)
        knob = find(self.name, knobs, self.phone.serial)
        _other(knob, "", self.phone.serial)
        if self.phone.root.kind == "none" and knob.where.startswith("/"):
            raise FinalError(f"{self.phone.serial}: {self.name} is not switched: writing {knob.where} needs root")
        guarded = undo.guarded(self.phone, journal(self.phone.serial), knobs, allow_unsafe=self.allow_unsafe)
        self._guard = self.stack.enter_context(guarded)
        return self._guard


def journal(serial: str) -> Path:
    """Where this computer keeps what `watch` changed on a phone; it is an earlier one's that is gone on with.

    Raises:
        StoreError: the state folder cannot be written.
    """
    folder = folders.state_dir() / "watch" / quote(serial, safe="")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be made: {error.strerror}; set RECLAIM_STATE to another folder") from error
    return folder / "undo.json"


def _other(knob: Knob, now: str, serial: str) -> str:
    """The value to switch to."""
    if knob.fixed is not None:
        raise FinalError(f"{serial}: {knob.name} cannot be switched while the phone runs: {knob.fixed}")
    if knob.off is None or knob.on is None:
        raise FinalError(f"{serial}: {knob.name} has no off and on; name another with --knob")
    return knob.on if now == knob.off else knob.off
