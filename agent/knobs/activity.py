# SPDX-License-Identifier: Apache-2.0
"""What the kernel's reclaim did so far, sampled in one round trip; two samples make growth, which proofs judge."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent.device import batch, parse
from agent.device.phone import CONDITIONS, Phone, read_conditions
from agent.knobs.threads import KCOMPRESSD, KSWAPD, THREADS, Level
from reports.record import Conditions

COUNTERS = "/sys/kernel/kcompressd/*"
"""Counters of the guest's own modules, in pages; the published first version exports none."""

OPLUS_DEBUG = "/proc/oplus_mem/kcompressd_debug"
"""Lines `name value`: kcomp_write_success_count, kcomp_write_fail_count (hybridswap_zram/kcompressd.c)."""

AKCOMPRESS = "/sys/block/zram0/hybridswap_akcompress"
"""`akcompressd_threads: N`, then lines `THREAD PAGES` (hybridswap_akcompress.c)."""

VM_COUNTERS = tuple(f"/proc/sys/vm/kcompressd_{name}" for name in ("enqueued", "swapped", "sync"))
"""Of the android13-5.15 port of Kcompressd-Unofficial, in pages: enqueued - swapped is its queue."""

ACTIVITY = (
    batch.file("/proc/vmstat"),
    batch.joined("/proc/[0-9]*/stat"),
    *(batch.each(path) for path in (COUNTERS, OPLUS_DEBUG, AKCOMPRESS, *VM_COUNTERS)),
)
"""Questions that `read_activity` reads the answers of."""

_QUEUED = ("queued", "kcompressd_enqueued", "kcomp_write_success_count", "akcompressed")
_FULL = ("full", "kcomp_write_fail_count")


@dataclass(frozen=True)
class Activity:
    """One sample.

    Attributes:
        vmstat: /proc/vmstat.
        threads: kswapd's and kcompressd's threads.
        counters: kcompressd's counters by name, {} where it has none.
    """

    vmstat: Mapping[str, int]
    threads: tuple[parse.Thread, ...]
    counters: Mapping[str, int]


@dataclass(frozen=True)
class Growth:
    """What happened between two samples.

    Attributes:
        kcompressd_cpu_s: CPU seconds of all kcompressd threads, to 10 ms each.
        kswapd_cpu_s: the same of kswapd.
        swapped_pages: pages written to swap (`pswpout`), by kswapd and by direct reclaim.
        queued_pages: pages handed to kcompressd; None where nothing counts them.
        full_pages: pages a full queue sent back; None where nothing counts them.
        mm_cpu_s: of `kcompressd_cpu_s` what threads at mm level used.
        born: kcompressd threads that were not there before.
        writeback_pages: pages under writeback at the end (`nr_writeback`): at zram level queued ones are among them.
        pending_pages: pages reclaim handed to the swap code less those written and those that were all zeros
            (`nr_vmscan_write` - `pswpout` - `swpout_zero`): at mm level about what was added to the queue. File pages
            blur it, and each CPU may count up to 125 later (mm/vmstat.c). None where not counted.
    """

    kcompressd_cpu_s: float
    kswapd_cpu_s: float
    swapped_pages: int
    queued_pages: int | None
    full_pages: int | None
    mm_cpu_s: float = 0.0
    born: int = 0
    writeback_pages: int | None = None
    pending_pages: int | None = None

    def cpu_s(self, level: Level) -> float:
        """Return the CPU seconds of one level's threads."""
        return self.mm_cpu_s if level == "mm" else self.kcompressd_cpu_s - self.mm_cpu_s

    def queue_pages(self, level: Level) -> int | None:
        """Return about how many pages waited at the end; where they are visible differs by level."""
        return self.pending_pages if level == "mm" else self.writeback_pages

    def evidence(self) -> dict[str, float]:
        """Return the figures by name, as a record keeps them."""
        figures = {
            "kcompressd_cpu_s": round(self.kcompressd_cpu_s, 3),
            "kswapd_cpu_s": round(self.kswapd_cpu_s, 3),
            "swapped_pages": float(self.swapped_pages),
            "queued_pages": self.queued_pages,
            "full_pages": self.full_pages,
        }
        return {name: float(figure) for name, figure in figures.items() if figure is not None}


