# SPDX-License-Identifier: Apache-2.0
"""What a page says of why: where the time of launches went, and the figures that explain."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reports.analysis import Analysis, Measure, RunValues, analyse
from reports.page.causes import breakdowns, cause_tables
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
    launch, _ = breakdowns(with_parts(run_values(Shape(blocks=6))))
    control, arm = launch.stacks
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


def test_the_sentence_below_the_bars_names_the_part_that_changed_most_first() -> None:
    launch, _ = breakdowns(with_parts(run_values(Shape(blocks=6))))
    (told,) = launch.told
    assert told.startswith("on against off, -")
    assert told.partition(" in all: ")[2].startswith("Main thread asleep uninterruptibly, other than for I/O -")


def test_reclaims_cpu_time_is_told_by_thread_by_core_and_compression_apart() -> None:
    run = run_values(Shape(blocks=6))
    off_on = {
        "direct_reclaim_cpu": (0.8, 0.3),
        "reclaim_cpu_little": (1.5, 0.4),
        "reclaim_cpu_big": (0.8, 1.9),
        "kswapd_compress_cpu": (1.7, 0.1),
        "kswapd_other_cpu": (0.6, 0.7),
        "kcompressd_compress_cpu": (0.0, 0.9),
    }
    more = [
        Measure(trial.name, 0, "", name, levels[trial.arm == "on"], "s")
        for trial in run.plan.trials
        for name, levels in off_on.items()
    ]
    threads, cores, split = breakdowns(analyse(replace(run, measures=(*run.measures, *more))))
    titles = [[part.title for part in stack.segments] for stack in threads.stacks]
    assert titles[0] == ["CPU time of kswapd", "CPU time of threads in direct reclaim"]
    assert titles[1] == ["CPU time of kswapd", "CPU time of kcompressd", "CPU time of threads in direct reclaim"]
    assert [stack.total for stack in cores.stacks] == ["2.3 s", "2.3 s"]
    assert [part.told for part in split.stacks[0].segments] == ["600 ms", "1.7 s"]
    assert split.told[0] == (
        "on against off, -600 ms in all: CPU time of kswapd in compression -1.6 s; CPU time of kcompressd in"
        " compression +900 ms; CPU time of kswapd outside compression: scan, unmap and the rest +100 ms."
    )


def test_where_nothing_explains_nothing_is_told() -> None:
    run = run_values(Shape(blocks=6))
    rows = tuple(row for row in run.measures if row.metric not in ("kswapd_cpu", "kcompressd_cpu"))
    analysis = analyse(replace(run, measures=rows))
    assert breakdowns(analysis) == ()
    assert cause_tables(analysis) == ()


def test_what_the_verdict_is_about_is_not_told_twice() -> None:
    asked = Shape(blocks=6, experiment=lambda each: replace(each, primary=("main_uninterruptible",)))
    (table,) = cause_tables(with_parts(run_values(asked)))
    assert "main_uninterruptible" not in {row.metric for group in table.groups for row in group.rows}
