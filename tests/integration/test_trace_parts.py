# SPDX-License-Identifier: Apache-2.0
"""Launches part by part: the trace, the sections and waits in it, and what `reclaim compare` makes of two sets."""

import json
from io import StringIO
from pathlib import Path

import pytest

from agent.cli.main import main
from reports.parts.launch import LaunchParts
from reports.store import RunStore
from reports.traces.parts import trace_parts
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder

PID, RENDER, SYSTEM = 100, 101, 1000
APP = "com.app.shop"


def phone() -> TraceBuilder:
    builder = TraceBuilder().process(SYSTEM, "system_server", threads={SYSTEM: "system_server"})
    return builder.process(PID, APP, threads={PID: APP, RENDER: "RenderThread"}).runs(1, "init", 0, 0.1)


def cold(waits: float = 0.25, until: float = 2) -> TraceBuilder:
    """Runs 0.25 s in bindApplication, waits in it for system_server, runs on in activityStart until its first frame."""
    ready = 1.5 + waits
    trace = phone().launches(1, until + 1, APP).prints(1.25, PID, f"B|{PID}|bindApplication")
    trace.runs(PID, APP, 1.25, 1.5, then="S").event(
        ready - 0.05,
        tid=SYSTEM,
        cpu=3,
        sched_waking={"pid": PID, "comm": APP, "prio": 120, "success": 1, "target_cpu": 0},
    )
    trace.runs(PID, APP, ready, until + 0.5).slices(PID, PID, **{"Cache.init 7": (ready, ready + 0.05)})
    trace.prints(ready + 0.1, PID, f"E|{PID}").slices(PID, PID, activityStart=(ready + 0.1, ready + 0.15))
    trace.frame(ready + 0.15, 42, PID, shown=until + 0.1, drawn=(ready + 0.2, until))
    return trace.runs(1, "init", until + 2, until + 3)


def parts(builder: TraceBuilder, folder: Path) -> LaunchParts:
    (found,) = trace_parts(builder.write(folder / "t.pftrace"))
    return found


def of_kind(found: LaunchParts, kind: str) -> dict[str, float]:
    return {part.name: round(seconds, 9) for part, seconds in found.parts.items() if part.kind == kind and seconds}


def test_sections_are_told_without_what_is_inside_them_and_add_up_to_the_launch(tmp_path: Path) -> None:
    found = parts(cold(), tmp_path)
    assert (found.app, found.launch_kind, found.seconds, found.shown) == (APP, "cold", 1, True)
    assert of_kind(found, "section") == {
        "bindApplication": 0.55,  # 0.6 s, of which 0.05 in Cache.init
        "Cache.init N": 0.05,
        "activityStart": 0.05,
        "Choreographer#doFrame N": 0.05,
        "in no section": 0.3,
    }
    assert sum(of_kind(found, "section").values()) == pytest.approx(1)


def test_states_add_up_to_the_launch_and_a_wait_names_who_ended_it(tmp_path: Path) -> None:
    found = parts(cold(), tmp_path)
    assert of_kind(found, "state") == {
        "not there yet": 0.25,
        "running": 0.5,
        "asleep": 0.2,
        "ready, no CPU free": 0.05,
    }
    assert of_kind(found, "wait") == {"woken by system_server": 0.2}


def test_a_timer_is_an_interrupt_and_a_kernel_function_is_named(tmp_path: Path) -> None:
    trace = phone().launches(1, 3, APP).slices(PID, PID, bindApplication=(1.1, 1.2), activityStart=(1.2, 1.3))
    trace.runs(PID, APP, 1.1, 1.3, then="S").wakes(PID, APP, 1.4).runs(PID, APP, 1.4, 1.5, then="D")
    trace.event(1.6, sched_blocked_reason={"pid": PID, "caller": 0, "io_wait": 1})
    trace.wakes(PID, APP, 1.6).runs(PID, APP, 1.6, 3.5)
    trace.frame(1.7, 42, PID, shown=2.1, drawn=(1.75, 2)).runs(1, "init", 4, 5)
    waits = of_kind(parts(trace, tmp_path), "wait")
    assert waits == {"woken by an interrupt": 0.1, "I/O, not told in what": 0.1}


