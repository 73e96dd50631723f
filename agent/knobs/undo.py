# SPDX-License-Identifier: Apache-2.0
"""Undo before do: every setting's first value is on disk before the first write, and put back however a run ends.

The journal lies in the run directory and, as commands that need nobody, on the phone, where a process acts on it when
this computer falls silent (`agent.knobs.deadman`). A run that died leaves it open; `restore` finishes the job, from
either. Putting back is judged by reading back, like every write.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from agent.device.phone import BOOT_ID, Phone
from agent.knobs import leftover
from agent.knobs.base import Knob
from agent.knobs.deadman import DeadMan, Terms, here
from agent.knobs.discover import discover, find
from agent.knobs.leftover import Leftover
from agent.knobs.undisturbed import undisturbed
from reports.atomic import write_bytes
from reports.encoding import decode, encode
from reports.record import SCHEMA_VERSION
from workloads.errors import DeviceError, FinalError, InputError, ProofError, StoreError
from workloads.spec import Setting


@dataclass(frozen=True)
class Entry:
    """One setting that was, or was about to be, changed.

    Attributes:
        knob: its name.
        where: the file.
        first: its canonical value before the first write.
        state: `open` until it has been put back; `restored`; `stuck` when that failed.
        trouble: why it is stuck.
    """

    knob: str
    where: str
    first: str
    state: Literal["open", "restored", "stuck"] = "open"
    trouble: str | None = None


@dataclass(frozen=True)
class Journal:
    """What has to be put back on one phone.

    Attributes:
        serial: the phone's adb serial.
        boot_id: of the boot in which the settings were changed; another one means that they are gone by themselves.
        entries: in the order of the first writes.
        schema: version of this layout.
    """

    serial: str
    boot_id: str
    entries: tuple[Entry, ...] = ()
    schema: int = SCHEMA_VERSION

    @property
    def restored(self) -> bool:
        """Whether nothing is left to put back."""
        return all(entry.state == "restored" for entry in self.entries)

    def updated(self, changed: Entry) -> "Journal":
        """Return a journal in which the entry of that knob is replaced, or added."""
        known = any(entry.knob == changed.knob for entry in self.entries)
        kept = tuple(changed if entry.knob == changed.knob else entry for entry in self.entries)
        return replace(self, entries=kept if known else (*kept, changed))


def load(path: Path) -> Journal | None:
    """Read a journal; None when there is none.

    Raises:
        StoreError: it cannot be read, or a newer reclaim wrote it.
    """
    try:
        return decode(path.read_bytes(), Journal, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


@dataclass
class Guard:
    """Changes settings so that they can be put back. Made by `guarded`.

    Attributes:
        phone: whose settings.
        path: the journal; None for the phone's own alone.
        knobs: what the phone has, from `discover`.
        allow_unsafe: write settings that may harm the phone, too.
        journal: as it stands on disk.
        dead_man: the phone's own journal, and what acts on it.
        standing: knobs that hold for the whole run, whatever an arm sets.
    """

    phone: Phone
    path: Path | None
    knobs: Mapping[str, Knob]
    allow_unsafe: bool
    journal: Journal
    dead_man: DeadMan
    standing: set[str] = field(default_factory=set)

    def knob(self, name: str) -> Knob:
        """Return a knob of this phone.

        Raises:
            FinalError: it has none of that name.
        """
        return find(name, self.knobs, self.phone.serial)

    def set(self, name: str, value: str) -> str:
        """Write a setting and return the canonical value read back; its first value is on disk and phone before.

        Raises:
            InputError: no value of this knob.
            FinalError: no such knob, or writing it may harm the phone.
            ProofError: it did not take.
            StoreError, FinalError, TransientError: a journal cannot be written; then nothing was changed.
        """
        knob = self.knob(name)
        wanted = knob.canonical(value)
        if knob.risk and not self.allow_unsafe:
            raise FinalError(f"{self.phone.serial}: {name} is not written: {knob.risk}; --allow-unsafe-knob writes it")
        entry = next((entry for entry in self.journal.entries if entry.knob == name), None)
        if entry is None or entry.state == "restored":
            entry = Entry(name, knob.where, knob.read(self.phone))
            self._keep(entry)
        setting = (name, knob.where, entry.first)
        if not self.dead_man.holds(name):
            self.dead_man.hold(self.journal.boot_id, setting, knob.undo(self.phone, entry.first))
        return knob.write(self.phone, wanted)

    def hold(self, setting: Setting) -> str:
        """Set what holds for the whole run, and return the value read back; raises what `set` raises."""
        self.standing.add(setting.knob)
        return self.set(setting.knob, setting.value)

    def try_hold(self, setting: Setting) -> str | None:
        """Set what should hold for the whole run; where the phone refuses, return its words and leave nothing to undo.

        Raises:
            TransientError: the link dropped.
            FinalError: it was refused, and is no longer as it was either; `restore` puts it back.
            StoreError: a journal cannot be written.
        """
        try:
            self.hold(setting)
        except (FinalError, InputError, ProofError) as error:
            self.standing.discard(setting.knob)
            entry = next((entry for entry in self._left() if entry.knob == setting.knob), None)
            if entry is not None and self.knob(entry.knob).read(self.phone) != entry.first:
                raise
            if entry is not None:
                self._keep(replace(entry, state="restored"))
            return str(error)
        return None

    def apply(self, settings: Sequence[Setting]) -> dict[str, str]:
        """Set all of an arm, and give what other arms set its first value; knob -> value read back.

        Raises what `set` raises.
        """
        self.dead_man.check(self.journal.boot_id)
        named = self.standing | {setting.knob for setting in settings}
        for entry in self._left():
            if entry.knob not in named and self.knob(entry.knob).read(self.phone) != entry.first:
                self.knob(entry.knob).write(self.phone, entry.first)
        return {setting.knob: self.set(setting.knob, setting.value) for setting in settings}

    def restore(self) -> tuple[Entry, ...]:
        """Put every first value back, last change first; return the entries that could not be.

        What failed is tried again as long as others succeed: one may stand in the way of another.
        """
        before = -1
        while (left := self._left()) and len(left) != before:
            before = len(left)
            for entry in reversed(left):
                with contextlib.suppress(StoreError):  # a full disk must not keep the next setting from its first value
                    self._keep(self._put_back(entry))
        return self._left()

    def _left(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.journal.entries if entry.state != "restored")

    def _put_back(self, entry: Entry) -> Entry:
        try:
            knob = self.knob(entry.knob)
            if knob.read(self.phone) != entry.first or not self._rebooted():
                knob.write(self.phone, entry.first)
        except (DeviceError, ProofError, InputError) as error:
            return replace(entry, state="stuck", trouble=str(error))
        return replace(entry, state="restored", trouble=None)

    def _rebooted(self) -> bool:
        return self.phone.read_text(BOOT_ID) != self.journal.boot_id

    def _keep(self, entry: Entry) -> None:
        self.journal = self.journal.updated(entry)
        if self.path is not None:
            write_bytes(self.path, encode(self.journal))


@contextlib.contextmanager
def guarded(
    phone: Phone,
    path: Path,
    knobs: Mapping[str, Knob] | None = None,
    *,
    allow_unsafe: bool = False,
    terms: Terms = Terms(),  # noqa: B008 - a frozen value
) -> Iterator[Guard]:
    """Lend a `Guard`; when the block ends, however it ends, every setting has its first value again.

    A journal that is still open (a run that died) is gone on with: its first values are the true ones.

    Args:
        phone: the phone.
        path: the journal, in the run directory.
        knobs: what `discover` found; looked for when not given.
        allow_unsafe: write settings that may harm the phone, too.
        terms: when and where the phone acts by itself.

    Raises:
        InputError: the journal is another phone's.
        FinalError: another run's settings are not put back yet; or one of this run's could not be put back, and what
            else went wrong is its cause.
    """
    guard = begin(phone, path, discover(phone) if knobs is None else knobs, allow_unsafe=allow_unsafe, terms=terms)
    try:
        yield guard
    except BaseException as error:
        _finish(guard, error)
        raise
    _finish(guard)


def begin(
    phone: Phone,
    path: Path,
    knobs: Mapping[str, Knob],
    *,
    allow_unsafe: bool = False,
    terms: Terms = Terms(),  # noqa: B008 - a frozen value
) -> Guard:
    """Return what `guarded` lends, whose end is then the caller's; takes the same and raises the same."""
    journal, dead_man = _journal(phone, path), DeadMan(phone, str(path.parent.absolute()), terms)
    if (left := leftover.look(phone, terms.folder)) is not None:
        if not is_ours(left, path.parent):
            _refuse(phone, left, knobs)
            dead_man.forget()
        else:
            dead_man.numbers.update({kept.knob: kept.number for kept in left.settings})
    return Guard(phone, path, knobs, allow_unsafe, journal, dead_man)


