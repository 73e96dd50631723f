# SPDX-License-Identifier: Apache-2.0
"""What a knob is: a setting of the kernel that can be read, written and, best of all, proven."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.device import batch
from agent.device.parse import chosen
from agent.device.phone import Phone
from agent.knobs.activity import Activity
from reports.record import Proof
from workloads.errors import FinalError, InputError, ProofError

INT_MAX = 2**31 - 1
"""What a signed number in the kernel holds; a range up to it is told as `or more`."""

BY_READ_BACK = "its own read-back before and after the trial; what it does is not looked at"
"""What proves a knob of which nothing more is known."""

PUT = 'while [ $# -gt 1 ]; do printf "%s\\n" "$2" >"$1"; s=$?; shift 2; done; exit $s'
"""Run as `sh -c PUT sh FILE VALUE [FILE VALUE ...]`: one write(2) each, as sysfs and sysctl files need; exit status: of
the last."""


class Knob(Protocol):
    """One setting of one phone. The properties describe it; the methods need the phone."""

    @property
    def name(self) -> str:
        """What experiments call it."""
        ...

    @property
    def where(self) -> str:
        """The file it is, for people and the journal."""
        ...

    @property
    def layout(self) -> str:
        """The form in which this phone has it; empty where there is one form only."""
        ...

    @property
    def risk(self) -> str | None:
        """Why writing it may harm the phone; None when nothing is known against it."""
        ...

    @property
    def fixed(self) -> str | None:
        """Why it cannot be switched while the phone runs, and what to do instead; None when it can."""
        ...

    @property
    def takes(self) -> str:
        """Which values it takes, for people."""
        ...

    @property
    def off(self) -> str | None:
        """Its canonical value for off; None where it has none."""
        ...

    @property
    def on(self) -> str | None:
        """Its canonical value for on, when nobody says how much; None where it has none."""
        ...

    @property
    def proof(self) -> str:
        """What proves that a value was in force, for people."""
        ...

    @property
    def notes(self) -> str:
        """What else changes with it, for people; may be empty."""
        ...

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """What to ask the phone to know its value."""
        ...

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:
        """Return the canonical value that the answers to `asks` tell.

        Raises:
            FinalError: they do not tell.
            InputError: what they tell is no value of this knob.
        """
        ...

    def canonical(self, text: str) -> str:
        """Turn what a user wrote, or the file holds, into the knob's one spelling.

        Raises:
            InputError: it is no value of this knob.
        """
        ...

    def read(self, phone: Phone) -> str:
        """Return the value now, canonical.

        Raises:
            FinalError: it cannot be read.
        """
        ...

    def refusal(self, phone: Phone, value: str) -> str | None:
        """Why this phone cannot be given this canonical value now; None when it can. Nothing is written to find out.

        Raises:
            FinalError: it cannot even be read.
        """
        ...

    def write(self, phone: Phone, value: str) -> str:
        """Write and read back; return the canonical value that is in force.

        Raises:
            ProofError: it did not take, or the kernel said both yes and no.
        """
        ...

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge whether `value` was in force between two samples."""
        ...

    def undo(self, phone: Phone, first: str) -> tuple[str, ...]:
        """Return the command, word by word, by which the phone can write `first` by itself.

        It is run on the phone, without this computer, as root where there is root, from `/` and without input; asked
        for before the first write.
        """
        ...


