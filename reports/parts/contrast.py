# SPDX-License-Identifier: Apache-2.0
"""Two sets of launches: what of their time grew or shrank, how sure that is, and what it explains of the difference.

Rules:

- Launches stand against launches of the same app and kind (cold, warm, hot), the first against the first, the second
  against the second. Traces are compared by the launches that all of them have; trials of a run by those that both of
  a block have.
- The unit is the trace: its value of a part is the mean over its launches (the mean, not the median, so that parts add
  up to the whole). Sets of traces: Welch over traces. Trials of a run: paired over blocks, order of arms in the model.
- A part that was recorded but does not appear took no time; one that some launch has no record of is left out.
- Parts of one kind are judged together: at most 5 % false among those said to have moved (Benjamini and Hochberg).
  Sections and waits below 0.5 % of the launch are one part, `others`.
- A share of the difference is told only where the difference itself is sure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.families import benjamini_hochberg
from reports.parts.launch import COMPLETE, Kind, LaunchParts, Part
from reports.record import Caveat
from reports.statistics.paired import CONFIDENCE, Estimate, paired_t, ratio_of_means
from reports.statistics.unpaired import share_of_difference, welch
from reports.units import count
from workloads.errors import InputError

Moved: TypeAlias = Literal["grew", "shrank", "same", "unknown"]
"""`same`: no detectable difference; `unknown`: too few traces."""

OTHERS = "others below 0.5 %"
_SMALL = 0.005
_WHOLE = Part("state", "")

Key: TypeAlias = tuple[str, str, int]
"""App, kind of launch, and which of those in its trace."""


@dataclass(frozen=True)
class TraceUnit:
    """The launches of one trace or trial; `lag`: trials from the control's to it, where it is an arm's in a block."""

    name: str
    launches: tuple[LaunchParts, ...]
    lag: int = 0


@dataclass(frozen=True)
class Contribution:
    """One part, or the whole of the launch.

    Attributes:
        part: which.
        control: mean over the control's traces, seconds.
        arm: mean over the arm's.
        difference: arm - control, seconds; None from one trace on either side.
        share: of the whole's difference; None where that is not sure, and of the whole itself.
        adjusted_p: p of the difference among all parts of its kind.
        moved: decided by it.
    """

    part: Part
    control: float
    arm: float
    difference: Estimate | None
    share: Estimate | None = None
    adjusted_p: float | None = None
    moved: Moved = "unknown"


@dataclass(frozen=True)
class Contrast:
    """Two sets of launches against each other.

    Attributes:
        control: what the others are compared with: name of the arm, or what the user named.
        arm: the others.
        n: traces of the control and of the arm; the same number twice where blocks are paired.
        paired: whether they are blocks of a run.
        launches: app, kind and number of the launches compared.
        whole: of the time to the first frame.
        parts: largest differences first within each kind.
        caveats: doubts.
    """

    control: str
    arm: str
    n: tuple[int, int]
    paired: bool
    launches: tuple[tuple[str, str, int], ...]
    whole: Contribution
    parts: tuple[Contribution, ...]
    caveats: tuple[Caveat, ...]


_Values: TypeAlias = tuple[list[float], list[float]]
"""Of the arm and of the control, one per trace."""


def contrast_traces(control: Sequence[TraceUnit], arm: Sequence[TraceUnit], names: tuple[str, str]) -> Contrast:
    """Two sets of traces, each trace by itself.

    Args:
        control: the traces compared with.
        arm: the others.
        names: what to call them, the control first.

    Raises:
        InputError: no launch is in every trace.
    """
    shared = _shared([*control, *arm])
    if not shared:
        raise InputError(
            "no launch of the same app and kind is in every trace: name traces of the same launches"
            f" ({_found([*control, *arm])})"
        )
    units = [_launches(unit, shared) for unit in (*arm, *control)]
    return _contrast(names, units, len(arm), _unpaired)


def contrast_blocks(pairs: Sequence[tuple[TraceUnit, TraceUnit]], names: tuple[str, str]) -> Contrast | None:
    """Blocks of a run: the control's trial and the arm's, compared by the launches both have; None without any.

    Args:
        pairs: control and arm of each block.
        names: of the arms, the control first.
    """
    kept = [(control, arm, shared) for control, arm in pairs if (shared := _shared([control, arm]))]
    if not kept:
        return None
    units = [_launches(arm, shared) for _, arm, shared in kept]
    units += [_launches(control, shared) for control, _, shared in kept]
    lags = [arm.lag for _, arm, _ in kept]
    return replace(_contrast(names, units, len(kept), lambda part, whole: _paired(part, whole, lags)), paired=True)


_Judge: TypeAlias = Callable[[_Values, _Values], tuple[Estimate | None, Estimate | None]]
"""Values of a part and of the whole -> difference of the part, and its share of the whole's difference."""


def _unpaired(part: _Values, whole: _Values) -> tuple[Estimate | None, Estimate | None]:
    return welch(*part), share_of_difference(part, whole)


def _paired(part: _Values, whole: _Values, lags: Sequence[int]) -> tuple[Estimate | None, Estimate | None]:
    differences, wholes = ([a - c for a, c in zip(*values, strict=True)] for values in (part, whole))
    difference, all_of_it = paired_t(differences, lags), paired_t(wholes, lags)
    if all_of_it is None:
        return difference, None
    sign = -1.0 if all_of_it.value < 0 else 1.0  # a ratio's interval wants a positive denominator
    return difference, ratio_of_means([sign * each for each in differences], [sign * each for each in wholes], lags)


