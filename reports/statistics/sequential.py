# SPDX-License-Identifier: Apache-2.0
"""Looking at a run before it ends, and paying for it: a group-sequential design on blocks. Pure.

Every look at a run is one more chance to be fooled. So the 5 % by which a run may be wrong is spent bit by bit: after
block b of at most B the looks may have used up `spent(b / B)` of it (Lan and DeMets, Biometrika 70 (1983) 659-663; the
spending function is Hwang, Shih and DeCani's, Stat. Med. 9 (1990) 1439-1445). What level a look gets for itself follows
from what the looks have in common, by the recursive integration of Armitage, McPherson and Rowe (J. R. Stat. Soc. A 132
(1969) 235-244; Jennison and Turnbull, "Group Sequential Methods", 2000, ch. 19). Student's t is then held against that
level with the look's own degrees of freedom (the significance-level approach, ibid. ch. 3 and 4), and the interval at
that level is the repeated confidence interval (Jennison and Turnbull, J. R. Stat. Soc. B 51 (1989) 305-361): over all
looks together it holds the truth in 95 of 100 runs, whatever made the run end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from reports.statistics.paired import CONFIDENCE, FEWEST_BLOCKS
from reports.statistics.power import freedom_of, minimum_detectable_effect, power_of
from workloads.spec import FIRST_LOOK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LOOKS = 30
"""A run is looked at after every block from the first look on; a long one after every second, third, ... block."""
GAMMA = -2.0
"""Shape of the spending: -4 keeps nearly everything for the end, 1 spends evenly."""
PRUDENCE = 0.76
"""Share of the error that is planned to be spent.

