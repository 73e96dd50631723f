# SPDX-License-Identifier: Apache-2.0
"""The figures of an answer in sentences. Pure."""

from collections.abc import Sequence

from reports.comparison import Comparison
from reports.metrics import METRICS
from reports.statistics.paired import paired_t
from reports.units import count, quantity, together
from reports.wording import moved, seen, title


def pair_sentence(held: Sequence[Comparison]) -> str:
    """One arm against its control, metric by metric: size, interval, levels; blocks once where all rest on as many."""
    most = max(each.n for each in held)
    told = "; ".join(_effect(each, told_n=each.n != most) for each in held)
    return f"{held[0].arm} against {held[0].control}, {count(most, 'block')}: {told}."


def level_sentence(held: Sequence[Comparison]) -> str:
    """What one arm measured by itself: the mean over its blocks with its interval."""
    return f"{held[0].arm}, {count(max(each.n for each in held), 'block')}: {'; '.join(map(_level, held))}."


def unrecorded_sentence(metrics: Sequence[str]) -> str:
    """What has no figure, and what a trace must hold for it; empty without any."""
    if not metrics:
        return ""
    needs = dict.fromkeys(need.replace("|", " or ") for name in metrics for need in METRICS[name].needs)
    lack = f" (needs {', '.join(needs)})" if needs else ""
    return f"not recorded in this run: {', '.join(title(METRICS[name]) for name in metrics)}{lack}"


def _effect(each: Comparison, *, told_n: bool) -> str:
    control, arm, unit = each.control_mean, each.arm_mean, each.metric.unit
    if control is None or arm is None:
        return moved(each)
    told = f"{moved(each)}, {_levels(control, arm, unit)}"
    if control == arm == 0:
        told = f"{title(each.metric)}: none in either arm"
    elif each.outcome == "same" and seen(each):
        told += f" ({seen(each)})"
    return f"{told} ({count(each.n, 'block')})" if told_n else told


def _levels(control: float, arm: float, unit: str) -> str:
    return f"from {quantity(control, unit)} to {quantity(arm, unit)}"


def _level(each: Comparison) -> str:
    name, unit = title(each.metric), each.metric.unit
    values = [pair.arm for pair in each.pairs if each.uses(pair)]
    mean = paired_t(values)
    if mean is None:
        return f"{name} {quantity(values[0], unit)}"
    texts, symbol = together([mean.value, mean.low, mean.high], unit)
    return f"{name} {texts[0]} {symbol}".rstrip() + f" (95 % interval {texts[1]} to {texts[2]} {symbol}".rstrip() + ")"
