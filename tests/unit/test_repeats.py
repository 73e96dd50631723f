# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest

from agent.runner.repeats import check_taken, next_attempt
from reports.interruptions import FAILED, failures, seam
from reports.ledger import keep_ledger, put_back
from reports.record import Conditions, ExclusionRule, Plan, PlannedTrial, Proof, TrialRecord
from workloads.errors import ProofError

NOWHERE = Conditions(None, None, None, None, None)
PLAN = Plan(
    1,
    tuple(PlannedTrial(2 * block + n, block, n, arm) for block in range(4) for n, arm in enumerate("ab", start=1)),
    (ExclusionRule("by-record", ""),),
)
FIRST = PLAN.trials[2]


def record(trial: PlannedTrial, excluded: str | None = None, *, taken: bool = True) -> TrialRecord:
    proof = Proof("taken" if taken else "not_taken", "2", {}, "it read 2")
    return TrialRecord(
        trial, "", {"knob": "1"}, {"knob": proof}, (), (), (), NOWHERE, NOWHERE, {}, {}, None, excluded=excluded
    )


def again(trial: PlannedTrial) -> PlannedTrial:
    return replace(trial, attempt=2)


class TestNextAttempt:
    def test_a_place_that_nothing_was_run_in_is_run(self) -> None:
        assert next_attempt(FIRST, []) == FIRST

    def test_a_trial_that_counts_is_done(self) -> None:
        assert next_attempt(FIRST, [record(FIRST)]) is None

    def test_a_trial_that_was_left_out_is_repeated_once(self) -> None:
        assert next_attempt(FIRST, [record(FIRST, "hot")]) == again(FIRST)
        assert next_attempt(FIRST, [record(FIRST, "hot"), record(again(FIRST), "hot")]) is None

    def test_a_warm_up_is_not_repeated(self) -> None:
        assert next_attempt(PLAN.trials[0], [record(PLAN.trials[0], "hot")]) is None

    def test_an_arm_whose_repeat_was_left_out_too_is_repeated_no_more_until_a_trial_of_it_counts(self) -> None:
        _, _, a1, b1, a2, _, a3, _ = PLAN.trials
        past = [record(a1, "hot"), record(again(a1), "hot")]
        assert next_attempt(a2, [*past, record(a2, "hot")]) is None
        assert next_attempt(b1, [*past, record(b1, "hot")]) == again(b1)
        assert next_attempt(a3, [*past, record(a2), record(a3, "hot")]) == again(a3)

    def test_repeats_that_counted_allow_more(self) -> None:
        _, _, a1, _, a2, *_ = PLAN.trials
        assert next_attempt(a2, [record(a1, "hot"), record(again(a1)), record(a2, "hot")]) == again(a2)


class TestCheckTaken:
    def test_a_setting_that_was_not_in_force_is_told_unless_the_trial_is_repeated(self) -> None:
        bad = record(again(FIRST), "knob not taken", taken=False)
        with pytest.raises(ProofError, match="knob = 1 was again not in force: it read 2"):
            check_taken(bad, None)
        check_taken(record(FIRST, "knob not taken", taken=False), again(FIRST))
        check_taken(record(FIRST, "hot"), None)


class TestLedger:
    def test_of_a_repeated_trial_the_last_attempt_counts_and_all_are_told(self) -> None:
        records = [record(FIRST, "hot"), record(again(FIRST))]
        lines = keep_ledger(PLAN, records, {each.trial.name: 0 for each in records})
        assert [(line.trial, line.status, line.reason) for line in lines if line.trial.block == 1][:2] == [
            (FIRST, "excluded", "hot; it was repeated"),
            (again(FIRST), "counts", ""),
        ]
        assert len(lines) == len(PLAN.trials) + 1

    def test_two_attempts_never_count_both(self) -> None:
        records = [record(FIRST), record(again(FIRST))]
        status = [line.status for line in keep_ledger(PLAN, records, {each.trial.name: 0 for each in records})]
        assert status.count("counts") == 1

    def test_put_back_the_first_attempt_stands_in_for_its_repeat(self) -> None:
        records = [record(FIRST, "hot"), record(again(FIRST))]
        traced = {each.trial.name: 0 for each in records}
        assert [line.trial for line in put_back(keep_ledger(PLAN, records, traced), traced)] == [FIRST]
        measured = {again(FIRST).name: 0}
        assert [line.trial for line in put_back(keep_ledger(PLAN, records, measured), measured)] == [again(FIRST)]


class TestDoubts:
    def test_few_failed_attempts_are_no_doubt_and_many_are(self) -> None:
        event = {"event": FAILED, "trial": FIRST.name, "arm": "a", "failure": 1, "why": "the link dropped"}
        assert not list(failures([event] * 2, PLAN))
        (told,) = failures([event, event, {**event, "trial": "x", "arm": "b"}], PLAN)
        figures = "3 attempts at 2 trials failed and left no figures (a 2, b 1)"
        assert told.what == f"{figures}; the last time: the link dropped."

    def test_a_seam_says_what_is_not_as_it_was(self) -> None:
        assert "went on there after the warm-up w; not as at its beginning: x" in seam("t", "w", ["x"]).what
        assert "with a warm-up of the plan" in seam("t", "", []).what
