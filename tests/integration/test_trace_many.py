# SPDX-License-Identifier: Apache-2.0
"""Many traces at once: every one gets its answer or its line, whatever becomes of the others."""

from pathlib import Path

import pytest

from reports.traces import many
from reports.traces.many import Failed, Outcome, measure_many
from tests.support.traces import TraceBuilder


def traces(folder: Path, *grown: int) -> list[Path]:
    return [
        TraceBuilder().vmstat(1, pswpin=0).vmstat(2, pswpin=growth).write(folder / f"{place}.pftrace")
        for place, growth in enumerate(grown)
    ]


def measured(paths: list[Path], *, jobs: int, engine: Path | None = None) -> list[Outcome]:
    found = dict(measure_many(paths, jobs=jobs, engine=engine))
    return [found[place] for place in range(len(paths))]


def pswpin(outcome: Outcome) -> float | str:
    return outcome.why if isinstance(outcome, Failed) else outcome.rows[0].value


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_trace_keeps_its_own_answer_and_a_bad_one_its_own_line(tmp_path: Path, jobs: int) -> None:
    paths = traces(tmp_path, 3, 5, 7)
    paths[1].write_text("no trace\n")
    found = [pswpin(outcome) for outcome in measured(paths, jobs=jobs)]
    assert (found[0], found[2]) == (3, 7)
    assert str(found[1]).startswith(f"{paths[1]}: not a trace")


def test_a_process_that_dies_costs_its_trace_a_line_and_the_next_one_nothing(tmp_path: Path) -> None:
    deadly = tmp_path / "trace_processor_shell"
    deadly.write_text("#!/bin/sh\nkill -9 $PPID\n")
    deadly.chmod(0o755)
    paths = traces(tmp_path, 1, 2, 3)
    for path, outcome in zip(paths, measured(paths, jobs=2, engine=deadly), strict=True):
        assert isinstance(outcome, Failed)
        assert outcome.why.startswith(f"{path}: the process that read it was killed, perhaps because memory ran out")


def test_a_defect_that_a_trace_brings_out_is_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: Path, **_: object) -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr(many, "measure_trace", broken)
    (outcome,) = measured([tmp_path / "t"], jobs=1)
    assert outcome == Failed(f"{tmp_path / 't'}: {many.DEFECT} (KeyError: 'a\\nb'): report it with the trace")


def test_no_traces_are_no_answers() -> None:
    assert list(measure_many([])) == []
