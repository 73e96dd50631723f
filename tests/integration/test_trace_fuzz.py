# SPDX-License-Identifier: Apache-2.0
"""A damaged trace is measured, or refused in one line: never a traceback, a hang or a figure that is no number."""

import gzip
import math
import random
from pathlib import Path

import pytest

from reports.traces.many import DEFECT, Failed, attempt
from reports.traces.measure import measure_trace
from tests.support.traces import TraceBuilder

PID = 100


def busy() -> bytes:
    """A short trace with something for every topic."""
    trace = (
        TraceBuilder()
        .process(1000, "system_server")
        .process(PID, "com.app", threads={PID: "com.app", 101: "RenderThread"})
    )
    trace.config("vmscan/*", "oom/mark_victim", atrace_apps=("lmkd",)).cores(200, 1024)
    trace.launches(1, 3, "com.app").frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.slices(PID, PID, bindApplication=(1.1, 1.2), activityStart=(1.2, 1.3), activityResume=(1.3, 1.4))
    trace.event(1.41, tid=PID, mm_vmscan_direct_reclaim_begin={}).event(1.45, tid=PID, mm_vmscan_direct_reclaim_end={})
    trace.event(0.5, tid=30, mm_vmscan_kswapd_wake={"nid": 0}).event(3, tid=30, mm_vmscan_kswapd_sleep={"nid": 0})
    trace.runs(30, "kswapd0", 0.5, 1).runs(31, "kcompressd:0", 1, 1.5, cpu=1).runs(PID, "com.app", 1.05, 1.9, cpu=2)
    trace.frequency(0.5, 0, 1_000_000).event(2, tid=9, mark_victim={"pid": 7}).rails(1, cpu=1).rails(2, cpu=9)
    trace.generic(2.5, "mm_vmscan_throttled", tid=PID, usec_delayed=5)
    for at in (0.5, 1.5, 2.5):
        grown = int(at * 1000)
        trace.sample(
            at,
            vmstat={
                "pgsteal_anon": grown,
                "pgscan_anon": 2 * grown,
                "pswpout": grown,
                "nr_writeback": 9,
                "nr_zspages": 3,
            },
            meminfo={"mem_free": 9, "mem_available": 90, "swap_total": 99, "swap_free": 9},
        ).psi(at, some_s=at, full_s=0)
    return trace.data


DATA = busy()


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    outcome = attempt(measure_trace, path)
    if isinstance(outcome, Failed):
        assert outcome.why.startswith(f"{path}: ")
        assert "\n" not in outcome.why
        assert DEFECT not in outcome.why
    else:
        assert all(math.isfinite(row.value) for row in outcome.rows)


def test_the_whole_trace_has_a_figure_of_most_metrics(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(DATA)
    outcome = attempt(measure_trace, tmp_path / "t")
    assert not isinstance(outcome, Failed)
    assert len({row.metric for row in outcome.rows}) > 40


@pytest.mark.parametrize("cut", range(1, len(DATA), len(DATA) // 20))
def test_a_trace_cut_anywhere_is_a_result_or_one_line(tmp_path: Path, cut: int) -> None:
    check(tmp_path / "t", DATA[:cut])


@pytest.mark.parametrize("seed", range(24))
def test_flipped_bits_are_a_result_or_one_line(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret: a repeatable choice of damage
    data = bytearray(DATA)
    for _ in range(1 + seed % 4):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    check(tmp_path / "t", bytes(data) if seed % 5 else gzip.compress(bytes(data)))


def test_a_trace_with_a_tail_of_zeros_is_a_result_or_one_line(tmp_path: Path) -> None:
    check(tmp_path / "t", DATA + bytes(20 << 20))


def test_four_gigabytes_of_nothing_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(4 << 30)
    outcome = attempt(measure_trace, path)
    assert outcome == Failed(
        f"{path}: begins with nothing but zeros: a copy that was cut off, or not a trace; copy it again"
    )
