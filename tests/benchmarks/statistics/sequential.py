# SPDX-License-Identifier: Apache-2.0
"""A run that stops once it is decided: how often it is wrong, what it still sees, and what it saves.

A run of fixed length that sees an effect 9 times in 10 is the measure of all: its effect is the design effect, its
blocks are n.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reports.gate.findings import ERROR, PROVEN
from reports.looks import Looks
from reports.statistics.design import Design, design
from reports.statistics.paired import CONFIDENCE, lower_p, t_interval, two_sided_p
from reports.statistics.power import freedom_of, minimum_detectable_effect
from reports.statistics.sequential import MOST_INFLATION, POWER, budget_for, look_blocks
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import ADDED, FACTORS, PLAIN, Array, Batch, Scenario, Size, batches

REPS = (500, 5_000)
BUDGETS = (8, 12, 20, 30)
FIXED = (16, 20, 30, 40)
SURER = 4
"""Times the runs where what is found lies close to what is promised."""

FAMILY = 4
"""Primary metrics of a run, independent of each other: correlated ones raise fewer alarms, and save more blocks."""

_MOST = 0.05
_MARGIN = 1.02
"""About what such runs can see: where a margin is wide, a worsening by it is seen before it can be missed."""
_SPREAD = math.sqrt(2.0)
"""Standard deviation of a block's difference when each trial has one."""

_Looks = tuple[tuple[int, tuple[int, ...], float], ...]
"""Of each look: after which block, which blocks counted then (from 0), and the coverage of its interval."""

Values = Callable[[Batch], Array]
"""Differences of a batch's blocks, shape (runs, blocks)."""


@dataclass(frozen=True)
class Ended:
    """How simulated runs ended.

    Attributes:
        decided: whether a look decided it, shape (runs,).
        blocks: blocks it took.
        ends: effect measured at its end, lower and upper end of its interval, shape (runs, 3).
    """

    decided: NDArray[np.bool_]
    blocks: Array
    ends: Array


def rows(reps: int, seed: int) -> Iterator[Row]:
    """False alarms, intervals, wrong "no worse", then power and blocks saved."""
    yield from _alarms(reps, seed)
    yield from _families(reps, seed)
    yield from _equivalence(reps, seed)
    yield from _savings(reps, seed)


