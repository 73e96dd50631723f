# SPDX-License-Identifier: Apache-2.0
"""The table of scenarios: what is out of range, and when the committed table has gone stale."""

import math
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from reports.statistics.design import design
from reports.statistics.paired import paired_t, t_interval
from tests.benchmarks.statistics.__main__ import main
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import ADDED, FACTORS, Size, batches, simulate
from tests.benchmarks.statistics.table import HEADER, fits, markdown, missed, stale

COMMITTED = Path(__file__).parents[2] / "docs" / "statistics-table.md"
COVERAGE = Row("difference", "normal", 8, "coverage", 0.95, 0.935, 0.97, 1_600)
LARGEST = Row("sequential", "normal", 20, "most blocks / n", 1.25, 1.0, 1.3, 1_600)


@pytest.mark.parametrize(
    ("value", "fine"), [(0.95, True), (0.917, True), (0.916, False), (0.982, True), (0.983, False), (math.nan, False)]
)
def test_a_share_of_the_short_form_may_miss_its_range_by_three_errors(value: float, fine: bool) -> None:  # noqa: FBT001 - a table of cases
    assert fits(replace(COVERAGE, value=value)) is fine


def test_a_figure_that_is_no_share_may_not_miss_its_range_at_all() -> None:
    assert fits(replace(LARGEST, value=1.3))
    assert not fits(replace(LARGEST, value=1.306))


@pytest.mark.parametrize(("value", "fine"), [(0.9344, False), (0.935, True), (0.9704, True), (0.971, False)])
def test_a_share_of_the_full_form_lies_in_its_range_as_it_is_printed(value: float, fine: bool) -> None:  # noqa: FBT001 - a table of cases
    assert fits(replace(COVERAGE, value=value), slack=0.0) is fine


def test_what_misses_is_one_line_with_its_range() -> None:
    told = missed(replace(COVERAGE, value=0.9))
    assert told == "difference: normal, n = 8: coverage 90.0, allowed 93.5 .. 97.0"


def test_a_table_written_from_rows_is_not_stale_against_them_nor_against_a_short_run_of_them() -> None:
    table = markdown([COVERAGE, replace(COVERAGE, n=30), LARGEST])
    short = [replace(row, value=row.value - 0.01, reps=400) for row in (COVERAGE, replace(COVERAGE, n=30))]
    assert list(stale(table, [COVERAGE, replace(COVERAGE, n=30), LARGEST])) == []
    assert list(stale(table, [*short, LARGEST])) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (replace(COVERAGE, scenario="heavy tails"), "lacks difference, heavy tails"),
        (replace(COVERAGE, low=0.9), "lacks difference, normal, coverage, 90.0 .. 97.0"),
        (replace(COVERAGE, value=0.99), "says 95.0, now 99.0"),
        (LARGEST, "should not have difference, normal, coverage, 93.5 .. 97.0"),
    ],
)
def test_a_table_is_stale_when_it_lists_something_else_or_says_a_figure_far_away(row: Row, told: str) -> None:
    assert any(told in line for line in stale(markdown([COVERAGE]), [row]))


def test_a_table_with_another_head_is_stale() -> None:
    assert list(stale(markdown([COVERAGE]).replace("seeds fixed", "seeds free"), [COVERAGE])) == ["its head is another"]


def test_the_committed_table_has_the_head_and_every_scenario() -> None:
    table = COMMITTED.read_text()
    assert table.startswith(HEADER)
    assert [each.name for each in (*ADDED, *FACTORS) if f"| {each.name} " not in table] == []


def test_the_benchmark_says_what_is_out_of_range_and_what_is_stale_by_its_exit_code(tmp_path: Path) -> None:
    out = StringIO()
    (tmp_path / "table.md").write_text(markdown([COVERAGE]))
    options = ["--short", "--check", str(tmp_path / "table.md"), "--write", str(tmp_path / "new.md")]
    assert main([*options, "power"], out) == 1
    assert "STALE" in out.getvalue()
    assert "lacks minimum detectable effect" in out.getvalue()
    assert main(["--short", "--check", str(tmp_path / "new.md"), "power"], out) == 0


def test_many_runs_at_once_are_each_judged_as_one_by_itself() -> None:
    batch = simulate(ADDED[0], Size(8), 12, 1)
    differences = batch.arm - batch.control
    _, low, high = t_interval(batch.plan, differences)
    for run in range(12):
        lags = batch.plan.lags[run].tolist()
        alone = paired_t(differences[run].tolist(), lags)
        assert alone is not None
        assert (low[run], high[run]) == pytest.approx((alone.low, alone.high))


def test_batches_hold_all_runs_each_with_the_design_of_its_order() -> None:
    drawn = list(batches(ADDED[0], Size(8), 200, 1))
    assert sum(len(batch.arm) for batch in drawn) == 200
    orders = {tuple(batch.plan.lags.tolist()) for batch in drawn}
    assert len(orders) == len(drawn) > 1
    assert all(np.allclose(batch.plan.weights, design(8, batch.plan.lags.tolist()).weights) for batch in drawn)
