# SPDX-License-Identifier: Apache-2.0
"""Noise of a phone, as it comes trial by trial in the order of execution, and runs that are planned as `reclaim` plans.

The unit of noise is the standard deviation of one trial on a phone without drift, except for lognormal noise.
"""

import math
import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from agent.runner.plan import STRETCH_BLOCKS, draw_orders
from reports.statistics.design import Design, design

Array = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int, int], Array]
"""Generator, runs, trials of each -> noise of shape (runs, trials)."""

SIZES = (6, 8, 12, 16, 20, 30)
LEVEL = 100.0
SPREAD = 0.03
"""Standard deviation of a trial as a share of its level, wherever additive noise is put on a level."""


@dataclass(frozen=True)
class Scenario:
    """One kind of noise.

    Attributes:
        name: as the table shows it.
        draw: makes it: a sum on top of a level, or factors around 1 (`multiplies`).
        multiplies: whether it multiplies the level.
        stationary: whether all trials are alike, so that intervals must not be too wide either.
        widest: highest coverage that is allowed.
        promised: whether anything is promised of how wide intervals are.
        mean: of a factor, for noise that multiplies.
    """

    name: str
    draw: Noise
    multiplies: bool = False
    stationary: bool = True
    widest: float = 0.97
    promised: bool = True
    mean: float = 1.0

    def levels(self, noise: Array, ratio: float) -> Array:
        """Trials' values on a level of `LEVEL * ratio`, the spread in proportion to it."""
        return LEVEL * ratio * (noise if self.multiplies else 1.0 + SPREAD * noise)


@dataclass(frozen=True)
class Batch:
    """Simulated runs.

    Attributes:
        plan: the model of their blocks.
        control: noise of the control's trials, shape (runs, blocks).
        arm: noise of the arm's trials, shape (runs, blocks).
    """

    plan: Design
    control: Array
    arm: Array


@dataclass(frozen=True)
class Size:
    """How long a run is.

    Attributes:
        blocks: blocks that ran.
        planned: blocks that were planned; 0 for as many as ran.
        arms: arms of each block; the first two are compared.
    """

    blocks: int
    planned: int = 0
    arms: int = 2


def simulate(scenario: Scenario, size: Size, reps: int, seed: int) -> Batch:
    """`reps` runs whose orders are drawn as for a run of fixed length."""
    places = _places(size, reps, size.planned or size.blocks, each=4)
    return _batch(scenario, size, places, design(size.blocks, _lags(places)), seed)


def batches(scenario: Scenario, size: Size, reps: int, seed: int) -> Iterator[Batch]:
    """`reps` runs that may stop early, in batches of one order each: every look has a design of its own."""
    orders, times = np.unique(_places(size, reps, STRETCH_BLOCKS, each=40), axis=0, return_counts=True)
    for number, (order, runs) in enumerate(zip(orders, times, strict=True)):
        repeated = order[None].repeat(runs, axis=0)
        yield _batch(scenario, size, repeated, design(size.blocks, _lags(order)), seed + number)


def share(found: NDArray[np.bool_]) -> float:
    """Share of runs in which something holds."""
    return float(np.count_nonzero(found)) / len(found)


def _batch(scenario: Scenario, size: Size, places: NDArray[np.int64], plan: Design, seed: int) -> Batch:
    generator = np.random.default_rng((seed, zlib.crc32(f"{scenario.name} {size}".encode())))
    noise = scenario.draw(generator, len(places), size.blocks * size.arms)
    at = places + size.arms * np.arange(size.blocks)[:, None]
    control, arm = (np.take_along_axis(noise, at[:, :, which], axis=1) for which in (0, 1))
    return Batch(plan, control, arm)


def _lags(places: NDArray[np.int64]) -> Array:
    return (places[..., 1] - places[..., 0]).astype(np.float64)


@cache
def _places(size: Size, reps: int, at_once: int, *, each: int) -> NDArray[np.int64]:
    """Place of the control and of the arm in each block, from 0: shape (reps, blocks, 2). The same for all noises.

    Every order is used `each` times: drawing one costs more than simulating its run.
    """
    draw = random.Random(reps)  # noqa: S311 - repeatable, no secret
    names, planned = [str(number) for number in range(size.arms)], size.planned or size.blocks
    plans = [draw_orders(names, planned, draw, at_once=at_once)[: size.blocks] for _ in range(0, reps, each)]
    found = np.array([[(order.index("0"), order.index("1")) for order in orders] for orders in plans], dtype=np.int64)
    return found.repeat(each, axis=0)[:reps]


def _normal(generator: np.random.Generator, runs: int, trials: int) -> Array:
    return generator.normal(size=(runs, trials))


