# SPDX-License-Identifier: Apache-2.0
"""What all forms of kcompressd share: `off`, `on` or a number, and the judgement by what the threads did."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent.device import batch
from agent.knobs.activity import Activity, Growth, growth
from agent.knobs.base import FileKnob, whole_number
from agent.knobs.threads import Level
from reports.record import Proof, ProofOutcome
from workloads.errors import InputError

PARAMETERS = batch.each("/sys/module/*/parameters/*kcompressd*")
"""Module parameters of every tree; one question for all families."""

SYSCTLS = batch.each("/proc/sys/vm/kcompressd*")
"""Sysctls of every tree."""

MIN_SWAPPED_PAGES = 2048
"""Fewer pages than this (8 MiB) written to swap and a missing effect proves nothing: lz4 of 2 048 pages is 10-20 ms of
CPU on a phone's core, about what the clock of /proc/PID/stat can show."""

MIN_CPU_S = 0.02
"""Two ticks of /proc/PID/stat: less CPU time than this may be a thread's own start and stop."""

Threads: TypeAlias = Literal["end", "stay", "quit"]
"""What threads do: `end` when kcompressd is off; `stay`, idle, while it is off; `quit` whenever they have no work."""

PROOF: dict[Level, str] = {
    "zram": "CPU time of threads kcompressd:N, pages queued where counted; queue = nr_writeback",
    "mm": "CPU time of threads kcompressdN, pages queued where counted; queue = d(nr_vmscan_write) - d(pswpout)",
}


@dataclass(frozen=True, kw_only=True)
class Kcompressd(FileKnob):
    """One number that is kcompressd's switch as well: `off` (0 in the file), `on`, or the number.

    Attributes:
        usual: the number that `on` means: the tree's own default.
        most: the largest number.
        least: the smallest number.
        unit: what the number counts.
        level: where pages wait.
        threads: what its threads do when there is nothing to do.
        min_swapped_pages: with fewer pages gone to swap a missing effect proves nothing.
        min_cpu_s: CPU seconds from which a thread is known to have worked.
    """

    usual: int
    most: int
    least: int = 0
    unit: str = "threads"
    level: Level = "zram"
    threads: Threads = "end"
    min_swapped_pages: int = MIN_SWAPPED_PAGES
    min_cpu_s: float = MIN_CPU_S

    @property
    def off(self) -> str | None:
        """It has an off."""
        return "off"

    @property
    def on(self) -> str | None:
        """What `on` means."""
        return str(self.usual)

    @property
    def values(self) -> str:
        """Off, on, or how many; the kernel may take fewer."""
        if self.most == 1:
            return "off or on"
        return f"off, on ({self.usual} {self.unit}), or {self.least or 1} to {self.most} {self.unit}"

    @property
    def proof(self) -> str:
        """What its threads did."""
        return PROOF[self.level]

    def canonical(self, text: str) -> str:
        """Turn `0` into `off` and `on` into a number; numbers stay. `2 threads` is 2 where threads are counted.

        Raises:
            InputError: something else, or a number of what is not counted here.
        """
        word, _, counted = text.strip().partition(" ")
        if counted and f"{counted.rstrip('s')}s" != self.unit:
            counts = "is off or on" if self.most == 1 else f"counts {self.unit}"
            raise InputError(f"{self.name}: {text!r}: here it {counts}, not {counted}")
        if word in ("off", "on"):
            return "off" if word == "off" else str(self.usual)
        number = whole_number(word, f"{self.name} ({self.unit}, on or off)", self.least, self.most)
        return str(number) if number else "off"

    def spell(self, value: str) -> str:
        """Return the number for the file."""
        return "0" if value == "off" else value

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by what the threads did: CPU time and pages queued, against pages written to swap."""
        wanted = self.canonical(value)
        grown = growth(before, after)
        evidence = grown.evidence()
        queue = grown.queue_pages(self.level)
        if queue is not None:
            evidence["queue_pages"] = float(max(0, queue))
        if read_back != wanted:
            return Proof("not_taken", read_back, evidence, f"set to {wanted}, but read {read_back} after the trial")
        outcome, why = self.judge(wanted != "off", grown)
        return Proof(outcome, read_back, evidence, why)

    def judge(self, on: bool, grown: Growth) -> tuple[ProofOutcome, str]:  # noqa: FBT001 - what it was set to
        """Say whether what happened fits `on`, or off, and why."""
        cpu_s = grown.cpu_s(self.level)
        worked = cpu_s >= self.min_cpu_s or bool(grown.queued_pages) or (self.threads == "quit" and grown.born > 0)
        told = f"kcompressd's threads used {cpu_s:.2f} s of CPU while {grown.swapped_pages} pages went to swap"
        if not on and (worked or (cpu_s > 0 and self.threads == "end")):
            return "not_taken", f"set to off, but {told}"
        if on and worked:
            return "taken", told
        if grown.swapped_pages < self.min_swapped_pages:
            return (
                "not_exercised",
                f"only {grown.swapped_pages} pages went to swap, too few to tell; raise the pressure",
            )
        if self.threads == "quit" and grown.queued_pages is None:
            return (
                "not_exercised",
                f"{told}, but they end when idle and take their CPU time along; only a trace can tell",
            )
        return ("not_taken" if on else "taken"), told


@dataclass(frozen=True, kw_only=True)
class Queue(FileKnob):
    """Room of each thread's queue; pages in the virtual handheld's module, entries (bios) in the published one.

    Attributes:
        most: the largest it takes.
        unit: what is counted.
    """

    most: int = 1_000_000
    unit: str = "entries"

    @property
    def values(self) -> str:
        """The range; the kernel may take fewer."""
        return f"1 to {self.most} {self.unit} per thread"

    @property
    def proof(self) -> str:
        """Read-back, and the fullest queue where it is counted."""
        return "read-back; the most a thread ever had waiting (`peak`), where it is counted"

    def canonical(self, text: str) -> str:
        """Keep whole numbers.

        Raises:
            InputError: it is something else.
        """
        return str(whole_number(text, self.name, 1, self.most))

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by read-back; a queue that had more in it than it has room for was not this one."""
        proof = super().prove(value, read_back, before, after)
        peak, room = after.counters.get("peak"), int(self.canonical(value))
        if proof.outcome != "taken" or peak is None:
            return proof
        evidence = {"peak_pages": float(peak)}
        if peak > room:
            return Proof("not_taken", read_back, evidence, f"set to {room}, but one thread had {peak} waiting")
        return Proof(
            "taken", read_back, evidence, f"{self.where} read {read_back}; at most {peak} waited for one thread"
        )