def check(phone: Phone, run: Path, knobs: Mapping[str, Knob], terms: Terms) -> tuple[str, ...]:
    """Look whether a run may start; return what the phone did by itself since the last one, in lines. Writes nothing.

    Args:
        phone: the phone.
        run: directory of the run that is to start.
        knobs: from `discover`.
        terms: where the phone's own journal is.

    Raises:
        FinalError: another run is at work, or settings of an earlier one are not put back.
    """
    left = leftover.look(phone, terms.folder)
    if left is None or is_ours(left, run):
        return ()
    _refuse(phone, left, knobs)
    return tuple(leftover.told(left))


def restore(phone: Phone, path: Path | None, terms: Terms = Terms()) -> tuple[Entry, ...]:  # noqa: B008 - a frozen value
    """Finish what a run that died has left: put back what its journal and the phone's own say; return all entries.

    Args:
        phone: the phone.
        path: the run's journal; None, or one that is gone, for the phone's own alone.
        terms: where the phone's own journal is.

    Raises:
        InputError: there is no journal at `path` and none on the phone, or it is another phone's.
        FinalError: a setting could not be put back, or another computer is at work on the phone.
    """
    left = leftover.look(phone, terms.folder)
    if path is not None and not path.exists():
        if left is None:
            raise InputError(f"{path}: is not there, and {phone.serial} has no journal of its own: nothing to put back")
        path = None
    if left is not None and left.alive and left.host != here():
        _refuse(phone, left, {})
    dead_man = DeadMan(phone, "", terms)
    guard = Guard(phone, path, discover(phone), allow_unsafe=True, journal=_journal(phone, path), dead_man=dead_man)
    if left is not None:
        _take_over(guard, left)
    _finish(guard)
    return guard.journal.entries


