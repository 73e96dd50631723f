# SPDX-License-Identifier: Apache-2.0
"""One estimate over several phones: the phone is a random effect, so the answer is about phones like these. Pure.

Every phone counts the same: the estimate is the mean of the phones' effects, and its interval is Student's over phones.
It is never narrower than what the phones' own blocks allow around that mean, so that two phones that happen to agree do
not make an answer surer than any of them is.

Weights by precision are not used: with 2 to 10 phones of 6 to 20 blocks each the weights are guesses themselves, and
Hartung and Knapp's interval over Paule and Mandel's weights missed the truth in up to 14 of 100 simulated runs, its
modified form in up to 10, this one in at most 5 (`tests/benchmarks/statistics/phones.py`). That the plain t test stays
valid when phones differ in precision is a theorem: Bakirov and Szekely, J. Math. Sci. 139 (2006) 6497-6505; Ibragimov
and Mueller, J. Bus. Econ. Stat. 28 (2010) 453-468. "Never narrower": Wiksten, Rücker, Schwarzer, Stat. Med. 35 (2016)
2503-2515. The weighted estimate is kept beside it for whoever compares with other programs: Paule and Mandel, J. Res.
NBS 87 (1982) 377-385; Hartung and Knapp, Stat. Med. 20 (2001) 3875-3889; Röver, Knapp, Friede, BMC Med. Res. Methodol.
15 (2015) 99.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.statistics.paired import CONFIDENCE, Estimate, array, as_ratio, exp, paired_t, t_quantile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEWEST_PHONES = 2
NEW_PHONE_FROM = 3
"""With two phones the interval for a third one spans so much that it tells nothing."""

OVER_PHONES = "mean of phones, t over phones, never surer than the phones' own blocks"
WEIGHTED = "Paule-Mandel weights, modified Hartung-Knapp over phones"
_MOST_STEPS = 1000
"""Of Paule and Mandel's iteration: a step about doubles its guess while the phones' own errors are far too small."""


@dataclass(frozen=True)
class OverPhones:
    """An effect over phones.

    Attributes:
        mean: the estimate; a difference in base units, or a ratio arm / control. Its `n` counts phones.
        weighted: the same with phones weighted by their precision; None where a phone's blocks have no spread.
        tau: standard deviation of the true effect between phones (Paule-Mandel): in base units, or of the ratio's
            logarithm; None where a phone's blocks have no spread.
        between: share of the variance of the phones' effects that lies between phones, not in their noise (I^2, 0..1);
            None where a phone's blocks have no spread.
        differ_p: p of "the effect is the same on every phone" (Welch's analysis of variance); None as above.
        new_phone: where the effect of one more phone would lie, with the coverage of `mean`; None below three phones.
    """

    mean: Estimate
    weighted: Estimate | None
    tau: float | None
    between: float | None
    differ_p: float | None
    new_phone: tuple[float, float] | None


def differences_over_phones(effects: Sequence[Estimate], *, confidence: float = CONFIDENCE) -> OverPhones | None:
    """One estimate from each phone's difference; None below two phones.

    Args:
        effects: one per phone, each with its error and freedom (`paired_t` gives such).
        confidence: coverage of the intervals.
    """
    return _over(array([each.value for each in effects]), effects, confidence)


def ratios_over_phones(effects: Sequence[Estimate], *, confidence: float = CONFIDENCE) -> OverPhones | None:
    """One estimate from each phone's ratio, on logarithms, so that phones of different levels weigh the same.

    Args:
        effects: one per phone, a ratio with the error of its logarithm (`log_ratio` gives such).
        confidence: coverage of the intervals.
    """
    found = _over(array([math.log(each.value) for each in effects]), effects, confidence)
    if found is None:
        return None
    ends = found.new_phone
    return replace(
        found,
        mean=as_ratio(found.mean),
        weighted=as_ratio(found.weighted) if found.weighted else None,
        new_phone=(exp(ends[0]), exp(ends[1])) if ends else None,
    )


def mean_and_reach(
    effects: "NDArray[np.float64]",
    variances: "NDArray[np.float64]",
    freedoms: "NDArray[np.float64]",
    confidence: float = CONFIDENCE,
) -> "tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]":
    """The mean over phones, half its interval by the spread of phones, and half its interval by their own blocks.

    The interval that is used is the wider one. Shapes (..., phones) -> three of shape (...).

    Args:
        effects: of each phone.
        variances: squared standard error of each; their freedoms are put together as Welch and Satterthwaite do.
        freedoms: of each error, shape (phones,).
        confidence: coverage.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays
    from scipy.special import stdtrit  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    phones = effects.shape[-1]
    mean = effects.mean(axis=-1)
    over = t_quantile(phones - 1, confidence) * effects.std(axis=-1, ddof=1) / math.sqrt(phones)
    own = np.sqrt(variances.sum(axis=-1)) / phones
    within: NDArray[np.float64] = stdtrit(joint_freedom(variances, freedoms), 0.5 + confidence / 2) * own
    return mean, over, within


def joint_freedom(variances: "NDArray[np.float64]", freedoms: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Welch and Satterthwaite's degrees of freedom of a sum of variances: shapes (..., phones) -> (...)."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    parts = (variances**2 / freedoms).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = np.where(parts > 0, variances.sum(axis=-1) ** 2 / parts, freedoms.sum(axis=-1))
    return found


def _over(values: "NDArray[np.float64]", effects: Sequence[Estimate], confidence: float) -> OverPhones | None:
    phones = len(effects)
    spread = paired_t(values.tolist(), confidence=confidence)
    if spread is None or spread.error is None:
        return None
    variances, freedoms = array([(each.error or 0.0) ** 2 for each in effects]), array([e.freedom for e in effects])
    mean = _wider(spread, values, variances, freedoms)
    further = max(t_quantile(phones - 1, confidence) * spread.error * math.sqrt(phones + 1), mean.high - mean.value)
    new_phone = (mean.value - further, mean.value + further) if phones >= NEW_PHONE_FROM else None
    if not variances.all():
        return OverPhones(mean, None, None, None, None, new_phone)
    tau, between, weighted = _paule_mandel(values, variances, confidence)
    return OverPhones(mean, weighted, tau, between, _differ_p(values, variances, freedoms), new_phone)


def _wider(
    spread: Estimate, values: "NDArray[np.float64]", variances: "NDArray[np.float64]", freedoms: "NDArray[np.float64]"
) -> Estimate:
    """The estimate with the wider of its two intervals; its p is the larger one, so that both must leave out zero."""
    _, over, within = (float(each) for each in mean_and_reach(values, variances, freedoms, spread.confidence))
    spread = replace(spread, method=OVER_PHONES)
    if within == 0:
        return spread
    error, freedom = math.sqrt(float(variances.sum())) / len(values), float(joint_freedom(variances, freedoms))
    own = _student(spread.value, error, freedom, spread)
    return replace(own if within > over else spread, p=max(own.p, spread.p))


def _student(value: float, error: float, freedom: float, like: Estimate) -> Estimate:
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    reach = t_quantile(freedom, like.confidence) * error
    p = float(2.0 * stdtr(freedom, -abs(value / error)))
    return replace(like, value=value, low=value - reach, high=value + reach, p=p, error=error, freedom=freedom)


def _paule_mandel(
    values: "NDArray[np.float64]", variances: "NDArray[np.float64]", confidence: float
) -> tuple[float, float, Estimate]:
    """Standard deviation between phones, its share of the variance, and the weighted estimate."""
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays
    from statsmodels.stats.meta_analysis import (  # noqa: PLC0415 - 1.3 s, only where there are several phones
        combine_effects,
    )

    with np.errstate(divide="ignore", invalid="ignore"):  # phones that agree exactly: I^2 is 1 - 1/0 there
        found = combine_effects(values, variances, method_re="pm", use_t=True, maxiter=_MOST_STEPS)
    error = float(found.sd_eff_w_re) * math.sqrt(max(1.0, float(found.scale_hksj_re)))
    phones = len(values)
    like = Estimate(0.0, 0.0, 0.0, 1.0, phones, WEIGHTED, confidence)
    weighted = _student(float(found.mean_effect_re), error, phones - 1, like)
    return math.sqrt(found.tau2), max(0.0, float(found.i2)), weighted


def _differ_p(
    values: "NDArray[np.float64]", variances: "NDArray[np.float64]", freedoms: "NDArray[np.float64]"
) -> float:
    """Welch's test (Biometrika 38 (1951) 330-336): unlike Cochran's Q it knows that the errors are estimates."""
    from statsmodels.stats.oneway import anova_generic  # noqa: PLC0415 - as above

    blocks = freedoms + 1
    return float(anova_generic(values, variances * blocks, blocks, use_var="unequal").pvalue)
