# SPDX-License-Identifier: Apache-2.0
"""One metric against the control: which blocks count, what is said about it."""

import pytest

from reports.comparison import OF_KILLS, Comparison, TrialValues, compare_metric
from reports.metrics import METRICS
from reports.wording import moved


def trials(
    *blocks: tuple[float, float], metric: str = "kswapd_cpu", kills: dict[int, tuple[int, int]] | None = None
) -> list[TrialValues]:
    """One trial per arm and block from (off, on) values; `kills` by 1-based block."""
    found = []
    for block, values in enumerate(blocks, start=1):
        lost = (kills or {}).get(block, (0, 0))
        for place, (arm, value, killed) in enumerate(zip(("off", "on"), values, lost, strict=True)):
            index = 2 * block + (place if block % 2 else 1 - place)
            found.append(TrialValues(block, index, arm, killed, {metric: {0: value}, "kills": {0: float(killed)}}))
    return found


def compare(metric: str, found: list[TrialValues]) -> Comparison:
    return compare_metric(METRICS[metric], "on", "off", found)


def codes(comparison: Comparison) -> set[str]:
    return {caveat.code for caveat in comparison.caveats}


FALLING = [(10.0, 7.9), (11.0, 9.2), (9.5, 7.4), (10.5, 8.6), (10.2, 8.0), (9.9, 8.1)]


@pytest.mark.parametrize(
    ("metric", "outcome"),
    [("kswapd_cpu", "better"), ("pgsteal_anon_rate", "worse"), ("kswapd_awake", "lower")],
)
def test_the_way_that_is_better_is_the_metrics_own(metric: str, outcome: str) -> None:
    assert compare(metric, trials(*FALLING, metric=metric)).outcome == outcome


def test_an_interval_that_holds_zero_is_no_detectable_difference() -> None:
    found = compare("kswapd_cpu", trials((10.0, 11.0), (10.0, 9.0), (10.0, 10.5), (10.0, 9.4)))
    assert found.outcome == "same"
    assert found.detectable_90 is not None
    assert found.detectable_80 is not None
    assert found.detectable_90 > found.detectable_80 > 0


def test_blocks_in_which_somebody_was_killed_are_left_out_and_counted() -> None:
    kills = {2: (0, 1), 5: (3, 3)}
    found = compare("kswapd_cpu", trials(*FALLING, kills=kills))
    assert (found.n, found.left_out, len(found.pairs)) == (4, 2, 6)
    assert [found.uses(pair) for pair in found.pairs] == [True, False, True, True, False, True]
    assert "blocks-with-kills" in codes(found)
    assert found.all_blocks is not None
    assert found.all_blocks.n == 6


def test_what_tells_of_kills_is_a_metric() -> None:
    assert METRICS.keys() >= OF_KILLS


def test_kills_themselves_are_compared_over_all_blocks() -> None:
    found = compare("kills", trials(*FALLING, kills={2: (0, 1), 5: (3, 3)}))
    assert (found.n, found.left_out) == (6, 0)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(1 / 6)


def test_survivors_are_told_of_kills_and_compared_over_all_blocks_too() -> None:
    shares = [(off / 20, on / 20) for on, off in FALLING]
    found = compare("survivors", trials(*shares, metric="survivors", kills={2: (0, 1), 5: (3, 3)}))
    assert (found.n, found.left_out, found.outcome) == (6, 0, "better")
    assert all(found.uses(pair) for pair in found.pairs)


def test_a_kill_in_every_block_leaves_nothing_to_compare() -> None:
    found = compare("kswapd_cpu", trials((10.0, 8.0), (11.0, 9.0), kills={1: (1, 0), 2: (1, 0)}))
    assert (found.n, found.outcome, found.difference, found.control_mean) == (0, "unknown", None, None)


def test_it_is_said_when_blocks_with_kills_would_turn_the_answer() -> None:
    quiet, hit = [(10.0, 10.4), (10.0, 9.7), (10.0, 10.1), (10.0, 9.8)], [(10.0, 5.0)] * 6
    found = compare("kswapd_cpu", trials(*quiet, *hit, kills=dict.fromkeys(range(5, 11), (0, 1))))
    assert found.outcome == "same"
    assert "kills-decide" in codes(found)


def test_few_blocks_are_said_to_be_few() -> None:
    assert "few-blocks" in codes(compare("kswapd_cpu", trials(*FALLING[:3])))
    assert "few-blocks" not in codes(compare("kswapd_cpu", trials(*FALLING)))


def test_a_trial_without_its_partner_is_not_compared_and_is_counted() -> None:
    found = compare("kswapd_cpu", trials(*FALLING)[:-1])
    assert found.n == 5
    assert "one-sided" in codes(found)


def test_differences_that_are_all_the_same_carry_a_warning() -> None:
    assert "no-spread" in codes(compare("kswapd_cpu", trials(*[(2.0, 1.0)] * 6)))


def test_a_few_large_blocks_that_decide_are_pointed_at() -> None:
    blocks = [(1.0, 0.5), (1.1, 0.55), (0.9, 0.45), (1.0, 0.5), (1.2, 0.6), (900.0, 450.0)]
    found = compare("kswapd_cpu", trials(*blocks))
    assert found.outcome == "same"
    assert "scale-matters" in codes(found)


def test_an_effect_that_a_few_wild_blocks_make_is_pointed_at() -> None:
    quiet = [(20.0, 20.0 + 0.01 * place) for place in range(-7, 8)]
    found = compare("kswapd_cpu", trials(*quiet, *[(20.0, 10.0)] * 5))
    assert found.outcome == "better"
    assert found.robust == pytest.approx(0.0, abs=0.1)
    assert "few-blocks-decide" in codes(found)
    assert "few-blocks-decide" not in codes(compare("kswapd_cpu", trials(*FALLING)))


@pytest.mark.parametrize(("blocks", "outcome"), [(2, "unknown"), (5, "unknown"), (6, "worse")])
def test_equal_differences_in_few_blocks_are_chance_counts_are_often_alike(blocks: int, outcome: str) -> None:
    found = compare("kills", trials(*[(1.0, 1.0)] * blocks, kills={block + 1: (0, 1) for block in range(blocks)}))
    assert found.outcome == outcome
    assert ("cannot be judged" in moved(found)) == (outcome == "unknown")


def test_differences_that_are_equal_but_for_rounding_have_no_spread() -> None:
    found = compare("ttid", trials((0.350, 0.352), (0.410, 0.412), metric="ttid"))
    assert found.outcome == "unknown"
    assert "no-spread" in codes(found)
