# SPDX-License-Identifier: Apache-2.0
"""Two sets of launches against each other, in the terminal: 80 columns, readable without colour. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from reports.parts.contrast import Contrast, Contribution, Moved
from reports.parts.launch import Kind
from reports.printable import printable
from reports.units import count, difference, together
from reports.wrapping import WIDTH, wrap

_NAME, _CONTROL, _ARM, _CHANGE, _SHARE = 22, 7, 10, 24, 17
_FEWEST_TOLD = 5
"""Parts of a kind that are told although they did not move: the largest differences."""

_HEADS: dict[Kind, str] = {
    "state": "its main thread was",
    "wait": "it waited",
    "section": "it was in the section",
    "cause": "causes (they overlap)",
}
_WORDS: dict[Moved, str] = {"grew": "+", "shrank": "-", "same": "~", "unknown": "?"}
_NOTE = (
    "+ grew, - shrank, ~ no detectable difference, ? too few traces to tell. In brackets 95 % intervals. Last column:"
    " what a part explains of the whole difference. States add up to the launch, and so do sections (time in a section"
    " and in none inside it); a wait is part of a state."
)


def contrast_text(found: Contrast, *, whole: bool = False) -> str:
    """The answer, ending in a line feed; `whole`: with every part, also those that did not move."""
    return "\n".join(contrast_lines(found, whole=whole)) + "\n"


def contrast_lines(found: Contrast, *, whole: bool = False) -> Iterator[str]:
    """The time to the first frame, then its parts, kind by kind."""
    yield from wrap(f"Where the time of launches went: {found.arm} against {found.control}")
    units = count(found.n[1], "block") if found.paired else f"{found.n[1]} against {count(found.n[0], 'trace')}"
    launches = ", ".join(
        f"{app} {kind}".rstrip() + (f" x{amount}" if amount > 1 else "") for app, kind, amount in found.launches
    )
    yield from wrap(f"{units}; {launches}", indent="  ", first="  ")
    yield ""
    yield _row("", "control", "arm", "change", "explains")
    yield "-" * WIDTH
    yield from _told("time to first frame", found.whole, found)
    for kind, head in _HEADS.items():
        of_kind = [each for each in found.parts if each.part.kind == kind]
        if not of_kind:
            continue
        told = of_kind if whole else _worth_telling(of_kind)
        yield ""
        yield f"{head}:"
        for each in told:
            yield from _told(each.part.name, each, found)
        if len(told) < len(of_kind):
            yield f"  ({len(of_kind) - len(told)} more that did not surely move: --all)"
    yield ""
    yield from wrap(_NOTE)
    for caveat in found.caveats:
        yield from wrap(f"! {caveat.what} {caveat.do}", indent="  ")


def contrast_document(found: Contrast) -> dict[str, Any]:
    """The same as JSON: seconds; shares of the whole difference."""
    return {
        "control": found.control,
        "arm": found.arm,
        "traces": {"control": found.n[0], "arm": found.n[1]},
        "paired": found.paired,
        "launches": [{"app": app, "kind": kind, "count": amount} for app, kind, amount in found.launches],
        "whole": _document(found.whole),
        "parts": [_document(each) for each in found.parts],
        "caveats": found.caveats,
    }


def _document(each: Contribution) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": each.part.kind,
        "name": each.part.name,
        "control_mean": each.control,
        "arm_mean": each.arm,
        "moved": each.moved,
        "adjusted_p": each.adjusted_p,
    }
    for name, estimate in (("difference", each.difference), ("share", each.share)):
        for end in ("value", "low", "high"):
            told[f"{name}_{end}"] = getattr(estimate, end) if estimate else None
    told["method"] = each.difference.method if each.difference else ""
    return told


def _worth_telling(found: Sequence[Contribution]) -> list[Contribution]:
    """Those that moved, and of the others the first: the differences are in order of size."""
    moved = {each.part for each in found if each.moved in ("grew", "shrank")}
    first = {each.part for each in found[:_FEWEST_TOLD]}
    return [each for each in found if each.part in moved | first]


def _told(name: str, each: Contribution, found: Contrast) -> Iterator[str]:
    """One row; a long name has a line of its own."""
    levels, symbol = together([each.control, each.arm], "s")
    change = _change(each)
    share = _share(each, found.whole)
    shown = printable(name)
    if len(shown) + 2 > _NAME:
        yield from wrap(shown, indent="    ", first=f"{_WORDS[each.moved]} ")
        shown = ""
    mark = f"{_WORDS[each.moved]} " if shown else ""
    yield _row(f"{mark}{shown}", levels[0], f"{levels[1]} {symbol}", change, share)


def _change(each: Contribution) -> str:
    if each.difference is None:
        texts, symbol = together([each.arm - each.control], "s")
        return f"{'+' if each.arm > each.control else ''}{texts[0]} {symbol}"
    effect = each.difference
    told = difference(effect.value, effect.low, effect.high, "s")
    return told if len(told) <= _CHANGE else difference(effect.value, effect.low, effect.high, "s", 2)


def _share(each: Contribution, whole: Contribution) -> str:
    """With its interval; of single traces, where nothing is claimed, the plain share of what they differ by."""
    if each is whole:
        return ""
    if each.share is not None:
        value, low, high = (_percent(end) for end in (each.share.value, each.share.low, each.share.high))
        told = f"{value} [{low}, {high}] %"
        return told if len(told) < _SHARE else f"{value} %"
    gap = whole.arm - whole.control
    return f"{_percent((each.arm - each.control) / gap)} %" if whole.difference is None and gap else ""


def _percent(share: float) -> str:
    text = f"{100 * share:.0f}"
    return "0" if text == "-0" else text


def _row(name: str, control: str, arm: str, change: str, share: str) -> str:
    figures = f"{control:>{_CONTROL}}{arm:>{_ARM}}{change:>{_CHANGE}}{share:>{_SHARE}}"
    return f"{name:<{_NAME}}{figures}".rstrip()
