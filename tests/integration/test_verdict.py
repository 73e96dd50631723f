# SPDX-License-Identifier: Apache-2.0
"""The answer in words: kills first, then the primary metrics, then the costs; and what is wrong before all of it."""

import pytest

from reports.analysis import Analysis
from reports.analysis import analyse as analyse_run
from reports.record import Caveat
from tests.support.synthetic_run import Shape, run_values


def analyse(shape: Shape) -> Analysis:
    return analyse_run(run_values(shape))


def every(shape: Shape, reason: str, *, only: str = "") -> dict[int, str]:
    """Exclude every trial of an arm, or all."""
    order = [arm for block in range(shape.blocks) for arm in (shape.arms if (block + 1) % 2 else shape.arms[::-1])]
    return {index: reason for index, arm in enumerate(order, start=1) if only in ("", arm)}


SMALL = Shape(blocks=6, warm_ups=0)


def test_an_improvement_names_metric_size_certainty_and_n() -> None:
    verdict = analyse(SMALL).verdict
    assert verdict.sentence.startswith("Better: with on instead of off, time threads spent in direct reclaim fell by ")
    assert "(95 % interval " in verdict.sentence
    assert verdict.sentence.endswith(", over 6 blocks.")
    assert verdict.kills == "No process was killed in any arm."
    assert not verdict.killed


def test_costs_and_gains_are_told_apart() -> None:
    (arm,) = analyse(Shape(blocks=10)).verdict.arms
    assert any(cost.startswith("CPU time of kcompressd rose by") for cost in arm.costs)
    assert any(cost.startswith("most pages under writeback at once rose to 3") for cost in arm.costs)
    assert any(gain.startswith("allocations that stalled") for gain in arm.gains)
    assert not set(arm.costs) & set(arm.gains)


def test_an_a_a_run_is_called_one_and_shows_no_difference() -> None:
    verdict = analyse(Shape(blocks=20, effect=False)).verdict
    assert verdict.sentence.startswith("This is an A/A run")
    assert "No detectable difference between on and off in time threads spent in direct reclaim" in verdict.sentence
    assert "would be seen 9 times in 10" in verdict.sentence


def test_kills_come_before_any_effect() -> None:
    found = analyse(Shape(blocks=8, warm_ups=0, kills={1: 1, 4: 4}))
    assert found.verdict.sentence.startswith("5 processes were killed: 5 in off, 0 in on. Better:")
    assert "over 6 blocks in which nobody was killed" in found.verdict.sentence
    assert "unequal-kills" in {caveat.code for caveat in found.verdict.caveats}
    assert found.comparisons[0].metric.name == "kills"


def test_more_kills_are_worse_whatever_else_improved() -> None:
    shape = Shape(blocks=12, warm_ups=0)
    on = [index for index in range(1, 25) if index % 4 in (2, 3)]
    kills = {index: 1 + index % 3 for index in on[:9]}
    (arm,) = analyse(Shape(blocks=shape.blocks, warm_ups=0, kills=kills)).verdict.arms
    assert arm.answer == "worse"
    assert arm.sentence.startswith("Worse: with on instead of off, processes killed rose by")


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        (Shape(blocks=6, warm_ups=0, stop_after=0), "No trial was recorded"),
        (Shape(blocks=6, warm_ups=0, stop_after=5), "This run broke off after 5 of 12 trials."),
        (Shape(blocks=6, warm_ups=0, measured=False), "Nothing was measured in 12 trials"),
        (Shape(blocks=6, warm_ups=0, arms=("off",)), "This run has one arm only (off)"),
        (Shape(blocks=6, warm_ups=0, excluded=every(SMALL, "hot")), "Nothing can be compared: 12 trials excluded"),
        (Shape(blocks=6, warm_ups=0, excluded=every(SMALL, "hot", only="on")), "Only one arm (off) has trials"),
        (Shape(blocks=6, warm_ups=0, stop_after=1), "This run broke off after 1 of 12 trials. Only one arm (off)"),
    ],
    ids=["nothing", "broken-off", "unmeasured", "one-arm", "all-excluded", "arm-excluded", "broken-off-at-once"],
)
def test_what_is_wrong_with_a_run_is_its_first_sentence(shape: Shape, first: str) -> None:
    assert analyse(shape).verdict.sentence.startswith(first)


def test_every_arm_against_the_control_gets_its_own_answer() -> None:
    verdict = analyse(Shape(blocks=6, arms=("off", "one", "two"))).verdict
    assert [(arm.arm, arm.control, arm.answer) for arm in verdict.arms] == [
        ("one", "off", "better"),
        ("two", "off", "better"),
    ]


def test_too_few_blocks_are_undecided_and_say_so() -> None:
    verdict = analyse(Shape(blocks=1, warm_ups=0)).verdict
    assert verdict.sentence.startswith("Not decided: 1 block cannot tell on from off in time threads spent in direct")
    assert "few-blocks" in {caveat.code for caveat in verdict.caveats}


def test_warm_ups_and_excluded_trials_never_count() -> None:
    found = analyse(Shape(blocks=6, warm_ups=1, excluded={5: "too hot"}))
    assert [(line.status, line.reason) for line in found.ledger if line.status != "counts"] == [
        ("warm-up", "warm-ups are never compared"),
        ("warm-up", "warm-ups are never compared"),
        ("excluded", "too hot"),
    ]
    assert {each.n for each in found.comparisons} == {5}


def test_doubts_of_trials_are_told_once_with_the_trials_they_touch() -> None:
    lost = Caveat("lost-ftrace", "ftrace lost events.", "Use a larger buffer.")
    found = analyse(Shape(blocks=6, warm_ups=0, caveats={2: (lost,), 7: (lost,)}))
    (doubt,) = found.doubts
    assert (doubt.caveat, len(doubt.trials)) == (lost, 2)
