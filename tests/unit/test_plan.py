# SPDX-License-Identifier: Apache-2.0
from collections import Counter
from dataclasses import replace

import pytest

from agent.runner.plan import STRETCH_BLOCKS, make_plan
from workloads.load import experiment
from workloads.spec import Arm, Experiment, Stop


def with_arms(count: int, blocks: int, *, warm_up: int = 0, seed: int = 1) -> Experiment:
    shipped, _ = experiment("kcompressd")
    arms = tuple(Arm(f"a{number}", ()) for number in range(count))
    return replace(shipped, arms=arms, control="a0", blocks=blocks, warm_up_blocks=warm_up, seed=seed)


def first_arms(experiment: Experiment) -> list[str]:
    return [trial.arm for trial in make_plan(experiment).trials if trial.position == 1]


@pytest.mark.parametrize("arms", [2, 3, 4, 5, 6])
def test_every_block_holds_every_arm_once(arms: int) -> None:
    plan = make_plan(with_arms(arms, 7))
    for block in range(1, 8):
        assert sorted(t.arm for t in plan.trials if t.block == block) == [f"a{n}" for n in range(arms)]


@pytest.mark.parametrize(("arms", "cycle"), [(2, 2), (3, 6), (4, 4), (5, 10), (6, 6)])
def test_over_a_cycle_each_arm_is_as_often_in_each_place_and_after_each_other_arm(arms: int, cycle: int) -> None:
    plan = make_plan(with_arms(arms, cycle))
    places = Counter((t.arm, t.position) for t in plan.trials)
    follows = Counter((a.arm, b.arm) for a, b in zip(plan.trials, plan.trials[1:], strict=False) if a.block == b.block)
    assert len(places) == arms * arms
    assert len(set(places.values())) == 1
    assert len(follows) == arms * (arms - 1)
    assert len(set(follows.values())) == 1


@pytest.mark.parametrize(("arms", "blocks"), [(2, 20), (2, 6), (3, 12), (4, 8), (6, 18)])
def test_every_whole_number_of_cycles_is_balanced_after_warm_ups_too(arms: int, blocks: int) -> None:
    plan = make_plan(with_arms(arms, blocks, warm_up=1))
    places = Counter((t.arm, t.position) for t in plan.trials if t.block)
    assert set(places.values()) == {blocks // arms}


@pytest.mark.parametrize(("stop", "at_once"), [("fixed", 20), ("decided", STRETCH_BLOCKS)])
def test_orders_do_not_alternate(stop: Stop, at_once: int) -> None:
    """Neighbours that mirror each other make noise that remembers pass for certainty."""
    mirrored = []
    for seed in range(200):
        first = first_arms(replace(with_arms(2, 20, seed=seed), stop=stop))
        mirrored += [one != other for one, other in zip(first[::2], first[1::2], strict=True)]
    expected = at_once / 2 / (at_once - 1)
    assert sum(mirrored) / len(mirrored) == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("stop", ["fixed", "decided"])
@pytest.mark.parametrize("arms", [2, 3, 6])
def test_a_run_that_breaks_off_early_has_every_two_arms_in_both_orders(stop: Stop, arms: int) -> None:
    for seed in range(50):
        trials = make_plan(replace(with_arms(arms, 30, seed=seed), stop=stop)).trials[: 6 * arms]
        ahead = {(a.arm, b.arm) for a in trials for b in trials if a.block == b.block and a.position < b.position}
        assert len(ahead) == arms * (arms - 1)


def test_a_run_that_may_stop_early_is_balanced_after_every_stretch() -> None:
    for seed in range(20):
        first = first_arms(replace(with_arms(2, 30, seed=seed), stop="decided"))
        assert [first[start : start + 10].count("a0") for start in (0, 10, 20)] == [5, 5, 5]


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    plans = {seed: make_plan(with_arms(2, 20, seed=seed)) for seed in (1, 2)}
    assert make_plan(with_arms(2, 20, seed=1)) == plans[1]
    assert plans[1].trials != plans[2].trials


def test_warm_up_blocks_come_first_and_are_block_zero() -> None:
    plan = make_plan(with_arms(2, 1, warm_up=1))
    assert [t.block for t in plan.trials] == [0, 0, 1, 1]
    assert [t.index for t in plan.trials] == [1, 2, 3, 4]
