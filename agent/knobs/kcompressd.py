# SPDX-License-Identifier: Apache-2.0
"""kcompressd as module parameters: how many threads take kswapd's writes, and how long their queues are.

Layout of the first published version (linux-mm, 7 March 2025, <20250307120141.1566673-3-qun-wei.lin@mediatek.com>) and
of the virtual handheld's module. The published one has a defect: its setter tests `!ret` the wrong way round, so a
valid write stores the value, answers EINVAL and leaves kcompressd off; it may also crash the kernel. Hence: no trust in
the file's content alone, and no write at all where nothing tells the two apart, unless the user insists.
"""

from dataclasses import dataclass

from agent.knobs.activity import Activity, growth
from agent.knobs.base import FileKnob, whole_number
from reports.record import Proof

FOLDER = "/sys/module/kcompressd/parameters"
MAX_THREADS = 64  # no tree that was seen takes more than 8
MAX_QUEUE = 1_000_000

MIN_SWAPPED_PAGES = 2048
"""Fewer pages than this (8 MiB) written to swap and a missing effect proves nothing: lz4 of 2 048 pages is 10-20 ms of
CPU on a phone's core, about what the clock of /proc/PID/stat can show."""

MIN_CPU_S = 0.02
"""Two ticks of /proc/PID/stat: less CPU time than this may be a thread's own start and stop."""

RISK = (
    "this is the layout of the first published kcompressd, whose setter answers EINVAL, leaves kcompressd off and may "
    "crash the kernel; nothing on this phone shows that it was repaired"
)


@dataclass(frozen=True)
class Threads(FileKnob):
    """How many threads: `off` (0 in the file) or a number."""

    @property
    def takes(self) -> str:
        """Which values it takes, for people; the kernel may take fewer."""
        return f"off, or 1 to {MAX_THREADS} threads"

    def canonical(self, text: str) -> str:
        """Turn `0` into `off`; numbers stay.

        Raises:
            InputError: something else, `on` too: say how many threads.
        """
        if text.strip() == "off":
            return "off"
        threads = whole_number(text, f"{self.name} (threads, or off)", 0, MAX_THREADS)
        return str(threads) if threads else "off"

    def spell(self, value: str) -> str:
        """Return the number for the file."""
        return "0" if value == "off" else value

    def _lie(self, refusal: str, wanted: str) -> str:
        return (
            f"{refusal}; yet {self.where} now reads {self.spell(wanted)}: the first published kcompressd's defect, "
            "which is off after every valid write; this kernel cannot be compared until its setter is repaired"
        )

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by what the threads did: CPU time and pages queued, against pages written to swap."""
        wanted = self.canonical(value)
        grown = growth(before, after)
        evidence = grown.evidence()
        if read_back != wanted:
            return Proof("not_taken", read_back, evidence, f"set to {wanted}, but read {read_back} after the trial")
        worked = grown.kcompressd_cpu_s >= MIN_CPU_S or bool(grown.queued_pages)
        told = (
            f"kcompressd's threads used {grown.kcompressd_cpu_s:.2f} s of CPU"
            f" while {grown.swapped_pages} pages went to swap"
        )
        if wanted == "off" and (worked or grown.kcompressd_cpu_s > 0):
            return Proof("not_taken", read_back, evidence, f"set to off, but {told}")
        if wanted != "off" and worked:
            return Proof("taken", read_back, evidence, told)
        if grown.swapped_pages < MIN_SWAPPED_PAGES:
            why = f"only {grown.swapped_pages} pages went to swap, too few to tell; raise the pressure"
            return Proof("not_exercised", read_back, evidence, why)
        return Proof("taken" if wanted == "off" else "not_taken", read_back, evidence, told)


@dataclass(frozen=True)
class Queue(FileKnob):
    """Room of each thread's queue; pages in the virtual handheld's module, entries in the published one."""

    @property
    def takes(self) -> str:
        """Which values it takes, for people; the kernel may take fewer."""
        return f"1 to {MAX_QUEUE} pages"

    def canonical(self, text: str) -> str:
        """Keep whole numbers.

        Raises:
            InputError: it is something else.
        """
        return str(whole_number(text, self.name, 1, MAX_QUEUE))


def from_files(paths: set[str], *, repaired: bool) -> tuple[FileKnob, ...]:
    """Return the knobs that this family has among the files found.

    Args:
        paths: module parameters that exist.
        repaired: something tells this module from the first published one.
    """
    risk = None if repaired else RISK
    found = (
        Threads("kcompressd", f"{FOLDER}/nr_kcompressd", risk),
        Queue("kcompressd.queue", f"{FOLDER}/queue_size_per_kcompressd", risk),
    )
    return tuple(knob for knob in found if knob.where in paths)
