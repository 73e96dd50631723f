# SPDX-License-Identifier: Apache-2.0
"""What may not matter does not: which way is better, which arm is called the control, in what unit figures come."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.gate.findings import Decision, Finding, decide, weigh
from reports.statistics.paired import paired_t, ratio_of_means
from tests.support.gates import case, noisy
from workloads.spec import Must, Rule

LOWER, HIGHER = "kswapd_cpu", "mem_available_min"
FLOOR = 40.0
"""Figures are turned round at half of it, so that what was high is low."""

noises, ratios, seeds = st.sampled_from([0.01, 0.05, 0.15]), st.floats(0.8, 1.25), st.integers(0, 10_000)


def found(rule: Rule, pairs: list[tuple[float, float]], confidence: float = 0.95) -> Finding:
    laid = replace(case(rule, pairs), confidence=confidence)
    return decide([laid], [weigh(laid)])[0]


@pytest.mark.parametrize("must", ["not-worsen", "improve"])
@settings(max_examples=60, deadline=None)
@given(
    noise=noises, ratio=ratios, seed=seeds, margin=st.sampled_from([0.0, 0.2, 1.0]), sure=st.sampled_from([0.95, 0.99])
)
def test_a_gate_rules_alike_where_higher_is_better_and_every_figure_is_turned_round(
    must: Must, noise: float, ratio: float, seed: int, margin: float, sure: float
) -> None:
    pairs = noisy(12, noise, ratio, seed)
    turned = [(FLOOR - control, FLOOR - arm) for control, arm in pairs]
    lower = found(Rule(LOWER, must, margin, relative=False), pairs, sure)
    higher = found(Rule(HIGHER, must, margin, relative=False), turned, sure)
    assert (lower.decision, lower.ground) == (higher.decision, higher.ground)
    assert lower.figures is not None
    assert higher.figures is not None
    assert lower.figures.holds_p == pytest.approx(higher.figures.holds_p, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(noise=noises, ratio=ratios, seed=seeds, unit=st.sampled_from([1e-6, 1e3, 2.0**20]))
def test_a_gate_rules_alike_in_any_unit(noise: float, ratio: float, seed: int, unit: float) -> None:
    pairs = noisy(12, noise, ratio, seed)
    other = [(control * unit, arm * unit) for control, arm in pairs]
    for margin, relative in ((0.05, True), (0.5, False)):
        same = found(Rule(LOWER, margin=margin, relative=relative), pairs)
        scaled = found(Rule(LOWER, margin=margin if relative else margin * unit, relative=relative), other)
        assert (same.decision, same.ground) == (scaled.decision, scaled.ground)


@settings(max_examples=60, deadline=None)
@given(noise=noises, ratio=ratios, seed=seeds)
def test_with_arm_and_control_exchanged_the_effect_is_the_opposite(noise: float, ratio: float, seed: int) -> None:
    laid = case(Rule(LOWER), noisy(9, noise, ratio, seed))
    lags = [pair.lag for pair in laid.pairs]
    arms, controls = [pair.arm for pair in laid.pairs], [pair.control for pair in laid.pairs]
    one = paired_t([a - c for a, c in zip(arms, controls, strict=True)], lags)
    other = paired_t([c - a for a, c in zip(arms, controls, strict=True)], [-lag for lag in lags])
    assert one is not None
    assert other is not None
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert one.p == pytest.approx(other.p)
    up, down = ratio_of_means(arms, controls, lags), ratio_of_means(controls, arms, [-lag for lag in lags])
    assert up is not None
    assert down is not None
    assert (up.value, up.low, up.high) == pytest.approx((1 / down.value, 1 / down.high, 1 / down.low))


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.1])
def test_a_gate_never_passes_what_it_would_fail_as_the_opposite(ratio: float) -> None:
    """Of an arm and its mirror one passes where the other fails, and neither is decided where the other is not."""
    decisions: dict[Decision, set[Decision]] = {}
    for seed in range(40):
        pairs = noisy(12, 0.03, ratio, seed)
        here = found(Rule(LOWER, margin=0.0, relative=False), pairs)
        there = found(Rule(LOWER, margin=0.0, relative=False), [(arm, control) for control, arm in pairs])
        decisions.setdefault(here.decision, set()).add(there.decision)
    opposite: dict[Decision, set[Decision]] = {"pass": {"fail"}, "fail": {"pass"}, "not-decided": {"not-decided"}}
    assert decisions.items() <= opposite.items()
    assert decisions
