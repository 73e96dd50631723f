# SPDX-License-Identifier: Apache-2.0
"""`reclaim measure` answers for every file it can read, and names every one it cannot."""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from agent.cli.main import main
from reports.metrics import MEASURE_COLUMNS
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def measure(*argv: object) -> Said:
    out, err = io.StringIO(), io.StringIO()
    code = main(["measure", *map(str, argv)], out, err)
    return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return TraceBuilder().vmstat(1, pswpin=3).vmstat(2, pswpin=8).lost(0, 4).write(tmp_path / "a.pftrace")


def test_a_trace_is_shown_with_its_figures_and_its_caveats(trace: Path) -> None:
    said = measure(trace)
    assert said.code == 0
    assert "pswpin  5 pages" in said.out
    assert "caveat: the kernel's trace buffer overflowed" in said.out


def test_json_is_one_document_and_nothing_else(trace: Path) -> None:
    said = measure(trace, trace, "--json")
    first, second = json.loads(said.out)["traces"]
    assert first == second
    assert first["measures"] == [
        {"window": "trial", "launch": 0, "app": "", "metric": "pswpin", "value": 5.0, "unit": "pages"}
    ]
    assert [caveat["code"] for caveat in first["caveats"]] == ["lost-ftrace"]


def test_csv_and_parquet_hold_the_same_rows(trace: Path, tmp_path: Path) -> None:
    said = measure(trace, "--csv", tmp_path / "m.csv", "--parquet", tmp_path / "m.parquet")
    assert said.code == 0
    rows = pd.read_parquet(tmp_path / "m.parquet")
    assert tuple(rows.columns) == ("source", *MEASURE_COLUMNS)
    assert rows[["source", "metric", "value"]].to_numpy().tolist() == [[str(trace), "pswpin", 5.0]]
    assert pd.read_csv(tmp_path / "m.csv").value.tolist() == [5.0]


def test_one_bad_file_does_not_cost_the_others_their_answer(trace: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("no trace\n")
    said = measure(tmp_path / "bad", trace, tmp_path / "missing")
    assert said.code == 2
    assert "pswpin" in said.out
    assert [line.split(":")[1].strip() for line in said.err.splitlines()] == [
        str(tmp_path / "bad"),
        str(tmp_path / "missing"),
    ]


def test_a_table_without_a_row_is_not_written_and_every_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad").write_text("no trace\n")
    said = measure(tmp_path / "bad", "--csv", tmp_path / "m.csv")
    assert said.code == 2
    assert [line.split(":")[1].strip() for line in said.err.splitlines()] == [
        str(tmp_path / "bad"),
        str(tmp_path / "m.csv"),
    ]
    assert not (tmp_path / "m.csv").exists()


def test_json_names_the_traces_that_failed(trace: Path, tmp_path: Path) -> None:
    said = measure(trace, tmp_path / "missing", "--json", "-j", 1)
    assert said.code == 2
    document = json.loads(said.out)
    assert [one["trace"] for one in document["traces"]] == [str(trace)]
    assert document["failed"] == [f"{tmp_path / 'missing'}: cannot be opened: No such file or directory"]


def test_a_folder_that_is_no_run_is_one_line(tmp_path: Path) -> None:
    said = measure(tmp_path)
    assert (said.code, said.out) == (2, "")
    assert "is not a run directory" in said.err


def test_names_in_a_trace_cannot_drive_the_terminal(tmp_path: Path) -> None:
    evil = TraceBuilder().process(7, "\x1b[2J[red]x", threads={7: "x"}).event(1, tid=9, mark_victim={"pid": 7})
    said = measure(evil.write(tmp_path / "e"))
    assert "\x1b" not in said.out
    assert "?[2J[red]x (pid 7)" in said.out


def test_a_run_is_measured_in_place(tmp_path: Path) -> None:
    path = tmp_path / "RUN"
    make_run(path, Shape(measured=False))
    said = measure(path)
    assert said.code == 0
    assert (path / "measures.parquet").is_file()
    assert "median" in said.out
