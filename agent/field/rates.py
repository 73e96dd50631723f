# SPDX-License-Identifier: Apache-2.0
"""Two samples make one reading: what the phone did in between, per second. What is not told is None, not zero. Pure."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.device.parse import Thread
from agent.field.frames import Sample
from agent.knobs.threads import KCOMPRESSD, KSWAPD, THREADS

Reading = Mapping[str, float | None]
"""Column -> figure; see `COLUMNS`."""


@dataclass(frozen=True)
class Column:
    """One figure of a reading.

    Attributes:
        name: with its unit; as CSV files call it.
        title: for people.
        unit: base unit as `reports.units` knows it.
        source: where the kernel tells it.
        figure: earlier sample, later sample -> the figure.
    """

    name: str
    title: str
    unit: str
    source: str
    figure: Callable[[Sample, Sample], float | None]


@dataclass
class Rates:
    """Takes the samples of one stream in their order; after a gap, rates are those of the gap."""

    _before: Sample | None = None
    _lowest: float | None = None

    def take(self, now: Sample) -> Reading | None:
        """Every column's figure; None for the first sample.

        At mm level the queue is what the gap grew over the lowest seen: since boot other pages have widened it.
        """
        before, self._before = self._before, now
        if _at_mm_level(now) and (gap := _gap(now)) is not None:
            self._lowest = gap if self._lowest is None else min(gap, self._lowest)
        if before is None or now.at_s <= before.at_s:
            return None
        values = {column.name: column.figure(before, now) for column in COLUMNS}
        if _at_mm_level(now) and self._lowest is not None and values["queue_pages"] is not None:
            values["queue_pages"] -= self._lowest
        return values


def csv_row(values: Reading) -> list[str]:
    """The cells of a CSV row; empty where nothing is told."""
    return ["" if (value := values[column.name]) is None else f"{value:.6g}" for column in COLUMNS]


def _per_s(*names: str) -> Callable[[Sample, Sample], float | None]:
    """Growth of counters of /proc/vmstat, summed; a name that ends in `*` means all that begin so."""

    def figure(before: Sample, now: Sample) -> float | None:
        ours = [name for name in now.vmstat if name in before.vmstat and _named(name, names)]
        grown = sum(now.vmstat[name] - before.vmstat[name] for name in ours)
        return grown / (now.at_s - before.at_s) if ours and now.at_s > before.at_s else None

    return figure


def _named(name: str, names: Sequence[str]) -> bool:
    return any(name.startswith(each[:-1]) if each.endswith("*") else name == each for each in names)


def _stalled(kind: str) -> Callable[[Sample, Sample], float | None]:
    def figure(before: Sample, now: Sample) -> float | None:
        if kind not in before.stalled_s or kind not in now.stalled_s or now.at_s <= before.at_s:
            return None
        return (now.stalled_s[kind] - before.stalled_s[kind]) / (now.at_s - before.at_s)

    return figure


def _available(_before: Sample, now: Sample) -> float | None:
    return now.memory.get("MemAvailable")


def _swapped(_before: Sample, now: Sample) -> float | None:
    total, free = now.memory.get("SwapTotal"), now.memory.get("SwapFree")
    return None if not total or free is None else total - free


def _zram(field: int) -> Callable[[Sample, Sample], float | None]:
    """A field of mm_stat: 0 orig_data_size, 2 mem_used_total (Documentation/admin-guide/blockdev/zram.rst)."""

    def figure(_before: Sample, now: Sample) -> float | None:
        return now.zram[field] if len(now.zram) > field else None

    return figure


def _zram_ratio(before: Sample, now: Sample) -> float | None:
    data, memory = _zram(0)(before, now), _zram(2)(before, now)
    return data / memory if data is not None and memory else None


def _cpu(names: re.Pattern[str]) -> Callable[[Sample, Sample], float | None]:
    """Share of one core that threads of a name took; None where there are none."""

    def figure(before: Sample, now: Sample) -> float | None:
        return _share(before.threads, [t for t in now.threads if names.fullmatch(t.name)], now.at_s - before.at_s)

    return figure


def _own(before: Sample, now: Sample) -> float | None:
    return _share(before.own, now.own, now.at_s - before.at_s)


def _share(earlier: Sequence[Thread], later: Sequence[Thread], seconds: float) -> float | None:
    known = {(thread.pid, thread.started): thread.cpu_s for thread in earlier}
    grown = [t.cpu_s - known[t.pid, t.started] for t in later if (t.pid, t.started) in known]
    return sum(grown) / seconds if grown and seconds > 0 else None


def _queue(_before: Sample, now: Sample) -> float | None:
    """Pages that wait for kcompressd; at mm level the gap that `Rates` makes a queue of.

    Under writeback at zram level; at mm level handed over and not yet written (`reports/traces/sql/queue.sql`).
    """
    if not any(KCOMPRESSD.fullmatch(thread.name) for thread in now.threads):
        return None
    return _gap(now) if _at_mm_level(now) else now.vmstat.get("nr_writeback")


def _at_mm_level(sample: Sample) -> bool:
    return any(THREADS["mm"].fullmatch(thread.name) for thread in sample.threads)


def _gap(sample: Sample) -> float | None:
    if not {"nr_vmscan_write", "pswpout"} <= sample.vmstat.keys():
        return None
    return sample.vmstat["nr_vmscan_write"] - sample.vmstat["pswpout"] - sample.vmstat.get("swpout_zero", 0)


COLUMNS = (
    Column("at_s", "time since boot", "s", "/proc/uptime", lambda _before, now: now.at_s),
    Column("steal_anon_pages_s", "reclaimed, anon", "pages/s", "pgsteal_anon", _per_s("pgsteal_anon")),
    Column("steal_file_pages_s", "reclaimed, file", "pages/s", "pgsteal_file", _per_s("pgsteal_file")),
    Column("steal_kswapd_pages_s", "reclaimed, kswapd", "pages/s", "pgsteal_kswapd*", _per_s("pgsteal_kswapd*")),
    Column("steal_direct_pages_s", "reclaimed, direct", "pages/s", "pgsteal_direct*", _per_s("pgsteal_direct*")),
    Column("scan_anon_pages_s", "scanned, anon", "pages/s", "pgscan_anon", _per_s("pgscan_anon")),
    Column("scan_file_pages_s", "scanned, file", "pages/s", "pgscan_file", _per_s("pgscan_file")),
    Column("scan_kswapd_pages_s", "scanned, kswapd", "pages/s", "pgscan_kswapd*", _per_s("pgscan_kswapd*")),
    Column(
        "scan_direct_pages_s",
        "scanned, direct",
        "pages/s",
        "pgscan_direct*",
        _per_s("pgscan_direct", "pgscan_direct_dma*", "pgscan_direct_normal", "pgscan_direct_movable"),
    ),
    Column("allocstall_s", "allocations stalled", "1/s", "allocstall*", _per_s("allocstall*")),
    Column("swap_out_pages_s", "swapped out", "pages/s", "pswpout", _per_s("pswpout")),
    Column("swap_in_pages_s", "swapped in", "pages/s", "pswpin", _per_s("pswpin")),
    Column("psi_some_share", "PSI some", "share", "/proc/pressure/memory some", _stalled("some")),
    Column("psi_full_share", "PSI full", "share", "/proc/pressure/memory full", _stalled("full")),
    Column("available_bytes", "available", "bytes", "/proc/meminfo MemAvailable", _available),
    Column("swapped_bytes", "in swap", "bytes", "/proc/meminfo SwapTotal less SwapFree", _swapped),
    Column("zram_data_bytes", "zram, data", "bytes", "mm_stat orig_data_size", _zram(0)),
    Column("zram_memory_bytes", "zram, memory", "bytes", "mm_stat mem_used_total", _zram(2)),
    Column("zram_ratio", "zram, ratio", "ratio", "orig_data_size / mem_used_total", _zram_ratio),
    Column("queue_pages", "queue of kcompressd", "pages", "nr_writeback, or nr_vmscan_write less pswpout", _queue),
    Column("kswapd_cpu_share", "CPU of kswapd", "share", "/proc/PID/stat", _cpu(KSWAPD)),
    Column("kcompressd_cpu_share", "CPU of kcompressd", "share", "/proc/PID/stat", _cpu(KCOMPRESSD)),
    Column("own_cpu_share", "CPU of this view", "share", "/proc/PID/stat of its shell and logcat", _own),
)
"""Every figure, in the order of the CSV. Counters of /proc/vmstat: mm/vmstat.c; anon and file apart since Linux 5.8."""


def missing(sample: Sample, *, root: bool) -> tuple[str, ...]:
    """What this phone does not show, and why, one line each."""
    cure = "" if root else " without root"
    found = []
    if not sample.vmstat:
        found.append(f"reclaim, stalls, queue: /proc/vmstat may not be read{cure}")
    elif "pgsteal_anon" not in sample.vmstat:
        found.append("anon and file apart: this kernel does not count them (Linux 5.8 up)")
    if not sample.stalled_s:
        found.append(f"PSI: /proc/pressure/memory may not be read{cure}, or the kernel has none")
    if not sample.zram:
        found.append(f"zram: /sys/block/zram0/mm_stat may not be read{cure}, or there is no zram0")
    if not any(KSWAPD.fullmatch(thread.name) for thread in sample.threads):
        found.append(f"kswapd's CPU: its /proc files may not be read{cure}")
    if not any(KCOMPRESSD.fullmatch(thread.name) for thread in sample.threads):
        found.append("kcompressd's CPU and queue: no kcompressd thread runs (it is off, or not in this kernel)")
    return tuple(found)
