# SPDX-License-Identifier: Apache-2.0
"""Base units to words: the one place that converts and formats figures.

Inside the project times are seconds, sizes bytes, and pages only where the kernel counts pages. ASCII only, so that any
terminal shows it; the page replaces the hyphen of a negative number by a true minus.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_KI = 1024.0
_STEPS: dict[str, tuple[tuple[float, str], ...]] = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")),
    "bytes": ((_KI**3, "GiB"), (_KI**2, "MiB"), (_KI, "KiB"), (1.0, "bytes")),
    "bytes/s": ((_KI**3, "GiB/s"), (_KI**2, "MiB/s"), (_KI, "KiB/s"), (1.0, "bytes/s")),
    "pages": ((1e6, "M pages"), (1e3, "k pages"), (1.0, "pages")),
    "pages/s": ((1e6, "M pages/s"), (1e3, "k pages/s"), (1.0, "pages/s")),
    "page s": ((1e6, "M page s"), (1e3, "k page s"), (1.0, "page s")),
    "count": ((1.0, ""),),
    "ratio": ((1.0, ""),),
    "share": ((0.01, "%"),),
    "Hz": ((1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz"), (1.0, "Hz")),
    "J": ((1.0, "J"), (1e-3, "mJ")),
    "celsius": ((1.0, "C"),),
}
_UNSCALED = {unit: step for unit, steps in _STEPS.items() for step in steps if step[0] == 1.0}
"""Nothing is told in the unit itself: `0 pages`, not `0 M pages`."""

_WHOLE_PERCENT_FROM = 9.95
_RATIO_WORDS_FROM = 3.0
"""From three times on, a ratio reads better than a percentage (`x314`, not `+31,300 %`)."""


@dataclass(frozen=True)
class Scale:
    """How to show figures of one unit, the same for all that stand together.

    Attributes:
        factor: base units in one shown unit.
        symbol: what is written after the figure; may be empty.
    """

    factor: float
    symbol: str


def scale(unit: str, *values: float) -> Scale:
    """The largest step of a unit that leaves the largest of `values` at 1 or more (0.001 s -> ms).

    Args:
        unit: base unit as `reports.metrics` names it; an unknown one is shown as it is.
        values: every figure that will be shown in this scale, in base units.
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    steps = _STEPS.get(unit, ((1.0, unit),))
    fitting = [step for step in steps if largest >= _threshold(step[0], unit)]
    chosen = fitting[0] if fitting else (_UNSCALED.get(unit, steps[0]) if largest == 0 else steps[-1])
    return Scale(*chosen)


def _threshold(factor: float, unit: str) -> float:
    """Thousands of pages only from ten thousand on: `4,090 pages` reads better than `4.09 k pages`."""
    return factor * 10 if unit.startswith("pages") and factor > 1 else factor


def number(value: float) -> str:
    """Three significant digits below a thousand, thousands marked above, no idle zeros."""
    text = _fixed(value, _decimals(value))
    return text.rstrip("0").rstrip(".") if "." in text else text


def together(values: Sequence[float], unit: str) -> tuple[list[str], str]:
    """Figures that stand side by side, in one scale and to the same decimals, and the symbol they share."""
    shown = scale(unit, *values)
    figures = [value / shown.factor for value in values]
    return [_fixed(figure, _decimals(*figures)) for figure in figures], shown.symbol


def _decimals(*values: float, digits: int = 3) -> int:
    """Decimals that leave the largest so many significant digits, at most three; none when all are whole."""
    finite = [float(f"{value:.{digits}g}") for value in values if math.isfinite(value)]
    if all(value == int(value) for value in finite):
        return 0
    return min(3, max(0, digits - 1 - math.floor(math.log10(max(abs(value) for value in finite)))))


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return "0" if math.isfinite(value) and float(text.replace(",", "")) == 0 else text


def quantity(value: float, unit: str, shown: Scale | None = None) -> str:
    """A figure with its unit: `1.25 s`, `640 MiB`, `4,090 pages`, `3`."""
    shown = shown or scale(unit, value)
    return f"{number(value / shown.factor)} {shown.symbol}".rstrip()


def signed(value: float, decimals: int | None = None) -> str:
    """A number with its sign; zero has none."""
    text = _fixed(value, _decimals(value) if decimals is None else decimals)
    return text if text.startswith("-") or text == "0" else f"+{text}"


def difference(value: float, low: float, high: float, unit: str, digits: int = 3) -> str:
    """A difference and its interval, in one scale and to the same decimals: `-1.25 [-1.90, -0.60] s`."""
    shown = scale(unit, value, low, high)
    figures = [figure / shown.factor for figure in (value, low, high)]
    decimals = _decimals(*figures, digits=digits)
    first, *ends = (signed(figure, decimals) for figure in figures)
    return f"{first} [{', '.join(_sided(ends, low, high))}] {shown.symbol}".rstrip()


def beside(size: float, value: float, low: float, high: float, unit: str) -> str:
    """A size, two digits of it, in the scale in which `difference` tells the other three, which stands next to it."""
    return number(float(f"{size / scale(unit, value, low, high).factor:.2g}"))


def _sided(texts: Sequence[str], low: float, high: float) -> list[str]:
    """The ends of an interval that leaves out zero; one that rounds to 0 keeps its sign: `-0`."""
    sign = "+" if low > 0 else "-" if high < 0 else ""
    return [f"{sign}0" if text == "0" else text for text in texts]


def change(ratio: float) -> str:
    """A ratio in words: `-38 %`, `+4.2 %`, `x5.1`."""
    if ratio >= _RATIO_WORDS_FROM:
        return f"x{number(ratio)}"
    return f"{_percent(ratio)} %"


def change_interval(ratio: float, low: float, high: float) -> str:
    """A ratio and its interval in one style: `-38 [-51, -22] %` or `x314 [x250, x410]`."""
    if ratio >= _RATIO_WORDS_FROM:
        return f"x{number(ratio)} [x{number(low)}, x{number(high)}]"
    ends = _sided([_percent(low), _percent(high)], low - 1.0, high - 1.0)
    return f"{_percent(ratio)} [{', '.join(ends)}] %"


def share(value: float) -> str:
    """A share without its sign: `6.1 %`, `38 %`."""
    percent = 100.0 * abs(value)
    return f"{percent:.1f} %" if percent < _WHOLE_PERCENT_FROM else f"{percent:,.0f} %"


def _percent(ratio: float) -> str:
    percent = 100.0 * (ratio - 1.0)
    text = f"{percent:+.1f}" if abs(percent) < _WHOLE_PERCENT_FROM else f"{percent:+.0f}"
    return "0" if float(text) == 0 else text


def count(amount: int, noun: str, plural: str = "") -> str:
    """An amount of things: `1 block`, `14 blocks`."""
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"
