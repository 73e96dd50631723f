# SPDX-License-Identifier: Apache-2.0
"""What a page says of why: where the time of launches went, and the figures that explain."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reports.analysis import Analysis, Measure, RunValues, analyse
from reports.page.causes import cause_tables, stacks
from tests.support.synthetic_run import Shape, run_values

SHARES = {"before_main": 0.2, "main_running": 0.4, "main_sleeping": 0.1, "main_uninterruptible": 0.3}


def with_parts(run: RunValues) -> Analysis:
    """Every launch's time to display by cause; with kcompressd half of the uninterruptible sleep is gone."""

    def parts(row: Measure) -> Iterator[Measure]:
        for name, share in SHARES.items():
            spared = 0.5 if name == "main_uninterruptible" and row.trial.endswith("on") else 1.0
            yield replace(row, metric=name, value=row.value * share * spared)

    more = [part for row in run.measures if row.metric == "ttid" for part in parts(row)]
    return analyse(replace(run, measures=(*run.measures, *more)))


def test_a_launchs_time_is_told_by_cause_one_bar_per_arm_the_control_first() -> None:
    control, arm = stacks(with_parts(run_values(Shape(blocks=6))))
    assert (control.arm, arm.arm) == ("off", "on")
    assert [part.title for part in control.segments] == [
        "Time until the app's main thread exists",
        "Main thread running",
        "Main thread asleep",
        "Main thread asleep uninterruptibly, other than for I/O",
    ]
    whole = sum(part.width for part in control.segments)
    assert whole == pytest.approx(100, abs=0.1)
    assert sum(part.width for part in arm.segments) < 95
    assert control.segments[1].at == pytest.approx(control.segments[0].width)
    assert [part.width / whole for part in control.segments] == pytest.approx(list(SHARES.values()), abs=0.02)


def test_what_explains_is_compared_and_judged_apart_from_the_effects() -> None:
    analysis = with_parts(run_values(Shape(blocks=8)))
    (table,) = cause_tables(analysis)
    rows = {row.metric: row for group in table.groups for row in group.rows}
    assert rows.keys() == SHARES.keys()
    assert rows["main_uninterruptible"].word == "better"
    assert not rows.keys() & {each.metric.name for each in analysis.comparisons}


def test_where_nothing_explains_nothing_is_told() -> None:
    analysis = analyse(run_values(Shape(blocks=6)))
    assert cause_tables(analysis) == ()
    assert stacks(analysis) == ()


def test_what_the_verdict_is_about_is_not_told_twice() -> None:
    asked = Shape(blocks=6, experiment=lambda each: replace(each, primary=("main_uninterruptible",)))
    (table,) = cause_tables(with_parts(run_values(asked)))
    assert "main_uninterruptible" not in {row.metric for group in table.groups for row in group.rows}
