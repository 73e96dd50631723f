# SPDX-License-Identifier: Apache-2.0
"""zram's settings that count only before disksize, as knobs that can be switched: `zram.algorithm`, `zram.disksize`.

Documentation/admin-guide/blockdev/zram.rst. A write to any of them answers EBUSY while the disk is in use, so each
switch is a whole dance (`agent.knobs.zram.dance`); `recomp_algorithm`, `mem_limit` and the others are kept.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.device import batch, parse
from agent.device.phone import Phone
from agent.knobs.activity import Activity, growth
from agent.knobs.base import FileKnob, Knob
from agent.knobs.family import Family, Seen
from agent.knobs.zram.dance import argv, dance, look
from agent.knobs.zram.state import ASKS, DISK, Swap, read_state
from reports.record import Proof
from workloads.errors import FinalError, InputError, ProofError

MIN_SWAPPED_PAGES = 2048
"""Fewer pages than this (8 MiB) written to swap and neither algorithm nor size mattered."""

NOTES = (
    "all that is swapped comes back into memory first, and there is no swap for a moment: lmkd may kill cached apps; "
    "zram's statistics start anew; levels given by algorithm_params cannot be read, so they are lost"
)
_LEAST_BYTES = 1 << 20
_PAGE = 4096
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, kw_only=True)
class SetUpKnob(FileKnob):
    """One file of zram0 that takes a value only between reset and disksize."""

    @property
    def step(self) -> str:
        """The file's name below zram0."""
        return self.where.rpartition("/")[2]

    @property
    def proof(self) -> str:
        """Read-back while there was swapping."""
        return f"its own read-back, and {MIN_SWAPPED_PAGES} pages or more written to swap since"

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """All of zram0: after a dance that died, what counts is how it was before."""
        return ASKS

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:
        """Return what it was set to; see `Knob`."""
        found = read_state(answers).value(self.step)
        if found is None:
            raise FinalError(f"cannot read {self.where}; that takes root")
        return self.canonical(found)

    def refusal(self, phone: Phone, value: str) -> str | None:
        """Look at what the disk is and at the memory; see `Knob`."""
        state = look(phone)
        now = state.value(self.step)
        if now is None:
            raise FinalError(f"{phone.serial}: cannot read {self.where}; that takes root")
        if state.active and self.canonical(now) == value:
            return None
        why = state.refusal()
        return f"{self.name} is {now} and cannot be changed to {value}: {why}" if why else None

    def write(self, phone: Phone, value: str) -> str:
        """Dance, unless the value is in force already; see `Knob` and `dance`."""
        wanted, state = self.canonical(value), look(phone)
        now = state.value(self.step)
        if state.active and now is not None and self.canonical(now) == wanted:
            return wanted
        dance(phone, state, state.changed(self.step, wanted), self.name)
        found = self.read(phone)
        if found != wanted:
            raise ProofError(f"{phone.serial}: {self.name}: wrote {wanted}, but {self.where} reads back {found}")
        return found

    def undo(self, phone: Phone, first: str) -> tuple[str, ...]:
        """Return the dance back to how the whole disk is set up now; see `Knob`."""
        state = look(phone)
        back = state.changed(self.step, first)
        return argv(state.swap or Swap("", 0), back, back, active=True)

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by read-back, and by whether anything was swapped."""
        wanted, grown = self.canonical(value), growth(before, after)
        evidence = {"swapped_pages": float(grown.swapped_pages)}
        if read_back != wanted:
            return Proof("not_taken", read_back, evidence, f"set to {wanted}, but read {read_back} after the trial")
        if grown.swapped_pages < MIN_SWAPPED_PAGES:
            why = f"only {grown.swapped_pages} pages went to swap, too few to matter; raise the pressure"
            return Proof("not_exercised", read_back, evidence, why)
        return Proof("taken", read_back, evidence, f"{grown.swapped_pages} pages went to swap with {read_back}")


@dataclass(frozen=True, kw_only=True)
class Algorithm(SetUpKnob):
    """The compressor.

    Attributes:
        known: those this kernel lists.
    """

    known: tuple[str, ...]

    @property
    def values(self) -> str:
        """Those this kernel lists."""
        return " ".join(self.known)

    def canonical(self, text: str) -> str:
        """Take the chosen word of a list.

        Raises:
            InputError: none that this kernel lists.
        """
        word = super().canonical(text)
        if word not in self.known:
            raise InputError(f"{self.name}: {word!r} is none of {self.values}")
        return word


@dataclass(frozen=True, kw_only=True)
class DiskSize(SetUpKnob):
    """How much may be swapped, as uncompressed bytes.

    Attributes:
        most: the largest, in bytes: every page of it costs memory even when it is empty.
    """

    most: int

    @property
    def values(self) -> str:
        """The range."""
        return f"1M to {self.most >> 20}M (its memory, or the size it has), in bytes or with K, M, G"

    def canonical(self, text: str) -> str:
        """Turn `2G` into bytes.

        Raises:
            InputError: no size, out of bounds, or no whole number of pages.
        """
        size = re.fullmatch(r"([0-9]{1,15})([KMG]?)", text.strip().upper())
        count = int(size[1]) * _UNITS[size[2]] if size else 0
        if not _LEAST_BYTES <= count <= self.most or count % _PAGE:
            raise InputError(f"{self.name}: {text!r} is no size of whole pages; it takes {self.values}")
        return str(count)


def _build(seen: Seen) -> Iterator[Knob]:
    algorithm, size = f"{DISK}/comp_algorithm", f"{DISK}/disksize"
    known = parse.choices(seen.text(algorithm) or "")
    memory = parse.meminfo(seen.text("/proc/meminfo") or "").get("MemTotal", 0)
    if algorithm in seen.files:
        yield Algorithm("zram.algorithm", algorithm, layout="zram0", notes=NOTES, known=known)
    if size in seen.files:
        most = max(memory, *parse.numbers(seen.text(size) or ""), 0)
        yield DiskSize("zram.disksize", size, layout="zram0", notes=NOTES, most=most)


FAMILY = Family(
    key="zram",
    layout="zram0",
    knobs={"zram.algorithm": "those the kernel lists", "zram.disksize": "bytes, K, M, G"},
    where=f"{DISK}/{{comp_algorithm,disksize}}, by swapoff, reset, mkswap, swapon",
    proof="its own read-back, and pages written to swap since",
    source="Documentation/admin-guide/blockdev/zram.rst",
    questions=(batch.each(f"{DISK}/comp_algorithm"), batch.each(f"{DISK}/disksize"), batch.each("/proc/meminfo")),
    build=_build,
)
