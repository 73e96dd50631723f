# SPDX-License-Identifier: Apache-2.0
"""Trials are left out by rules of the plan alone, evenly or with a warning, and it is said what hangs on them."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.analysis import Analysis, RunValues, analyse
from reports.compare import document
from reports.encoding import encode
from reports.evenness import fisher_p
from reports.exclusions import exclusion, rules_of
from reports.page.build import Extras, build_page
from reports.page.render import render
from reports.record import Plan, Proof, TrialRecord
from reports.store import RunStore
from reports.text import compare_text
from tests.support.synthetic_run import Shape, make_run, run_values
from workloads import load
from workloads.errors import InputError
from workloads.spec import Exclude

SHAPE = Shape(blocks=8, warm_ups=0, noise=0.05)
ALL = Exclude(battery_c_above=40.0, thermal_status_above=1, host_busy_above=0.5)
RULES = {rule.code: rule for rule in rules_of(ALL)}
ON = [2, 3, 6, 7, 10, 11, 14, 15]
"""Places of the treatment's trials in the order of execution."""


@cache
def a_run() -> RunValues:
    return run_values(SHAPE)


def a_record() -> TrialRecord:
    return a_run().records[0]


def ruled(busy: dict[int, float], *, exclude: Exclude = ALL, shape: Shape = SHAPE) -> Analysis:
    """A run whose plan holds rules, some of its trials run on a busy host."""
    run = a_run() if shape == SHAPE else run_values(shape)
    records = tuple(replace(each, host_busy=busy.get(each.trial.index, 0.0)) for each in run.records)
    return analyse(replace(run, records=records, plan=replace(run.plan, exclusions=rules_of(exclude))))


def codes(analysis: Analysis) -> set[str]:
    return {caveat.code for caveat in analysis.verdict.caveats}


def caveat(analysis: Analysis, code: str) -> str:
    return next(each.what for each in analysis.verdict.caveats if each.code == code)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("battery-hot", "battery temperature in degrees C: 41.5, the limit is 40"),
        ("thermal-status", "thermal status: 2, the limit is 1"),
        ("busy-host", "cores of the host kept busy by programs besides the handheld: 0.811, the limit is 0.5"),
        ("setting-not-taken", "kcompressd not taken: its threads slept"),
        ("setting-not-exercised", "kcompressd not exercised: too few pages"),
    ],
)
def test_each_rule_says_what_it_saw(code: str, why: str) -> None:
    record, good = a_record(), a_record().proof["kcompressd"]
    hit = {
        "battery-hot": replace(record, after=replace(record.after, battery_c=41.5)),
        "thermal-status": replace(record, before=replace(record.before, thermal_status=2)),
        "busy-host": replace(record, host_busy=0.8111),
        "setting-not-taken": replace(record, proof={"kcompressd": Proof("not_taken", "0", {}, "its threads slept")}),
        "setting-not-exercised": replace(
            record, proof={"zram": good, "kcompressd": Proof("not_exercised", "0", {}, "too few pages")}
        ),
    }[code]
    found = exclusion(list(RULES.values()), hit)
    assert found is not None
    assert (found.code, found.why) == (code, why)
    assert exclusion([rule for rule in RULES.values() if rule.code != code], hit) is None


def test_a_figure_at_its_limit_or_not_recorded_leaves_nothing_out() -> None:
    record = replace(a_record(), host_busy=0.5)
    unread = replace(record.before, battery_c=None, thermal_status=None)
    assert exclusion(list(RULES.values()), replace(record, before=unread, after=unread)) is None


def test_only_rules_fixed_before_the_run_leave_a_trial_out() -> None:
    run = a_run()
    third = replace(run.records[2], excluded="I did not like it")
    run = replace(run, records=(*run.records[:2], third, *run.records[3:]))
    before_rules = analyse(run)
    with_rules = analyse(replace(run, plan=replace(run.plan, exclusions=rules_of(Exclude()))))
    assert [(line.rule, line.reason) for line in before_rules.ledger if line.status == "excluded"] == [
        ("by-record", "I did not like it")
    ]
    assert all(line.status == "counts" for line in with_rules.ledger)
    assert "1 trial says it is left out, but no rule" in caveat(with_rules, "excluded-without-rule")