def survey(phone: Phone, *more: batch.Question) -> tuple[Conditions, Activity, tuple[batch.Answer, ...]]:
    """Take conditions, a sample, and the single answers to `more`, in one round trip.

    Raises:
        TransientError: the link dropped.
    """
    answers = phone.ask(*CONDITIONS, *ACTIVITY, *more, timeout_s=60)
    conditions, rest = answers[: len(CONDITIONS)], answers[len(CONDITIONS) :]
    extra = tuple(answer for (answer,) in rest[len(ACTIVITY) :])
    return read_conditions(conditions), read_activity(rest[: len(ACTIVITY)]), extra


def read_activity(answers: Sequence[tuple[batch.Answer, ...]]) -> Activity:
    """Return what the answers to `ACTIVITY` say."""
    (vmstat,), (stats,), *counted = answers
    found = parse.threads(stats.text)
    counters: dict[str, int] = {}
    for answer in (answer for each in counted for answer in each if answer.ok):
        counters |= _counters(answer)
    return Activity(
        vmstat=parse.vmstat(vmstat.text),
        threads=tuple(t for t in found if KCOMPRESSD.fullmatch(t.name) or KSWAPD.fullmatch(t.name)),
        counters=counters,
    )


def growth(before: Activity, after: Activity) -> Growth:
    """Return what happened in between; threads born in between count from zero, threads gone count no more."""
    swapped = after.vmstat.get("pswpout", 0) - before.vmstat.get("pswpout", 0)
    grown = vmstat_growth(before, after)
    written = grown.get("nr_vmscan_write")
    known = {(thread.pid, thread.started) for thread in before.threads}
    ours = (thread for thread in after.threads if KCOMPRESSD.fullmatch(thread.name))
    return Growth(
        kcompressd_cpu_s=_cpu(before, after, KCOMPRESSD),
        kswapd_cpu_s=_cpu(before, after, KSWAPD),
        swapped_pages=swapped,
        queued_pages=_counter(before, after, _QUEUED),
        full_pages=_counter(before, after, _FULL),
        mm_cpu_s=_cpu(before, after, THREADS["mm"]),
        born=sum((thread.pid, thread.started) not in known for thread in ours),
        writeback_pages=after.vmstat.get("nr_writeback"),
        pending_pages=None if written is None else written - swapped - grown.get("swpout_zero", 0),
    )


def vmstat_growth(before: Activity, after: Activity) -> dict[str, int]:
    """Return how much each counter of /proc/vmstat grew; gauges (`nr_*`) may shrink."""
    return {name: value - before.vmstat[name] for name, value in after.vmstat.items() if name in before.vmstat}


def _cpu(before: Activity, after: Activity, names: re.Pattern[str]) -> float:
    earlier = {(thread.pid, thread.started): thread.cpu_s for thread in before.threads}
    ours = (thread for thread in after.threads if names.fullmatch(thread.name))
    return sum(thread.cpu_s - earlier.get((thread.pid, thread.started), 0.0) for thread in ours)


def _counter(before: Activity, after: Activity, names: Sequence[str]) -> int | None:
    """Growth of the first of `names` that this phone counts."""
    found = next((name for name in names if name in after.counters), None)
    return None if found is None else after.counters[found] - before.counters.get(found, 0)


def _counters(answer: batch.Answer) -> dict[str, int]:
    """Counters of one file: a number alone is called like its file; lines `name number` have names."""
    if answer.name == AKCOMPRESS:
        pages = re.findall(r"^[0-3] (\d{1,18})\s*$", answer.text, re.MULTILINE)
        return {"akcompressed": sum(map(int, pages[:4]))}  # below them come memory cgroups, with names of their own
    if re.fullmatch(r"\s*\d{1,18}\s*", answer.text):
        return {PurePosixPath(answer.name).name: int(answer.text)}
    return {name: int(number) for name, number in re.findall(r"^(\w+) (\d{1,18})\s*$", answer.text, re.MULTILINE)}
