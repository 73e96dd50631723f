# SPDX-License-Identifier: Apache-2.0
"""Launches: the trace, when its first frame and its full display were, and where the time went."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reports.traces.measure import TraceLaunch, TraceMeasures, measure_trace
from tests.support.traces import TraceBuilder

PID, RENDER, SYSTEM = 100, 101, 1000
APP = "com.app.shop.beta"  # longer than a thread's 15 letters

Measure = Callable[[TraceBuilder], TraceMeasures]


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    return lambda builder: measure_trace(builder.write(tmp_path / "t.pftrace"))


def phone(*, app: str = APP) -> TraceBuilder:
    return (
        TraceBuilder()
        .process(SYSTEM, "system_server")
        .process(PID, app, threads={PID: app[-15:], RENDER: "RenderThread"})
    )


def cold(builder: TraceBuilder, at: float = 1) -> TraceBuilder:
    return builder.slices(
        PID,
        PID,
        bindApplication=(at + 0.1, at + 0.2),
        activityStart=(at + 0.2, at + 0.3),
        activityResume=(at + 0.3, at + 0.4),
    )


def parts(measures: TraceMeasures, window: str = "launch", launch: int = 1) -> dict[str, float]:
    return {
        row.metric: round(row.value, 9)
        for row in measures.rows
        if (row.window, row.launch) == (window, launch) and row.metric not in ("ttid", "ttfd")
    }


def test_a_first_frame_is_shown_when_its_drawing_ends(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.frame(2, 43, PID, shown=2.2, drawn=(2.05, 2.1))
    assert measure(trace).launches == (TraceLaunch(1, APP, "cold", 0, 2, 0.75, None),)


def test_full_display_is_the_frame_after_report_fully_drawn(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.frame(2, 43, PID, shown=2.2, drawn=(2.05, 2.1)).prints(2.5, PID, f"B|{PID}|reportFullyDrawn() for x")
    trace.prints(2.51, PID, f"E|{PID}").frame(2.6, 44, PID, shown=2.9, drawn=(2.65, 2.7))
    found = measure(trace)
    assert [(round(one.ttid_s or 0, 9), round(one.ttfd_s or 0, 9)) for one in found.launches] == [(0.75, 1.7)]
    assert {row.metric for row in found.rows if row.window == "launch"} >= {"ttid", "ttfd"}


def test_full_display_may_be_reported_within_the_first_frame(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.prints(1.52, PID, f"B|{PID}|reportFullyDrawn() for x").prints(1.53, PID, f"E|{PID}")
    (launch,) = measure(trace).launches
    assert launch.ttid_s == launch.ttfd_s == 0.75


def test_a_frame_of_another_app_or_before_the_intent_is_not_its_first(measure: Measure) -> None:
    trace = phone().process(300, "com.other", threads={300: "com.other", 301: "RenderThread"})
    trace.frame(0.5, 40, PID, shown=0.8, drawn=(0.55, 0.6))  # warm: it lived before
    trace.frame(1.2, 41, 300, shown=1.4, drawn=(1.25, 1.3))
    trace.launches(1, 3, APP, kind="warm").slices(PID, PID, activityStart=(1.1, 1.2), activityResume=(1.2, 1.3))
    trace.frame(1.5, 42, PID, shown=1.7, drawn=(1.55, 1.625))
    assert measure(trace).launches == (TraceLaunch(1, APP, "warm", 0.5, 2, 0.625, None),)


def test_a_frame_of_the_app_s_next_launch_is_not_that_of_the_one_before(measure: Measure) -> None:
    trace = cold(phone().launches(1, 1.6, APP)).launches(5, 6, APP, number=2, kind="warm")
    trace.slices(PID, PID, activityStart=(5.1, 5.2), activityResume=(5.2, 5.3))
    trace.frame(5.5, 42, PID, shown=5.8, drawn=(5.5625, 5.75))
    assert [one.ttid_s for one in measure(trace).launches] == [None, 0.75]


def test_a_launch_through_a_second_activity_shows_the_same_first_frame(measure: Measure) -> None:
    trace = cold(phone().launches(1, 2, APP)).launches(1.25, 2, APP, number=2)
    trace.frame(1.5, 42, PID, shown=1.8, drawn=(1.5625, 1.75))
    assert [one.ttid_s for one in measure(trace).launches] == [0.75, 0.5]


def test_a_frame_whose_drawing_never_ends_was_not_shown(measure: Measure) -> None:
    trace = cold(phone().launches(1, 1.6, APP)).slices(PID, PID, **{"Choreographer#doFrame": (1.5, 1.5625)})
    trace.prints(1.55, RENDER, f"B|{PID}|DrawFrame", cpu=1)
    assert measure(trace).launches == (TraceLaunch(1, APP, "cold", 0, 0.6, None, None),)


def old_phone(*, comm: str = APP[-15:]) -> TraceBuilder:
    """Android 7: no launchingActivity, no package list, processes known by a thread's 15 letters alone."""
    trace = TraceBuilder().process(SYSTEM, "system_server")
    trace.prints(1, SYSTEM, f"S|{SYSTEM}|launching: {APP}|0", cpu=7).prints(
        3, SYSTEM, f"F|{SYSTEM}|launching: {APP}|0", cpu=7
    )
    cold(trace).runs(PID, comm, 1.05, 1.5).runs(RENDER, "RenderThread", 1.55, 1.75, cpu=1)
    trace.prints(1.5, PID, f"B|{PID}|Choreographer#doFrame").prints(1.6, PID, f"E|{PID}")
    return trace.prints(1.55, RENDER, f"B|{PID}|DrawFrame", cpu=1).prints(1.75, RENDER, f"E|{PID}", cpu=1)


