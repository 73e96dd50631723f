# SPDX-License-Identifier: Apache-2.0
"""What a trace lost, cut off or could not tell, as caveats that travel with its figures."""

import mmap
from pathlib import Path
from typing import TYPE_CHECKING

from reports.record import Caveat
from reports.traces import queries

if TYPE_CHECKING:
    from reports.traces.engine import Trace

_HARMLESS = frozenset({"misplaced_end_event"})
"""Ends of slices that began before the recording did: in almost every trace, and no figure here rests on them."""

_COVER_ENOUGH = 0.9
_GAP_S, _GAP_TIMES = 1.0, 5.0
_PACKET_TAG = 0x0A  # Trace.packet: field 1, length-delimited (google/perfetto, protos/perfetto/trace/trace.proto)


def of_trace(trace: "Trace", notes: dict[str, str]) -> tuple[Caveat, ...]:
    """Every doubt about an open trace.

    Args:
        trace: prepared by `reports.traces.queries.prepare`.
        notes: metric -> how it was found, as `reports.traces.measure` gathers them.
    """
    found = [*_lost(trace), *_coverage(trace), *_gaps(trace), *_methods(notes)]
    if trace.path is not None and is_cut(trace.path):
        found.append(
            Caveat(
                "truncated-trace",
                "the trace file ends in the middle of a packet, or in zeros",
                "copy or record the trace again",
            )
        )
    return tuple(found)


def is_cut(path: Path) -> bool:
    """Whether a Perfetto protobuf ends inside a packet or goes on as zeros; False for anything else (gzip, JSON)."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size, at = len(data), 0
        while at < size:
            if data[at] != _PACKET_TAG:
                return at > 0 and data[at] == 0  # room that was set aside for a copy, and never filled
            length, at = _varint(data, at + 1, size)
            at += length
        return at > size


def _varint(data: mmap.mmap, at: int, size: int) -> tuple[int, int]:
    value = shift = 0
    while at < size:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit of protobuf's varint
            return value, at
        shift += 7
    return 1, size  # cut inside the length itself


def _lost(trace: "Trace") -> list[Caveat]:
    kinds: dict[str, list[str]] = {}
    for name, severity, value in queries.ask(trace, "lost").itertuples(index=False):
        if name not in _HARMLESS:
            kinds.setdefault(_kind(str(name), str(severity)), []).append(f"{name} {int(value)}")
    return [Caveat(code, f"{_WHAT[code][0]} ({', '.join(names)})", _WHAT[code][1]) for code, names in kinds.items()]


def _kind(name: str, severity: str) -> str:
    if name.startswith("ftrace_cpu_"):
        return "lost-ftrace"
    if name.startswith("traced_buf_"):
        return "lost-trace-buffer"
    return "broken-data" if severity == "error" else "lost-data"


_WHAT = {
    "lost-ftrace": (
        "the kernel's trace buffer overflowed and events are missing",
        "take CPU times, awake time and direct-reclaim time as too small; record fewer events or give more buffer",
    ),
    "lost-trace-buffer": (
        "Perfetto's buffer overflowed and packets are missing",
        "give the capture a larger buffer_kb or make the trial shorter",
    ),
    "lost-data": ("part of the recording is missing", "look up the statistic in Perfetto's documentation"),
    "broken-data": ("part of the trace could not be read", "copy or record the trace again"),
}


def _coverage(trace: "Trace") -> list[Caveat]:
    """A recording whose scheduling covers much less than its span: CPU figures hold for the covered part only."""
    row = trace.query(
        "SELECT (SELECT ts FROM sched ORDER BY ts LIMIT 1) AS first_ts,"
        " (SELECT ts + max(dur, 0) FROM sched ORDER BY ts DESC LIMIT 1) AS last_ts, trace_dur() AS span"
    ).iloc[0]
    if row.first_ts is None or not row.span or row.last_ts - row.first_ts >= _COVER_ENOUGH * row.span:
        return []
    covered, span = (row.last_ts - row.first_ts) / 1e9, row.span / 1e9
    return [
        Caveat(
            "sched-covers-part",
            f"scheduling was recorded for {covered:.1f} s of the trace's {span:.1f} s",
            "take CPU and awake time as those of the covered part",
        )
    ]


def _gaps(trace: "Trace") -> list[Caveat]:
    """Polling that stood still: under memory pressure the one who polls starves too, just when it matters."""
    row = trace.query(
        "SELECT max(gap) / 1e9 AS longest, avg(gap) / 1e9 AS usual FROM ("
        " SELECT ts - lag(ts) OVER (PARTITION BY track_id ORDER BY ts) AS gap FROM counter WHERE track_id IN ("
        "  SELECT min(id) FROM counter_track WHERE type IN ('vmstat', 'meminfo', 'psi') GROUP BY type))"
    ).iloc[0]
    if row.longest is None or not row.longest >= max(_GAP_S, _GAP_TIMES * row.usual):
        return []
    return [
        Caveat(
            "poll-gap",
            f"/proc was not polled for {row.longest:.1f} s at a stretch (every {row.usual:.2f} s on average)",
            "a peak or a low within that time is not seen; growth from first to last sample holds",
        )
    ]


def _methods(notes: dict[str, str]) -> list[Caveat]:
    found: list[Caveat] = []
    if notes.get("kswapd_awake") == "events":
        found.append(
            Caveat(
                "awake-with-naps",
                "kswapd's awake time holds its 0.1 s naps, because scheduling was not recorded",
                "record sched/sched_switch too",
            )
        )
    if notes.get("kswapd_awake") == "sched":
        found.append(
            Caveat(
                "awake-by-sched",
                "kswapd's awake time is the time it did not sleep, because its wake-ups were not recorded",
                "record vmscan/mm_vmscan_kswapd_wake and _sleep too",
            )
        )
    if "direct_reclaim_time" in notes:
        found.append(
            Caveat(
                "open-direct-reclaim",
                f"direct reclaim without an end in the trace: {notes['direct_reclaim_time']}",
                "take direct-reclaim time as too small",
            )
        )
    return found
