# SPDX-License-Identifier: Apache-2.0
"""What tracing costs is an estimate of its own, by figures that need no trace and are measured alike in both arms."""

import math
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from reports.analysis import Analysis, Measure, RunValues, analyse
from reports.measures import measure_trial
from reports.noise.known import Known
from reports.noise.store import known, remember
from reports.noise.tracing import all_alike, recordless, treatments
from reports.page.build import Extras, build_page
from reports.record import TrialRecord
from reports.recorded import WITHOUT_TRACE
from reports.text import compare_text
from tests.support.synthetic_run import Shape, run_values
from workloads import load
from workloads.errors import InputError
from workloads.spec import Arm, Experiment, Setting

COST = 1.07
OFF, ON = (Setting("kcompressd", "off"),), (Setting("kcompressd", "2"),)
TWINS = (Arm("untraced", OFF, trace=False), Arm("traced", OFF))
MIXED = (Arm("off", OFF), Arm("on", ON), Arm("quiet", OFF, trace=False))


def recorded_by(record: TrialRecord, arm: Arm, random: np.random.Generator) -> TrialRecord:
    """The record with launches 7 % slower under a trace, and pages that a trace makes no difference to."""
    slower = (COST if arm.trace else 1.0) * random.normal(1.0, 0.02)
    launches = tuple(replace(each, total_time_s=0.8 * slower) for each in record.launches)
    pages = int(random.normal(20_000, 1_000))
    return replace(
        record, launches=launches, vmstat={"pgsteal_direct": pages}, trace="trace.pftrace" if arm.trace else None
    )


@cache
def run_of(*arms: Arm) -> RunValues:
    """Twelve blocks; traced trials have a ttid, and a figure of pgsteal_direct that only a trace gives."""
    run = run_values(Shape(blocks=12, warm_ups=0, arms=tuple(arm.name for arm in arms), measured=False))
    by_name, random = {arm.name: arm for arm in arms}, np.random.default_rng(3)
    records = tuple(recorded_by(each, by_name[each.trial.arm], random) for each in run.records)
    measures = [Measure(each.trial.name, 0, "", "kills", 0.0, "count") for each in records]
    for each in records:
        measures += [
            Measure(each.trial.name, one.index, "", "am_total_time", one.total_time_s or math.nan, "s")
            for one in each.launches
        ]
        if each.trace:
            measures.append(Measure(each.trial.name, 1, "", "ttid", 0.7, "s"))
            measures.append(Measure(each.trial.name, 0, "", "pgsteal_direct", 5_000.0, "pages"))
        else:
            measures.append(Measure(each.trial.name, 0, "", "pgsteal_direct", 20_000.0, "pages"))
    experiment = replace(run.experiment, arms=arms, control=arms[0].name, primary=("am_total_time",))
    return replace(run, experiment=experiment, records=records, measures=tuple(measures))


@cache
def twins() -> Analysis:
    return analyse(run_of(*TWINS))


def test_the_price_is_the_traced_arm_against_the_same_arm_without() -> None:
    (price,) = twins().prices
    assert (price.traced, price.untraced) == ("traced", "untraced")
    costs = {each.metric: each for each in price.costs}
    time = costs["am_total_time"]
    assert time.relative is not None
    assert time.relative.low < COST - 1 < time.relative.high
    assert (time.outcome, time.n) == ("worse", 12)
    assert costs["pgsteal_direct"].outcome == "same"


def test_a_planted_cost_stands_in_its_own_line_and_silence_is_told_with_it() -> None:
    analysis = twins()
    (line,) = analysis.background
    assert line.startswith("What tracing costs: am_total_time +")
    assert line.endswith(
        " %; no detectable difference in 1 other metric (traced with a trace against untraced without, 12 blocks)."
    )
    assert "What tracing costs: am_total_time" in compare_text(analysis)
    assert build_page(analysis, Extras("", "reclaim 0")).trust.background == analysis.background


def test_without_a_difference_it_is_said_what_would_have_been_seen() -> None:
    run = run_of(*TWINS)
    records = [
        replace(
            record,
            launches=tuple(replace(one, total_time_s=0.8 + (record.trial.index % 5) / 100) for one in record.launches),
        )
        for record in run.records
    ]
    (line,) = analyse(replace(run, records=tuple(records))).background
    assert "(no detectable difference, " in line
    assert " % would be seen 9 times in 10)" in line


def test_both_arms_are_measured_the_same_way_and_by_nothing_that_needs_a_trace() -> None:
    analysis = twins()
    assert {each.metric.name for each in analysis.comparisons} == {"kills", "am_total_time", "pgsteal_direct"}
    pages = next(each for each in analysis.comparisons if each.metric.name == "pgsteal_direct")
    assert pages.control_mean == pytest.approx(20_000, rel=0.1)
    assert pages.arm_mean == pytest.approx(20_000, rel=0.1)