def test_an_old_phone_s_app_is_found_by_the_end_of_its_name(measure: Measure) -> None:
    (launch,) = measure(old_phone()).launches
    assert launch == TraceLaunch(1, APP, "cold", 0, 2, 0.75, None, "name")


def test_a_process_without_a_name_is_the_launched_one_where_it_alone_started(measure: Measure) -> None:
    (launch,) = measure(old_phone(comm="main")).launches
    assert (launch.kind, launch.ttid_s, launch.found) == ("cold", 0.75, "only-one")
    crowded = cold(old_phone(comm="main").prints(0.5, 300, "B|300|x").prints(0.6, 300, "E|300"))
    for begin, end, name in ((1.1, 1.2, "bindApplication"), (1.3, 1.4, "activityResume")):
        crowded.prints(begin, 300, f"B|300|{name}", cpu=2).prints(end, 300, "E|300", cpu=2)
    (launch,) = measure(crowded).launches
    assert (launch.kind, launch.ttid_s, launch.found) == (None, None, None)


def test_the_parts_of_a_launch_add_up_to_its_time_to_display(measure: Measure) -> None:
    trace = (
        phone().launches(1, 3, APP).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75)).runs(9, "idle", 0.5, 4, cpu=5)
    )
    cold(trace).wakes(PID, APP[-15:], 1.05).runs(PID, APP[-15:], 1.0625, 1.25, then="D")
    trace.event(1.3, tid=9, cpu=3, sched_blocked_reason={"pid": PID, "caller": 1, "io_wait": 1})
    trace.wakes(PID, APP[-15:], 1.375, cpu=3).runs(PID, APP[-15:], 1.375, 1.5).wakes(PID, APP[-15:], 1.625).runs(
        PID, APP[-15:], 1.65, 3.5
    )
    found = parts(measure(trace))
    assert found == {
        "before_main": 0.05,
        "main_runnable": 0.0375,
        "main_running": 0.1875 + 0.125 + 0.1,
        "main_io_wait": 0.125,
        "main_sleeping": 0.125,
        "main_uninterruptible": 0,
    }
    assert sum(found.values()) == pytest.approx(0.75)


def test_a_thread_that_lived_before_its_launch_slept_until_its_first_switch(measure: Measure) -> None:
    trace = phone().launches(1, 3, APP, kind="warm").frame(1.5, 42, PID, shown=1.8, drawn=(1.5625, 1.75))
    trace.slices(PID, PID, activityStart=(1.25, 1.3), activityResume=(1.3, 1.4)).runs(9, "other", 0.5, 4, cpu=5)
    found = parts(measure(trace.runs(PID, APP[-15:], 1.25, 2)))
    assert found == {"before_main": 0, "main_running": 0.5, "main_sleeping": 0.25, "main_uninterruptible": 0}


