# SPDX-License-Identifier: Apache-2.0
"""The page of one trace: what it shows in the first sentence, and what was not recorded by name."""

from argparse import ArgumentParser
from io import StringIO
from pathlib import Path

import pytest

from agent.cli import report
from reports.page.trace import read_trace, render_trace
from tests.support.traces import TraceBuilder
from workloads.errors import InputError, TraceError


def pressed(folder: Path, name: str = "phone.pftrace") -> Path:
    """A launch, reclaim by kswapd and by an app, MemAvailable."""
    builder = TraceBuilder().launches(1.2, 1.8, "com.example.mail").process(70, "app", threads={70: "main"})
    builder.event(2.0, tid=70, mm_vmscan_direct_reclaim_begin={}).event(2.5, tid=70, mm_vmscan_direct_reclaim_end={})
    for second in range(5):
        counters = {"pgsteal_anon": 900 * second, "allocstall_normal": second}
        builder.sample(second, vmstat=counters, meminfo={"mem_available": 1000 - second})
    return builder.write(folder / name)


def run(*words: str) -> str:
    parser, out = ArgumentParser(), StringIO()
    report.add(parser)
    assert report.main(parser.parse_args(words), out, StringIO()) == 0
    return out.getvalue()


def test_the_first_sentence_says_what_the_trace_shows(tmp_path: Path) -> None:
    page = read_trace(pressed(tmp_path))
    assert not page.trouble
    assert page.verdict.startswith("In 4 s: 1 launch, 3,600 anonymous pages reclaimed")
    assert "500 ms in direct reclaim" in page.verdict
    assert [(row.app, row.kind, row.start) for row in page.launches] == [("com.example.mail", "cold", "1.2 s")]
    assert [row.thread for row in page.reclaimers] == ["main of app (tid 70)"]


def test_curves_and_launches_are_drawn_over_time(tmp_path: Path) -> None:
    data = read_trace(pressed(tmp_path)).data
    assert {"pgsteal_anon_rate", "mem_available"} <= {each.shown.name for each in data.series}
    assert [(each.what, each.told) for each in data.events] == [("launch", "launch 1 com.example.mail")]


def test_what_was_not_recorded_is_named_with_the_metrics_it_would_give(tmp_path: Path) -> None:
    page = read_trace(pressed(tmp_path))
    assert page.kills == ("Kills were not recorded.",)
    lacks = {metric: lack.what for lack in page.lacks for metric in lack.metrics.split(", ")}
    assert {"psi_memory_some", "kswapd_cpu"} <= lacks.keys()
    assert "pgsteal_anon" not in lacks


def test_a_trace_that_holds_nothing_says_so_first(tmp_path: Path) -> None:
    page = read_trace(TraceBuilder().process(1, "init").event(1.0, print={"buf": "x"}).write(tmp_path / "t.pftrace"))
    assert page.trouble
    assert "holds no figure of launches, reclaim, CPU time or memory" in page.verdict
    html = render_trace(page)
    assert '<h1 class="verdict trouble">This trace of' in html
    assert "<script>" not in html


def test_a_hostile_file_name_is_text(tmp_path: Path) -> None:
    html = render_trace(read_trace(pressed(tmp_path, "<img src=x onerror=alert(1)>\u202e.pftrace")), library="1;")
    assert "<img" not in html
    assert "\u202e" not in html


def test_the_command_writes_the_page_and_never_over_the_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = pressed(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run("phone.pftrace") == "phone.pftrace.html\n"
    assert (tmp_path / "phone.pftrace.html").read_text().count("<h1") == 1
    before = trace.read_bytes()
    with pytest.raises(InputError, match="is named twice"):
        run(str(trace), "-o", str(trace))
    with pytest.raises(InputError, match="a trace has no arms to judge"):
        run(str(trace), "--rules", "rules.toml")
    assert trace.read_bytes() == before


def test_a_file_that_is_no_trace_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no trace")
    with pytest.raises(TraceError, match=r"notes\.txt"):
        run(str(tmp_path / "notes.txt"), "-o", str(tmp_path / "page.html"))
    assert not (tmp_path / "page.html").exists()
