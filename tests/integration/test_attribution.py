# SPDX-License-Identifier: Apache-2.0
"""kswapd's time apart from compression: the traces it is found in, and the figures that must come out."""

from pathlib import Path

import pytest

from reports.metrics.attribution import ATTRIBUTION
from reports.traces.measure import TraceMeasures, measure_trace
from tests.support.traces import TraceBuilder

KSWAPD, KCOMPRESSD, APP, SYMBOL = 30, 31, 101, 7
NAMES = {metric.name for metric in ATTRIBUTION}
ZRAM = "zram_submit_bio"


def reclaim() -> TraceBuilder:
    """kswapd has a CPU for 3.8 s of 4, kcompressd for the 0.2 s between."""
    threads = {KSWAPD: "kswapd0", KCOMPRESSD: "kcompressd:0"}
    trace = TraceBuilder().process(2, "kthreadd", threads=threads).runs(KSWAPD, "kswapd0", 1.0, 3.2, then="R")
    return trace.runs(KCOMPRESSD, "kcompressd:0", 3.2, 3.4).runs(KSWAPD, "kswapd0", 3.4, 5.0)


def probed(trace: TraceBuilder, tid: int, *calls: tuple[float, float], name: str = ZRAM) -> TraceBuilder:
    """Calls as Perfetto tells those between two kprobes."""
    for begin, end in calls:
        trace.event(begin, tid=tid, kprobe_event={"name": name, "type": 1})
        trace.event(end, tid=tid, kprobe_event={"name": name, "type": 2})
    return trace


def graphed(trace: TraceBuilder, tid: int, *calls: tuple[float, float], name: str = ZRAM) -> TraceBuilder:
    """Calls as the function graph tracer tells them, with the name of the function's address."""
    for begin, end in calls:
        trace.event(begin, tid=tid, funcgraph_entry={"depth": 0, "func": SYMBOL})
        trace.event(end, tid=tid, funcgraph_exit={"depth": 0, "func": SYMBOL})
    return trace.symbol(SYMBOL, name)


def split(trace: TraceBuilder, folder: Path) -> tuple[dict[str, float], TraceMeasures]:
    found = measure_trace(trace.write(folder / "t.pftrace"))
    return {row.metric: round(row.value, 9) for row in found.rows if row.metric in NAMES}, found


@pytest.mark.parametrize(("mark", "way"), [(probed, "kprobes"), (graphed, "function graph")])
def test_what_kswapd_does_inside_zram_is_compression_as_far_as_it_has_a_cpu(
    tmp_path: Path, mark: object, way: str
) -> None:
    assert callable(mark)
    # The second call is cut by 0.2 s in which kcompressd has the CPU.
    trace = mark(mark(reclaim(), KSWAPD, (2.0, 2.5), (3.0, 3.5)), KCOMPRESSD, (3.25, 3.3))
    found, measures = split(trace.vmstat(1, pgscan_kswapd=0).vmstat(5, pgscan_kswapd=6000), tmp_path)
    assert found == {
        "kswapd_compress_cpu": 0.8,
        "kswapd_other_cpu": 3.0,
        "kswapd_compress_share": round(0.8 / 3.8, 9),
        "kswapd_compress_calls": 2,
        "kcompressd_compress_cpu": 0.05,
        "kcompressd_compress_calls": 1,
        "compress_cpu_per_1000_calls": round(0.85 / 3 * 1000, 9),
        "kswapd_other_cpu_per_1000_pages": 0.5,
    }
    assert measures.notes["kswapd_compress_cpu"] == way


def test_a_kswapd_that_hands_everything_over_compresses_for_no_time(tmp_path: Path) -> None:
    found, _ = split(probed(reclaim(), KCOMPRESSD, (3.25, 3.3)), tmp_path)
    assert (found["kswapd_compress_cpu"], found["kswapd_compress_calls"]) == (0, 0)
    assert found["kswapd_other_cpu"] == 3.8


def test_calls_of_other_threads_and_functions_are_none_of_it(tmp_path: Path) -> None:
    trace = probed(probed(reclaim(), KSWAPD, (2.0, 2.5), name="vfs_read"), APP, (2.0, 2.9))
    found, _ = split(trace, tmp_path)
    assert found["kswapd_compress_cpu"] == 0


def test_a_name_that_the_compiler_lengthened_is_the_function_it_was(tmp_path: Path) -> None:
    found, _ = split(graphed(reclaim(), KSWAPD, (2.0, 2.5), name=f"{ZRAM}.llvm.42"), tmp_path)
    assert found["kswapd_compress_cpu"] == 0.5


def test_a_call_that_was_marked_both_ways_counts_once(tmp_path: Path) -> None:
    found, measures = split(graphed(probed(reclaim(), KSWAPD, (2.0, 2.5)), KSWAPD, (1.9, 2.6)), tmp_path)
    assert (found["kswapd_compress_cpu"], found["kswapd_compress_calls"]) == (0.5, 1)
    assert measures.notes["kswapd_compress_cpu"] == "kprobes"


def test_a_call_whose_end_was_lost_took_nobody_knows_how_long(tmp_path: Path) -> None:
    trace = probed(reclaim(), KSWAPD, (2.0, 2.5)).event(4.0, tid=KSWAPD, kprobe_event={"name": ZRAM, "type": 1})
    assert split(trace, tmp_path)[0]["kswapd_compress_calls"] == 1


def test_where_no_call_was_marked_nothing_is_told_and_it_is_said_why(tmp_path: Path) -> None:
    found, measures = split(reclaim(), tmp_path)
    assert found == {}
    assert measures.missing["kswapd_compress_cpu"] == "calls of zram's write path (`reclaim run attribution`)"
