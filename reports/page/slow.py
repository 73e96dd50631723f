# SPDX-License-Identifier: Apache-2.0
"""Which launches took long for their app, and how to look into them. Pure."""

import statistics
from collections import defaultdict

from reports.page.data import Data
from reports.page.model import SlowLaunch
from reports.units import quantity

MOST = 6
"""Launches listed; the picture has them all."""

_FROM = 1.3
"""Times the median, from which on a launch is worth a look."""


def slow_launches(data: Data) -> tuple[SlowLaunch, ...]:
    """Of the first metric of launches: each against the median of its app's launches in its arm, trials that count."""
    if not data.launches:
        return ()
    first, trials = data.launches[0], data.trials
    usual: dict[tuple[int, int], list[float]] = defaultdict(list)
    rows = list(zip(first.trial, first.launch, first.app, first.value, strict=True))
    for place, _, app, value in rows:
        if trials.counts[place]:
            usual[app, trials.arm[place]].append(value)
    medians = {key: statistics.median(values) for key, values in usual.items()}
    found = []
    for place, launch, app, value in rows:
        median = medians.get((app, trials.arm[place]), 0.0)
        if median > 0 and value >= _FROM * median:
            found.append((value / median, place, launch, app, value))
    return tuple(
        SlowLaunch(
            app=data.apps[app],
            arm=data.arms[trials.arm[place]],
            number=trials.arm[place],
            trial=trials.name[place],
            launch=launch,
            took=quantity(value, first.shown.unit),
            times=f"{times:.2g}",
            told=trials.told[place],
            open=f"{trials.open[place]} --at {launch}" if trials.open[place] else "",
        )
        for times, place, launch, app, value in sorted(found, reverse=True)[:MOST]
    )
