# SPDX-License-Identifier: Apache-2.0
"""Which apps were alive when they were brought back, round by round."""

from dataclasses import replace

import pytest

from reports.ledger import LedgerLine
from reports.record import Conditions, LaunchResult, PlannedTrial, TrialRecord
from reports.returns import Round, brought_back, by_returns, rounds, survival_lines
from workloads.load import workload
from workloads.spec import Arm, Launch

NOTHING = Conditions(None, None, None, None, None)


def came(state: str | None, app: str, *, kind: str = "return", status: str = "ok") -> LaunchResult:
    return LaunchResult(1, f"{app}/.Main", kind, status, state, 0.3, 0.3)


def record(arm: str, *launches: LaunchResult, index: int = 1) -> TrialRecord:
    trial = PlannedTrial(index, 1, 1, arm)
    return TrialRecord(trial, "", {}, {}, launches, (), (), NOTHING, NOTHING, {}, {}, None)


OFF = record(
    "off",
    came("COLD", "a", kind="cold"),
    came("COLD", "b", kind="cold"),
    *(came("HOT", "a"), came("COLD", "b")),
    *(came("WARM", "a"), came("HOT", "b")),
)


def test_a_round_is_the_same_return_of_every_app_and_warm_or_hot_is_alive() -> None:
    assert brought_back(OFF) == {1: [True, False], 2: [True, True]}
    assert list(by_returns(OFF)) == [("survivors", 0.75)]


@pytest.mark.parametrize("launch", [came(None, "a"), came("UNKNOWN", "a"), came("HOT", "a", status="timeout")])
def test_what_am_does_not_tell_is_neither_dead_nor_alive(launch: LaunchResult) -> None:
    assert list(by_returns(record("off", launch))) == []
    assert list(by_returns(record("off", launch, came("COLD", "b")))) == [("survivors", 0.0)]


def test_a_trial_without_returns_has_no_survivors() -> None:
    assert list(by_returns(record("off", came("COLD", "a", kind="cold"), came("HOT", "a", kind="hot")))) == []


def test_each_round_is_told_for_each_arm_over_the_trials_that_count() -> None:
    more = record("off", came("HOT", "a"), came("HOT", "b"), index=2)
    on = record("on", came("COLD", "a"), came("HOT", "b"), index=3)
    warm_up = replace(on, trial=PlannedTrial(9, 0, 1, "on"))
    counting = [LedgerLine(each.trial, "counts", "", 0) for each in (OFF, more, on)]
    found = rounds((Arm("off", ()), Arm("on", ())), (OFF, more, on, warm_up), counting)
    assert found == (Round("off", 1, 2, 1.5, 2), Round("on", 1, 1, 1, 2), Round("off", 2, 1, 2, 2))
    assert list(survival_lines(found)) == [
        "Alive when brought back, round 1 (mean per trial): off 1.5 of 2, on 1 of 2.",
        "Alive when brought back, round 2 (mean per trial): off 2 of 2.",
    ]


def test_the_workload_that_ships_opens_twenty_apps_and_brings_each_back_twice() -> None:
    launches = [step for step in workload("opened-and-brought-back").steps if isinstance(step, Launch)]
    opened, *returned = (launches[start : start + 20] for start in (0, 20, 40))
    assert {step.kind for step in opened} == {"cold"}
    assert len({step.app for step in opened}) == 20
    for each in returned:
        assert [(step.app, step.kind) for step in each] == [(step.app, "return") for step in opened]
    assert len(launches) == 60
