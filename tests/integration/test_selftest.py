# SPDX-License-Identifier: Apache-2.0
"""A worsening of known size, planted into recorded data: would this gate have seen it?"""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from reports.analysis import Analysis, analyse
from reports.compare import compare_run
from reports.gate.findings import Case, weigh
from reports.gate.rulings import Ruling, Sight, sight_text, with_sight
from reports.gate.selftest import noise, plant, plant_rows, self_test
from reports.statistics.paired import ratio_of_means
from tests.support import recorded_blocks
from tests.support.synthetic_run import Shape, make_run, run_values
from workloads.spec import Rule

RULES = (Rule("kills", margin=0.0, relative=False), Rule("ttid"), Rule("mem_available_min"))


def analysed(noise: float, blocks: int = 16, rules: tuple[Rule, ...] = RULES, *, effect: bool = False) -> Analysis:
    shape = Shape(noise=noise, blocks=blocks, effect=effect, experiment=lambda e: replace(e, rules=rules))
    return analyse(run_values(shape))


def rulings(analysis: Analysis) -> tuple[Ruling, ...]:
    return self_test(analysis, runs=50).rulings


def sight(ruling: Ruling) -> Sight:
    assert ruling.sight is not None
    return ruling.sight


def ratio(case: Case) -> float:
    found = ratio_of_means([p.arm for p in case.pairs], [p.control for p in case.pairs], [p.lag for p in case.pairs])
    assert found is not None
    return found.value


FINE = analysed(0.02)
SEEN = rulings(FINE)


def test_a_fine_run_sees_its_margin_and_stays_passed() -> None:
    kills, ttid, free = SEEN
    for ruling in (ttid, free):
        assert ruling.decision == "pass"
        assert sight(ruling).seen >= 0.8
        assert sight(ruling).passed <= 0.15
        assert sight(ruling).seen_larger == 1
        assert sight(ruling).recorded == "fail"
    assert (kills.decision, kills.sight) == ("pass", None)


def test_a_coarse_run_never_says_pass() -> None:
    _, ttid, free = rulings(analysed(0.2, blocks=8))
    for ruling in (ttid, free):
        assert ruling.decision == "not-decided"
        assert sight(ruling).seen < 0.5


def test_a_pass_without_sight_of_the_margin_is_taken_back() -> None:
    (ruling,) = analysed(0.12, blocks=8, rules=(Rule("direct_reclaim_time"),), effect=True).verdict.rulings
    blind = Sight(margin=0.1, runs=100, seen=0.3, passed=0.0, seen_larger=0.5, passed_larger=0.0, recorded=None)
    found = with_sight(replace(ruling, decision="pass", ground="proven"), blind)
    assert (found.decision, found.ground) == ("not-decided", "blind")
    assert "the self-test sees a worsening of the margin" in found.why


def test_what_is_proven_better_is_not_passed_either_without_sight_of_the_margin() -> None:
    """The decision does not hang on whether the self-test was asked for."""
    found = analysed(0.12, blocks=8, rules=(Rule("direct_reclaim_time"),), effect=True)
    verdict = self_test(found, runs=50)
    (ruling,) = verdict.rulings
    assert (found.verdict.decision, verdict.decision, ruling.ground) == ("not-decided", "not-decided", "blind")
    assert "proven to be better" in ruling.why
    assert sight(ruling).seen < 0.5


def test_the_same_data_give_the_same_answer() -> None:
    assert rulings(FINE) == SEEN


@pytest.mark.parametrize("effect", [True, False])
def test_what_is_planted_is_the_margin_and_nothing_of_the_arms_own_effect(effect: bool) -> None:  # noqa: FBT001 - a test's parameter
    run = analysed(0.1, blocks=6, rules=(Rule("direct_reclaim_time"),), effect=effect)
    (case,) = run.cases
    (planted,) = analyse(plant_rows(run.run, case, 1.0)).cases
    assert ratio(planted) == pytest.approx(1.05)


def test_an_absolute_margin_is_planted_in_base_units() -> None:
    run = analysed(0.1, blocks=6, rules=(Rule("direct_reclaim_time", margin=0.2, relative=False),), effect=True)
    (case,) = run.cases
    (planted,) = analyse(plant_rows(run.run, case, 1.5)).cases
    figures = weigh(planted)
    assert figures is not None
    assert figures.difference.value == pytest.approx(0.3)


def test_where_higher_is_better_worse_is_lower() -> None:
    _, _, case = FINE.cases
    assert plant(case, 1.0).pairs[0].arm == pytest.approx(0.95 * case.pairs[0].arm)


def test_drawn_runs_have_no_effect_and_the_noise_of_the_recorded_one() -> None:
    (case,) = analysed(0.1, rules=(Rule("direct_reclaim_time"),), effect=True).cases
    made, random = noise(case), np.random.default_rng(3)
    found = [weigh(made.drawn(random)) for _ in range(150)]
    values = [each.difference.value for each in found if each is not None]
    level = float(np.mean(made.control))
    errors = [each.difference.error or 0.0 for each in found if each is not None]
    assert np.mean(values) == pytest.approx(0, abs=0.01 * level)
    assert np.std(values) == pytest.approx(np.mean(errors), rel=0.15)


def test_it_is_said_in_how_many_of_100_runs_it_would_have_been_seen() -> None:
    ruling = SEEN[1]
    told = sight_text(replace(ruling, sight=replace(sight(ruling), seen=0.97, passed=0.03, seen_larger=1.0)))
    assert told == (
        "self-test: a worsening of 5 % would have been seen in 97 of 100 such runs and wrongly passed in 3, one of 1.5"
        " times that seen in 100; planted into the recorded rows: fail"
    )


def test_no_share_is_rounded_to_certainty() -> None:
    ruling = SEEN[1]
    told = sight_text(replace(ruling, sight=replace(sight(ruling), seen=0.999, passed=0.001)))
    assert "seen in 99 of 100 such runs and wrongly passed in 1," in told


def test_blocks_of_a_run_are_kept_as_a_table_and_read_again(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2, warm_ups=0))
    out = StringIO()
    assert recorded_blocks.main([str(store.path)], out) == 0
    found = recorded_blocks.read_blocks(out.getvalue().splitlines())
    kept = next(each for each in compare_run(store).comparisons if each.metric.name == "ttid")
    assert [pair.lag for pair in found["ttid"]] == [pair.lag for pair in kept.pairs]
    assert [pair.arm for pair in found["ttid"]] == pytest.approx([pair.arm for pair in kept.pairs], rel=1e-5)
    assert "kills" not in found
