# SPDX-License-Identifier: Apache-2.0
"""A run that may stop early: what its looks decide, what their price is, and how its end is told."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.analysis import Analysis, RunValues, analyse
from reports.compare import document
from reports.comparison import Comparison, TrialValues, compare_metric
from reports.encoding import encode
from reports.looks import Looks, looks_at, scaled_one_sided_p
from reports.metrics import METRICS
from reports.several.pool import pooled
from reports.statistics.sequential import look_blocks
from reports.stopping import STOPPED, all_decided, decisions, expected, fixed_blocks, look_due, stopped_after, told
from reports.text import compare_text
from tests.support.synthetic_run import Shape, run_values
from workloads import load
from workloads.errors import InputError
from workloads.spec import Experiment, Rule

BUDGET = 20
SMALL_STEPS = [0.4, -0.3, 0.2, -0.4, 0.3, -0.2, 0.1, -0.1, 0.2, -0.2] * 2


def deciding(*rules: Rule, **changes: object) -> Callable[[Experiment], Experiment]:
    return lambda made: replace(made, stop="decided", rules=rules, **changes)  # type: ignore[arg-type]  # any field


@cache
def whole_run(*, effect: bool) -> RunValues:
    return run_values(Shape(blocks=BUDGET, warm_ups=0, effect=effect, experiment=deciding()))


def run_of(blocks: int, *, stopped: int | None = None, effect: bool = True) -> RunValues:
    """A run of at most `BUDGET` blocks that has got so far, no warm-ups."""
    values = whole_run(effect=effect)
    records = values.records[: 2 * blocks]
    there = {record.trial.name for record in records}
    events = ({"event": STOPPED, "after_block": stopped, "why": "decided"},) if stopped else ()
    measures = tuple(row for row in values.measures if row.trial in there)
    return replace(values, records=records, measures=measures, events=events)


def primary(analysis: Analysis) -> list[Comparison]:
    return [each for each in analysis.comparisons if each.family == "primary"]


def compared(effect: float, steps: Sequence[float] = SMALL_STEPS, metric: str = "kswapd_cpu") -> Comparison:
    """One metric on a level of 100, its arm `effect` higher."""
    found = []
    for block, step in enumerate(steps, start=1):
        for place, (arm, value) in enumerate((("off", 100.0), ("on", 100.0 + effect + step))):
            index = 2 * block + (place if block % 2 else 1 - place)
            found.append(TrialValues(block, index, arm, 0, {metric: {0: value}}))
    return compare_metric(METRICS[metric], "on", "off", found, Looks((len(steps),), BUDGET, 1))


def answer(effect: float, *rules: Rule, metric: str = "kswapd_cpu", steps: Sequence[float] = SMALL_STEPS) -> str:
    experiment = deciding(*rules, primary=(metric,))(run_values(Shape(blocks=1)).experiment)
    (decision,) = decisions(experiment, [compared(effect, steps, metric)])
    return decision.answer


@pytest.mark.parametrize(("effect", "says"), [(-3.0, "better"), (3.0, "worse"), (0.0, "undecided")])
def test_an_interval_that_leaves_out_zero_decides(effect: float, says: str) -> None:
    assert answer(effect) == says


@pytest.mark.parametrize(
    ("effect", "metric", "says"),
    [
        (0.0, "kswapd_cpu", "no worse"),
        (-3.0, "kswapd_cpu", "better"),
        (3.0, "kswapd_cpu", "worse"),
        (0.0, "pgsteal_anon_rate", "no worse"),
        (-3.0, "pgsteal_anon_rate", "worse"),
        (-3.0, "kswapd_awake", "lower"),
        (0.0, "kswapd_awake", "undecided"),
    ],
)
def test_an_arm_that_cannot_be_worse_than_the_margin_is_decided_the_way_the_metric_counts(
    effect: float, metric: str, says: str
) -> None:
    assert answer(effect, Rule(metric, "not-worsen", 0.01), metric=metric) == says


def test_a_margin_that_the_blocks_are_too_coarse_for_decides_nothing() -> None:
    assert answer(0.0, Rule("kswapd_cpu", "not-worsen", 0.0001)) == "undecided"
    assert answer(0.0, Rule("kswapd_cpu", "not-worsen", 0.05, relative=False)) == "undecided"
    assert answer(0.0, Rule("kswapd_cpu", "not-worsen", 1.0, relative=False)) == "no worse"


def test_a_run_goes_on_until_the_gate_can_see_the_margin_beside_its_other_rules() -> None:
    alone, beside = Rule("kswapd_cpu", "not-worsen", 0.085, relative=False), Rule("ttid", "not-worsen", 0.05, app="*")
    assert (answer(0.0, alone), answer(0.0, alone, beside)) == ("no worse", "undecided")


@pytest.mark.parametrize(("effect", "says"), [(-3.0, "better"), (-0.99, "undecided"), (-0.3, "too little")])
def test_what_must_improve_has_to_do_so_by_the_margin(effect: float, says: str) -> None:
    assert answer(effect, Rule("kswapd_cpu", "improve", 0.01)) == says


def test_rules_of_other_metrics_and_of_single_apps_end_no_run() -> None:
    assert answer(0.0, Rule("ttid", "not-worsen", 0.5), Rule("kswapd_cpu", "not-worsen", 0.5, app="a.b")) == "undecided"


def test_a_metric_that_was_not_recorded_keeps_the_run_going() -> None:
    experiment = deciding(primary=("kswapd_cpu", "ttid"))(run_values(Shape(blocks=1)).experiment)
    found = decisions(experiment, [compared(-3.0)])
    assert [each.answer for each in found] == ["better", "undecided"]
    assert not all_decided(found)
    assert told(found) == "1 of 2 decided; on: kswapd_cpu better, ttid undecided"


def test_a_run_of_fixed_length_decides_nothing_by_itself() -> None:
    found = analyse(run_values(Shape(blocks=8)))
    assert found.decisions == ()
    assert not all_decided(found.decisions)
    assert {each.looks for each in found.comparisons} == {0}


@settings(max_examples=25)
@given(st.lists(st.booleans(), min_size=BUDGET, max_size=BUDGET), st.integers(2, BUDGET), st.integers(1, 8))
def test_repeated_intervals_are_never_narrower_than_plain_ones(counts: list[bool], reached: int, family: int) -> None:
    counted = [block for block, counts_too in enumerate(counts, start=1) if counts_too and block <= reached]
    blocks = (*(block for block in look_blocks(BUDGET) if block < reached), reached)
    confidence = Looks(blocks, BUDGET, family).confidence(counted)
    assert 0.95 <= confidence < 1.0


def test_a_look_at_nothing_new_costs_nothing() -> None:
    once, again = Looks((6,), BUDGET, 1), Looks((6, 7, 8), BUDGET, 1)
    assert again.confidence([1, 2, 3, 4]) == once.confidence([1, 2, 3, 4])
    assert again.confidence([]) == 0.95


def test_the_more_often_and_the_earlier_a_run_was_looked_at_the_wider_its_intervals() -> None:
    counted = list(range(1, BUDGET + 1))
    last_of = [Looks(blocks, BUDGET, 1).confidence(counted) for blocks in ((20,), (14, 20), look_blocks(BUDGET))]
    assert last_of == sorted(last_of)
    assert Looks((8,), BUDGET, 1).confidence(counted[:8]) > last_of[-1]
    assert Looks((20,), BUDGET, 4).confidence(counted) > last_of[0]


def test_primary_intervals_pay_for_the_looks_and_say_so_the_others_are_plain() -> None:
    found = analyse(run_of(10))
    for each in primary(found):
        assert each.difference is not None
        assert each.difference.confidence > 0.99
        assert each.difference.method.endswith(", repeated interval: the run was looked at 5 times")
        assert each.adjusted_p is not None
        assert (each.adjusted_p <= 0.05) == each.difference.excludes(0.0) == (each.outcome != "same")
    others = [each for each in found.comparisons if each.family == "other" and each.difference]
    assert others
    assert {each.difference.confidence for each in others if each.difference} == {0.95}


def test_a_run_that_broke_off_between_looks_pays_for_the_present_look_too() -> None:
    made = replace(run_of(10).experiment, blocks=200)
    assert looks_at(made, 9, 1) == Looks((6, 9), 200, 2)
    assert looks_at(made, 4, 1) == Looks((4,), 200, 2)
    assert looks_at(made, 0, 1) is None
    assert looks_at(replace(made, stop="fixed"), 9, 1) is None


def test_a_run_that_was_decided_is_not_told_as_broken_off() -> None:
    found = analyse(run_of(10, stopped=10))
    assert found.verdict.ending == "Stopped after 10 of at most 20 blocks: every primary metric was decided."
    assert found.verdict.troubles == ()
    assert found.verdict.sentence.startswith(found.verdict.ending)
    assert {line.status for line in found.ledger} == {"counts", "not needed"}
    text = compare_text(found)
    assert "Stopped after 10 of at most 20 blocks: every primary metric was decided." in text
    assert "not run" not in text
    assert "broke off" not in text
    assert "looked at 5 times" in text.replace("\n", " ")
    assert "stopped-early" in {caveat.code for caveat in found.verdict.caveats}


def test_a_gate_pays_for_the_looks_at_a_run_too() -> None:
    looked, plain = (analyse(replace(run_of(10), experiment=made)) for made in experiments())
    pairs = list(zip(looked.verdict.rulings, plain.verdict.rulings, strict=True))
    assert {ruling.rule.metric for ruling, _ in pairs} == {"kills", "direct_reclaim_time", "kswapd_cpu"}
    for paid, unpaid in pairs[1:]:
        assert paid.estimate is not None
        assert unpaid.estimate is not None
        assert paid.estimate.low < unpaid.estimate.low < unpaid.estimate.high < paid.estimate.high
        assert paid.holds_p is not None
        assert unpaid.holds_p is not None
        assert paid.holds_p > unpaid.holds_p


def experiments() -> tuple[Experiment, Experiment]:
    made = run_of(1).experiment
    return made, replace(made, stop="fixed")


@given(st.floats(0.0, 1.0), st.floats(0.95, 0.999))
def test_a_one_sided_p_that_pays_for_looks_decides_as_its_level_does(p: float, confidence: float) -> None:
    paid, level = scaled_one_sided_p(p, confidence), 1 - confidence
    assert 0 <= paid <= 1
    assert (paid <= 0.05) == (p <= level) or p == pytest.approx(level)
    assert (paid >= 0.95) == (p >= 1 - level) or 1 - p == pytest.approx(level)


def test_what_is_missing_of_a_stopped_run_before_its_end_is_still_told() -> None:
    values = run_of(10, stopped=10)
    found = analyse(replace(values, records=values.records[:-1]))
    assert found.verdict.troubles == ("This run broke off after 19 of 20 trials.",)


def test_runs_of_one_phone_that_stopped_are_put_together_without_what_they_did_not_need() -> None:
    found = analyse(pooled([run_of(8, stopped=8), run_of(10, stopped=10)]))
    assert found.verdict.troubles == ()
    assert found.verdict.ending == ""
    assert {line.status for line in found.ledger} == {"counts"}
    for each in primary(found):
        assert each.n == 18
        assert each.difference is not None
        assert each.difference.confidence > 0.95


def test_a_run_that_spent_its_budget_says_what_is_open() -> None:
    found = analyse(run_of(BUDGET, effect=False))
    assert found.verdict.ending == (
        "Ran all 20 blocks of its budget: direct_reclaim_time of on and kswapd_cpu of on are undecided."
    )
    assert analyse(run_of(12, effect=False)).verdict.ending == ""
    assert analyse(run_of(BUDGET)).verdict.ending == ""


@pytest.mark.parametrize("block", [None, "10", 0, -3, 4.5, True])
def test_a_stop_that_names_no_block_is_none(block: object) -> None:
    assert stopped_after([{"event": STOPPED, "after_block": block}, {"event": "looked", "after_block": 6}]) is None


def test_the_document_tells_what_was_decided() -> None:
    found = document(analyse(run_of(10, stopped=10)))
    assert [each.answer for each in found["decisions"]] == ["better", "better"]
    assert b"Stopped after 10 of at most 20 blocks: every primary metric was decided." in encode(found)


def test_looks_are_due_after_whole_blocks_from_the_sixth_to_the_last_but_one() -> None:
    values = run_of(BUDGET)
    due = [trial for trial in values.plan.trials if look_due(values.experiment, values.plan, trial)]
    assert [trial.block for trial in due] == list(range(6, BUDGET))
    assert {trial.position for trial in due} == {2}
    fixed = replace(values.experiment, stop="fixed")
    assert not any(look_due(fixed, values.plan, trial) for trial in values.plan.trials)


def test_before_a_run_it_is_said_when_it_is_looked_at_and_what_that_is_worth() -> None:
    experiment = run_of(1).experiment
    when, worth = expected(experiment)
    assert when.startswith("looked at after block 6 and every block from there on, at most 20; ends once every primary")
    assert worth.startswith(f"  sees what {fixed_blocks(experiment)} blocks without a look see 9 times in 10")
    assert "every 4 blocks" in next(expected(replace(experiment, blocks=100)))
    assert list(expected(replace(experiment, stop="fixed"))) == []


def test_too_few_blocks_for_a_look_are_refused_with_their_line(tmp_path: Path) -> None:
    _, text = load.experiment("kcompressd")
    file = tmp_path / "mine.toml"
    file.write_text('stop = "decided"\n' + re.sub(r"^blocks = \d+", "blocks = 6", text, flags=re.MULTILINE))
    with pytest.raises(InputError, match=r"mine\.toml:6: blocks: too few to stop early: the first look comes after"):
        load.experiment(str(file))
    file.write_text('stop = "decided"\n' + text)
    assert load.experiment(str(file))[0].stop == "decided"
