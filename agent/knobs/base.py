# SPDX-License-Identifier: Apache-2.0
"""What a knob is: a setting of the kernel that can be read, written and, best of all, proven."""

import re
from dataclasses import dataclass
from typing import Protocol

from agent.device.parse import chosen
from agent.device.phone import Phone
from agent.knobs.activity import Activity
from reports.record import Proof
from workloads.errors import InputError, ProofError


class Knob(Protocol):
    """One setting of one phone. `name`, `where`, `risk` and `takes` describe it; the rest needs the phone."""

    @property
    def name(self) -> str:
        """What experiments call it."""
        ...

    @property
    def where(self) -> str:
        """The file it is, for people and the journal."""
        ...

    @property
    def risk(self) -> str | None:
        """Why writing it may harm the phone; None when nothing is known against it."""
        ...

    @property
    def takes(self) -> str:
        """Which values it takes, for people."""
        ...

    def canonical(self, text: str) -> str:
        """Turn what a user wrote, or the file holds, into the knob's one spelling.

        Raises:
            InputError: it is no value of this knob.
        """
        ...

    def read(self, phone: Phone) -> str:
        """Return the value now, canonical."""
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


@dataclass(frozen=True)
class FileKnob:
    """A knob that is one file; families with more to say extend it.

    Attributes:
        name: what experiments call it.
        where: path of the file.
        risk: why writing it may harm the phone.
    """

    name: str
    where: str
    risk: str | None = None

    @property
    def takes(self) -> str:
        """Which values it takes, for people; of any file nothing is known."""
        return "what the file takes"

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

    def read(self, phone: Phone) -> str:
        """Return the value now, canonical; see `Knob`.

        Raises:
            FinalError: the file cannot be read.
        """
        return self.canonical(phone.read_text(self.where))

    def write(self, phone: Phone, value: str) -> str:
        """Write, read back, compare canonical forms; the kernel's own yes or no is evidence, never the verdict.

        Raises:
            ProofError: the value did not take, or it reads back although the kernel refused it.
        """
        wanted = self.canonical(value)
        written = phone.try_write(self.where, self.spell(wanted))
        found = self.canonical(written.text)
        if found != wanted:
            told = f"{phone.serial}: {self.name}: wrote {wanted}, but {self.where} reads back {found}"
            raise ProofError(written.refusal or told)
        if written.refusal:
            raise ProofError(self._lie(written.refusal, wanted))
        return found

    def _lie(self, refusal: str, wanted: str) -> str:
        """Say that the file holds what the kernel refused."""
        return (
            f"{refusal}; yet {self.where} now reads {wanted}: this file cannot be believed, so the setting is not used"
        )

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:  # noqa: ARG002 - families use them
        """Judge by read-back alone: nothing else is known of this knob's effect."""
        if read_back == self.canonical(value):
            return Proof(
                "taken", read_back, {}, f"{self.where} read {read_back} before and after; its effect is not known"
            )
        return Proof("not_taken", read_back, {}, f"{self.where} was set to {value} and read {read_back} afterwards")


@dataclass(frozen=True)
class ReadOnlyKnob(FileKnob):
    """A knob that can be read but not changed while the phone runs."""

    @property
    def takes(self) -> str:
        """None but what it has."""
        return "only the value it has, while the phone runs"

    def write(self, phone: Phone, value: str) -> str:
        """Accept the value it already has, refuse others.

        Raises:
            ProofError: it has another value.
        """
        found = self.read(phone)
        if found != self.canonical(value):
            raise ProofError(
                f"{phone.serial}: {self.name} is {found} and cannot be changed to {value} while it runs ({self.where})"
            )
        return found


def whole_number(text: str, knob: str, least: int, most: int) -> int:
    """Read a whole number within bounds.

    Raises:
        InputError: it is something else.
    """
    word = text.strip()
    if not re.fullmatch(r"\d{1,9}", word) or not least <= int(word) <= most:
        raise InputError(f"{knob}: {text!r} is not a whole number from {least} to {most}")
    return int(word)
