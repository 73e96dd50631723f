# SPDX-License-Identifier: Apache-2.0
"""Which phones of a farm rest, and which are the quietest."""

from dataclasses import replace

import pytest

from agent.farm.health import Attempt, Ending, Health, after, labelled, noisy, ranked
from agent.farm.labels import matches, parse_labels, words
from workloads.errors import InputError

GOOD = Attempt("a/1", "2026-12-01T00:00:00+00:00", 60.0, "done")
BAD = replace(GOOD, ending="failed", why="link dropped")


def through(*attempts: Attempt, health: Health = Health()) -> Health:  # noqa: B008 - a frozen value
    for number, attempt in enumerate(attempts):
        health = after(health, attempt, 1000.0 * number, first_rest_s=100.0)
    return health


def test_three_failures_of_the_last_five_make_a_phone_rest_and_two_do_not() -> None:
    assert not through(BAD, GOOD, BAD).rests
    resting = through(BAD, GOOD, BAD, GOOD, BAD)
    assert (resting.rests, resting.until_s) == (1, 4100.0)
    assert resting.why == "flaky: 3 of its last 5 attempts failed: link dropped"
    assert resting.rests_at(4099)
    assert not resting.rests_at(4100)


def test_after_its_rest_one_failure_doubles_it_and_one_success_ends_it() -> None:
    resting = through(BAD, BAD, BAD)
    again = after(resting, BAD, 5000.0, first_rest_s=100.0)
    assert (again.rests, again.until_s) == (2, 5200.0)
    well = after(again, GOOD, 6000.0, first_rest_s=100.0)
    assert (well.rests, well.why, well.rests_at(6000.0)) == (0, "", False)
    assert not after(well, BAD, 6001.0, first_rest_s=100.0).rests


def test_a_rest_is_never_longer_than_a_day() -> None:
    health = Health(rests=30)
    assert after(health, BAD, 0.0).until_s == 86_400.0


def test_a_phone_left_dirty_rests_at_once_whatever_the_attempt() -> None:
    endings: tuple[Ending, ...] = ("failed", "refused", "interrupted")
    for ending in endings:
        health = through(replace(BAD, ending=ending, dirty=True, why="vm.swappiness was 100"))
        assert health.why == "dirty: vm.swappiness was 100"


def test_what_says_nothing_of_the_phone_changes_nothing() -> None:
    endings: tuple[Ending, ...] = ("refused", "interrupted", "moved")
    for ending in endings:
        assert through(*[replace(BAD, ending=ending)] * 9) == Health()


def test_a_hot_phone_rests_although_its_run_is_done() -> None:
    assert through(replace(GOOD, hot=0.5)).why == "hot: 50% of its trials were left out for heat"
    assert not through(replace(GOOD, hot=0.4)).rests


def test_a_phone_twice_as_noisy_as_its_like_rests() -> None:
    like = {f"a/{number}": Health(noise=0.02, model="X") for number in range(3)}
    loud = {**like, "b/1": Health(noise=0.05, model="X"), "b/2": Health(noise=0.05, model="Y")}
    assert noisy("b/1", loud, 0.0).why == "noisy: its noise floor is 5.0%, that of its like 2.0%"
    assert not noisy("b/2", loud, 0.0).rests, "none of its like is known"
    assert not noisy("a/0", loud, 0.0).rests


def test_phones_are_ranked_by_noise_and_unknown_ones_come_last() -> None:
    assert ranked({"c": Health(), "a": Health(noise=0.05), "b": Health(noise=0.01)}) == ["b", "a", "c"]
    assert labelled(Health(), {"model": "X"}).model == "X"


def test_labels_are_read_as_they_are_written() -> None:
    labels = parse_labels("night, model=Pixel 8", "--pool")
    assert labels == {"pool": "night", "model": "Pixel 8"}
    assert words(labels) == "model=Pixel 8,pool=night"
    assert matches({**labels, "host": "a"}, labels)
    assert not matches(labels, {**labels, "host": "a"})


@pytest.mark.parametrize("text", ["", "=x", "model=", "pool=a,b", "Model=x", "model=a\nb", "model=" + "x" * 101])
def test_what_is_no_label_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--pool: .* is no label"):
        parse_labels(text, "--pool")
