# SPDX-License-Identifier: Apache-2.0
"""Launches that took long for their app, and the command that opens each."""

from reports.page.data import Data, Launches, Shown, Table, Trials
from reports.page.slow import MOST, slow_launches

SHOWN = Shown("ttid", "Time", "s", 1.0, "s", "", "")


def data(*values: float, counts: bool = True) -> Data:
    """Trials of one launch each, arms in turn."""
    n = len(values)
    trials = Trials(
        name=tuple(f"{place:03}" for place in range(n)),
        block=tuple(1 + place // 2 for place in range(n)),
        arm=tuple(place % 2 for place in range(n)),
        counts=(counts, *[True] * (n - 1)),
        told=("" if counts else "too hot", *[""] * (n - 1)),
        open=("", *(f"reclaim trace open run/{place:03}" for place in range(1, n))),
    )
    launches = Launches(SHOWN, tuple(range(n)), (2,) * n, (0,) * n, values)
    return Data("run", ("off", "on"), ("org.mail",), trials, 1, (), (launches,), 1.0, (), (), Table((), ()))


def test_each_is_held_against_its_apps_median_in_its_own_arm_and_the_worst_comes_first() -> None:
    found = slow_launches(data(1.0, 10.0, 1.0, 14.0, 1.5, 10.0, 1.0, 10.0, 1.0, 20.0))
    assert [(row.trial, row.arm, row.times) for row in found] == [
        ("009", "on", "2"),
        ("004", "off", "1.5"),
        ("003", "on", "1.4"),
    ]
    assert found[0].open == "reclaim trace open run/009 --at 2"


def test_one_that_does_not_count_is_shown_with_its_reason_and_moves_no_median() -> None:
    (slow,) = slow_launches(data(9.0, 1.0, 1.0, 1.0, 1.0, 1.0, counts=False))
    assert (slow.told, slow.open) == ("too hot", "")


def test_none_is_listed_where_all_are_alike_and_few_where_many_are_slow() -> None:
    assert slow_launches(data(1.0, 1.0, 1.2, 1.1)) == ()
    assert len(slow_launches(data(*[1.0, 1.0] * 20, *[3.0, 3.0] * 10))) == MOST
