# SPDX-License-Identifier: Apache-2.0
"""What the kernel's reclaim did so far, sampled in one round trip; two samples make growth, which proofs judge."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent.device import batch, parse
from agent.device.phone import CONDITIONS, Phone, read_conditions
from reports.record import Conditions

KCOMPRESSD = re.compile(r"a?kcompressd:?\d+")
"""Thread names: `kcompressd:0` at zram level, `kcompressd0` per node at mm level, `akcompressd:0` OPLUS' first."""

KSWAPD = re.compile(r"kswapd\d+")
COUNTERS = "/sys/kernel/kcompressd/*"
"""Counters of the guest's own module, in pages; the published first version exports none."""

ACTIVITY = (batch.file("/proc/vmstat"), batch.joined("/proc/[0-9]*/stat"), batch.each(COUNTERS))
"""Questions that `read_activity` reads the answers of."""


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
    """

    kcompressd_cpu_s: float
    kswapd_cpu_s: float
    swapped_pages: int
    queued_pages: int | None
    full_pages: int | None

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
    (vmstat,), (stats,), counters = answers
    found = parse.threads(stats.text)
    return Activity(
        vmstat=parse.vmstat(vmstat.text),
        threads=tuple(t for t in found if KCOMPRESSD.fullmatch(t.name) or KSWAPD.fullmatch(t.name)),
        counters={
            PurePosixPath(answer.name).name: int(answer.text)
            for answer in counters
            if answer.ok and re.fullmatch(r"\d+\s*", answer.text)
        },
    )


def growth(before: Activity, after: Activity) -> Growth:
    """Return what happened in between; threads born in between count from zero, threads gone count no more."""
    return Growth(
        kcompressd_cpu_s=_cpu(before, after, KCOMPRESSD),
        kswapd_cpu_s=_cpu(before, after, KSWAPD),
        swapped_pages=after.vmstat.get("pswpout", 0) - before.vmstat.get("pswpout", 0),
        queued_pages=_counter(before, after, "queued"),
        full_pages=_counter(before, after, "full"),
    )


def vmstat_growth(before: Activity, after: Activity) -> dict[str, int]:
    """Return how much each counter of /proc/vmstat grew; gauges (`nr_*`) may shrink."""
    return {name: value - before.vmstat[name] for name, value in after.vmstat.items() if name in before.vmstat}


def _cpu(before: Activity, after: Activity, names: re.Pattern[str]) -> float:
    earlier = {(thread.pid, thread.started): thread.cpu_s for thread in before.threads}
    ours = (thread for thread in after.threads if names.fullmatch(thread.name))
    return sum(thread.cpu_s - earlier.get((thread.pid, thread.started), 0.0) for thread in ours)


def _counter(before: Activity, after: Activity, name: str) -> int | None:
    if name not in after.counters:
        return None
    return after.counters[name] - before.counters.get(name, 0)
