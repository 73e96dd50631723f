# SPDX-License-Identifier: Apache-2.0
"""The figures of an answer in sentences. Pure."""

from collections.abc import Sequence

from reports.comparison import Comparison
from reports.metrics import METRICS
from reports.statistics.paired import paired_t
from reports.units import count, quantity, together
from reports.wording import moved, seen, title


def pair_sentence(held: Sequence[Comparison]) -> str:
    """One arm against its control: what moved, with size and interval, then what did not and what would have been seen.

    Blocks are told once where all figures rest on as many.
    """
    most = max(each.n for each in held)
    quiet = [each for each in held if each.outcome == "same"]
    nothing = [title(each.metric) for each in quiet if each.control_mean == each.arm_mean == 0]
    told = [f"{moved(each)}, {_levels(each)}{_blocks(each, most)}" for each in held if each not in quiet]
    same = [f"{title(each.metric)}, {_levels(each)}{_seen(each)}{_blocks(each, most)}" for each in quiet]
    same = [text for text, each in zip(same, quiet, strict=True) if title(each.metric) not in nothing]
    told += [f"no detectable difference in {'; in '.join(same)}"] if same else []
    told += [f"none at all in either arm: {', '.join(nothing)}"] if nothing else []
    return f"{held[0].arm} against {held[0].control}, {count(most, 'block')}: {'; '.join(told)}."


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


def _levels(each: Comparison) -> str:
    control, arm, unit = each.control_mean or 0.0, each.arm_mean or 0.0, each.metric.unit
    return f"from {quantity(control, unit)} to {quantity(arm, unit)}"


def _seen(each: Comparison) -> str:
    return f" ({told})" if (told := seen(each)) else ""


def _blocks(each: Comparison, most: int) -> str:
    return f" ({count(each.n, 'block')})" if each.n != most else ""


def _level(each: Comparison) -> str:
    name, unit = title(each.metric), each.metric.unit
    values = [pair.arm for pair in each.pairs if each.uses(pair)]
    mean = paired_t(values)
    if mean is None:
        return f"{name} {quantity(values[0], unit)}"
    texts, symbol = together([mean.value, mean.low, mean.high], unit)
    return f"{name} {texts[0]} {symbol}".rstrip() + f" (95 % interval {texts[1]} to {texts[2]} {symbol}".rstrip() + ")"
