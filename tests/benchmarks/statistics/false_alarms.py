# SPDX-License-Identifier: Apache-2.0
"""How often two arms that are the same are called different."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reports.families import holm
from reports.statistics.paired import CONFIDENCE, two_sided_p
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import ADDED, FACTORS, SIZES, Scenario, Size, share, simulate

REPS = (2_000, 20_000)
MOST = 0.055
FAMILY = 4
"""Primary metrics of a run, independent of each other: correlated ones raise fewer alarms."""


def rows(reps: int, seed: int) -> Iterator[Row]:
    """One metric by itself, and any alarm among a family of primary metrics after Holm."""
    found = [row for scenario in (*ADDED, *FACTORS) for n in SIZES for row in _rows(scenario, n, reps, seed)]
    yield from found[::2]
    yield from found[1::2]


def _rows(scenario: Scenario, n: int, reps: int, seed: int) -> Iterator[Row]:
    batch = simulate(scenario, Size(n), reps * FAMILY, seed)
    p = two_sided_p(batch.plan, scenario.levels(batch.arm, 1.0) - scenario.levels(batch.control, 1.0))
    # The four metrics of a run share its order of arms: `simulate` repeats each order as often.
    families = share(np.array([_any_alarm(four) for four in p.reshape(-1, FAMILY)]))
    yield Row("A/A, one metric", scenario.name, n, "false positives", share(_alarming(p)), 0.0, MOST, reps * FAMILY)
    yield Row("A/A, 4 primary metrics (Holm)", scenario.name, n, "any false positive", families, 0.0, MOST, reps)


def _alarming(p: NDArray[np.float64]) -> NDArray[np.bool_]:
    return p <= 1 - CONFIDENCE


def _any_alarm(p: NDArray[np.float64]) -> bool:
    return bool(_alarming(p.min())) and bool(_alarming(np.asarray(holm(p.tolist()))).any())
