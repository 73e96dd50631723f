# SPDX-License-Identifier: Apache-2.0
"""The metrics that a trial's record holds by itself, without any trace. Pure."""

from collections.abc import Iterator, Mapping

from reports.record import LaunchResult, TrialRecord
from reports.returns import SURVIVORS

FROM_VMSTAT: Mapping[str, tuple[str, ...]] = {
    "pgsteal_anon": ("pgsteal_anon",),
    "pgscan_anon": ("pgscan_anon",),
    "pgsteal_kswapd": ("pgsteal_kswapd",),
    "pgsteal_direct": ("pgsteal_direct",),
    "allocstall": (
        "allocstall",
        "allocstall_dma",
        "allocstall_dma32",
        "allocstall_normal",
        "allocstall_movable",
        "allocstall_device",
    ),
    "pgrotated": ("pgrotated",),
    "pswpout": ("pswpout",),
    "pswpin": ("pswpin",),
    "refault_anon": ("workingset_refault_anon",),
    "refault_file": ("workingset_refault_file",),
}
"""Metrics that the growth of /proc/vmstat over the trial gives in the same unit as the trace does."""

AM_TOTAL_TIME = "am_total_time"
BY_EATERS = ("demand_filled", "demand_fill_time", "demand_retouched", "hold_effort", "hold_available")
BY_ZRAM = ("zram_same_pages", "zram_huge_pages", "zram_huge_written")
WITHOUT_TRACE = frozenset({AM_TOTAL_TIME, "kills", SURVIVORS, *BY_EATERS, *BY_ZRAM, *FROM_VMSTAT})
"""Metrics that need no trace."""


def by_vmstat(record: TrialRecord) -> Iterator[tuple[str, float]]:
    """Metric and value, from what /proc/vmstat grew by around the trial."""
    for metric, names in FROM_VMSTAT.items():
        values = [record.vmstat[name] for name in names if name in record.vmstat]
        if values:
            yield metric, float(sum(values))


def by_eaters(record: TrialRecord) -> Iterator[tuple[str, float]]:
    """Metric and value, from the eaters' report; a trial without pressure has none."""
    if not record.eaters:
        return
    yield "demand_filled", float(sum(eater.filled_bytes for eater in record.eaters))
    if all(eater.survived and eater.fill_s for eater in record.eaters):
        yield "demand_fill_time", max(eater.fill_s for eater in record.eaters)
    if retouched := sum(eater.retouched_bytes for eater in record.eaters):
        yield "demand_retouched", float(retouched)
    if held_s := max(eater.held_s or 0.0 for eater in record.eaters):
        yield "hold_effort", sum(eater.held_bytes for eater in record.eaters) / held_s
        yield "hold_available", float(record.eaters[0].held_available_bytes)


def by_zram(record: TrialRecord) -> Iterator[tuple[str, float]]:
    """Metric and pages, from mm_stat of zram0; older kernels have fewer columns (huge_pages: 4.19, _since: 5.11).

    Source: Documentation/admin-guide/blockdev/zram.rst, mm_stat: same_pages is the sixth, huge_pages the eighth.
    """
    before, after = record.before.zram_mm_stat, record.after.zram_mm_stat
    yield from zip(BY_ZRAM[:2], map(float, (*after[5:6], *after[7:8])), strict=False)
    for earlier, later in zip(before[8:9], after[8:9], strict=False):
        if later >= earlier:  # else zram was set up anew in between
            yield BY_ZRAM[2], float(later - earlier)


def by_am(record: TrialRecord) -> Iterator[tuple[LaunchResult, float]]:
    """Launches that were made, and the seconds am printed."""
    for launch in record.launches:
        if launch.status == "ok" and launch.total_time_s:
            yield launch, launch.total_time_s
