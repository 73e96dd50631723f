# SPDX-License-Identifier: Apache-2.0
from collections import Counter
from dataclasses import replace

import pytest

from agent.runner.plan import make_plan
from workloads.load import experiment
from workloads.spec import Arm, Experiment


def with_arms(count: int, blocks: int, *, warm_up: int = 0, seed: int = 1) -> Experiment:
    shipped, _ = experiment("kcompressd")
    arms = tuple(Arm(f"a{number}", ()) for number in range(count))
    return replace(shipped, arms=arms, control="a0", blocks=blocks, warm_up_blocks=warm_up, seed=seed)


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


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    plans = {seed: make_plan(with_arms(2, 20, seed=seed)) for seed in (1, 2)}
    assert make_plan(with_arms(2, 20, seed=1)) == plans[1]
    assert plans[1].trials != plans[2].trials


def test_warm_up_blocks_come_first_and_are_block_zero() -> None:
    plan = make_plan(with_arms(2, 1, warm_up=1))
    assert [t.block for t in plan.trials] == [0, 0, 1, 1]
    assert [t.index for t in plan.trials] == [1, 2, 3, 4]
