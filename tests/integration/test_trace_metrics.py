# SPDX-License-Identifier: Apache-2.0
"""Every metric: the trace it is found in, and the figure that must come out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.metrics import METRICS
from reports.traces import queries
from reports.traces.measure import TraceKill, TraceLaunch, TraceMeasures, measure_trace
from tests.support.traces import TraceBuilder

KSWAPD, KCOMPRESSD, APP, MAIN, RENDER = 30, 31, 101, 100, 102

Measure = Callable[[TraceBuilder], TraceMeasures]


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    return lambda builder: measure_trace(builder.write(tmp_path / "t.pftrace"))


def figures(measures: TraceMeasures) -> dict[str, float]:
    """Figures that a run is judged by; what explains them stands in test_trace_details.py."""
    return {
        row.metric: round(row.value, 9)
        for row in measures.rows
        if row.window == "trial" and not METRICS[row.metric].detail
    }


def wake(builder: TraceBuilder, *times: float) -> TraceBuilder:
    for at in times:
        builder.event(at, tid=KSWAPD, mm_vmscan_kswapd_wake={"nid": 0})
    return builder


def sleep(builder: TraceBuilder, *times: float) -> TraceBuilder:
    for at in times:
        builder.event(at, tid=KSWAPD, mm_vmscan_kswapd_sleep={"nid": 0})
    return builder


def test_every_query_compiles_and_finds_nothing_in_an_empty_trace() -> None:
    assert queries.check_sql().startswith("Perfetto ")


def test_every_query_says_what_its_columns_are() -> None:
    for topic, columns in queries.TOPICS.items():
        header = queries.sql(topic).split("\n\n")[0]
        described = [line.split()[1] for line in header.splitlines() if line[3:4].strip() and len(line.split()) > 2]
        assert set(columns) <= set(described), topic


def test_a_trace_without_a_metric_s_events_has_no_row_for_it(measure: Measure) -> None:
    assert figures(measure(TraceBuilder().prints(1, APP, "B|100|x").prints(2, APP, "E|100"))) == {}


def test_counters_grow_from_their_first_to_their_last_sample(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .vmstat(1, pgsteal_anon=100, pgscan_anon=300, pswpin=5, pswpout=1, pgrotated=7, nr_writeback=3)
        .vmstat(2, pgsteal_anon=160, pgscan_anon=500, pswpin=5, pswpout=9, pgrotated=8, nr_writeback=90)
        .vmstat(3, pgsteal_anon=150, pgscan_anon=900, pswpin=6, pswpout=41, pgrotated=9, nr_writeback=2)
    )
    assert figures(measure(trace)) == {
        "pgsteal_anon": 50,
        "pgscan_anon": 600,
        "pswpin": 1,
        "pswpout": 40,
        "pgrotated": 2,
        "nr_writeback_peak": 90,
    }


def test_refaults_and_who_reclaimed_are_told_apart(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .vmstat(1, pgsteal_kswapd=10, pgsteal_direct=20, workingset_refault_anon=1, workingset_refault_file=2)
        .vmstat(2, pgsteal_kswapd=15, pgsteal_direct=80, workingset_refault_anon=4, workingset_refault_file=8)
    )
    expected = {"pgsteal_kswapd": 5, "pgsteal_direct": 60, "refault_anon": 3, "refault_file": 6}
    assert figures(measure(trace)) == expected


def test_stalls_are_summed_over_the_zones_that_exist(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .vmstat(1, allocstall_normal=4, allocstall_movable=1)
        .vmstat(2, allocstall_normal=6, allocstall_movable=9)
    )
    assert figures(measure(trace)) == {"allocstall": 10}


def test_an_old_kernel_s_counters_by_zone_are_summed(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .vmstat(1, pgsteal_direct_normal=1, pgsteal_direct_movable=1)
        .vmstat(2, pgsteal_direct_normal=4, pgsteal_direct_movable=6)
    )
    assert figures(measure(trace)) == {"pgsteal_direct": 8}


def test_one_sample_says_nothing_of_growth_and_a_reset_counter_neither(measure: Measure) -> None:
    assert figures(measure(TraceBuilder().vmstat(1, pgsteal_anon=7))) == {}
    assert figures(measure(TraceBuilder().vmstat(1, pgsteal_anon=700).vmstat(2, pgsteal_anon=3))) == {}


def test_kswapd_is_awake_from_its_first_wake_to_its_sleep(measure: Measure) -> None:
    trace = sleep(wake(TraceBuilder(), 1, 1.5, 2.2, 5), 3, 5.5).prints(9, APP, "B|1|end")
    found = measure(trace)
    assert figures(found) == {"kswapd_awake": 2.5}
    assert found.notes == {"kswapd_awake": "events"}
    assert [caveat.code for caveat in found.caveats] == ["awake-with-naps"]


def test_a_kswapd_awake_at_the_beginning_and_at_the_end_is_counted(measure: Measure) -> None:
    trace = sleep(wake(TraceBuilder().prints(1, APP, "B|1|begin"), 7), 3).prints(10, APP, "B|1|end")
    assert figures(measure(trace)) == {"kswapd_awake": 2 + 3}


def test_kswapd_s_naps_are_not_awake_time(measure: Measure) -> None:
    trace = sleep(wake(TraceBuilder(), 1, 3), 4)
    # It reclaims for 1 s, waits 0.5 s for the disk, reclaims 0.5 s, naps 1 s that is cut short, and goes on for 1 s.
    trace.runs(KSWAPD, "kswapd0", 1, 1.5, then="D").runs(KSWAPD, "kswapd0", 1.5, 2, then="S").runs(
        KSWAPD, "kswapd0", 3, 4
    )
    found = measure(trace)
    assert figures(found)["kswapd_awake"] == 2
    assert found.notes["kswapd_awake"] == "events-less-naps"
    assert found.caveats == ()


def test_without_its_events_kswapd_is_awake_while_it_does_not_sleep(measure: Measure) -> None:
    trace = (
        TraceBuilder().runs(KSWAPD, "kswapd0", 1, 2, then="D").runs(KSWAPD, "kswapd0", 2.5, 3).runs(APP, "app", 5, 9)
    )
    found = measure(trace)
    assert figures(found)["kswapd_awake"] == 2
    assert [caveat.code for caveat in found.caveats] == ["awake-by-sched"]


def test_the_rate_is_over_awake_time_between_the_counter_s_own_samples(measure: Measure) -> None:
    trace = sleep(wake(TraceBuilder(), 1), 9).vmstat(4, pgsteal_anon=1000).vmstat(6, pgsteal_anon=7000)
    found = figures(measure(trace))
    assert found["pgsteal_anon_rate"] == 3000
    assert found["kswapd_awake"] == 8


def test_a_rate_over_no_awake_time_is_not_a_figure(measure: Measure) -> None:
    trace = sleep(wake(TraceBuilder(), 1), 2).vmstat(4, pgsteal_anon=1000).vmstat(6, pgsteal_anon=7000)
    assert "pgsteal_anon_rate" not in figures(measure(trace))


def test_cpu_time_is_that_of_the_kernel_s_reclaim_threads_alone(measure: Measure) -> None:
    trace = TraceBuilder().runs(KSWAPD, "kswapd0:0", 1, 2).runs(KSWAPD, "kswapd0:0", 3, 3.5)
    trace.runs(KCOMPRESSD, "kcompressd:0", 1, 1.25, cpu=1).runs(32, "kcompressd0", 2, 3, cpu=1)
    trace.runs(33, "akcompressd:1", 3.25, 3.5, cpu=1).runs(34, "kcompressdaemon", 4, 9, cpu=1).runs(
        35, "kswapd0x", 5, 9
    )
    found = figures(measure(trace))
    assert {name: found[name] for name in ("kswapd_cpu", "kcompressd_cpu", "reclaim_cpu")} == {
        "kswapd_cpu": 1.5,
        "kcompressd_cpu": 1.5,
        "reclaim_cpu": 3,
    }


def test_a_thread_known_by_name_that_never_ran_used_no_cpu(measure: Measure) -> None:
    known = TraceBuilder().process(2, "kthreadd", threads={KSWAPD: "kswapd0"}).runs(APP, "app", 1, 2)
    assert figures(measure(known))["kcompressd_cpu"] == 0
    assert "kcompressd_cpu" not in figures(measure(TraceBuilder().runs(APP, "app", 1, 2)))


def test_direct_reclaim_is_summed_over_threads(measure: Measure) -> None:
    trace = TraceBuilder()
    for tid, begin, end in ((APP, 1, 1.25), (MAIN, 1.125, 1.375), (APP, 2, 2.5)):
        trace.event(begin, tid=tid, mm_vmscan_direct_reclaim_begin={}).event(
            end, tid=tid, mm_vmscan_direct_reclaim_end={}
        )
    assert figures(measure(trace)) == {"direct_reclaim_time": 1}


def test_a_lost_end_of_direct_reclaim_is_a_caveat_not_time(measure: Measure) -> None:
    trace = TraceBuilder().event(1, tid=APP, mm_vmscan_direct_reclaim_begin={}).prints(9, APP, "B|1|x")
    found = measure(trace)
    assert figures(found) == {}
    assert [caveat.code for caveat in found.caveats] == ["open-direct-reclaim"]
    trace.event(9.5, tid=RENDER, mm_vmscan_direct_reclaim_begin={}).event(
        9.75, tid=RENDER, mm_vmscan_direct_reclaim_end={}
    )
    assert figures(measure(trace)) == {"direct_reclaim_time": 0.25}


@pytest.mark.parametrize("asked", ["vmscan/mm_vmscan_direct_reclaim_begin", "vmscan/*"])
def test_no_direct_reclaim_is_zero_only_where_it_was_asked_for(measure: Measure, asked: str) -> None:
    quiet = TraceBuilder().prints(1, APP, "B|1|x")
    assert figures(measure(quiet)) == {}
    assert figures(measure(quiet.config(asked))) == {"direct_reclaim_time": 0}


def test_the_garbage_collector_of_an_app_is_not_kernel_reclaim(measure: Measure) -> None:
    art = TraceBuilder().prints(1, APP, "B|100|ReclaimPhase").prints(2, APP, "E|100")
    assert figures(measure(art)) == {}


def test_memory_s_lowest_point_is_in_bytes(measure: Measure) -> None:
    trace = TraceBuilder().meminfo(1, mem_available=900).meminfo(2, mem_available=100).meminfo(3, mem_available=500)
    assert figures(measure(trace)) == {"mem_available_min": 100 * 1024}


def test_pressure_stall_time_is_the_growth_of_its_total(measure: Measure) -> None:
    trace = TraceBuilder().psi(1, some_s=40, full_s=7).psi(2, some_s=40.5, full_s=7).psi(3, some_s=41, full_s=7.25)
    assert figures(measure(trace)) == {"psi_memory_some": 1, "psi_memory_full": 0.25}


def test_kills_by_lmkd_and_by_the_kernel_are_counted_once_each(measure: Measure) -> None:
    trace = TraceBuilder().process(100, "com.app").process(200, "eater", threads={200: "eater"}).process(50, "lmkd")
    trace.prints(1, 50, "B|50|lmk,100,2,900,0,0").prints(1.5, 50, "E|50").event(2, tid=9, mark_victim={"pid": 200})
    found = measure(trace)
    assert figures(found) == {"kills": 2}
    assert found.kills == (
        TraceKill(pid=100, process="com.app", by="lmkd", at_s=0, adj=900, reason="LOW_SWAP_AND_THRASHING"),
        TraceKill(pid=200, process="eater", by="oom", at_s=1, adj=None, reason=None),
    )


def test_no_kill_is_zero_only_where_both_killers_were_watched(measure: Measure) -> None:
    quiet = TraceBuilder().prints(1, APP, "B|1|x")
    assert figures(measure(quiet.config("oom/mark_victim"))) == {}
    assert figures(measure(quiet.config("oom/mark_victim", atrace_apps=("lmkd",)))) == {"kills": 0}


def test_a_launch_runs_from_the_intent_to_the_end_of_the_first_drawn_frame(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .process(1000, "system_server")
        .process(100, "com.app", threads={MAIN: "com.app", RENDER: "RenderThread"})
    )
    trace.prints(1, 1000, "S|1000|launchingActivity#1|0").prints(2, 1000, "F|1000|launchingActivity#1|0")
    trace.prints(2, 1000, "I|1000|launchingActivity#1:completed-cold:com.app")
    for begin, end, name in ((1.1, 1.2, "bindApplication"), (1.2, 1.3, "activityStart"), (1.3, 1.4, "activityResume")):
        trace.prints(begin, MAIN, f"B|100|{name}").prints(end, MAIN, "E|100")
    trace.prints(1.5, MAIN, "B|100|Choreographer#doFrame").prints(1.6, MAIN, "E|100")
    trace.prints(1.55, RENDER, "B|100|DrawFrame", cpu=1).prints(1.75, RENDER, "E|100", cpu=1)
    found = measure(trace)
    assert found.launches == (TraceLaunch(1, "com.app", "cold", 0, 1, 0.75, None),)
    assert [(row.metric, row.window, row.launch, row.app, row.value) for row in found.rows] == [
        ("ttid", "launch", 1, "com.app", 0.75)
    ]


def test_series_are_points_of_a_tenth_of_a_second(measure: Measure) -> None:
    trace = TraceBuilder().prints(1, APP, "B|1|begin")
    for at, stolen, queued, free in ((1.01, 0, 5, 40), (1.05, 10, 9, 30), (1.21, 42, 1, 35)):
        trace.vmstat(at, pgsteal_anon=stolen, nr_writeback=queued).meminfo(
            at, mem_available=free, swap_total=9, swap_free=8
        )
        trace.psi(at, some_s=at / 2, full_s=0)
    found = measure(trace).series
    points = {
        name: [(round(t, 3), round(v, 3)) for t, v in zip(s.t_s, s.value, strict=True)]
        for name, s in found.groupby("series")
    }
    assert points == {
        "nr_writeback": [(0.05, 9), (0.21, 1)],
        "mem_available": [(0.05, 30 * 1024), (0.21, 35 * 1024)],
        "swap_used": [(0.05, 1024), (0.21, 1024)],
        "pgsteal_anon_rate": [(0.21, 200)],
        "psi_memory_some": [(0.21, 0.5)],
    }


def test_figures_carry_the_unit_of_their_metric(measure: Measure) -> None:
    (row,) = measure(TraceBuilder().meminfo(1, mem_available=1)).rows
    assert row.unit == METRICS["mem_available_min"].unit == "bytes"