The rest pays for what the plan does not know. Held against normal levels, Student's t at few degrees of freedom decides
too often (3.8 % become 4.4), and noise that remembers the trial before may add to that. By simulation, as are `GAMMA`
and `MOST_LOOKS`: `tests/benchmarks/statistics/sequential.py`.
"""
MOST_INFLATION = 1.3
"""A run that may stop early takes at most so many times the blocks of one of fixed length."""
POWER = 0.9

_FARTHEST = 12.0
"""Standard deviations that no boundary lies beyond."""
_CLOSE = 1e-10
"""Standard deviations between two boundaries that are the same."""
_ENOUGH = 8.0
"""Standard deviations around its mean that hold a sum."""


@dataclass(frozen=True)
class Outlook:
    """What a run that may stop early promises, before it is made.

    Attributes:
        fixed: blocks that a run of fixed length needs for the same power.
        budget: most blocks.
        power: chance to see the effect that the fixed run sees with chance 0.9.
        expected: mean blocks where that effect is there.
        expected_large: mean blocks where an effect half as large again is there.
    """

    fixed: int
    budget: int
    power: float
    expected: float
    expected_large: float


def look_blocks(budget: int) -> tuple[int, ...]:
    """After which blocks a run of at most `budget` blocks is looked at; the last is `budget` itself."""
    step = max(1, math.ceil((budget - FIRST_LOOK) / MOST_LOOKS))
    return (*range(FIRST_LOOK, budget, step), budget)


def spent(share: float, alpha: float, gamma: float = GAMMA) -> float:
    """Error used up once a share of the run is over: 0 at 0, `alpha` at 1 and beyond."""
    done = min(max(share, 0.0), 1.0)
    if gamma == 0:
        return alpha * done
    return alpha * math.expm1(-gamma * done) / math.expm1(-gamma)


def levels(spending: Sequence[float], information: Sequence[float]) -> tuple[float, ...]:
    """Two-sided level of each look by itself.

    Args:
        spending: error that may be used up after each look, growing.
        information: of each look, growing; in any unit (blocks).
    """
    from scipy.special import ndtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    return tuple(float(2.0 * ndtr(-bound)) for bound in boundaries(spending, information))


@lru_cache(maxsize=256)
def levels_after(
    blocks: tuple[int, ...], counts: tuple[int, ...], budget: int, alpha: float = 1 - CONFIDENCE
) -> tuple[float, ...]:
    """Two-sided level of each look at a run of at most `budget` blocks.

    What is used up goes by the blocks run, which no result can change; what the looks have in common goes by the blocks
    that count. So a level stays valid where trials are excluded by rules that look at no result.

    Args:
        blocks: after which blocks the run was looked at, growing.
        counts: blocks that counted then, growing.
        budget: most blocks of the run.
        alpha: error that all looks together may have.
    """
    return levels([spent(block / budget, PRUDENCE * alpha) for block in blocks], counts)


def boundaries(spending: Sequence[float], information: Sequence[float]) -> tuple[float, ...]:
    """The same as standard normal deviates: a look decides when |z| is at least its boundary."""
    walk, found, used = _start(information), list[float](), 0.0
    for goal in spending:
        found.append(_boundary(walk, goal, goal - used))
        used += walk.beyond(found[-1])
        walk = walk.after(found[-1])
    return tuple(found)


def crossing(bounds: Sequence[float], information: Sequence[float], drift: float = 0.0) -> tuple[float, ...]:
    """Chance of each look to be the first that decides.

    Args:
        bounds: of |z| at each look.
        information: of each look, growing.
        drift: true effect; z has the mean `drift * sqrt(information)`.
    """
    walk, found = _start(information, drift), list[float]()
    for bound in bounds:
        found.append(walk.beyond(bound))
        walk = walk.after(bound)
    return tuple(found)


def outlook(budget: int, alpha: float = 1 - CONFIDENCE) -> Outlook | None:
    """What a run of at most `budget` blocks promises; None where it is too short for a look before its end.

    Student's t is put into the normal recursion by the boundary that has the same chance to be crossed at that look.

    Args:
        budget: most blocks, all of them counting.
        alpha: error that all looks together may have.
    """
    blocks = look_blocks(budget)
    if len(blocks) < 2:  # noqa: PLR2004 - one before the end, and the end
        return None
    found = levels_after(blocks, blocks, budget, alpha)
    for fixed in range(budget, FEWEST_BLOCKS, -1):
        effect = minimum_detectable_effect(1 / math.sqrt(fixed), freedom_of(fixed), POWER, 1 - alpha)
        power, expected = _foreseen(blocks, found, effect or 0.0)
        if power >= POWER:
            return Outlook(fixed, budget, power, expected, _foreseen(blocks, found, 1.5 * (effect or 0.0))[1])
    return None


def budget_for(fixed: int, alpha: float = 1 - CONFIDENCE) -> Outlook | None:
    """The smallest budget that sees what `fixed` blocks see with chance 0.9; None where 1.3 times as many do not."""
    for budget in range(fixed, math.floor(MOST_INFLATION * fixed) + 1):
        found = outlook(budget, alpha)
        if found is not None and found.fixed >= fixed:
            return found
    return None


def _foreseen(blocks: Sequence[int], found: Sequence[float], effect: float) -> tuple[float, float]:
    """Chance to decide within the budget, and mean blocks, for an effect in standard deviations of a block."""
    from scipy.special import ndtri  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    bounds = []
    for n, level in zip(blocks, found, strict=True):
        seen = power_of(effect, 1 / math.sqrt(n), freedom_of(n), 1 - level)
        bounds.append(min(max(effect * math.sqrt(n) - float(ndtri(seen)), -_FARTHEST), _FARTHEST))
    chances = crossing(bounds, blocks, effect)
    last = 1.0 - sum(chances[:-1])
    mean = sum(n * chance for n, chance in zip(blocks[:-1], chances[:-1], strict=True)) + blocks[-1] * last
    return sum(chances), mean


@dataclass(frozen=True)
class _Walk:
    """Runs that no look has decided yet, as masses on a grid of the sum of what was seen.

    Attributes:
        sums: grid of z * sqrt(information) at the look before.
        masses: chance of each.
        before: information of the look before.
        ahead: information of the looks to come.
        drift: true effect.
    """

    sums: "NDArray[np.float64]"
    masses: "NDArray[np.float64]"
    before: float
    ahead: tuple[float, ...]
    drift: float

    def beyond(self, bound: float) -> float:
        """Chance that the next look decides."""
        from scipy.special import ndtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

        step, limit = self.ahead[0] - self.before, bound * math.sqrt(self.ahead[0])
        means = self.sums + self.drift * step
        tails = ndtr((-limit - means) / math.sqrt(step)) + ndtr((means - limit) / math.sqrt(step))
        return float(self.masses @ tails)

    def after(self, bound: float) -> "_Walk":
        """Those that the next look leaves undecided."""
        import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

        here, *rest = self.ahead
        if not rest:
            return self
        step = here - self.before
        middle, half = self.drift * here, _ENOUGH * math.sqrt(here)
        low, high = max(-bound * math.sqrt(here), middle - half), min(bound * math.sqrt(here), middle + half)
        places, weights = _rule(_nodes((high - low) / math.sqrt(min(step, rest[0] - here))))
        sums = (low + high) / 2 + (high - low) / 2 * places
        apart = (sums[:, None] - self.sums[None, :] - self.drift * step) / math.sqrt(step)
        density = np.exp(-0.5 * apart * apart) @ self.masses / math.sqrt(2 * math.pi * step)
        return _Walk(sums, (high - low) / 2 * weights * density, here, tuple(rest), self.drift)


def _start(information: Sequence[float], drift: float = 0.0) -> _Walk:
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    return _Walk(np.zeros(1), np.ones(1), 0.0, tuple(information), drift)


def _boundary(walk: _Walk, goal: float, rest: float) -> float:
    """Where the next look decides with chance `rest`, so that all looks up to it decide with chance `goal`.

    It lies between the deviates of these two chances: a look by itself crosses it at least as often as first of all
    looks, and at most as often as any of them.
    """
    from scipy.special import ndtri  # noqa: PLC0415 - imported late; scipy.optimize would take 0.15 s more

    low, high = (min(-float(ndtri(chance / 2)), _FARTHEST) for chance in (goal, max(rest, 0.0)))
    while high - low > _CLOSE:
        middle = (low + high) / 2
        low, high = (middle, high) if walk.beyond(middle) > rest else (low, middle)
    return high


def _nodes(width: float) -> int:
    """Nodes that resolve a step's normal density on an interval `width` of its standard deviations wide."""
    return 32 * math.ceil((24 + 2.5 * width) / 32)


@lru_cache(maxsize=64)
def _rule(nodes: int) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Gauss and Legendre's nodes and weights on [-1, 1]."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    return np.polynomial.legendre.leggauss(nodes)