def _alarms(reps: int, seed: int) -> Iterator[Row]:
    topic = "sequential stop, A/A (n: most blocks)"
    for scenario in (*ADDED, *FACTORS):
        for budget in BUDGETS:
            found = _play(_each(scenario, budget, reps, seed), _difference(scenario), budget)
            yield Row(topic, scenario.name, budget, "false positives over all looks", _mean(found), 0.0, _MOST, reps)
    for budget in BUDGETS[1:]:
        found = _play(_each(PLAIN, budget, reps, seed), _difference(PLAIN), budget, lost=budget // 6)
        name, figure = "normal, one block in 6 left out", "false positives over all looks"
        yield Row(topic, name, budget, figure, _mean(found), 0.0, _MOST, reps)


def _families(reps: int, seed: int) -> Iterator[Row]:
    reps *= SURER
    for scenario in ADDED[:5]:
        for budget in BUDGETS:
            found = _play(_each(scenario, budget, reps * FAMILY, seed), _difference(scenario), budget, family=FAMILY)
            value = float(found.decided.reshape(-1, FAMILY).any(axis=1).mean())
            topic = f"sequential stop, A/A, {FAMILY} primary metrics (n: most blocks)"
            yield Row(topic, scenario.name, budget, "any false positive over all looks", value, 0.0, _MOST, reps)


def _equivalence(reps: int, seed: int) -> Iterator[Row]:
    """The arm is worse by just the margin; a look decides "no worse", or what it decides else."""
    topic = 'sequential stop, "no worse than 2 %", 2 % worse (n: most blocks)'
    for scenario in ADDED[:5]:
        for budget in BUDGETS:
            drawn = list(_each(scenario, budget, reps, seed))
            differs = _play(drawn, _worse(scenario, _MARGIN, 1.0), budget)
            no_worse = _play(drawn, _worse(scenario, _MARGIN, _MARGIN), budget, one_sided=True)
            before = (no_worse.blocks < differs.blocks) | ~differs.decided
            wrong = float(np.mean(no_worse.decided & before))
            yield Row(topic, scenario.name, budget, "wrongly said", wrong, 0.0, _MOST, reps)


def _savings(reps: int, seed: int) -> Iterator[Row]:
    topic = "sequential stop, power and blocks (n: blocks of the fixed run)"
    for n in FIXED:
        budget, effect = _design(n, 1)
        yield Row(topic, "normal", n, "most blocks / n", budget / n, 1.0, MOST_INFLATION, reps)
        for name, size, least in (("design effect", 1.0, 0.15), ("1.5 x the design effect", 1.5, 0.30)):
            scenario, truth = f"normal, {name}", size * effect
            found = _play(_each(PLAIN, budget, reps, seed), _shifted(truth), budget)
            value, low, high = found.ends.T
            covered = float(((low <= truth) & (truth <= high)).mean())
            yield Row(topic, scenario, n, "decided within the budget", _mean(found), POWER, 1.0, reps)
            yield Row(topic, scenario, n, "blocks saved", 1 - float(found.blocks.mean()) / n, least, 1.0, reps)
            yield Row(topic, scenario, n, "intervals at the end hold", covered, CONFIDENCE, 1.0, reps)
            yield Row(topic, scenario, n, "measured / true effect", float(value.mean()) / truth, 0.0, math.inf, reps)
    topic = f"sequential stop, {FAMILY} primary metrics with that effect each, all decided (n: blocks of the fixed run)"
    for size in (1.0, 1.5):
        for n in FIXED:
            budget, effect = _design(n, FAMILY)
            drawn = _each(PLAIN, budget, reps * FAMILY, seed)
            found = _play(drawn, _shifted(size * effect), budget, family=FAMILY, of_one=FAMILY)
            scenario, taken = f"normal, {size:g} x the design effect", float(found.blocks.mean()) / n
            yield Row(topic, scenario, n, "mean blocks / n", taken, 0.0, MOST_INFLATION, reps)


def _design(n: int, family: int) -> tuple[int, float]:
    """Budget that goes with `n` fixed blocks, and the effect that those see with chance `POWER`."""
    alpha = (1 - CONFIDENCE) / family
    promise = budget_for(n, alpha)
    effect = minimum_detectable_effect(_SPREAD / math.sqrt(n), freedom_of(n), POWER, 1 - alpha)
    return (promise.budget if promise else 0), effect or math.nan


def _play(  # noqa: PLR0913 - what differs from a plain run is named, one by one
    drawn: Iterable[Batch],
    values: Values,
    budget: int,
    *,
    family: int = 1,
    of_one: int = 1,
    one_sided: bool = False,
    lost: int = 0,
) -> Ended:
    """Look at runs as the runner does, until they are decided or at their budget.

    Args:
        drawn: the runs.
        values: what is looked at.
        budget: most blocks.
        family: primary metrics that share the error.
        of_one: so many neighbours are the metrics of one run, which goes on until all of them are decided.
        one_sided: a look decides that the values lie below zero; else that they are not zero.
        lost: blocks of each batch that do not count, at random.
    """
    generator, test = np.random.default_rng(budget), lower_p if one_sided else two_sided_p
    parts: list[Ended] = []
    for batch in drawn:
        counted = tuple(np.sort(generator.choice(budget, budget - lost, replace=False)).tolist())
        looks = _looks(counted, budget, family)
        parts.append(_end(batch.plan, values(batch), looks, test, of_one))
    return Ended(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("decided", "blocks", "ends")))


@lru_cache(maxsize=1024)
def _looks(counted: tuple[int, ...], budget: int, family: int) -> _Looks:
    times, found = look_blocks(budget), []
    for number, block in enumerate(times, start=1):
        used = tuple(each for each in counted if each < block)
        found.append((block, used, Looks(times[:number], budget, family).confidence([each + 1 for each in used])))
    return tuple(found)


def _end(plan: Design, values: Array, looks: _Looks, test: Callable[[Design, Array], Array], of_one: int) -> Ended:
    """Play the looks on runs of one order of arms; `of_one` neighbours are one run."""
    decided, blocks, ends = np.zeros(len(values), dtype=bool), np.zeros(len(values)), np.zeros((len(values), 3))
    asked = PROVEN / ERROR if test is lower_p else 1.0
    for block, counted, confidence in looks:
        used = list(counted)
        here, seen = design(len(used), plan.lags[used].tolist()), values[:, used]
        ready = (test(here, seen) <= (1 - confidence) * asked).reshape(-1, of_one).all(axis=1).repeat(of_one)
        hit = ready & ~decided
        decided |= hit
        ending = hit if block < looks[-1][0] else hit | ~decided
        if ending.any():
            blocks[ending], ends[ending] = block, np.stack(t_interval(here, seen[ending], confidence), axis=-1)
    return Ended(decided, blocks, ends)


def _each(scenario: Scenario, budget: int, reps: int, seed: int) -> Iterator[Batch]:
    return batches(scenario, Size(budget), reps, seed)


def _difference(scenario: Scenario) -> Values:
    return lambda batch: scenario.levels(batch.arm, 1.0) - scenario.levels(batch.control, 1.0)


def _worse(scenario: Scenario, ratio: float, of_control: float) -> Values:
    return lambda batch: scenario.levels(batch.arm, ratio) - of_control * scenario.levels(batch.control, 1.0)


def _shifted(effect: float) -> Values:
    return lambda batch: batch.arm - batch.control + effect


def _mean(found: Ended) -> float:
    return float(found.decided.mean())
