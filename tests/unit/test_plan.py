# SPDX-License-Identifier: Apache-2.0
from collections import Counter
from dataclasses import replace

import pytest

from agent.runner.plan import STRETCH_BLOCKS, make_plan
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


@pytest.mark.parametrize(("arms", "blocks"), [(2, 20), (2, 6), (3, 12), (4, 8), (6, 18)])
def test_every_whole_number_of_cycles_is_balanced_after_warm_ups_too(arms: int, blocks: int) -> None:
    plan = make_plan(with_arms(arms, blocks, warm_up=1))
    places = Counter((t.arm, t.position) for t in plan.trials if t.block)
    assert set(places.values()) == {blocks // arms}


@pytest.mark.parametrize("blocks", [6, 20])
def test_orders_do_not_alternate(blocks: int) -> None:
    """Neighbours that mirror each other make noise that remembers pass for certainty."""
    mirrored = []
    for seed in range(200):
        first = [t.arm for t in make_plan(with_arms(2, blocks, seed=seed)).trials if t.position == 1]
        mirrored += [one != other for one, other in zip(first[::2], first[1::2], strict=True)]
    expected = (min(blocks, STRETCH_BLOCKS) / 2) / (min(blocks, STRETCH_BLOCKS) - 1)
    assert sum(mirrored) / len(mirrored) == pytest.approx(expected, abs=0.06)


def test_a_run_that_breaks_off_early_has_both_orders() -> None:
    for seed in range(200):
        first = [t.arm for t in make_plan(with_arms(2, 20, seed=seed)).trials if t.position == 1]
        assert {*first[:6]} == {"a0", "a1"}
        assert first[:STRETCH_BLOCKS].count("a0") == STRETCH_BLOCKS / 2


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    plans = {seed: make_plan(with_arms(2, 20, seed=seed)) for seed in (1, 2)}
    assert make_plan(with_arms(2, 20, seed=1)) == plans[1]
    assert plans[1].trials != plans[2].trials


def test_warm_up_blocks_come_first_and_are_block_zero() -> None:
    plan = make_plan(with_arms(2, 1, warm_up=1))
    assert [t.block for t in plan.trials] == [0, 0, 1, 1]
    assert [t.index for t in plan.trials] == [1, 2, 3, 4]
