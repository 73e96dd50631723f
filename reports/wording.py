# SPDX-License-Identifier: Apache-2.0
"""Effects in words: direction, size, certainty, always with n. Pure."""

import re
from collections.abc import Sequence

from reports.comparison import Comparison, Outcome
from reports.metrics import Metric
from reports.statistics.paired import Estimate
from reports.units import change, change_interval, count, difference, number, quantity, together

_ORDINARY_WORD = re.compile(r"[A-Z][a-z]+\b")
_TIMES_FROM = 3.0
_LOOKS_NOTE = (
    "The run was looked at {looks} while it went on. The primary metrics' intervals pay for that and for each other"
    " (repeated intervals; instead of Holm the error is split evenly): over all looks together they hold with 95 %."
)

SHORT_WORDS: dict[Outcome, str] = {
    "better": "better",
    "worse": "worse",
    "higher": "higher",
    "lower": "lower",
    "same": "~",
    "unknown": "?",
}
"""What became of a metric, as short as a table's last column."""


def title(metric: Metric) -> str:
    """A metric's title inside a sentence, up to its first comma: `CPU time of kswapd`, `time to initial display`."""
    text = metric.title.split(", ")[0]
    return text[0].lower() + text[1:] if _ORDINARY_WORD.match(text) else text


def moved(comparison: Comparison) -> str:
    """What one effect did: `CPU time of kswapd fell by 21 % (95 % interval 12 to 29 %)`.

    A relative change where the control allows one, else in the metric's own unit; "no detectable difference" when the
    interval holds zero.
    """
    name = title(comparison.metric)
    effect = comparison.difference
    if effect is None or comparison.outcome == "unknown":
        return f"{name} cannot be judged from {count(comparison.n, 'block')}"
    if comparison.outcome == "same":
        return f"no detectable difference in {name}"
    return f"{name} {by(effect, comparison.relative, comparison.metric.unit)}"


def by(effect: Estimate, relative: Estimate | None, unit: str) -> str:
    """The size of a change: `fell by 21 % (95 % interval 12 to 29 %)`, in the metric's own unit without a ratio.

    Args:
        effect: the difference; only looked at without a ratio.
        relative: the ratio.
        unit: of the difference.
    """
    verb = "rose" if (effect.value > 0 if relative is None else relative.value > 1) else "fell"
    if relative is None:
        return f"{verb} by {_span(abs(effect.value), *_sizes(effect.low, effect.high), unit)}"
    if relative.value >= _TIMES_FROM:
        spelt = [number(figure) for figure in (relative.value, relative.low, relative.high)]
        return f"{verb} to {spelt[0]} times (95 % interval {spelt[1]} to {spelt[2]} times)"
    low, high = (abs(percent) for percent in _percents(relative))
    return f"{verb} by {_figure(abs(relative.value - 1) * 100)} % (95 % interval {_figure(low)} to {_figure(high)} %)"


def _percents(relative: Estimate) -> tuple[float, float]:
    ends = sorted(((relative.low - 1) * 100, (relative.high - 1) * 100), key=abs)
    return ends[0], ends[1]


def _sizes(low: float, high: float) -> tuple[float, float]:
    return min(abs(low), abs(high)), max(abs(low), abs(high))


def _span(value: float, low: float, high: float, unit: str) -> str:
    texts, symbol = together([value, low, high], unit)
    return f"{texts[0]} {symbol}".rstrip() + f" (95 % interval {texts[1]} to {texts[2]} {symbol}".rstrip() + ")"


def _figure(percent: float) -> str:
    return f"{percent:.1f}" if percent < 9.95 else f"{percent:.0f}"  # noqa: PLR2004 - two significant digits


def seen(comparison: Comparison) -> str:
    """What a run of this size and spread would have seen; empty when that is not known."""
    size = comparison.detectable_90
    if not size:
        return ""
    control = comparison.control_mean
    if control and comparison.relative is not None and size < _TIMES_FROM * control:
        return f"a change of {_figure(100 * size / control)} % would be seen 9 times in 10"
    return f"a change of {quantity(size, comparison.metric.unit)} would be seen 9 times in 10"


def effect_text(comparison: Comparison, digits: int = 3) -> str:
    """The effect as figures in the metric's own unit: `-1.25 [-1.90, -0.60] s`; `-` when there is none."""
    effect = comparison.difference
    return difference(effect.value, effect.low, effect.high, comparison.metric.unit, digits) if effect else "-"


def relative_text(comparison: Comparison) -> str:
    """The effect as a change: `-38 [-51, -22] %`; `-` when there is no ratio."""
    relative = comparison.relative
    return change_interval(relative.value, relative.low, relative.high) if relative else "-"


def brief(comparison: Comparison) -> str:
    """The size of an effect alone: `-38 %`, or in its own unit."""
    if comparison.relative is not None:
        return change(comparison.relative.value)
    return quantity(comparison.difference.value, comparison.metric.unit) if comparison.difference else "-"


def sentence(text: str) -> str:
    """With a capital to begin with and a full stop at the end; figures and names stay as they are."""
    if not text:
        return ""
    first = text[0].upper() if re.match(r"[a-z]+\b(?![_:=/])", text) else text[0]
    return first + text[1:] + ("" if text[-1] in ".!?" else ".")


def enumerate_words(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def looks_note(comparisons: Sequence[Comparison]) -> str:
    """How the primary metrics' intervals pay for looks at a run that went on; empty when nobody looked."""
    looks = max((each.looks for each in comparisons), default=0)
    return _LOOKS_NOTE.format(looks=count(looks, "time")) if looks else ""