def _take_over(guard: Guard, left: Leftover) -> None:
    """Add what only the phone knows to the journal."""
    if guard.journal.restored:
        guard.journal = replace(guard.journal, boot_id=left.boot_id)
    known = {entry.knob for entry in guard.journal.entries if entry.state != "restored"}
    for kept in left.settings:
        guard.dead_man.numbers[kept.knob] = kept.number
        if kept.knob not in known:
            guard.journal = guard.journal.updated(Entry(kept.knob, kept.where, kept.first))


def is_ours(left: Leftover, run: Path) -> bool:
    """Whether the phone's journal is that of the run in a directory of this computer."""
    return (left.host, left.run) == (here(), str(run.absolute()))


def _refuse(phone: Phone, left: Leftover, knobs: Mapping[str, Knob]) -> None:
    if why := leftover.refusal(phone, left, knobs):
        raise FinalError(why)


def _journal(phone: Phone, path: Path | None) -> Journal:
    journal = load(path) if path else None
    if journal and journal.serial != phone.serial:
        raise InputError(f"{path}: is the journal of {journal.serial}, not of {phone.serial}; choose it with -s")
    if journal is None or journal.restored:
        return Journal(phone.serial, phone.read_text(BOOT_ID), journal.entries if journal else ())
    return journal


def _finish(guard: Guard, error: BaseException | None = None) -> None:
    """Put everything back and end the dead-man; `error` is what ended the block."""
    try:
        with undisturbed(guard.dead_man.terms.grace_s, asked=isinstance(error, KeyboardInterrupt)):
            stuck = guard.restore()
            with contextlib.suppress(DeviceError):  # all is back already, or the phone is gone and acts by itself
                guard.dead_man.close([entry.knob for entry in stuck])
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(_left_to_the_phone(guard))
        raise
    if stuck:
        serial, why = guard.phone.serial, f"; this came after: {error}" if error and str(error) else ""
        lines = "; ".join(f"{entry.knob} was {entry.first}: {entry.trouble}" for entry in stuck)
        run = f" {guard.path.parent}" if guard.path else ""
        cure = f"run `reclaim restore -s {serial}{run}`, or reboot the phone"
        raise FinalError(f"{serial}: not put back: {lines}; {cure}{why}") from error


def _left_to_the_phone(guard: Guard) -> str:
    """What is true when putting back was cut off; the dead-man hears no more of us."""
    guard.dead_man.hush()
    serial, left = (
        guard.phone.serial,
        ", ".join(entry.knob for entry in guard.journal.entries if entry.state != "restored"),
    )
    if not left:
        return f"{serial}: its settings are back"
    return (
        f"{serial}: not put back yet: {left}; the phone does that {guard.dead_man.terms.silence_s:g} s from now,"
        f" `reclaim restore -s {serial}` at once"
    )
