# SPDX-License-Identifier: Apache-2.0
"""How soon processes are killed: who counts as killed, as alive, and what is said of it."""

from dataclasses import replace

import pytest

from reports.analysis import Analysis, Measure, RunValues, analyse
from reports.survival import Point, survival, survival_sentence
from reports.text import compare_text
from tests.support.synthetic_run import Shape, run_values


def analysis(first: dict[int, float], kills: dict[int, int], blocks: int = 4) -> Analysis:
    """Every trial is watched for 10 s; the first kill of a trial by its index."""
    run = run_values(Shape(blocks=blocks, warm_ups=0, kills=kills))
    rows = [Measure(trial.name, 0, "", "kill_watched", 10.0, "s") for trial in run.plan.trials]
    rows += [
        Measure(trial.name, 0, "", "kill_first", first[trial.index], "s")
        for trial in run.plan.trials
        if trial.index in first
    ]
    return analyse(_with(run, rows))


def _with(run: RunValues, rows: list[Measure]) -> RunValues:
    return replace(run, measures=(*run.measures, *rows))


def test_the_share_without_a_kill_falls_at_each_first_kill() -> None:
    """Arm `off` has trials 1, 4, 5, 8: killed after 2 s and 6 s, the other two live 10 s."""
    off, on = survival(analysis({1: 2.0, 4: 6.0}, {1: 1, 4: 3}))
    assert (off.arm, off.trials, off.killed, off.watched_s) == ("off", 4, 2, 10.0)
    assert [(point.after_s, point.share) for point in off.curve] == [(2.0, 0.75), (6.0, 0.5)]
    assert (on.arm, on.trials, on.killed, on.curve) == ("on", 4, 0, ())


def test_intervals_are_greenwood_s_on_log_log_and_none_where_nobody_is_left() -> None:
    off = survival(analysis({1: 2.0, 4: 6.0, 5: 7.0, 8: 8.0}, {1: 1, 4: 1, 5: 1, 8: 1}))[0]
    first, last = off.curve[0], off.curve[-1]
    # S = 3/4, Greenwood: sum d / (n (n - d)) = 1 / 12; log(-log S) +- 1.96 sqrt(1 / 12) / |log S|.
    assert [first.low, first.high] == pytest.approx([0.1279, 0.9605], abs=1e-4)
    assert last == Point(8.0, 0.0, None, None)


def test_a_kill_that_only_the_log_tells_of_has_no_time_and_is_left_out() -> None:
    off = survival(analysis({1: 2.0}, {1: 1, 4: 1}))[0]
    assert (off.trials, off.killed, off.untimed) == (3, 1, 1)
    assert survival_sentence(off).endswith("1 trial with kills that no trace times left out.")


def test_without_kills_there_is_nothing_to_tell() -> None:
    alive = analysis({}, {})
    assert survival(alive) == ()
    assert "nobody killed in" not in compare_text(alive)


def test_the_terminal_tells_it_below_the_kills() -> None:
    text = compare_text(analysis({1: 2.0, 4: 6.0}, {1: 1, 4: 3}))
    flat = " ".join(text.split())
    assert flat.index("KILLS: 4 processes") < flat.index("off: nobody killed in 2 of 4 trials; the first kill came 2 s")
    assert "half of the trials had lost a process by 6 s; 50 [6, 84] % of trials come through 10 s." in flat
    assert "on: nobody killed in 4 of 4 trials." in flat
