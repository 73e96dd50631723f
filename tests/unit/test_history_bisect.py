# SPDX-License-Identifier: Apache-2.0
"""Which build to run next between a good and a bad one."""

import numpy as np
import pytest

from reports.history.bisect import Step, bisect
from reports.history.changes import Trend, follow
from reports.history.series import gather
from reports.history.text import bisect_lines
from tests.support.planted import row
from workloads.errors import InputError

CULPRIT, BUILDS = 37, 64
ORDER = tuple(row(0, build).kernel for build in range(BUILDS))


def level(build: int, number: int, spread: float = 0.002) -> float:
    noise = np.random.default_rng([build, number]).normal()
    return float((0.5 if build < CULPRIT else 0.52) * np.exp(spread * noise))


def trend(builds: list[int], spread: float = 0.002) -> Trend:
    (series,) = gather([row(i, build, level(build, i, spread)) for i, build in enumerate(builds)], order=ORDER)
    return follow(series)


ENDS = [0, 0, 0, 1, 1, 2, 2, 3, 60, 60, 61, 61, 62, 62, 63, 63, 63]


def test_it_halves_until_the_build_is_found() -> None:
    ran = list(ENDS)
    step = bisect(trend(ran), ORDER[3], ORDER[60], ORDER)
    asked = []
    while step.todo != "found":
        asked.append(step.build)
        ran.append(ORDER.index(step.build))
        step = bisect(trend(ran), ORDER[3], ORDER[60], ORDER)
    assert (step.good, step.bad) == (ORDER[CULPRIT - 1], ORDER[CULPRIT])
    assert len(asked) == len(set(asked)) <= 6


def test_without_ends_it_takes_the_newest_change() -> None:
    step = bisect(trend(ENDS), None, None, ORDER)
    assert (step.todo, step.good, step.bad, step.left, step.steps) == ("run", ORDER[3], ORDER[60], 56, 6)


def test_a_build_whose_runs_do_not_tell_is_asked_for_again() -> None:
    middle = row(100, 31, (0.5 * 0.52) ** 0.5)
    rows = [row(i, build, level(build, i)) for i, build in enumerate(ENDS)]
    (series,) = gather([*rows, middle], order=ORDER)
    step = bisect(follow(series), ORDER[3], ORDER[60], ORDER)
    assert (step.todo, step.build) == ("again", ORDER[31])


def test_builds_that_were_run_are_enough_where_no_order_is_given() -> None:
    step = bisect(trend([*ENDS, 20, 50]), ORDER[3], ORDER[60])
    assert (step.todo, step.good, step.bad) == ("found", ORDER[20], ORDER[50])


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("6.99", ORDER[60], "no run of this build is known"),
        (ORDER[60], ORDER[3], "does not come before"),
        (ORDER[0], ORDER[2], "cannot be told apart"),
    ],
)
def test_ends_that_do_not_fit_are_told(good: str, bad: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        bisect(trend(ENDS), good, bad, ORDER)


def test_a_build_that_the_order_lacks_is_told() -> None:
    with pytest.raises(InputError, match="not among the builds given"):
        bisect(trend(ENDS), ORDER[3], ORDER[60], ORDER[:60])


def test_going_back_and_forth_is_told() -> None:
    rows = [row(i, build, level(build, i)) for i, build in enumerate(ENDS)]
    bad = [row(100 + build, build, level(build + CULPRIT, build)) for build in (20, 21, 22)]
    good = [row(100 + build, build, level(build - CULPRIT, build)) for build in (40, 41, 42)]
    (series,) = gather([*rows, *bad, *good], order=ORDER)
    with pytest.raises(InputError, match="more than one change"):
        bisect(follow(series), ORDER[3], ORDER[60], ORDER)


def test_without_a_change_the_ends_must_be_named() -> None:
    with pytest.raises(InputError, match="name --good and --bad"):
        bisect(trend(list(range(20))), None, None)


def test_the_text_says_what_to_run_and_how_long_it_takes() -> None:
    text = " ".join(" ".join(bisect_lines(trend(ENDS), bisect(trend(ENDS), None, None, ORDER))).split())
    assert f"run next: {ORDER[31]}" in text
    assert "56 builds between them, at most 6 more to run; 1 run of a build will tell its side." in text
    found = Step("found", ORDER[37], ORDER[36], ORDER[37], 0, 1)
    assert f"It began with {ORDER[37]}" in " ".join(bisect_lines(trend(ENDS), found))
