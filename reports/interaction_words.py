# SPDX-License-Identifier: Apache-2.0
"""Whether an effect depends on another knob, in words for terminal and page. Pure."""

from collections.abc import Iterator, Sequence

from reports.interaction import Contrast, Interaction
from reports.record import Caveat
from reports.statistics.paired import Estimate
from reports.units import change, count, difference, number, quantity

WORDS = {"differs": "yes", "same": "no detectable difference between the effects", "unknown": "cannot be judged"}


def question(contrast: Contrast) -> str:
    """`Does the effect of kcompressd 2 differ by zram_algorithm (zstd, lz4)?`."""
    levels = f"{contrast.level} against {contrast.base}"
    return f"Does the effect of {contrast.treatment} {contrast.treated} differ by {contrast.factor} ({levels})?"


def by_question(interactions: Sequence[Interaction]) -> dict[str, list[Interaction]]:
    """Interactions under the question they answer, in order."""
    groups: dict[str, list[Interaction]] = {}
    for each in interactions:
        groups.setdefault(question(each.contrast), []).append(each)
    return groups


def effect(each: Interaction, estimate: Estimate | None) -> str:
    """One of the two effects: `-38 %`, or in the metric's unit; `-` when there is none."""
    if estimate is None:
        return "-"
    return change(estimate.value) if each.scale == "ratio" else quantity(estimate.value, each.metric.unit)


def between(each: Interaction) -> str:
    """What lies between the effects: `ratio of effects 0.78 [0.61, 0.99]`; empty when it cannot be told."""
    decides = each.decides
    if decides is None:
        return ""
    if each.scale == "ratio":
        return f"ratio of effects {_ratio(decides.value)} [{_ratio(decides.low)}, {_ratio(decides.high)}]"
    return f"difference of effects {difference(decides.value, decides.low, decides.high, each.metric.unit)}"


def found(each: Interaction) -> str:
    """The answer: `yes, p 0.04`, or what would have been seen."""
    if each.finding == "unknown" or each.adjusted_p is None:
        return f"cannot be judged from {count(each.n, 'block')}"
    if each.finding == "differs":
        return f"yes, p {p_text(each.adjusted_p)}"
    told = seen(each)
    return WORDS["same"] + (f" ({told})" if told else "")


def seen(each: Interaction) -> str:
    """What a run of this size would have seen; empty when that is not known."""
    size = each.detectable_90
    if not size:
        return ""
    if each.scale == "ratio":
        return f"a ratio of {_ratio(size)} or {_ratio(1 / size)} would be seen 9 times in 10"
    return f"a difference of {quantity(size, each.metric.unit)} would be seen 9 times in 10"


def p_text(p: float) -> str:
    """`0.04`, `0.003`, `below 0.001`."""
    return "below 0.001" if p < 0.001 else f"{p:.1g}"  # noqa: PLR2004 - smaller ones tell nothing more


def sentence(each: Interaction) -> str:
    """One interaction on one line, without an end."""
    contrast = each.contrast
    effects = f"with {contrast.level} {effect(each, each.at_level)}, with {contrast.base} {effect(each, each.at_base)}"
    parts = "; ".join(part for part in (effects, between(each)) if part)
    return f"{each.metric.name}: {parts}, {count(each.n, 'block')}: {found(each)}"


def doubts(group: Sequence[Interaction]) -> Iterator[tuple[Caveat, list[str]]]:
    """Every caveat of a group once, with the metrics it touches."""
    metrics: dict[Caveat, list[str]] = {}
    for each in group:
        for caveat in each.caveats:
            metrics.setdefault(caveat, []).append(each.metric.name)
    yield from metrics.items()


def _ratio(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 100 else number(value)  # noqa: PLR2004 - where two decimals say enough
