# SPDX-License-Identifier: Apache-2.0
"""The linear model of a block, on arrays: what an arm does, apart from when it ran.

For every block b that holds the arms of a contrast, the contrast's value is

    y_b = effect + drift * lag_b + noise_b

where `lag_b` is how many trials later the arm ran than what it is compared with. A phone that warms up or slows down
from trial to trial then cannot be taken for an effect, and does not widen the interval either. What drifts from block
to block has cancelled before, in the contrast. With two arms this is the period effect of the AB/BA cross-over
(Grizzle, Biometrics 21 (1965) 467-480; Senn, "Cross-over Trials in Clinical Research", 2002, ch. 3).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

ORDER_FROM_BLOCKS = 6
"""From so many blocks on the order of arms is in the model: below, the degree of freedom it costs weighs more."""


@dataclass(frozen=True)
class Design:
    """How the blocks of a contrast are weighed.

    Attributes:
        weights: of each block in the effect, shape (n,); they sum to 1. As all three (..., n) for many runs at once.
        slopes: of each block in the drift per trial, shape (n,); all 0 without order in the model.
        lags: trials between the arm and what it is compared with, shape (n,), less their mean.
        freedom: degrees of freedom left for the noise.
    """

    weights: "NDArray[np.float64]"
    slopes: "NDArray[np.float64]"
    lags: "NDArray[np.float64]"
    freedom: int

    @property
    def ordered(self) -> bool:
        """Whether the order of arms is in the model."""
        return bool(self.slopes.any())

    def effect(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """The effect: shape (..., n) -> (...)."""
        found: NDArray[np.float64] = (values * self.weights).sum(axis=-1)
        return found

    def residuals(self, values: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """What the model leaves over, shape (..., n)."""
        drift = (values * self.slopes).sum(axis=-1, keepdims=True) * self.lags
        rest: NDArray[np.float64] = values - values.mean(axis=-1, keepdims=True) - drift
        return rest

    def covariance(self, one: "NDArray[np.float64]", other: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Covariance of two effects estimated from the same blocks: shapes (..., n) -> (...)."""
        product = (self.residuals(one) * self.residuals(other)).sum(axis=-1)
        spread: NDArray[np.float64] = product / self.freedom * (self.weights**2).sum(axis=-1)
        return spread


def design(n: int, lags: "Sequence[float] | NDArray[np.float64] | None" = None) -> Design:
    """The design of `n` blocks.

    Args:
        n: blocks, at least two.
        lags: trials between the arm and what it is compared with, one per block; shape (..., n) for many runs at once.
            None leaves order out of the model. Order is left out, too, below `ORDER_FROM_BLOCKS` and where all blocks
            of a run have the same order.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    weights, nothing = np.full(n, 1.0 / n), np.zeros(n)
    if lags is None or n < ORDER_FROM_BLOCKS or not np.ptp(lags, axis=-1).all():
        return Design(weights, nothing, nothing, n - 1)
    known = np.asarray(lags, dtype=np.float64)
    mean = known.mean(axis=-1, keepdims=True)
    centred = known - mean
    slopes = centred / (centred**2).sum(axis=-1, keepdims=True)
    return Design(weights - mean * slopes, slopes, centred, n - 2)
