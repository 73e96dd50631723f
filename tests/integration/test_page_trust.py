# SPDX-License-Identifier: Apache-2.0
"""What a page says of whether a run can be trusted, arm by arm."""

from dataclasses import replace

from reports.analysis import Measure, RunValues, analyse
from reports.page.pieces import Check
from reports.page.trust import checks, order_test
from reports.record import Caveat, TrialRecord
from tests.support.synthetic_run import Shape, run_values

SMALL = Shape(blocks=6, warm_ups=1)


def told(run: RunValues) -> dict[str, Check]:
    return {check.what: check for check in checks(analyse(run))}


def warmed(record: TrialRecord) -> TrialRecord:
    hot = 25.0 + (9.0 if record.trial.arm == "on" else 0.0) + record.trial.block / 10
    return replace(record, before=replace(record.before, battery_c=hot))


def test_a_run_in_which_all_went_well_met_the_same_in_every_arm() -> None:
    found = told(run_values(SMALL))
    assert found["Trials planned that do not count"].figures == ("0 of 6", "0 of 6")
    assert found["Memory asked for"].figures == ("800 MiB", "800 MiB")
    assert {check.word for check in found.values()} == {"alike", ""}


def test_what_one_arm_lost_is_counted_for_that_arm() -> None:
    lost = Caveat("lost-ftrace", "lost", "do")
    found = told(run_values(replace(SMALL, kills={4: 2}, excluded={7: "hot"}, caveats={8: (lost,)})))
    assert found["Processes killed"] == Check("Processes killed", ("0", "2"), "differs", "moved")
    assert found["Trials left out by rule"].figures == ("1", "0")
    assert found["Trials planned that do not count"].figures == ("1 of 6", "0 of 6")
    assert found["Trials whose trace lost data"].figures == ("0 of 5", "1 of 6")


def test_an_arm_that_ran_hotter_than_the_other_ever_did_differs() -> None:
    run = run_values(replace(SMALL, blocks=5))
    found = told(replace(run, records=tuple(warmed(record) for record in run.records)))
    heat = found["Battery, before a trial"]
    assert heat.word == "differs"
    assert heat.figures == ("25.3 (25.1 to 25.5) C", "34.3 (34.1 to 34.5) C")


def test_what_was_not_recorded_is_not_told_and_what_the_run_asks_about_is_not_judged() -> None:
    run = run_values(SMALL)
    found = told(replace(run, records=tuple(replace(record, host_busy=None) for record in run.records)))
    assert "Other load on the host" not in found
    assert found["Pages written to swap"].word == ""


def test_a_run_without_trials_has_no_checks() -> None:
    assert checks(analyse(run_values(replace(SMALL, stop_after=0)))) == ()


def test_a_phone_that_slows_down_from_trial_to_trial_is_told() -> None:
    def slower(run: RunValues) -> RunValues:
        late = {record.trial.name: record.trial.index for record in run.records}
        added = {name: 0.0 if name == "kills" else 3.0 for name in {row.metric for row in run.measures}}
        rows = (replace(row, value=row.value + added[row.metric] * late[row.trial]) for row in run.measures)
        return replace(run, measures=tuple(rows))

    calm, slow = run_values(replace(SMALL, effect=False)), slower(run_values(SMALL))
    assert [": a drift" in line for line in order_test(analyse(slow))] == [True, True]
    assert [": no detectable drift" in line for line in order_test(analyse(calm))] == [True, True]
    assert list(order_test(analyse(run_values(replace(SMALL, blocks=3))))) == []


def test_how_full_memory_was_and_how_long_tasks_waited_stand_arm_by_arm_unjudged() -> None:
    run = run_values(SMALL)
    fill = [
        Measure(trial.name, 0, "", "swap_fill_max", 0.4 + 0.2 * (trial.arm == "on"), "share")
        for trial in run.plan.trials
    ]
    found = told(replace(run, measures=(*run.measures, *fill)))
    zram = "Most swap in use, as a share of all of it: how full zram is where it is the only swap"
    assert found[zram] == Check(zram, ("40 %", "60 %"), "", "unknown")
    assert found["Lowest MemAvailable"].word == found["Time some task waited for memory"].word == ""
    assert all(found["Lowest MemAvailable"].figures)
