# SPDX-License-Identifier: Apache-2.0
"""Two builds against each other, as plain text of 80 columns and as one JSON document. Pure."""

from collections.abc import Iterator
from typing import Any

from reports.comparison import KILLS, Comparison
from reports.record import SCHEMA_VERSION
from reports.several.builds import Build, Builds
from reports.text import QUIET, cut, untold
from reports.units import difference, together
from reports.wording import SHORT_WORDS
from reports.wrapping import WIDTH, wrap

_LEVELS_WIDTH, _EFFECT_WIDTH = 20, 28
_NOTE = (
    "~ no detectable difference. Nothing is paired: means and Welch's interval, 95 %. n counts {unit}s of the side that"
    " has fewer. A word beside n means p below 0.05 among all metrics of its kind."
)


def builds_text(builds: Builds, *, whole: bool = False) -> str:
    """The answer, ending in a line feed; `whole` as for `reports.text.compare_text`."""
    return "\n".join(_lines(builds, whole=whole)) + "\n"


def _lines(builds: Builds, *, whole: bool) -> Iterator[str]:
    yield from wrap(builds.control.runs[0].run.experiment.question)
    for name, build in (("A", builds.control), ("B", builds.arm)):
        yield from wrap(_side(name, build), indent="  ")
    if builds.control.device.stand_in:
        yield from wrap(f"  NOT A PHONE: {builds.control.device.stand_in}", indent="  ")
    yield ""
    yield "What differs, A to B:"
    for name, (before, after) in builds.differ.items():
        yield from wrap(f"  {name}: {before} -> {after}", indent="    ")
    for caveat in builds.caveats:
        yield from wrap(f"! {caveat.what} {caveat.do}", indent="  ")
    titles = list(dict.fromkeys(each.arm for each in builds.comparisons))
    for title in titles:
        yield ""
        yield from _table(builds, title, alone=len(titles) == 1, whole=whole)
    yield ""
    yield from wrap(_NOTE.format(unit=builds.unit))


def _side(name: str, build: Build) -> str:
    device, paths = build.device, ", ".join(each.run.path for each in build.runs)
    return f"{name}: {device.model} ({device.serial}), kernel {device.kernel}, {device.build}: {paths}"


def _table(builds: Builds, title: str, *, alone: bool, whole: bool) -> Iterator[str]:
    found = [each for each in builds.comparisons if each.arm == title]
    shown = [each for each in found if whole or each.family != "other" or each.outcome not in QUIET]
    yield _row("" if alone else title, "A to B", "B - A", " n")
    yield "-" * WIDTH
    for family in (KILLS, "primary", "other"):
        yield from (_effect(each) for each in shown if each.family == family)
    yield from untold(len(found) - len(shown))


def _effect(each: Comparison) -> str:
    if each.control_mean is None or each.arm_mean is None:
        return _row(each.metric.name, "-", "-", f"{each.n:>2} {SHORT_WORDS[each.outcome]}")
    texts, symbol = together([each.control_mean, each.arm_mean], each.metric.unit)
    levels, effect, told = f"{texts[0]} to {texts[1]} {symbol}".rstrip(), each.difference, "-"
    if effect:
        ends = effect.value, effect.low, effect.high
        told = difference(*ends, each.metric.unit)
        told = told if len(told) <= _EFFECT_WIDTH else difference(*ends, each.metric.unit, 2)
    return _row(each.metric.name, levels, told, f"{each.n:>2} {SHORT_WORDS[each.outcome]}")


def _row(name: str, levels: str, effect: str, judged: str) -> str:
    left = f"{cut(name, 19):<19} {cut(levels, _LEVELS_WIDTH):>{_LEVELS_WIDTH}}"
    return f"{left} {cut(effect, _EFFECT_WIDTH):>{_EFFECT_WIDTH}} {judged}".rstrip()


def builds_document(builds: Builds) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "schema": SCHEMA_VERSION,
        "question": builds.control.runs[0].run.experiment.question,
        "builds": [
            {"facts": build.facts, "runs": [each.run.path for each in build.runs]}
            for build in (builds.control, builds.arm)
        ],
        "differ": {name: list(pair) for name, pair in builds.differ.items()},
        "unit": builds.unit,
        "effects": [
            {
                "metric": each.metric.name,
                "unit": each.metric.unit,
                "better": each.metric.better,
                "arm": each.arm,
                "family": each.family,
                "n": each.n,
                "control_mean": each.control_mean,
                "arm_mean": each.arm_mean,
                "difference": each.difference,
                "adjusted_p": each.adjusted_p,
                "outcome": each.outcome,
                "detectable_90": each.detectable_90,
            }
            for each in builds.comparisons
        ],
        "caveats": builds.caveats,
    }