@dataclass(frozen=True)
class FileKnob:
    """A knob that is one file; families with more to say extend it.

    Attributes:
        name: what experiments call it.
        where: path of the file.
        risk: why writing it may harm the phone.
        layout: the form in which this phone has it.
        fixed: why it cannot be switched while the phone runs, and what to do instead.
        notes: what else changes with it.
    """

    name: str
    where: str
    risk: str | None = None
    layout: str = ""
    fixed: str | None = None
    notes: str = ""

    @property
    def values(self) -> str:
        """Which values the file takes, for people; of any file nothing is known."""
        return "what the file takes"

    @property
    def takes(self) -> str:
        """Which values the knob takes, for people."""
        return "only the value it has, while the phone runs" if self.fixed else self.values

    @property
    def off(self) -> str | None:
        """None: of any file it is not known what off is."""
        return None

    @property
    def on(self) -> str | None:
        """None: of any file it is not known what on is."""
        return None

    @property
    def proof(self) -> str:
        """What proves a value, for people."""
        return BY_READ_BACK

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """The file."""
        return (batch.file(self.where),)

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:
        """Return the canonical value that the file's text tells; see `Knob`."""
        ((answer,),) = answers
        if not answer.ok:
            raise FinalError(f"cannot read {self.where}: {answer.text.strip()}")
        return self.canonical(answer.text)

    def canonical(self, text: str) -> str:
        """Turn `0x0007` into `7`, `Y` into `1`, `lzo [lz4]` into `lz4`, and runs of white space into one space.

        `lru_gen/enabled` takes 7 and reads 0x0007 (mm/vmscan.c); bool parameters take 1 and read Y (kernel/params.c).
        """
        text = text.strip()
        word = chosen(text) or " ".join(text.split())
        if re.fullmatch(r"0[xX][0-9a-fA-F]+", word):
            return str(int(word, 16))
        return {"Y": "1", "y": "1", "N": "0", "n": "0"}.get(word, word)

    def spell(self, value: str) -> str:
        """Return what to write into the file for a canonical value."""
        return value

    def agrees(self, wanted: str, found: str) -> bool:
        """Whether the canonical value `found` means that `wanted` was taken."""
        return found == wanted

    def read(self, phone: Phone) -> str:
        """Return the value now, canonical; see `Knob`."""
        answers = phone.ask(*self.asks) if self.asks else ()
        try:
            return self.value(answers)
        except FinalError as error:
            raise FinalError(f"{phone.serial}: {error}") from None

    def refusal(self, phone: Phone, value: str) -> str | None:
        """Refuse what a fixed knob does not have already; see `Knob`."""
        now = self.read(phone)
        if self.fixed is None or self.agrees(value, now):
            return None
        return (
            f"{self.name} is {now} and cannot be changed to {value} while the phone runs ({self.where}): {self.fixed}"
        )

    def write(self, phone: Phone, value: str) -> str:
        """Write, read back, compare canonical forms; the kernel's own yes or no is evidence, never the verdict.

        Raises:
            ProofError: the value did not take, or it reads back although the kernel refused it.
        """
        wanted = self.canonical(value)
        if self.fixed is not None:
            if why := self.refusal(phone, wanted):
                raise ProofError(f"{phone.serial}: {why}")
            return self.read(phone)
        written = phone.try_write(self.where, self.spell(wanted))
        found = self.canonical(written.text)
        if not self.agrees(wanted, found):
            told = f"{phone.serial}: {self.name}: wrote {wanted}, but {self.where} reads back {found}"
            raise ProofError(self._rejected(written.refusal, wanted) if written.refusal else told)
        if written.refusal:
            raise ProofError(self._lie(written.refusal, wanted))
        return found

    def _rejected(self, refusal: str, _wanted: str) -> str:
        """Say that the kernel refused and the file kept its value."""
        return f"{refusal}; {self.name} takes {self.takes}"

    def _lie(self, refusal: str, wanted: str) -> str:
        """Say that the file holds what the kernel refused."""
        return (
            f"{refusal}; yet {self.where} now reads {wanted}: this file cannot be believed, so the setting is not used"
        )

    def undo(self, phone: Phone, first: str) -> tuple[str, ...]:  # noqa: ARG002 - other knobs look at the phone
        """Return the write; see `Knob`."""
        return ("sh", "-c", PUT, "sh", self.where, self.spell(first))

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:  # noqa: ARG002 - families use them
        """Judge by read-back alone: nothing else is known of this knob's effect."""
        if self.agrees(self.canonical(value), read_back):
            return Proof(
                "taken", read_back, {}, f"{self.where} read {read_back} before and after; its effect is not known"
            )
        return Proof("not_taken", read_back, {}, f"{self.where} was set to {value} and read {read_back} afterwards")


@dataclass(frozen=True, kw_only=True)
class NumberKnob(FileKnob):
    """A file that holds one whole number.

    Attributes:
        least: the smallest it takes.
        most: the largest it takes.
        unit: what is counted, for people.
        default: the kernel's own, for people; None where it differs from phone to phone.
    """

    least: int = 0
    most: int
    unit: str = ""
    default: int | None = None

    @property
    def values(self) -> str:
        """The range, with its unit."""
        told = f" (kernel's default {self.default})" if self.default is not None else ""
        span = f"{self.least} or more" if self.most >= INT_MAX else f"{self.least} to {self.most}"
        return f"{span} {self.unit}".rstrip() + told

    def canonical(self, text: str) -> str:
        """Keep whole numbers within bounds.

        Raises:
            InputError: it is something else.
        """
        return str(whole_number(text, self.name, self.least, self.most))


def whole_number(text: str, knob: str, least: int, most: int) -> int:
    """Read a whole number within bounds.

    Raises:
        InputError: it is something else.
    """
    word = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", word) or not least <= int(word) <= most:
        raise InputError(f"{knob}: {text!r} is not a whole number from {least} to {most}")
    return int(word)
