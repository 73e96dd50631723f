# SPDX-License-Identifier: Apache-2.0
"""The figures of several phones as one set, each picture that of one phone. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from reports.comparison import Comparison
from reports.page.data import Data, Launches, Points, Series, Table, Trials
from reports.several.joint import Joint
from reports.statistics.paired import Estimate

_EFFECTS = ("metric", "unit", "better", "arm", "control", "phone", "phones", "blocks", "adjusted_p", "outcome")
_ENDS = ("value", "low", "high")
COLUMNS = (*_EFFECTS, *(f"{scale}_{end}" for scale in ("difference", "ratio") for end in _ENDS))
"""Of the table of effects: rows over phones have no `phone`, rows of a phone no `phones` and no adjusted p."""


def merged(models: Mapping[int, str], found: Mapping[int, Data], joint: Joint) -> Data:
    """Trials one phone after the other, their names after the phone's number; metric by metric a picture per phone.

    Args:
        models: number of a phone -> its model.
        found: number of a phone -> its figures; all on one grid of time.
        joint: the effects.
    """
    first = next(iter(found.values()))
    apps = tuple(dict.fromkeys(app for data in found.values() for app in data.apps))
    before, trials = 0, list[Trials]()
    moved: list[tuple[int, Data]] = []
    for number, data in found.items():
        trials.append(_named(data, first.arms, number))
        moved.append((number, _moved(data, before, first.arms, apps)))
        before += len(data.trials.name)
    primary = [name for name in joint.primary if any(name in _names(data.points[: data.primary]) for _, data in moved)]
    points = tuple(_in_order(models, moved, "points", primary))
    return Data(
        run="+".join(data.run for data in found.values()),
        arms=first.arms,
        apps=apps,
        trials=Trials(*(tuple(each for one in trials for each in getattr(one, name)) for name in _TRIALS)),
        primary=sum(each.shown.name in primary for each in points),
        points=points,
        launches=tuple(_in_order(models, moved, "launches", ())),
        step_s=first.step_s,
        series=tuple(_in_order(models, moved, "series", ())),
        events=tuple(replace(event, phone=number) for number, data in moved for event in data.events),
        effects=Table(COLUMNS, tuple(_effects(joint))),
    )


_TRIALS = tuple(field.name for field in fields(Trials))


def _names(parts: Sequence[Points]) -> set[str]:
    return {each.shown.name for each in parts}


def _named(data: Data, arms: Sequence[str], number: int) -> Trials:
    trials = data.trials
    return replace(
        trials,
        name=tuple(f"{number}/{name}" for name in trials.name),
        arm=tuple(arms.index(data.arms[place]) for place in trials.arm),
    )


def _moved(data: Data, before: int, arms: Sequence[str], apps: Sequence[str]) -> Data:
    """A phone's figures with the places of trials, arms and apps that they have among all."""

    def arm(place: int) -> int:
        return arms.index(data.arms[place]) if place >= 0 else place

    def trials(places: Sequence[int]) -> tuple[int, ...]:
        return tuple(before + place for place in places)

    return replace(
        data,
        points=tuple(replace(each, trial=trials(each.trial)) for each in data.points),
        launches=tuple(
            replace(each, trial=trials(each.trial), app=tuple(apps.index(data.apps[place]) for place in each.app))
            for each in data.launches
        ),
        series=tuple(
            replace(
                each,
                curves=tuple(sorted((replace(one, arm=arm(one.arm)) for one in each.curves), key=lambda one: one.arm)),
                traces=tuple(replace(one, trial=before + one.trial) for one in each.traces),
            )
            for each in data.series
        ),
        events=tuple(replace(each, arm=arm(each.arm)) for each in data.events),
    )


def _in_order(
    models: Mapping[int, str], found: Sequence[tuple[int, Data]], part: str, first: Sequence[str]
) -> Iterator[Any]:
    """Metric by metric, those named first, every phone's points, launches or series."""
    names = dict.fromkeys([*first, *(each.shown.name for _, data in found for each in getattr(data, part))])
    for name in names:
        for number, data in found:
            for each in getattr(data, part):
                if each.shown.name == name:
                    yield _titled(each, number, models[number])


def _titled(each: Points | Launches | Series, number: int, model: str) -> Points | Launches | Series:
    shown = each.shown
    phone = f"phone {number} {model}"
    titled = replace(shown, title=f"{shown.title}: {phone}", told=f"{shown.told} Of {phone}.")
    return replace(each, shown=titled, phone=number) if isinstance(each, Series) else replace(each, shown=titled)


def _effects(joint: Joint) -> Iterator[tuple[Any, ...]]:
    for each in joint.effects:
        metric = each.metric
        head = (metric.name, metric.unit, metric.better, each.arm, each.control)
        over = (each.difference.mean if each.difference else None, each.ratio.mean if each.ratio else None)
        yield (*head, None, each.phones, None, each.adjusted_p, each.outcome, *_ends(over))
        yield from ((*head, number, None, own.n, None, own.outcome, *_ends(_own(own))) for number, own in each.own)


def _own(own: Comparison) -> tuple[Estimate | None, Estimate | None]:
    return own.difference, own.ratio


def _ends(estimates: Sequence[Estimate | None]) -> Iterator[float | None]:
    for each in estimates:
        yield from (getattr(each, end) if each else None for end in _ENDS)
