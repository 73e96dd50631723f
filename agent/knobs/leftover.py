# SPDX-License-Identifier: Apache-2.0
"""What an earlier run has left on a phone: its undo journal, whoever it was and wherever its run directory is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent.device import batch
from agent.device.phone import BOOT_ID, Phone
from agent.knobs.base import Knob
from agent.knobs.deadman import FOLDER, SWEEP, here
from agent.knobs.deadman_scripts import ALIVE
from agent.knobs.discover import find
from reports.printable import printable
from workloads.errors import FinalError, InputError


@dataclass(frozen=True)
class Kept:
    """One setting of the phone's journal; everything is the phone's word.

    Attributes:
        number: its folder.
        knob: its name.
        where: its file.
        first: its value before the first write.
        at: when the phone has put it back by itself; None when it has not.
        back: what it read then.
        stuck: whether it could not be put back while a computer was there.
    """

    number: str
    knob: str
    where: str
    first: str
    at: str | None
    back: str | None
    stuck: bool


@dataclass(frozen=True)
class Leftover:
    """The phone's journal.

    Attributes:
        serial: the phone.
        run: directory of the run that changed the settings.
        host: the computer it ran on.
        limit: seconds of silence after which the phone acts.
        boot_id: of the boot in which they were changed.
        rebooted: whether the phone has started anew since.
        alive: whether its dead-man runs.
        settings: in the order of the first writes.
    """

    serial: str
    run: str
    host: str
    limit: str
    boot_id: str
    rebooted: bool
    alive: bool
    settings: tuple[Kept, ...]

    @property
    def owner(self) -> str:
        """Whose it is, for people."""
        return f"{printable(self.run, 200)} on {printable(self.host, 80)}"


def look(phone: Phone, folder: str = FOLDER) -> Leftover | None:
    """Return what is there, in one round trip; None on a phone that was left clean.

    Raises:
        FinalError: it is there and cannot be read.
        TransientError: the link dropped.
    """
    top, inner, (alive,), (boot,) = phone.ask(
        batch.each(f"{folder}/*"),
        batch.each(f"{folder}/[0-9]*/*"),
        batch.program("sh", "-c", ALIVE, "sh", folder),
        batch.file(BOOT_ID),
    )
    for answer in (*top, *inner):
        if not answer.ok:
            raise FinalError(
                f"{phone.serial}: the undo journal of an earlier run cannot be read: {answer.text.strip()}"
            )
    if not top:
        return None
    facts = {PurePosixPath(answer.name).name: answer.text.strip() for answer in top}
    boot_id = facts.get("boot", "")
    rebooted = boot_id != boot.text.strip()
    return Leftover(
        serial=phone.serial,
        run=facts.get("run", "an earlier run"),
        host=facts.get("host", "some computer"),
        limit=printable(facts.get("limit", "90"), 10),
        boot_id=boot_id,
        rebooted=rebooted,
        alive=alive.ok and not rebooted,
        settings=tuple(_settings(inner)),
    )


def _settings(answers: tuple[batch.Answer, ...]) -> Iterator[Kept]:
    folders: dict[str, dict[str, str]] = {}
    for answer in answers:
        path = PurePosixPath(answer.name)
        folders.setdefault(path.parent.name, {})[path.name] = answer.text.removesuffix("\n")
    for number, files in sorted((number, files) for number, files in folders.items() if number != SWEEP):
        yield Kept(
            number=number,
            knob=files.get("knob", ""),
            where=files.get("where", ""),
            first=files.get("first", ""),
            at=files.get("at"),
            back=files.get("back"),
            stuck="stuck" in files,
        )


def told(left: Leftover) -> Iterator[str]:
    """Say what the phone did by itself, one line per setting."""
    if left.rebooted:
        names = ", ".join(printable(kept.knob) for kept in left.settings) or "nothing"
        yield f"{left.serial}: it has rebooted since {left.owner} was cut off; what that had changed is gone: {names}"
        return
    for kept in left.settings:
        if kept.at is not None:
            knob, first = printable(kept.knob), printable(kept.first)
            now = f"; it read {printable(kept.back.strip(), 80)}" if kept.back else ""
            yield (
                f"{left.serial}: the phone restored {knob} ({first}) itself at {printable(kept.at, 40)}, when it had"
                f" heard nothing of {left.owner} for {left.limit} s{now}"
            )


def refusal(phone: Phone, left: Leftover, knobs: Mapping[str, Knob]) -> str | None:
    """Say why no run may start on a phone in this state, in one line; None when every setting is as it was.

    Raises:
        TransientError: the link dropped.
    """
    serial = left.serial
    if left.alive and left.host != here():
        return (
            f"{serial}: somebody else is at work on it: {left.owner}; end that run first. If it is gone already, the"
            f" phone puts its settings back {left.limit} s after it last heard of it"
        )
    cure = f"`reclaim restore -s {serial}`"
    if left.alive:
        return (
            f"{serial}: {printable(left.run, 200)} was cut off and its settings are in force still; {cure} puts them"
            f" back now, the phone itself does when it has heard nothing for {left.limit} s"
        )
    if left.rebooted:
        return None
    changed = [line for kept in left.settings if (line := _changed(phone, kept, knobs))]
    return (
        f"{serial}: not as it was before {left.owner}: {'; '.join(changed)}; {cure} puts it back" if changed else None
    )


def _changed(phone: Phone, kept: Kept, knobs: Mapping[str, Knob]) -> str | None:
    name, first = printable(kept.knob), printable(kept.first)
    if kept.stuck:
        return f"{name} was {first} and could not be put back"
    try:
        now = find(kept.knob, knobs, phone.serial).read(phone)
    except (FinalError, InputError) as error:
        return f"{name} was {first}: {printable(str(error))}"
    return None if now == kept.first else f"{name} was {first} and is {printable(now)}"