def test_what_needs_a_trace_is_not_called_missing() -> None:
    run = run_of(*TWINS)
    analysis = analyse(replace(run, experiment=replace(run.experiment, primary=("am_total_time", "ttid"))))
    assert "primary-missing" not in {caveat.code for caveat in analysis.verdict.caveats}
    assert "one-sided" not in {caveat.code for each in analysis.comparisons for caveat in each.caveats}


def test_the_same_settings_without_a_trace_are_no_a_a_run() -> None:
    run = run_of(*TWINS)
    assert not all_alike(run.experiment)
    assert twins().floor is None
    assert not twins().verdict.troubles


def test_an_arm_without_a_trace_beside_others_tells_the_price_and_is_compared_with_nothing_else() -> None:
    run = run_of(*MIXED)
    analysis = analyse(run)
    assert treatments(run.experiment) == {"on": "off"}
    assert {each.arm for each in analysis.comparisons} == {"on"}
    assert "ttid" in {each.metric.name for each in analysis.comparisons}
    assert [(price.traced, price.untraced) for price in analysis.prices] == [("off", "quiet")]


def test_the_order_of_settings_makes_no_other_arm() -> None:
    one, other = Setting("a", "1"), Setting("b", "2")
    experiment = replace(run_of(*TWINS).experiment, arms=(Arm("x", (one, other)), Arm("y", (other, one))))
    assert all_alike(experiment)


def test_a_price_is_kept_and_told_with_later_runs_of_the_phone() -> None:
    analysis = twins()
    remember(analysis, StringIO())
    found = known(analysis.run.device, analysis.run.experiment.workload)
    assert found == Known(price=analysis.prices[0])
    later = run_values(Shape(blocks=1, warm_ups=0))
    line = analyse(replace(later, name="later", known=found)).background[0]
    assert line.startswith("What tracing costs: am_total_time +")
    assert line.endswith("(run synthetic of 2026-11-23, 12 blocks).")


def test_a_price_of_few_blocks_is_told_but_not_kept() -> None:
    run = run_of(*TWINS)
    few = analyse(replace(run, records=run.records[:6]))
    remember(few, StringIO())
    assert few.prices[0].blocks == 3
    assert known(run.device, run.experiment.workload) == Known()


def test_a_record_without_a_trace_by_design_has_no_doubt_about_it() -> None:
    record = next(each for each in run_of(*TWINS).records if each.trace is None)
    found = measure_trial(record, None, "RUN", "serial")
    assert found.caveats == ()
    told = {"am_total_time", "demand_filled", "demand_fill_time", "pgsteal_direct", "kills"}
    assert set(found.measures.metric) == told <= WITHOUT_TRACE
    lost = measure_trial(replace(record, trace="trace.pftrace"), None, "RUN", "serial")
    assert "no-trace" in {caveat.code for caveat in lost.caveats}


def shipped(name: str) -> Experiment:
    return load.experiment(name)[0]


def test_the_experiments_that_ship_ask_for_what_they_can_have() -> None:
    assert all_alike(shipped("aa"))
    price = shipped("price-of-tracing")
    assert treatments(price) == {"traced": "untraced"}
    assert not recordless(price) & set(price.primary)
    assert "ttid" in recordless(price)
    assert not recordless(shipped("kcompressd"))


def test_an_arm_without_a_trace_needs_the_same_arm_with_one(tmp_path: Path) -> None:
    head, _, tail = load.experiment("price-of-tracing")[1].rpartition('"off"')
    (tmp_path / "mine.toml").write_text(f'{head}"2"{tail}')
    with pytest.raises(
        InputError, match=r"arms\[0\].trace: no arm that records a trace has the settings of 'untraced'"
    ):
        load.experiment(str(tmp_path / "mine.toml"))


def test_a_control_without_a_trace_cannot_stand_against_arms_with_one(tmp_path: Path) -> None:
    text = load.experiment("price-of-tracing")[1]
    more = '\n[[arms]]\nname = "on"\nsettings = { kcompressd = 2 }\n'
    (tmp_path / "mine.toml").write_text(text + more)
    with pytest.raises(InputError, match="control: 'untraced' records no trace, the arms it is compared with do"):
        load.experiment(str(tmp_path / "mine.toml"))


def test_trials_of_a_price_run_count_before_anything_was_measured() -> None:
    run = run_of(*TWINS)
    assert [line.status for line in analyse(replace(run, measures=())).ledger] == ["counts"] * len(run.plan.trials)
