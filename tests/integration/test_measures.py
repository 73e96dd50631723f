# SPDX-License-Identifier: Apache-2.0
"""Trials become tidy rows: the trace first, the record where the trace is silent, and a caveat for every doubt."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.measures import TrialMeasures, caveats_of, measure_run, measure_trial
from reports.metrics import MEASURE_COLUMNS
from reports.record import Conditions, DeviceFacts, EaterResult, Kill, LaunchResult, Plan, PlannedTrial, TrialRecord
from reports.store import RunStore
from reports.traces.series import SERIES, SERIES_COLUMNS
from tests.support.traces import TraceBuilder
from workloads.spec import Arm, Experiment, Workload

NOTHING = Conditions(None, None, None, None, None)
OFF, ON = PlannedTrial(1, 1, 1, "off"), PlannedTrial(2, 1, 2, "on")
RECORD = TrialRecord(OFF, "2026-11-23T10:00:00+00:00", {}, {}, (), (), (), NOTHING, NOTHING, {}, {}, "trace.pftrace")
DEVICE = DeviceFacts("serial", "m", "b", "11", 30, "6.12", "x86_64", 2, 1, 1, "lz4", {}, {}, "none", None)
EXPERIMENT = Experiment(
    "e", "?", Workload("w", "W", (), None, ()), (Arm("off", ()), Arm("on", ())), "off", 1, ("kills",)
)


def launch(index: int, package: str, *, total_time_s: float | None = 1.0) -> LaunchResult:
    return LaunchResult(index, f"{package}/.Main", "cold", "ok", "COLD", total_time_s, total_time_s)


def with_launch(builder: TraceBuilder, pid: int, package: str, at: float, ttid: float) -> TraceBuilder:
    main, render, number = pid, pid + 1, pid
    builder.process(pid, package, threads={main: package, render: "RenderThread"})
    builder.prints(at, 1000, f"S|1000|launchingActivity#{number}|0").prints(
        at + 5, 1000, f"F|1000|launchingActivity#{number}|0"
    )
    builder.prints(at + 5, 1000, f"I|1000|launchingActivity#{number}:completed-cold:{package}")
    builder.prints(at + 0.1, main, f"B|{pid}|Choreographer#doFrame").prints(at + 0.2, main, f"E|{pid}")
    return builder.prints(at + 0.15, render, f"B|{pid}|DrawFrame", cpu=1).prints(at + ttid, render, f"E|{pid}", cpu=1)


def measured(record: TrialRecord, trace: TraceBuilder | None, folder: Path) -> TrialMeasures:
    return measure_trial(record, trace.write(folder / "t") if trace else None, "RUN", "serial")


def figures(found: TrialMeasures) -> dict[tuple[str, int], float]:
    rows = found.measures
    return dict(zip(zip(rows.metric, rows.launch, strict=True), rows.value, strict=True))


def codes(found: TrialMeasures) -> set[str]:
    return {caveat.code for caveat in found.caveats}


def test_a_row_says_whose_figure_it_is(tmp_path: Path) -> None:
    found = measured(replace(RECORD, excluded="too warm"), TraceBuilder().meminfo(1, mem_available=4), tmp_path)
    row = found.measures[found.measures.metric == "mem_available_min"].iloc[0]
    assert tuple(row.index) == MEASURE_COLUMNS
    assert tuple(row) == (
        *("RUN", "serial", 1, 1, "001-b1-off", "off", False, "too warm"),
        *("trial", 0, "", "mem_available_min", 4096.0, "bytes"),
    )


def test_a_warm_up_is_marked(tmp_path: Path) -> None:
    found = measured(replace(RECORD, trial=PlannedTrial(1, 0, 1, "off")), None, tmp_path)
    assert found.measures.warm_up.tolist() == [True]


def test_launches_of_the_trace_are_matched_to_those_asked_for_in_order(tmp_path: Path) -> None:
    trace = with_launch(
        with_launch(with_launch(TraceBuilder(), 100, "a", 1, 0.5), 200, "b", 11, 0.6), 300, "a", 21, 0.7
    )
    record = replace(RECORD, launches=(launch(1, "a"), launch(2, "x"), launch(3, "b"), launch(4, "a")))
    found = measured(record, trace, tmp_path)
    ttid = {index: value for (metric, index), value in figures(found).items() if metric == "ttid"}
    assert ttid == pytest.approx({1: 0.5, 3: 0.6, 4: 0.7})
    (doubt,) = (caveat for caveat in found.caveats if caveat.code == "launch-not-in-trace")
    assert doubt.what == "no launch in the trace for x"


def test_a_launch_of_another_kind_than_was_asked_for_is_left_out_with_the_reason(tmp_path: Path) -> None:
    trace = with_launch(with_launch(TraceBuilder(), 100, "a", 1, 0.5), 200, "b", 11, 0.6)
    hot = replace(launch(1, "a", total_time_s=0.5), kind="hot")
    found = measured(replace(RECORD, launches=(hot, launch(2, "b", total_time_s=0.6))), trace, tmp_path)
    assert {index for (_, index) in figures(found)} == {0, 2}
    (doubt,) = (caveat for caveat in found.caveats if caveat.code == "launch-kind")
    assert doubt.what == "launch 1 (a) was to be hot, am says cold, the trace says cold: 1 of 2 launches left out"


def test_the_trace_alone_can_tell_of_another_kind_and_so_can_am(tmp_path: Path) -> None:
    trace = with_launch(TraceBuilder(), 100, "a", 1, 0.5)
    by_trace = replace(launch(1, "a", total_time_s=0.5), kind="warm", state=None)
    assert "the trace says cold" in str(measured(replace(RECORD, launches=(by_trace,)), trace, tmp_path).caveats)
    by_am = replace(by_trace, state="RELAUNCH")
    assert "am says relaunch" in str(measured(replace(RECORD, launches=(by_am,)), None, tmp_path).caveats)


def test_a_return_counts_whatever_it_was_and_so_does_what_nobody_tells_the_kind_of(tmp_path: Path) -> None:
    back = replace(launch(1, "a"), kind="return", state="COLD")
    old = replace(launch(2, "b"), kind="warm", state=None)
    found = measured(replace(RECORD, launches=(back, old)), None, tmp_path)
    assert {index for (metric, index) in figures(found) if metric == "am_total_time"} == {1, 2}
    assert "launch-kind" not in codes(found)


@pytest.mark.parametrize(("ttid", "by_am", "apart"), [(0.5, 0.526, True), (0.5, 0.524, False), (0.2, 0.219, False)])
def test_am_s_clock_and_the_trace_s_are_held_together(tmp_path: Path, ttid: float, by_am: float, apart: bool) -> None:  # noqa: FBT001 - what is to come
    trace = with_launch(TraceBuilder(), 100, "a", 1, ttid)
    found = measured(replace(RECORD, launches=(launch(1, "a", total_time_s=by_am),)), trace, tmp_path)
    doubts = [caveat.what for caveat in found.caveats if caveat.code == "clocks-disagree"]
    assert [what.rpartition(": ")[2] for what in doubts] == (["launch 1 (a) 0.526 s and 0.500 s"] if apart else [])


def test_am_s_total_time_is_a_figure_only_where_something_was_launched(tmp_path: Path) -> None:
    record = replace(
        RECORD,
        launches=(
            launch(1, "a", total_time_s=0.75),
            launch(2, "a", total_time_s=0.0),
            launch(3, "a", total_time_s=None),
            replace(launch(4, "a"), status="timeout"),
        ),
    )
    found = figures(measured(record, None, tmp_path))
    assert {key: value for key, value in found.items() if key[0] == "am_total_time"} == {("am_total_time", 1): 0.75}


def test_vmstat_of_the_record_stands_in_for_counters_the_trace_lacks(tmp_path: Path) -> None:
    record = replace(RECORD, vmstat={"pgsteal_anon": 90, "allocstall_normal": 2, "allocstall_movable": 3, "pswpin": 8})
    found = measured(record, TraceBuilder().vmstat(1, pswpin=1).vmstat(2, pswpin=5), tmp_path)
    assert figures(found) == {("pswpin", 0): 4, ("pgsteal_anon", 0): 90, ("allocstall", 0): 5, ("kills", 0): 0}
    (doubt,) = (caveat for caveat in found.caveats if caveat.code == "vmstat-by-record")
    assert doubt.what.startswith("pgsteal_anon, allocstall: ")


def test_every_process_that_anyone_saw_killed_counts_once(tmp_path: Path) -> None:
    record = replace(RECORD, kills=(Kill("eater", 7, "oom", None, ""), Kill("app", 8, "lmkd", 900, "low")))
    trace = TraceBuilder().event(1, tid=1, mark_victim={"pid": 7}).event(2, tid=1, mark_victim={"pid": 9})
    found = measured(record, trace, tmp_path)
    assert figures(found)[("kills", 0)] == 3
    assert "kills-disagree" in codes(found)


def test_kills_only_the_log_can_see_are_no_disagreement(tmp_path: Path) -> None:
    record = replace(RECORD, kills=(Kill("app", 8, "lmkd", 900, "low"),))
    assert "kills-disagree" not in codes(measured(record, TraceBuilder().prints(1, 1, "B|1|x"), tmp_path))


def test_what_it_took_to_hold_memory_down_is_a_figure_of_hold_mode_alone(tmp_path: Path) -> None:
    held = EaterResult(8192, 1.5, 0, survived=True, held_bytes=4096, held_s=2.0, held_available_bytes=7340032)
    never = replace(held, held_bytes=0, held_s=0.0)
    found = figures(measured(replace(RECORD, eaters=(held, held)), None, tmp_path))
    assert (found["hold_effort", 0], found["hold_available", 0]) == (4096, 7340032)
    assert ("hold_effort", 0) not in figures(measured(replace(RECORD, eaters=(never,)), None, tmp_path))


def test_what_the_eaters_touched_is_a_figure_and_how_fast_only_where_all_of_them_lived(tmp_path: Path) -> None:
    lived = (EaterResult(8192, 1.5, 0, survived=True, retouched_bytes=4096), EaterResult(8192, 2.5, 0, survived=True))
    found = figures(measured(replace(RECORD, eaters=lived), None, tmp_path))
    assert found["demand_filled", 0] == 16384
    assert (found["demand_fill_time", 0], found["demand_retouched", 0]) == (2.5, 4096)
    killed = (lived[1], EaterResult(4096, 0.0, 0, survived=False))
    found = figures(measured(replace(RECORD, eaters=killed), None, tmp_path))
    assert found["demand_filled", 0] == 12288
    assert not {("demand_fill_time", 0), ("demand_retouched", 0)} & found.keys()
    assert ("demand_filled", 0) not in figures(measured(RECORD, None, tmp_path))


def test_without_a_trace_the_record_is_all_there_is(tmp_path: Path) -> None:
    found = measured(replace(RECORD, vmstat={"pgrotated": 4}), None, tmp_path)
    assert figures(found) == {("pgrotated", 0): 4, ("kills", 0): 0}
    assert codes(found) == {"no-trace", "vmstat-by-record"}
    assert (tuple(found.series.columns), len(found.series)) == (SERIES_COLUMNS, 0)


def test_a_broken_trace_is_a_caveat_and_not_the_end(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("adb: device offline\n")
    found = measure_trial(RECORD, tmp_path / "t", "RUN", "serial")
    assert codes(found) == {"broken-trace"}
    assert figures(found) == {("kills", 0): 0}


def test_series_are_the_trial_s_own(tmp_path: Path) -> None:
    found = measured(RECORD, TraceBuilder().vmstat(1, nr_writeback=5).vmstat(2, nr_writeback=6), tmp_path).series
    assert tuple(found.columns) == SERIES_COLUMNS
    assert found.values.tolist() == [
        ["001-b1-off", "off", 1, "nr_writeback", 0.0, 5.0],
        ["001-b1-off", "off", 1, "nr_writeback", 1.0, 6.0],
    ]
    assert set(found.series) <= set(SERIES)


@pytest.fixture
def run(tmp_path: Path) -> RunStore:
    plan = Plan(1, (OFF, ON))
    store = RunStore.create(tmp_path / "RUN", experiment=EXPERIMENT, experiment_text="", device=DEVICE, plan=plan)
    for trial, stolen in ((OFF, 10), (ON, 70)):
        trace = TraceBuilder().vmstat(1, pgsteal_anon=0).vmstat(2, pgsteal_anon=stolen)
        trace.write(store.trial_dir(trial) / "trace.pftrace")
        store.write_trial(replace(RECORD, trial=trial))
    return store


def test_a_run_is_measured_trial_by_trial_and_merged(run: RunStore) -> None:
    seen: list[tuple[int, int]] = []
    measure_run(run.path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]
    measures, series = run.measures(), run.series()
    assert measures is not None
    assert series is not None
    assert measures[measures.metric == "pgsteal_anon"].set_index("arm").value.to_dict() == {"off": 10, "on": 70}
    assert set(series.trial) == {OFF.name, ON.name}


def test_caveats_come_back_from_the_parquet_file_by_trial(run: RunStore) -> None:
    run.write_trial(replace(RECORD, trial=ON, vmstat={"pgrotated": 4}))
    measure_run(run.path)
    measures = run.measures()
    assert measures is not None
    assert {name: [one.code for one in many] for name, many in caveats_of(measures).items()} == {
        OFF.name: [],
        ON.name: ["vmstat-by-record"],
    }


def test_what_was_measured_before_is_kept_unless_asked_again(run: RunStore) -> None:
    measure_run(run.path)
    TraceBuilder().vmstat(1, pgsteal_anon=0).vmstat(2, pgsteal_anon=99).write(run.trial_dir(OFF) / "trace.pftrace")
    for again, expected in ((False, 10), (True, 99)):
        measure_run(run.path, again=again)
        measures = run.measures()
        assert measures is not None
        assert measures[(measures.metric == "pgsteal_anon") & (measures.arm == "off")].value.tolist() == [expected]


def test_what_was_measured_of_a_trace_that_is_gone_stands_and_is_told(run: RunStore) -> None:
    measure_run(run.path)
    (run.trial_dir(ON) / "trace.pftrace").unlink()
    for _ in range(2):
        measure_run(run.path)
        measures = run.measures()
        assert measures is not None
        assert measures[measures.metric == "pgsteal_anon"].set_index("arm").value.to_dict() == {"off": 10, "on": 70}
        assert [one.code for one in caveats_of(measures)[ON.name]] == ["trace-gone"]