def test_without_a_first_frame_a_launch_ends_when_the_system_calls_it_done(tmp_path: Path) -> None:
    trace = phone().launches(1, 3, APP).slices(PID, PID, bindApplication=(1.25, 1.5))
    found = parts(trace.runs(1, "init", 4, 5), tmp_path)
    assert (found.seconds, found.shown) == (2, False)
    assert of_kind(found, "section") == {"bindApplication": 0.25, "in no section": 1.75}


def test_one_launch_without_a_first_frame_leaves_the_other_its_own(tmp_path: Path) -> None:
    trace = cold().launches(6, 7, APP, number=2)
    assert [one.shown for one in trace_parts(trace.write(tmp_path / "t.pftrace"))] == [True, False]


def test_a_trace_without_a_launch_has_no_parts(tmp_path: Path) -> None:
    assert trace_parts(phone().prints(1, PID, "B|1|x").write(tmp_path / "t.pftrace")) == ()


def compared(*argv: object) -> tuple[int, str, str]:
    out, err = StringIO(), StringIO()
    code = main(["compare", *map(str, argv)], out, err)
    return code, out.getvalue(), err.getvalue()


def written(folder: Path, name: str, *waits: float) -> list[Path]:
    return [cold(wait, 2 + wait).write(folder / f"{name}-{place}.pftrace") for place, wait in enumerate(waits)]


def test_two_sets_of_traces_are_one_answer_in_words_and_as_json(tmp_path: Path) -> None:
    before, after = written(tmp_path, "old", 0.5, 0.51, 0.52), written(tmp_path, "new", 0.1, 0.11, 0.13)
    code, text, err = compared(*after, "--against", *before)
    assert (code, err) == (0, "")
    assert max(map(len, text.splitlines())) <= 80
    flat = " ".join(text.split())
    assert "3 against 3 traces; com.app.shop cold" in flat
    assert "- woken by system_server" in flat
    document = json.loads(compared(*after, "--against", *before, "--json")[1])
    asleep = next(each for each in document["parts"] if each["name"] == "asleep")
    assert (asleep["moved"], round(asleep["share_value"], 6)) == ("shrank", 1)
    assert asleep["difference_value"] == pytest.approx(document["whole"]["difference_value"])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--questions"], "--against: holds traces against traces"),
        (["--parts"], "--against: holds traces against traces"),
    ],
)
def test_what_does_not_go_together_is_one_line(tmp_path: Path, options: list[str], told: str) -> None:
    (trace,) = written(tmp_path, "t", 0.1)
    code, out, err = compared(trace, *options, "--against", tmp_path / "other")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err


def test_a_trace_on_both_sides_a_folder_and_a_file_that_is_none_are_one_line_each(tmp_path: Path) -> None:
    (trace,) = written(tmp_path, "t", 0.1)
    (broken := tmp_path / "broken").write_text("no trace\n")
    for against, told in ((trace, "is named twice"), (tmp_path, "is a folder"), (broken, "not a trace")):
        code, out, err = compared(trace, "--against", against)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert told in err


def traced_run(folder: Path) -> RunStore:
    store = make_run(folder / "run", Shape(blocks=3, warm_ups=1, kills={5: 1}))
    for record in store.records():
        wait = 0.1 + record.trial.block / 50 if record.trial.arm == "on" else 0.5
        cold(wait, 2 + wait).write(store.trial_dir(record.trial) / "trace.pftrace")
    return store


def test_the_arms_of_a_run_are_compared_block_by_block_without_those_with_kills(tmp_path: Path) -> None:
    store = traced_run(tmp_path)
    (found,) = json.loads(compared(store.path, "--parts", "--json")[1])["parts"]
    assert (found["control"], found["arm"], found["paired"]) == ("off", "on", True)
    assert found["traces"] == {"control": 2, "arm": 2}  # of three blocks one lost a process
    assert found["whole"]["difference_value"] == pytest.approx((0.12 + 0.16) / 2 - 0.5, abs=0.03)
    assert "Where the time of launches went: on against off" in compared(store.path, "--parts")[1]


def test_a_run_without_traced_launches_says_so(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2))
    assert "is not known: no block has a traced launch in both arms" in compared(store.path, "--parts")[1]
