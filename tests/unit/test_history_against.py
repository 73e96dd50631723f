# SPDX-License-Identifier: Apache-2.0
"""A run held against earlier runs of other builds: pass, fail, not decided, and why."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from reports.gate.rulebook import Place, Rulebook, StatedRule, Waiver
from reports.gate.rulings import Ruling
from reports.history.against import Past, rulings
from reports.history.changes import follow
from reports.history.rows import Row
from reports.history.series import gather
from tests.support.planted import planted, row
from workloads.spec import Rule

HERE = Place("rules.toml", 1)
NEW = 900


def book(*rules: Rule, waivers: tuple[Waiver, ...] = (), today: date | None = None) -> Rulebook:
    return Rulebook(tuple(StatedRule(rule, HERE) for rule in rules), "rules.toml", waivers, today)


def history(rows: Sequence[Row], *, last: int = 40) -> dict[tuple[str, str], Past]:
    trends = [follow(series) for series in gather(rows)]
    return {
        (each.series.first.arm, each.series.first.metric): Past(
            each, tuple(range(len(each.series.rows)))[-last:], "history"
        )
        for each in trends
    }


PAST = planted(1, builds=50, shifts=0).rows
TTID = Rule("ttid", "not-worsen", 0.05)


def judge(level: float, past: Sequence[Row] = PAST, rule: Rule = TTID, *, own: bool = False) -> Ruling:
    (found,) = rulings(book(rule), [row(NEW, NEW, level)], history(past), own_margins=own)
    return found


def test_a_run_like_those_before_passes_by_the_margin_that_the_noise_makes() -> None:
    found = judge(0.5)
    assert found.decision == "pass"
    assert 0.02 < found.rule.margin < 0.04
    assert found.n == 40
    assert "40 runs of 10 builds, which vary by 1.0 % from run to run: proven at most" in found.why


def test_a_run_that_is_worse_by_more_than_the_noise_fails() -> None:
    found = judge(0.5 * 1.05)
    assert (found.decision, found.ground) == ("fail", "worse")
    assert found.estimate is not None
    assert found.estimate.low < 1.05 < found.estimate.high


def test_a_run_at_the_edge_is_not_decided() -> None:
    assert judge(0.5 * 1.018).decision == "not-decided"


def test_a_run_that_is_better_passes() -> None:
    assert judge(0.5 * 0.9).decision == "pass"


def test_a_margin_of_ones_own_is_kept_and_too_small_a_one_is_never_passed() -> None:
    assert judge(0.5 * 1.04, rule=replace(TTID, margin=0.2), own=True).decision == "pass"
    blind = judge(0.5 * 0.985, rule=replace(TTID, margin=0.001), own=True)
    assert (blind.decision, blind.rule.margin) == ("not-decided", 0.001)


def test_an_improvement_may_be_asked_for() -> None:
    rule = Rule("ttid", "improve", 0.02)
    assert judge(0.5 * 0.9, rule=rule, own=True).decision == "pass"
    assert judge(0.5 * 0.98, rule=rule, own=True).decision == "not-decided"
    assert judge(0.5 * 1.05, rule=rule, own=True).decision == "fail"


def test_wrong_failures_and_wrong_passes_keep_to_their_level() -> None:
    random, past = np.random.default_rng(2), history(PAST)
    runs = 400
    levels = 0.5 * np.exp(0.01 * random.normal(size=runs))
    margin = judge(0.5).rule.margin

    def share(factor: float, decision: str) -> float:
        found = (
            rulings(book(TTID), [row(NEW, NEW, level * factor)], past, own_margins=False)[0].decision
            for level in levels.tolist()
        )
        return sum(each == decision for each in found) / runs

    assert share(1.0, "fail") <= 0.05
    assert share(1 + margin, "pass") <= 0.07
    assert share(1 + margin, "fail") >= 0.75


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (PAST[:4], "too few to know how much runs differ"),
        ([replace(each, serial="B") for each in PAST], "no run of this very phone"),
        ([replace(each, level=0.5) for each in PAST], "leaves no noise to judge by"),
    ],
)
def test_a_history_that_cannot_tell_is_never_passed(rows: Sequence[Row], told: str) -> None:
    found = judge(0.5, rows)
    assert found.decision == "not-decided"
    assert told in found.why


def test_what_the_history_or_the_run_lacks_is_told() -> None:
    here = [row(NEW, NEW, 0.5)]
    (other,) = rulings(book(replace(TTID, metric="kswapd_cpu")), here, history(PAST), own_margins=False)
    (none,) = rulings(book(TTID), here, {}, own_margins=False)
    (by_app,) = rulings(book(replace(TTID, app="org.example")), here, history(PAST), own_margins=False)
    assert [each.decision for each in (other, none, by_app)] == ["not-decided"] * 3
    assert "was not recorded" in other.why
    assert "holds no run of another build" in none.why
    assert "no figures by app" in by_app.why


def test_every_arm_is_judged_the_control_too() -> None:
    arms = [replace(each, arm=arm, run_id=each.run_id) for each in PAST for arm in ("off", "on")]
    here = [row(NEW, NEW, 0.5 * 1.08, arm=arm) for arm in ("off", "on")]
    found = rulings(book(TTID), here, history(arms), own_margins=False)
    assert [(each.arm, each.decision) for each in found] == [("off", "fail"), ("on", "fail")]


def kills(level: float) -> Ruling:
    past = [row(i, i // 4, 0.05, metric="kills", unit="count") for i in range(40)]
    (found,) = rulings(
        book(Rule("kills", "not-worsen", 0.0, relative=False)),
        [row(NEW, NEW, level, metric="kills", unit="count")],
        history(past),
        own_margins=False,
    )
    return found


def test_kills_are_counted_against_those_before() -> None:
    assert kills(0.0).decision == "pass"
    assert kills(0.05).decision == "not-decided"
    assert kills(0.5).decision == "fail"
    assert "10 processes killed in 20 trials, 40 in 800 of 40 runs of 10 builds" in kills(0.5).why


def test_a_waiver_lets_a_failure_through_until_its_day() -> None:
    waiver = Waiver("ttid", "kernel-team", "known", date(2026, 12, 31), HERE)
    for today, decision in ((date(2026, 12, 31), "waived"), (date(2027, 1, 1), "fail")):
        judged = book(TTID, waivers=(waiver,), today=today)
        (found,) = rulings(judged, [row(NEW, NEW, 0.6)], history(PAST), own_margins=False)
        assert found.decision == decision
