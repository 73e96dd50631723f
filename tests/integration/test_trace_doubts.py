# SPDX-License-Identifier: Apache-2.0
"""What a recording lost travels with its figures."""

from pathlib import Path

import pytest

from reports.traces.doubts import is_cut
from reports.traces.measure import measure_trace
from tests.support.traces import TraceBuilder

TRACE = TraceBuilder().runs(7, "app", 1, 2).vmstat(1, pswpin=3).vmstat(2, pswpin=5)


def caveats(path: Path) -> dict[str, str]:
    return {caveat.code: caveat.what for caveat in measure_trace(path).caveats}


def test_a_whole_recording_has_no_caveat(tmp_path: Path) -> None:
    assert caveats(TRACE.write(tmp_path / "t")) == {}


def test_events_the_kernel_lost_are_counted(tmp_path: Path) -> None:
    lossy = TraceBuilder().runs(7, "app", 1, 2).lost(0, 5).lost(1, 7)
    assert "ftrace_cpu_overrun_delta 12" in caveats(lossy.write(tmp_path / "t"))["lost-ftrace"]


def test_a_trace_cut_inside_a_packet_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(TRACE.data[:-3])
    assert "truncated-trace" in caveats(path)


def test_a_copy_whose_end_is_zeros_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(TRACE.data + bytes(9000))
    assert "truncated-trace" in caveats(path)


@pytest.mark.parametrize("left", range(1, len(TRACE.data) + 1, 7))
def test_a_cut_is_seen_wherever_it_falls(tmp_path: Path, left: int) -> None:
    ends, at = {len(TRACE.data)}, 0
    while at < len(TRACE.data):
        ends.add(at)
        at += (
            2 + TRACE.data[at + 1]
            if TRACE.data[at + 1] < 128
            else 3 + (TRACE.data[at + 1] & 127) + TRACE.data[at + 2] * 128
        )
    path = tmp_path / "t"
    path.write_bytes(TRACE.data[:left])
    assert is_cut(path) is (left not in ends)


def test_what_is_not_a_protobuf_is_never_called_cut(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\x1f\x8b not that kind of file")
    assert not is_cut(path)


def test_scheduling_that_covers_a_part_of_the_trace_is_named(tmp_path: Path) -> None:
    part = TraceBuilder().runs(7, "app", 1, 13).prints(40, 7, "B|7|x")
    assert caveats(part.write(tmp_path / "t")) == {
        "sched-covers-part": "scheduling was recorded for 12.0 s of the trace's 39.0 s"
    }


def test_polling_that_stood_still_is_named(tmp_path: Path) -> None:
    steady = TraceBuilder()
    for step in range(40):
        steady.meminfo(step / 10, mem_available=9)
    assert caveats(steady.write(tmp_path / "t")) == {}
    starved = steady.meminfo(6, mem_available=1)
    assert caveats(starved.write(tmp_path / "t")) == {
        "poll-gap": "/proc was not polled for 2.1 s at a stretch (every 0.15 s on average)"
    }
