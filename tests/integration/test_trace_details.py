# SPDX-License-Identifier: Apache-2.0
"""Metrics that explain the others: the trace each is found in, and the figure that must come out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.metrics import METRICS
from reports.traces.measure import DirectReclaimer, TraceMeasures, measure_trace
from reports.traces.needs import NOTHING
from tests.support.traces import TraceBuilder

KSWAPD, KCOMPRESSD, APP = 30, 31, 101
DIRECT = ("vmscan/mm_vmscan_direct_reclaim_begin", "vmscan/mm_vmscan_direct_reclaim_end")

Measure = Callable[[TraceBuilder], TraceMeasures]


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    return lambda builder: measure_trace(builder.write(tmp_path / "t.pftrace"))


def details(measures: TraceMeasures, *names: str) -> dict[str, float]:
    found = {row.metric: round(row.value, 9) for row in measures.rows if METRICS[row.metric].detail}
    return {name: found[name] for name in names if name in found} if names else found


def awake(builder: TraceBuilder, begin: float, end: float) -> TraceBuilder:
    return builder.event(begin, tid=KSWAPD, mm_vmscan_kswapd_wake={"nid": 0}).event(
        end, tid=KSWAPD, mm_vmscan_kswapd_sleep={"nid": 0}
    )


def test_what_was_scanned_and_what_was_freed_make_shares_and_rates(measure: Measure) -> None:
    trace = (
        awake(TraceBuilder(), 1, 3)
        .vmstat(1, pgscan_kswapd=0, pgscan_direct=0, pgsteal_kswapd=0, pgsteal_direct=0, pgscan_file=0, pgsteal_file=5)
        .vmstat(
            5, pgscan_kswapd=60, pgscan_direct=40, pgsteal_kswapd=36, pgsteal_direct=4, pgscan_file=8, pgsteal_file=9
        )
    )
    assert details(measure(trace)) == {
        "pressure_time": 2,
        "pgscan_file_rate": 4,  # per second of the two that kswapd was awake, not of the four between the samples
        "pgsteal_file_rate": 2,
        "pgsteal_file": 4,
        "pgscan_file": 8,
        "reclaim_efficiency": 0.4,
        "direct_share": 0.1,
        "kswapd_wakes": 1,
    }


def test_watermarks_hit_at_once_and_major_faults_are_counted(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .vmstat(1, kswapd_low_wmark_hit_quickly=1, kswapd_high_wmark_hit_quickly=1, pgmajfault=10, oom_kill=1)
        .vmstat(2, kswapd_low_wmark_hit_quickly=3, kswapd_high_wmark_hit_quickly=6, pgmajfault=14, oom_kill=1)
    )
    assert details(measure(trace)) == {"watermark_hits": 7, "pgmajfault": 4, "oom_kill_counter": 0}


def test_direct_reclaim_is_counted_and_its_longest_kept(measure: Measure) -> None:
    trace = TraceBuilder()
    for begin, end in ((1, 1.25), (2, 2.5)):
        trace.event(begin, tid=APP, mm_vmscan_direct_reclaim_begin={})
        trace.event(end, tid=APP, mm_vmscan_direct_reclaim_end={})
    assert details(measure(trace)) == {"pressure_time": 1.5, "direct_reclaim_count": 2, "direct_reclaim_longest": 0.5}


def test_time_held_back_by_reclaim_is_the_kernel_s_own_figure(measure: Measure) -> None:
    trace = TraceBuilder()
    for at, delayed in ((1, 20_000), (2, 5_000)):
        trace.generic(at, "mm_vmscan_throttled", tid=APP, nid=0, usec_timeout=50_000, usec_delayed=delayed)
    assert details(measure(trace)) == {"throttled_time": 0.025}
    quiet = TraceBuilder().config("vmscan/mm_vmscan_throttled").prints(1, APP, "B|1|x")
    assert details(measure(quiet)) == {"throttled_time": 0}


def test_a_queue_at_zram_level_is_what_is_under_writeback(measure: Measure) -> None:
    trace = TraceBuilder().process(2, "kthreadd", threads={KCOMPRESSD: "kcompressd:0"})
    for at, queued, swapped in ((1, 0, 0), (2, 4096, 5000), (4, 0, 8192)):
        trace.vmstat(at, nr_writeback=queued, pswpout=swapped, nr_vmscan_write=9 * swapped)
    found = measure(trace)
    assert details(found) == {
        "queue_peak": 4096,
        "queue_area": 2048 + 4096,  # a triangle: up in one second, down in two
        "queue_above_8mib": 2,
        "queue_delay": 0.75,
    }
    assert found.notes["queue_peak"] == "nr_writeback"


def test_a_queue_at_mm_level_is_what_was_handed_over_and_not_yet_written(measure: Measure) -> None:
    trace = TraceBuilder().process(2, "kthreadd", threads={KCOMPRESSD: "kcompressd0"})
    # 10 pages wait when the recording begins; 7 zero-filled ones, never written, drift in at the end.
    for at, handed, written in ((1, 110, 100), (2, 500, 300), (3, 600, 600), (4, 707, 700)):
        trace.vmstat(at, nr_writeback=0, nr_vmscan_write=handed, pswpout=written)
    found = measure(trace)
    assert details(found) == {
        "queue_peak": 200,
        "queue_area": 10 / 2 + 200,
        "queue_above_8mib": 0,
        "queue_delay": round(205 / 600, 9),
    }
    assert found.notes["queue_peak"] == "nr_vmscan_write less pswpout"


def test_pages_that_come_round_again_are_told_per_page(measure: Measure) -> None:
    trace = (
        TraceBuilder()
        .vmstat(1, pgrotated=0, pswpout=0, pgscan_anon=0, pgsteal_anon=0, nr_vmscan_immediate_reclaim=2)
        .vmstat(2, pgrotated=50, pswpout=200, pgscan_anon=900, pgsteal_anon=300, nr_vmscan_immediate_reclaim=9)
    )
    assert details(measure(trace)) == {"rotated_share": 0.25, "rescan_ratio": 3, "immediate_reclaim": 7}


def test_the_lowest_of_memory_and_swap_and_what_zram_made_of_it(measure: Measure) -> None:
    trace = TraceBuilder()
    for at, free, swap_free, zspages in ((1, 500, 2000, 40), (2, 100, 800, 100), (3, 300, 1200, 90)):
        trace.sample(
            at, meminfo={"mem_free": free, "swap_total": 2000, "swap_free": swap_free}, vmstat={"nr_zspages": zspages}
        )
    assert details(measure(trace)) == {
        "mem_free_min": 100 * 1024,
        "swap_free_min": 800 * 1024,
        "swap_used_max": 1200 * 1024,
        "swap_fill_max": 0.6,
        "zram_ratio": 3,  # 1,200 KiB swapped out lie in 100 pages of 4 KiB
        "zram_pages_peak": 100,
    }


def test_without_swap_none_of_it_is_free_and_none_is_short(measure: Measure) -> None:
    assert details(measure(TraceBuilder().meminfo(1, swap_total=0, swap_free=0))) == {}


def test_cpu_of_reclaim_is_told_per_page_core_and_frequency(measure: Measure) -> None:
    trace = TraceBuilder().cores(200, 200, 1024)
    trace.frequency(0.5, 0, 1_000_000).frequency(0.5, 2, 3_000_000).frequency(2, 2, 1_000_000)
    trace.runs(KSWAPD, "kswapd0", 1, 2, cpu=0).runs(KCOMPRESSD, "kcompressd:0", 1.5, 2.5, cpu=2)
    trace.vmstat(1, pgsteal_kswapd=0).vmstat(2, pgsteal_kswapd=3000)
    assert details(measure(trace)) == {
        "reclaim_cpu_per_1000_pages": 0.5,  # 1.5 s between the two samples
        "kcompressd_share": 0.5,
        "reclaim_cpu_little": 1,
        "reclaim_cpu_big": 1,
        "reclaim_frequency": (1e9 * 1 + 3e9 * 0.5 + 1e9 * 0.5) / 2,
    }


def test_cpu_of_direct_reclaim_is_what_its_threads_ran_of_it_by_core(measure: Measure) -> None:
    trace = TraceBuilder().config(DIRECT[0]).cores(200, 1024)
    trace.process(APP, "app").runs(APP, "app", 1, 1.4, cpu=0).runs(APP, "app", 1.6, 2.5, cpu=1)
    trace.event(1.25, tid=APP, cpu=0, mm_vmscan_direct_reclaim_begin={})
    trace.event(2, tid=APP, cpu=1, mm_vmscan_direct_reclaim_end={})  # 0.2 s of the 0.75 s it sleeps
    names = ("direct_reclaim_cpu", "direct_reclaim_cpu_little", "direct_reclaim_cpu_big")
    found = measure(trace)
    assert details(found, *names) == dict(zip(names, (0.55, 0.15, 0.4), strict=True))
    (thread,) = found.direct
    assert (thread.seconds, thread.cpu_s, thread.core_s) == (0.75, 0.55, {"little": 0.15, "big": 0.4})


def test_a_begin_of_direct_reclaim_without_an_end_counts_no_cpu_time_twice(measure: Measure) -> None:
    trace = TraceBuilder().process(APP, "app").runs(APP, "app", 1, 4)
    for at in (1, 1.5):
        trace.event(at, tid=APP, mm_vmscan_direct_reclaim_begin={})
    for at in (2, 3):
        trace.event(at, tid=APP, mm_vmscan_direct_reclaim_end={})
    assert details(measure(trace), "direct_reclaim_cpu") == {"direct_reclaim_cpu": 2}


def test_a_compressor_that_waits_for_a_cpu_is_seen(measure: Measure) -> None:
    trace = TraceBuilder().process(2, "kthreadd", threads={KSWAPD: "kswapd0"})
    trace.runs(KCOMPRESSD, "kcompressd:0", 1, 1.25).wakes(KCOMPRESSD, "kcompressd:0", 2).runs(
        KCOMPRESSD, "kcompressd:0", 2.5, 3
    )
    assert details(measure(trace), "kcompressd_runnable", "kswapd_runnable") == {
        "kcompressd_runnable": 0.5,
        "kswapd_runnable": 0,
    }


def test_kills_are_told_by_killer_and_by_what_queued_just_before(measure: Measure) -> None:
    trace = TraceBuilder().process(100, "com.app").process(50, "lmkd")
    trace.vmstat(0.5, nr_writeback=4096).vmstat(1.5, nr_writeback=3)
    trace.prints(1, 50, "B|50|lmk,100,2,900,0,0").prints(1.1, 50, "E|50").event(2, tid=9, mark_victim={"pid": 200})
    assert details(measure(trace), "kills_lmkd", "kills_oom", "kill_adj_min", "kills_while_queued") == {
        "kills_lmkd": 1,
        "kills_oom": 1,
        "kill_adj_min": 900,
        "kills_while_queued": 1,
    }


def test_kills_by_the_kernels_low_memory_killer_are_a_figure_of_their_own(measure: Measure) -> None:
    trace = TraceBuilder().process(100, "com.app").event(1, tid=60, lowmemory_kill={"pid": 100, "comm": "com.app"})
    found = measure(trace)
    assert details(found) == {"kills_lmk": 1}
    assert [(kill.process, kill.by) for kill in found.kills] == [("com.app", "lmk")]
    quiet = TraceBuilder().prints(1, APP, "B|1|x").config("lowmemorykiller/lowmemory_kill")
    assert details(measure(quiet)) == {"kills_lmk": 0}


def test_what_the_kernel_has_no_event_for_is_not_zero(measure: Measure) -> None:
    asked = ("lowmemorykiller/lowmemory_kill", "vmscan/mm_vmscan_throttled", "oom/mark_victim")
    trace = TraceBuilder().prints(1, APP, "B|1|x").config(*asked)
    assert details(measure(trace), "kills_lmk", "throttled_time", "kills_oom") == {
        "kills_lmk": 0,
        "throttled_time": 0,
        "kills_oom": 0,
    }
    found = measure(trace.refused(*asked[:2]))  # no such driver since Linux 4.12, no such event before 5.16
    assert details(found, "kills_lmk", "throttled_time", "kills_oom") == {"kills_oom": 0}
    assert found.missing["throttled_time"] == "ftrace vmscan/mm_vmscan_throttled"


def test_all_of_vmscan_promises_no_event_that_old_kernels_lack(measure: Measure) -> None:
    trace = TraceBuilder().prints(1, APP, "B|1|x").config("vmscan/*")
    assert details(measure(trace), "throttled_time", "direct_reclaim_count") == {"direct_reclaim_count": 0}


def test_the_first_kill_is_timed_from_the_first_reclaim(measure: Measure) -> None:
    trace = awake(TraceBuilder().config("oom/mark_victim"), 2, 6)
    for at, pid in ((5, 7), (4.5, 8)):
        trace.event(at, mark_victim={"pid": pid})
    assert details(measure(trace.prints(9, APP, "B|1|x")), "kill_first", "kill_watched") == {
        "kill_first": 2.5,
        "kill_watched": 7,
    }
    quiet = awake(TraceBuilder().config("oom/mark_victim"), 2, 6).prints(9, APP, "B|1|x")
    assert details(measure(quiet), "kill_first", "kill_watched") == {"kill_watched": 7}


def test_no_kill_is_zero_for_the_killer_that_was_watched_alone(measure: Measure) -> None:
    quiet = TraceBuilder().prints(1, APP, "B|1|x").config("oom/mark_victim")
    assert details(measure(quiet)) == {"kills_oom": 0}


def test_energy_of_the_rails_is_what_they_grew_by(measure: Measure) -> None:
    trace = TraceBuilder().rails(1, cpu=1_000_000, ddr=5).rails(3, cpu=3_500_000, ddr=500_005)
    found = measure(trace)
    assert details(found) == {"energy_rails": 3}
    assert found.notes["energy_rails"] == "2 rails"


def test_charge_is_told_only_where_the_battery_s_counter_stepped(measure: Measure) -> None:
    assert details(measure(TraceBuilder().battery(1, 3_000_000).battery(2, 3_000_000))) == {}
    assert details(measure(TraceBuilder().battery(1, 3_000_000).battery(2, 2_999_000))) == {"battery_charge_used": 3.6}


def test_the_hottest_zone_is_in_degrees(measure: Measure) -> None:
    trace = TraceBuilder()
    for at, zone, milli in ((1, "skin", 31_000), (2, "skin", 33_500), (2, "cpu", 30_000)):
        trace.event(at, thermal_temperature={"id": 1, "thermal_zone": zone, "temp": milli, "temp_prev": 0})
    assert details(measure(trace)) == {"temperature_max": 33.5}


def test_every_metric_without_a_figure_says_what_was_not_recorded(measure: Measure) -> None:
    found = measure(TraceBuilder().vmstat(1, pswpout=1, pgsteal_anon=5))
    told = {row.metric for row in found.rows} | set(found.missing)
    assert told == {name for name, metric in METRICS.items() if metric.needs}
    assert found.missing["pswpout"] == NOTHING  # one sample says nothing of growth
    assert found.missing["rotated_share"] == "vmstat pgrotated"
    assert found.missing["pgsteal_anon_rate"] == "ftrace vmscan/mm_vmscan_kswapd_wake"
    assert found.missing["kcompressd_cpu"] == "ftrace sched/sched_switch, the name of kswapd's thread"


def test_the_window_of_pressure_is_that_of_reclaim_and_its_counters_are_those_around_it(measure: Measure) -> None:
    trace = awake(TraceBuilder(), 2, 4).event(4.5, tid=APP, mm_vmscan_direct_reclaim_begin={})
    trace.event(5, tid=APP, mm_vmscan_direct_reclaim_end={})
    for at, swapped, stalled in ((0, 0, 0), (1, 10, 0.25), (3, 70, 0.5), (6, 90, 1), (9, 100, 2)):
        trace.vmstat(at, pswpout=swapped).psi(at, some_s=stalled, full_s=0)
    found = measure(trace)
    assert details(found, "pressure_time") == {"pressure_time": 3}
    assert {row.metric: row.value for row in found.rows if row.window == "pressure"} == {
        "pswpout": 80,
        "psi_memory_some": 0.75,
        "psi_memory_full": 0,
    }


def test_who_reclaimed_directly_is_named_most_of_it_first(measure: Measure) -> None:
    trace = TraceBuilder().process(100, "com.app", threads={100: "com.app", APP: "worker"})
    for tid, begin, end in ((100, 1, 1.25), (APP, 1, 1.5), (APP, 2, 2.25)):
        trace.event(begin, tid=tid, mm_vmscan_direct_reclaim_begin={})
        trace.event(end, tid=tid, mm_vmscan_direct_reclaim_end={})
    assert measure(trace).direct == (
        DirectReclaimer("com.app", "worker", APP, 2, 0.75, 0.5),
        DirectReclaimer("com.app", "com.app", 100, 1, 0.25, 0.25),
    )