def _contrast(names: tuple[str, str], units: Sequence[Sequence[LaunchParts]], arms: int, judge: _Judge) -> Contrast:
    def split(values: Sequence[float]) -> _Values:
        return list(values[:arms]), list(values[arms:])

    whole = split([_mean([launch.seconds for launch in launches]) for launches in units])
    known, unrecorded = _by_part(units)
    found = [_contribution(part, split(values), whole, judge) for part, values in known.items()]
    all_of_it = replace(_contribution(_WHOLE, whole, whole, judge), share=None)
    (all_of_it,) = _judged([all_of_it])
    kinds = dict.fromkeys(each.part.kind for each in found)
    judged = [one for kind in kinds for one in _judged([each for each in found if each.part.kind == kind])]
    sure = all_of_it.moved in ("grew", "shrank")
    return Contrast(
        control=names[0],
        arm=names[1],
        n=(len(units) - arms, arms),
        paired=False,
        launches=_told(units[0]),
        whole=all_of_it,
        parts=tuple(each if sure else replace(each, share=None) for each in judged),
        caveats=tuple(_doubts(units, arms, unrecorded)),
    )


def _told(launches: Sequence[LaunchParts]) -> tuple[tuple[str, str, int], ...]:
    counted = Counter((each.app, each.launch_kind) for each in launches)
    return tuple((app, kind, amount) for (app, kind), amount in counted.items())


def _contribution(part: Part, values: _Values, whole: _Values, judge: _Judge) -> Contribution:
    arm, control = values
    difference, share = judge(values, whole)
    return Contribution(part, control=_mean(control), arm=_mean(arm), difference=difference, share=share)


def _judged(found: Sequence[Contribution]) -> list[Contribution]:
    """With p adjusted for all of them, largest difference first."""
    tested = [each for each in found if each.difference is not None]
    adjusted = benjamini_hochberg([each.difference.p for each in tested if each.difference is not None])
    known = {each.part: p for each, p in zip(tested, adjusted, strict=True)}
    judged = [
        replace(each, adjusted_p=known.get(each.part), moved=_moved(each, known.get(each.part))) for each in found
    ]
    return sorted(judged, key=lambda each: -abs(each.arm - each.control))


def _moved(each: Contribution, p: float | None) -> Moved:
    if p is None or each.difference is None or each.difference.rigid:
        return "unknown"
    if p > 1 - CONFIDENCE:
        return "same"
    return "grew" if each.difference.value > 0 else "shrank"


def _keyed(unit: TraceUnit) -> dict[Key, LaunchParts]:
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for launch in unit.launches:
        name = (launch.app, launch.launch_kind)
        seen[name] += 1
        found[(*name, seen[name])] = launch
    return found


def _shared(units: Sequence[TraceUnit]) -> list[Key]:
    """Launches that every trace has, in the order of the first."""
    keyed = [_keyed(unit) for unit in units]
    return [key for key in keyed[0] if all(key in each for each in keyed)] if keyed else []


def _launches(unit: TraceUnit, shared: Sequence[Key]) -> list[LaunchParts]:
    keyed = _keyed(unit)
    return [keyed[key] for key in shared]


def _found(units: Sequence[TraceUnit]) -> str:
    without = [unit.name for unit in units if not unit.launches]
    if without:
        return f"no launch at all in {', '.join(without[:3])}{' and others' if len(without) > 3 else ''}"  # noqa: PLR2004 - enough to see
    return ", ".join(
        dict.fromkeys(f"{each.app} {each.launch_kind}".strip() for unit in units for each in unit.launches)
    )


def _by_part(units: Sequence[Sequence[LaunchParts]]) -> tuple[dict[Part, list[float]], list[Part]]:
    """Each part's value in each trace, small ones put together; and the parts that some launch has no record of."""
    names = dict.fromkeys(part for launches in units for launch in launches for part in launch.parts)
    values = {part: [_value(part, launches) for launches in units] for part in names}
    known = {part: [v for v in each if v is not None] for part, each in values.items() if None not in each}
    unrecorded = [part for part in names if part not in known]
    return _without_small(known, units), unrecorded


def _value(part: Part, launches: Sequence[LaunchParts]) -> float | None:
    held = [launch.of(part) for launch in launches]
    return None if None in held else _mean([each for each in held if each is not None])


def _without_small(
    known: Mapping[Part, list[float]], units: Sequence[Sequence[LaunchParts]]
) -> dict[Part, list[float]]:
    least = _SMALL * _mean([launch.seconds for launches in units for launch in launches])
    found: dict[Part, list[float]] = {}
    for part, values in known.items():
        # By the level of all traces together, not by what differs: else chance would choose what is told.
        small = part.kind in COMPLETE and _mean(values) < least
        name = Part(part.kind, OTHERS) if small else part
        found[name] = [a + b for a, b in zip(found.get(name, [0.0] * len(values)), values, strict=True)]
    return found


def _doubts(units: Sequence[Sequence[LaunchParts]], arms: int, unrecorded: Iterable[Part]) -> Iterable[Caveat]:
    if min(arms, len(units) - arms) == 1:
        yield Caveat(
            "one-trace",
            "One trace on a side has no spread: these are its figures, not an effect.",
            "Name several traces on both sides, at least 6 each.",
        )
    kinds: Counter[Kind] = Counter(part.kind for part in unrecorded)
    if kinds:
        told = ", ".join(f"{count(amount, kind)}" for kind, amount in kinds.items())
        yield Caveat(
            "parts-unrecorded",
            f"Not recorded in every launch, so not compared: {told}.",
            "Record all traces with the same categories and events.",
        )
    if not all(launch.shown for launches in units for launch in launches):
        yield Caveat(
            "first-frame-unknown",
            "Of some launches no first frame is known: there the time runs until the system called them done.",
            "Record the atrace categories gfx and view.",
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