def test_a_plan_of_before_rules_were_written_down_is_still_read(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", replace(SHAPE, blocks=1))
    old = json.loads((store.path / "plan.json").read_bytes())
    del old["exclusions"]
    (store.path / "plan.json").write_bytes(encode(old))
    assert RunStore.open(store.path).plan == Plan(store.plan.seed, store.plan.trials)


def test_a_rule_that_hits_one_arm_alone_is_told_with_counts_and_what_hangs_on_it() -> None:
    found = ruled({ON[0]: 0.9, ON[4]: 0.7})
    told = caveat(found, "exclusions-uneven")
    assert told == (
        "Rule busy-host left out 2 of 8 trials of on, none of any other arm. Put back, they change no primary answer."
    )
    assert found.exclusions.hits == {"busy-host": {"on": 2}}


def test_one_trial_of_one_arm_or_the_same_in_both_is_no_unevenness() -> None:
    assert "exclusions-uneven" not in codes(ruled({ON[0]: 0.9}))
    both = ruled({1: 0.9, 2: 0.9, 4: 0.9, 3: 0.9})
    assert both.exclusions.hits == {"busy-host": {"off": 2, "on": 2}}
    assert "exclusions-uneven" not in codes(both)


def test_more_than_chance_is_told_by_an_exact_test() -> None:
    found = ruled({1: 0.9, **dict.fromkeys(ON[1:], 0.9)})
    told = caveat(found, "exclusions-uneven")
    assert told.startswith("7 of 8 trials of on are left out and 1 of 8 of off: hardly chance (Fisher's exact test, p")


def test_it_is_said_when_the_excluded_trials_would_turn_an_answer() -> None:
    late = dict.fromkeys(range(5, 17), 0.9)  # two blocks are left, too few to see anything
    found = ruled(late, shape=replace(SHAPE, noise=0.2))
    assert found.exclusions.turned
    assert "Put back, the excluded trials make direct_reclaim_time of on better instead of no detectable" in caveat(
        found, "exclusions-decide"
    )


def test_excluded_trials_that_were_never_measured_are_not_guessed_at() -> None:
    run = a_run()
    gone = {trial.name for trial in run.plan.trials if trial.index in ON[:2]}
    records = tuple(replace(each, host_busy=0.9 if each.trial.name in gone else 0.0) for each in run.records)
    measures = tuple(row for row in run.measures if row.trial not in gone)
    plan = replace(run.plan, exclusions=rules_of(ALL))
    found = analyse(replace(run, records=records, measures=measures, plan=plan))
    assert "None of them was measured" in caveat(found, "exclusions-uneven")


def test_a_rule_without_anything_to_judge_by_is_told() -> None:
    run = a_run()
    found = analyse(replace(run, plan=replace(run.plan, exclusions=rules_of(ALL))))
    assert "The rule busy-host could not be applied to 16 trials" in caveat(found, "rule-not-judged")


def test_exclusions_stand_in_text_json_and_on_the_page() -> None:
    found = ruled({ON[0]: 0.9, ON[4]: 0.7})
    text = " ".join(compare_text(found).split())
    assert "left out: 2 trials (on 2), excluded: by rule busy-host (002-b1-on: cores of the host" in text
    told = json.loads(encode(document(found)))
    assert told["exclusions"]["hits"] == {"busy-host": {"on": 2}}
    assert {trial["rule"] for trial in told["trials"]} == {"", "busy-host"}
    page = build_page(found, Extras("", "reclaim 0"))
    assert [row.rule for row in page.trust.trials if row.status == "excluded"] == ["busy-host"] * 2
    assert {fact.name for fact in page.trust.rules} == set(RULES)
    assert "Rules by which a trial may be left out, fixed before the run" in render(page, library="")


@given(st.tuples(*[st.integers(0, 12)] * 4))
def test_the_exact_test_is_scipys(table: tuple[int, int, int, int]) -> None:
    from scipy.stats import fisher_exact  # noqa: PLC0415 - takes longer to import than the test to run

    hit, spared, other_hit, other_spared = table
    if sum(table):
        expected = fisher_exact(np.array([[hit, spared], [other_hit, other_spared]])).pvalue
        assert fisher_p(*table) == pytest.approx(expected, abs=1e-9)


def test_limits_are_part_of_an_experiment_and_of_the_right_size(tmp_path: Path) -> None:
    _, text = load.experiment("aa")
    file = tmp_path / "mine.toml"
    file.write_text(f"{text}\n[exclude]\nbattery_c_above = 41\nhost_busy_above = 0.3\n")
    assert load.experiment(str(file))[0].exclude == Exclude(battery_c_above=41.0, host_busy_above=0.3)
    file.write_text(f"{text}\n[exclude]\nthermal_status_above = 9\nhumidity_above = 3\n")
    with pytest.raises(InputError) as caught:
        load.experiment(str(file))
    assert [problem.split(":")[1] for problem in caught.value.problems] == ["18", "19"]