def _student(generator: np.random.Generator, runs: int, trials: int) -> Array:
    return generator.standard_t(3, size=(runs, trials))


def _contaminated(generator: np.random.Generator, runs: int, trials: int) -> Array:
    wild = generator.random((runs, trials)) < 0.05
    return generator.normal(size=(runs, trials)) * np.where(wild, 10.0, 1.0)


def _autoregressive(memory: float) -> Noise:
    def draw(generator: np.random.Generator, runs: int, trials: int) -> Array:
        fresh = generator.normal(size=(trials, runs))
        for trial in range(1, trials):
            fresh[trial] = memory * fresh[trial - 1] + math.sqrt(1 - memory**2) * fresh[trial]
        return fresh.T

    return draw


def _drifting(drift: Callable[[Array], Array]) -> Noise:
    """Normal noise on a drift: a function of trials since the start."""

    def draw(generator: np.random.Generator, runs: int, trials: int) -> Array:
        return generator.normal(size=(runs, trials)) + drift(np.arange(trials, dtype=np.float64))

    return draw


def _walking(generator: np.random.Generator, runs: int, trials: int) -> Array:
    steps: Array = generator.normal(size=(runs, trials)).cumsum(axis=1)
    return generator.normal(size=(runs, trials)) + steps


def _stepping(generator: np.random.Generator, runs: int, trials: int) -> Array:
    """A step of 5 in the middle of the run, inside a block."""
    return generator.normal(size=(runs, trials)) + 5.0 * (np.arange(trials) > trials // 4 * 2)


def _block_levels(generator: np.random.Generator, runs: int, trials: int) -> Array:
    """Pairs of trials share a level: what a block of two arms is."""
    shifts = generator.normal(scale=5.0, size=(runs, trials // 2)).repeat(2, axis=1)
    return generator.normal(size=(runs, trials)) + shifts


def _factors(sigma: float, inner: Noise = _normal) -> Noise:
    def draw(generator: np.random.Generator, runs: int, trials: int) -> Array:
        return np.exp(sigma * inner(generator, runs, trials))

    return draw


def _swinging(size: float) -> Scenario:
    noise = _drifting(lambda trial: size * np.sin(trial * math.pi / 6))
    return Scenario(f"swings of {size:.0f} SD every 12 trials", noise, stationary=False, widest=1.0)


def _lognormal(sigma: float, more: str = "", inner: Noise = _normal) -> Scenario:
    return Scenario(f"lognormal {sigma}{more}", _factors(sigma, inner), multiplies=True, mean=math.exp(sigma**2 / 2))


PLAIN = Scenario("normal", _normal)
LOGNORMAL = (_lognormal(0.1), _lognormal(0.3), _lognormal(0.5))
REMEMBERING = (Scenario("AR(1), 0.4", _autoregressive(0.4)), Scenario("AR(1), 0.7", _autoregressive(0.7)))
LINEAR = Scenario("drift, 1 SD per trial", _drifting(lambda trial: trial), stationary=False, widest=1.0)
WARMING_UP = Scenario(
    "warming up, 10 SD over 8 trials", _drifting(lambda trial: -10.0 * np.exp(-trial / 8)), stationary=False, widest=1.0
)
ADDED = (
    PLAIN,
    Scenario("heavy tails, t with 3 degrees", _student),
    # Student's interval is conservative under wild trials (Benjamini, JASA 78 (1983) 645-654); docs/statistics.md says
    # why no other takes its place.
    Scenario("one trial in 20 wild, x 10", _contaminated, widest=1.0, promised=False),
    *REMEMBERING,
    LINEAR,
    WARMING_UP,
    Scenario("random walk, 1 SD per trial", _walking, stationary=False, widest=1.0),
    Scenario("one step of 5 SD inside a block", _stepping, stationary=False, widest=1.0),
    Scenario("each block its own level, SD 5", _block_levels),
)
"""Noise that adds to a level; its mean is no part of any effect."""

WANDERING = Scenario(
    "lognormal 0.1, block levels 0.5", _factors(0.1, _block_levels), multiplies=True, mean=math.exp(0.1**2 * 26 / 2)
)
FACTORS = (
    *LOGNORMAL,
    _lognormal(0.3, ", AR(1) 0.7", _autoregressive(0.7)),
    WANDERING,
    Scenario(
        "lognormal 0.1, 1 % more per trial",
        _factors(0.1, _drifting(lambda trial: trial / 10)),
        multiplies=True,
        stationary=False,
        widest=1.0,
    ),
)
"""Noise that multiplies a level."""

SWINGS = (_swinging(5.0), _swinging(20.0))
"""A phone that swings by far more than its noise; nothing is promised of it."""
