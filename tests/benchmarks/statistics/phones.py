# SPDX-License-Identifier: Apache-2.0
"""Several phones as one estimate: how often the interval over phones holds the truth, and what was not used instead.

Phones' true effects are normal around the truth; each phone measures its own with an error that it estimates from its
blocks. `none`, `moderate` and `large` differences between phones are 0, 1 and 3 times the error of the coarsest phone
in a lot of equal ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.statistics.paired import t_quantile
from reports.statistics.phones import NEW_PHONE_FROM, mean_and_reach
from reports.statistics.power import freedom_of
from tests.benchmarks.statistics.row import Row

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOPIC = "one estimate over phones"
PHONES = (2, 3, 5, 10)
BETWEEN = {"none": 0.0, "moderate": 1.0, "large": 3.0}
MIXED = (6, 20, 12)
"""Blocks of one phone after the other."""
PRECISE = ("one precise phone, 6 to 20 blocks", (1.0, 1.0, 1.0, 1.0, 0.2), MIXED)
ERRORS = (("equal errors, 6 blocks", (1.0,), (6,)), ("errors 1 to 3, 6 to 20 blocks", (1.0, 3.0), MIXED), PRECISE)
COVERED = 0.935
"""Least share of intervals that must hold the truth; simulation error comes on top."""
STEPS = 60


@dataclass(frozen=True)
class Lot:
    """Simulated runs on several phones.

    Attributes:
        effects: measured, shape (reps, phones); the truth is 0.
        variances: squared errors as estimated, the same shape.
        freedoms: of those, shape (phones,).
        another: true effect of one more phone, shape (reps,).
    """

    effects: "NDArray[np.float64]"
    variances: "NDArray[np.float64]"
    freedoms: "NDArray[np.float64]"
    another: "NDArray[np.float64]"


def rows(reps: int, seed: int) -> Iterator[Row]:
    """Coverage of what is used, over every number of phones; of what is not used, where that was worst."""
    random = np.random.default_rng(seed)
    for phones in PHONES:
        for between, tau in BETWEEN.items():
            for name, errors, blocks in ERRORS:
                lot = draw(random, reps, phones, tau, (errors, blocks))
                yield from _used(lot, f"{between} between phones, {name}", reps)
    for phones in (5, 10):
        name, errors, blocks = PRECISE
        lot = draw(random, reps, phones, 0.5, (errors, blocks))
        yield from _unused(lot, f"small between phones, {name}", reps)


def draw(
    random: np.random.Generator,
    reps: int,
    phones: int,
    tau: float,
    shape: tuple[tuple[float, ...], tuple[int, ...]],
) -> Lot:
    """Simulate runs; `shape` is errors and blocks, repeated over the phones."""
    errors = np.resize(np.asarray(shape[0]), phones)
    freedoms = np.asarray([float(freedom_of(int(n))) for n in np.resize(np.asarray(shape[1]), phones)])
    truths = random.normal(size=(reps, phones)) * tau
    return Lot(
        effects=truths + random.normal(size=(reps, phones)) * errors,
        variances=errors**2 * random.chisquare(freedoms, (reps, phones)) / freedoms,
        freedoms=freedoms,
        another=random.normal(size=reps) * tau,
    )


def _used(lot: Lot, scenario: str, reps: int) -> Iterator[Row]:
    phones = len(lot.freedoms)
    mean, over, within = mean_and_reach(lot.effects, lot.variances, lot.freedoms)
    reach = np.maximum(over, within)
    covered = float(np.mean(np.abs(mean) <= reach))
    yield Row(TOPIC, scenario, phones, "coverage", covered, COVERED, 1.0, reps)
    if phones >= NEW_PHONE_FROM and lot.another.any():
        further = np.maximum(over * np.sqrt(phones + 1), reach)
        held = float(np.mean(np.abs(lot.another - mean) <= further))
        yield Row(TOPIC, scenario, phones, "new phone's effect held", held, COVERED, 1.0, reps)


def _unused(lot: Lot, scenario: str, reps: int) -> Iterator[Row]:
    phones = len(lot.freedoms)
    mean, scale, variance = paule_mandel(lot.effects, lot.variances)
    quantile = t_quantile(phones - 1, 0.95)
    for name, factor in (("plain", scale), ("modified", np.maximum(scale, 1.0))):
        covered = float(np.mean(np.abs(mean) <= quantile * np.sqrt(factor * variance)))
        figure = f"coverage of {name} Hartung-Knapp, weighted (not used)"
        yield Row(TOPIC, scenario, phones, figure, covered, 0.0, 1.0, reps)


def paule_mandel(
    effects: "NDArray[np.float64]", variances: "NDArray[np.float64]"
) -> "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
    """Weighted mean, Hartung and Knapp's scale and the mean's variance, for many lots at once: Newton's steps."""
    phones = effects.shape[1]
    tau2 = np.zeros(len(effects))
    for _ in range(STEPS):
        weights, _, squares = _weighted(effects, variances, tau2)
        excess = (weights * squares).sum(axis=1) - (phones - 1)
        step = excess / (weights**2 * squares).sum(axis=1)
        tau2 = tau2 + np.where(excess > 0, step, 0.0)
    weights, mean, squares = _weighted(effects, variances, tau2)
    return mean, (weights * squares).sum(axis=1) / (phones - 1), 1.0 / weights.sum(axis=1)


def _weighted(
    effects: "NDArray[np.float64]", variances: "NDArray[np.float64]", tau2: "NDArray[np.float64]"
) -> "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
    weights = 1.0 / (variances + tau2[:, None])
    mean = (weights * effects).sum(axis=1) / weights.sum(axis=1)
    return weights, mean, (effects - mean[:, None]) ** 2
