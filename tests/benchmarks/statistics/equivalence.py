# SPDX-License-Identifier: Apache-2.0
"""How often "no worse than 5 %" is said: of an arm that is 5 % worse, and of one that is the same."""

from collections.abc import Iterator

from reports.gate.findings import ERROR, PROVEN
from reports.statistics.paired import lower_p
from tests.benchmarks.statistics.row import Row
from tests.benchmarks.statistics.scenarios import ADDED, FACTORS, SIZES, SPREAD, Batch, Scenario, Size, share, simulate

MARGIN = 1.05
_SPREAD = f"SD {100 * SPREAD:.0f} % where noise adds"


def rows(reps: int, seed: int) -> Iterator[Row]:
    """Exactly at the margin it is wrong to say so; without any effect the chance to say so is the power."""
    found = [row for scenario in (*ADDED, *FACTORS) for n in SIZES for row in _rows(scenario, n, reps, seed)]
    yield from found[::2]
    yield from found[1::2]


def _rows(scenario: Scenario, n: int, reps: int, seed: int) -> Iterator[Row]:
    batch = simulate(scenario, Size(n), reps, seed)
    wrong, right = (_said(scenario, batch, ratio) for ratio in (MARGIN, 1.0))
    yield Row('"no worse than 5 %", 5 % worse', scenario.name, n, "wrongly said", wrong, 0.0, ERROR, reps)
    yield Row(f'"no worse than 5 %", no effect, {_SPREAD}', scenario.name, n, "said", right, 0.0, 1.0, reps)


def _said(scenario: Scenario, batch: Batch, ratio: float) -> float:
    arm, control = scenario.levels(batch.arm, ratio), scenario.levels(batch.control, 1.0)
    return share(lower_p(batch.plan, arm - MARGIN * control) <= PROVEN)
