# SPDX-License-Identifier: Apache-2.0
"""Looking at a run before it ends: boundaries held against published ones, and against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from reports.statistics.design import design
from reports.statistics.paired import t_interval
from reports.statistics.power import freedom_of, minimum_detectable_effect
from reports.statistics.sequential import (
    MOST_INFLATION,
    MOST_LOOKS,
    boundaries,
    budget_for,
    crossing,
    levels,
    levels_after,
    look_blocks,
    outlook,
    spent,
)
from workloads.spec import FIRST_LOOK

INFORMATION = st.lists(st.integers(1, 40), min_size=1, max_size=6).map(lambda steps: np.cumsum(steps).tolist())


def shares(looks: int) -> list[float]:
    return [number / looks for number in range(1, looks + 1)]


@pytest.mark.parametrize(("looks", "constant"), [(1, 1.960), (2, 2.178), (3, 2.289), (5, 2.413), (10, 2.555)])
def test_pococks_constants_cross_with_chance_5_percent(looks: int, constant: float) -> None:
    """Jennison and Turnbull 2000, table 2.1."""
    assert sum(crossing([constant] * looks, shares(looks))) == pytest.approx(0.05, abs=2e-4)


@pytest.mark.parametrize(("looks", "constant"), [(2, 1.977), (3, 2.004), (5, 2.040), (10, 2.087)])
def test_obrien_and_flemings_constants_cross_with_chance_5_percent(looks: int, constant: float) -> None:
    """Jennison and Turnbull 2000, table 2.3."""
    bounds = [constant / math.sqrt(share) for share in shares(looks)]
    assert sum(crossing(bounds, shares(looks))) == pytest.approx(0.05, abs=2e-4)


@pytest.mark.parametrize(("scale", "inflation"), [(0.0, 1.207), (0.5, 1.026)])
def test_five_looks_keep_power_with_the_published_inflation(scale: float, inflation: float) -> None:
    """Jennison and Turnbull 2000, tables 2.2 and 2.4: Pocock and O'Brien-Fleming, power 0.9."""
    constant = 2.040 if scale else 2.413
    drift = (float(ndtri(0.975)) + float(ndtri(0.9))) * math.sqrt(inflation)
    assert sum(crossing([constant / share**scale for share in shares(5)], shares(5), drift)) == pytest.approx(
        0.9, abs=1e-3
    )


def test_lan_and_demets_boundaries_are_those_of_their_program() -> None:
    """Five even looks, two-sided 5 %, as R's ldbounds (Casper and Perez) gives them."""
    pocock = [0.05 * math.log(1 + (math.e - 1) * share) for share in shares(5)]
    fleming = [float(4 * ndtr(ndtri(0.0125) / math.sqrt(share))) for share in shares(5)]
    assert boundaries(pocock, shares(5)) == pytest.approx([2.4380, 2.4268, 2.4102, 2.3966, 2.3859], abs=1e-4)
    assert boundaries(fleming, shares(5)) == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=2e-4)


@pytest.mark.parametrize("gamma", [-4.0, -2.0, 0.0, 1.0])
def test_spending_begins_at_nothing_ends_at_the_whole_and_never_falls(gamma: float) -> None:
    used = [spent(share, 0.05, gamma) for share in (-1.0, 0.0, 0.3, 0.7, 1.0, 2.0)]
    assert used[:2] == [0.0, 0.0]
    assert used[4:] == pytest.approx([0.05, 0.05])
    assert used == sorted(used)


@settings(max_examples=30)
@given(INFORMATION, st.floats(0.001, 0.2))
def test_each_look_uses_up_just_what_it_may(information: list[int], alpha: float) -> None:
    plan = [spent(each / information[-1], alpha, -2.0) for each in information]
    chances = crossing(boundaries(plan, information), information)
    assert np.cumsum(chances) == pytest.approx(plan, abs=1e-7)


@settings(max_examples=30)
@given(INFORMATION, st.floats(0.01, 1000.0))
def test_levels_depend_on_the_share_of_information_not_on_its_unit(information: list[int], unit: float) -> None:
    plan = [spent(each / information[-1], 0.05, -2.0) for each in information]
    assert levels(plan, [each * unit for each in information]) == pytest.approx(levels(plan, information), rel=1e-5)


@given(st.integers(FIRST_LOOK + 1, 1000))
def test_looks_begin_early_end_with_the_budget_and_are_not_too_many(budget: int) -> None:
    blocks = look_blocks(budget)
    assert (blocks[0], blocks[-1]) == (FIRST_LOOK, budget)
    assert list(blocks) == sorted(set(blocks))
    assert len(blocks) <= MOST_LOOKS + 1


def test_a_short_run_is_looked_at_after_every_block() -> None:
    assert look_blocks(9) == (6, 7, 8, 9)
    assert look_blocks(4) == (4,)


def test_a_look_that_was_not_taken_leaves_its_error_to_the_next() -> None:
    often = levels_after((6, 8, 10, 12), (6, 8, 10, 12), 12)
    seldom = levels_after((6, 12), (6, 12), 12)
    assert seldom[0] == pytest.approx(often[0])
    assert seldom[-1] > often[-1]


def test_all_looks_together_are_wrong_in_less_than_5_of_100_runs() -> None:
    """Student's t at few degrees of freedom decides more often than normal levels say; the plan has room for that."""
    runs, budget, random = 4000, 14, np.random.default_rng(1)
    noise, lags = random.normal(size=(runs, budget)), [1, -1] * budget
    decided, blocks = np.zeros(runs, dtype=bool), look_blocks(budget)
    for block, level in zip(blocks, levels_after(blocks, blocks, budget), strict=True):
        _, low, high = t_interval(design(block, lags[:block]), noise[:, :block], 1 - level)
        decided |= (low > 0) | (high < 0)
    assert 0.03 < decided.mean() < 0.05


@pytest.mark.parametrize("fixed", [10, 16, 24])
def test_the_budget_keeps_the_power_and_saves_blocks_where_there_is_an_effect(fixed: int) -> None:
    found = budget_for(fixed)
    assert found is not None
    assert found.fixed >= fixed
    assert fixed < found.budget <= MOST_INFLATION * fixed
    assert found.power >= 0.9
    assert found.expected_large < found.expected < fixed
    assert budget_for(fixed, 0.01) != found


def test_what_is_foreseen_is_what_a_simulation_finds() -> None:
    promise, random = outlook(20), np.random.default_rng(3)
    assert promise is not None
    effect = minimum_detectable_effect(1 / math.sqrt(promise.fixed), freedom_of(promise.fixed), 0.9)
    assert effect is not None
    values, lags, blocks = random.normal(effect, 1.0, (4000, 20)), [1, -1] * 10, look_blocks(20)
    decided, ended = np.zeros(4000, dtype=bool), np.full(4000, 20)
    for block, level in zip(blocks, levels_after(blocks, blocks, 20), strict=True):
        _, low, high = t_interval(design(block, lags[:block]), values[:, :block], 1 - level)
        hit = ((low > 0) | (high < 0)) & ~decided
        decided, ended = decided | hit, np.where(hit, block, ended)
    assert decided.mean() == pytest.approx(promise.power, abs=0.015)
    assert ended.mean() == pytest.approx(promise.expected, abs=0.4)


@pytest.mark.parametrize("budget", [1, 6])
def test_a_run_too_short_for_a_look_promises_nothing(budget: int) -> None:
    assert outlook(budget) is None
    assert budget_for(budget - 1) is None