def test_memory_explains_direct_reclaim_of_the_main_thread_and_of_no_other(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP).config("vmscan/*")).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    for tid, begin, end in ((PID, 0.9, 1.0625), (PID, 1.4375, 1.46875), (RENDER, 1.25, 1.5), (300, 1, 1.5)):
        trace.event(begin, tid=tid, mm_vmscan_direct_reclaim_begin={})
        trace.event(end, tid=tid, mm_vmscan_direct_reclaim_end={})
    trace.slices(PID, PID, ReclaimPhase=(1.5625, 1.6875))  # the garbage collector's
    found = measure(trace)
    assert parts(found) == {
        "main_direct_reclaim": 0.09375,
        "app_direct_reclaim": 0.34375,
        "launch_memory_wait": 0.09375,
    }
    assert found.notes["launch_memory_wait"] == "direct reclaim alone: sched_blocked_reason not recorded"


def test_no_direct_reclaim_in_a_launch_is_zero_only_where_it_was_recorded(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    assert parts(measure(trace)) == {}
    assert set(parts(measure(trace.config("vmscan/*"))).values()) == {0}


def test_faults_are_those_between_the_samples_around_a_launch(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    for at, faults, swapped in ((0.5, 1, 1), (0.9, 10, 4), (1.2, 15, 9), (1.8, 22, 9), (2.5, 90, 90)):
        trace.vmstat(at, pgmajfault=faults, pswpin=swapped)
    assert parts(measure(trace)) == {"launch_major_faults": 12, "launch_swap_in": 5}


def test_a_launch_before_the_first_sample_has_no_count_of_faults(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    assert parts(measure(trace.vmstat(1.2, pgmajfault=1).vmstat(1.8, pgmajfault=5))) == {}


def test_the_parts_until_full_display_stand_in_a_window_of_their_own(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.prints(2.5, PID, f"B|{PID}|reportFullyDrawn() for x").prints(2.51, PID, f"E|{PID}")
    trace.frame(2.6, 44, PID, shown=2.9, drawn=(2.65, 2.75)).config("vmscan/*")
    trace.event(2.25, tid=PID, mm_vmscan_direct_reclaim_begin={}).event(
        2.4375, tid=PID, mm_vmscan_direct_reclaim_end={}
    )
    found = measure(trace)
    assert parts(found)["main_direct_reclaim"] == 0
    assert parts(found, "fully-drawn")["main_direct_reclaim"] == 0.1875


def test_scheduling_that_covers_only_a_part_of_a_launch_tells_no_parts(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    assert parts(measure(trace.runs(PID, APP[-15:], 1.3, 1.6))) == {}


def test_the_main_thread_s_frequency_is_weighed_by_its_time(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.frequency(0.5, 0, 1_000_000).frequency(1.5, 0, 2_000_000).runs(PID, APP[-15:], 1.25, 1.625)
    assert parts(measure(trace)) == {"main_frequency": round((1e9 * 0.25 + 2e9 * 0.125) / 0.375, 9)}


def test_binder_calls_of_the_main_thread_are_summed(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.slices(PID, PID, **{"binder transaction": (1.625, 2)})
    assert parts(measure(trace)) == {"main_binder": 0.125}


def test_reclaim_s_cpu_within_a_launch_is_not_that_of_the_whole_trace(measure: Measure) -> None:
    trace = cold(phone().launches(1, 3, APP)).frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75))
    trace.runs(30, "kswapd0", 0.5, 1.25, cpu=3).runs(30, "kswapd0", 2.5, 3.5, cpu=3)
    assert parts(measure(trace))["launch_reclaim_cpu"] == 0.25


def test_what_art_compiles_is_that_of_the_app_and_of_its_launch(measure: Measure) -> None:
    trace = cold(phone().process(PID, APP, threads={103: "Jit thread pool"}).launches(1, 3, APP))
    trace.frame(1.5, 42, PID, shown=1.8, drawn=(1.55, 1.75)).slices(103, PID, **{'JIT compiling a, "b"': (1.625, 2)})
    assert parts(measure(trace)) == {"app_jit": 0.125}
