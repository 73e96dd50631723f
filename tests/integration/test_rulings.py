# SPDX-License-Identifier: Apache-2.0
"""Rules on arms: what is proven, what is not decided, and what waives a failure."""

from dataclasses import replace
from datetime import date

import pytest

from reports.analysis import analyse
from reports.gate.findings import cases
from reports.gate.rulebook import Place, Waiver, problems, rulebook
from reports.gate.rulings import Ruling, overall, rule_on, summary
from tests.support.gates import book, case, decided, noisy, rulings, trials
from tests.support.synthetic_run import Shape, run_values
from workloads.spec import Experiment, Rule

CPU, FREE = "kswapd_cpu", "mem_available_min"
NOT_WORSE, IMPROVE = Rule(CPU), Rule(CPU, "improve", 0.05)


def one(pairs: list[tuple[float, float]], rule: Rule = NOT_WORSE) -> Ruling:
    (ruling,) = rulings(trials({rule.metric: pairs}), rule)
    return ruling


def ground(pairs: list[tuple[float, float]], rule: Rule = NOT_WORSE) -> tuple[str, str]:
    ruling = one(pairs, rule)
    return ruling.decision, ruling.ground


@pytest.mark.parametrize(
    ("noise", "ratio", "blocks", "expected"),
    [
        (0.02, 1.00, 16, ("pass", "proven")),
        (0.02, 1.10, 16, ("fail", "worse")),
        (0.15, 1.00, 16, ("not-decided", "open")),
        (0.02, 0.50, 16, ("pass", "proven")),
        (0.15, 0.50, 16, ("not-decided", "blind")),
        (0.01, 1.00, 5, ("not-decided", "few")),
    ],
)
def test_not_worse_is_proven_refuted_or_open(
    noise: float, ratio: float, blocks: int, expected: tuple[str, str]
) -> None:
    assert ground(noisy(blocks, noise, ratio)) == expected


@pytest.mark.parametrize(
    ("noise", "ratio", "expected"),
    [
        (0.02, 0.80, ("pass", "improved")),
        (0.02, 1.00, ("fail", "not-improved")),
        (0.02, 0.95, ("not-decided", "open")),
    ],
)
def test_an_improvement_is_proven_refuted_or_open(noise: float, ratio: float, expected: tuple[str, str]) -> None:
    assert ground(noisy(16, noise, ratio), IMPROVE) == expected


@pytest.mark.parametrize("relative", [True, False])
def test_where_higher_is_better_the_roles_are_swapped(relative: bool) -> None:  # noqa: FBT001 - a test's parameter
    margin = 0.05 if relative else 0.5
    rule, improve = Rule(FREE, "not-worsen", margin, relative), Rule(FREE, "improve", margin, relative)
    assert ground(noisy(16, 0.02, 0.9), rule) == ("fail", "worse")
    assert ground(noisy(16, 0.02, 1.0), rule) == ("pass", "proven")
    assert ground(noisy(16, 0.02, 1.2), improve) == ("pass", "improved")
    assert ground(noisy(16, 0.02, 1.0), improve) == ("fail", "not-improved")


def test_a_coarse_run_that_looks_well_is_not_decided_and_told_how_many_blocks_are_enough() -> None:
    seeds = (one(noisy(8, 0.05, 0.97, seed)) for seed in range(50))
    blind = next(ruling for ruling in seeds if ruling.ground == "blind")
    assert blind.decision == "not-decided"
    assert blind.holds_p is not None
    assert blind.holds_p <= 0.05
    assert blind.power is not None
    assert blind.power < 0.8
    assert f"about {blind.blocks} blocks would be enough" in blind.why


def test_an_arm_proven_better_by_a_run_that_cannot_see_the_margin_is_not_decided_and_told_both() -> None:
    ruling = one(noisy(16, 0.15, 0.50))
    assert (
        ": proven to be better (p < 0.001), but such a run would see a worsening of 5 % only 2 times in 10;"
        in ruling.why
    )
    assert ruling.why.endswith(f"about {ruling.blocks} blocks would be enough")


def test_an_arm_proven_better_than_a_control_of_nothing_is_told_to_take_a_margin_in_units() -> None:
    ruling = one([(0.0, float(block)) for block in (1, 2, 1, 2, 1, 2, 1, 2)], Rule(FREE))
    assert (ruling.decision, ruling.ground) == ("not-decided", "blind")
    assert "proven to be better (p < 0.001), but the control is 0" in ruling.why


def test_without_a_margin_only_an_arm_proven_better_passes() -> None:
    without = Rule("kills", margin=0.0, relative=False)
    rarely, often = {block: (2 + block % 2, 0) for block in range(1, 9)}, {3: (1, 0)}
    decisions = [rulings(trials({CPU: noisy(16, 0.02)}, killed), without)[0] for killed in (rarely, often)]
    assert [(each.decision, each.ground) for each in decisions] == [("pass", "better"), ("not-decided", "open")]


def test_rules_that_share_one_chance_of_a_wrong_failure_see_less_each_and_say_so() -> None:
    pairs = noisy(16, 0.05)
    alone, (among, *_) = (
        one(pairs),
        rulings(
            trials({CPU: pairs, "reclaim_cpu": noisy(16, 0.05, seed=5), "pgscan_anon": noisy(16, 0.05, seed=6)}),
            NOT_WORSE,
            Rule("reclaim_cpu"),
            Rule("pgscan_anon"),
        ),
    )
    assert alone.power is not None
    assert among.power is not None
    assert among.power < alone.power
    assert alone.blocks is not None
    assert among.blocks is not None
    assert among.blocks > alone.blocks


def test_no_difference_in_any_block_passes_and_is_said() -> None:
    found = trials({CPU: [(3.0, 3.0)] * 6})
    kills, cpu = rulings(found, Rule("kills", margin=0.0, relative=False), NOT_WORSE)
    assert (kills.decision, kills.why) == ("pass", "nobody was killed in 6 blocks")
    assert (cpu.decision, cpu.why) == ("pass", "the same in each of 6 blocks (3 s)")


def test_no_difference_in_few_blocks_is_luck() -> None:
    assert ground([(3.0, 3.0)] * 5) == ("not-decided", "few")


def test_no_difference_is_no_improvement() -> None:
    assert ground([(3.0, 3.0)] * 6, IMPROVE) == ("fail", "same")


def test_a_margin_in_percent_of_nothing_is_not_decided() -> None:
    ruling = one([(0.0, 0.0)] * 7 + [(0.0, 1.0)])
    assert ruling.decision == "not-decided"
    assert "give `margin` in the metric's unit" in ruling.why


def test_more_kills_fail_and_their_blocks_leave_every_other_metric() -> None:
    killed = {block: (0, 2 + block % 2) for block in range(1, 9)}
    kills, cpu = rulings(trials({CPU: noisy(16, 0.02)}, killed), Rule("kills", margin=0.0, relative=False), NOT_WORSE)
    assert (kills.decision, kills.n) == ("fail", 16)
    assert (cpu.decision, cpu.n) == ("pass", 8)
    assert "blocks-with-kills" in {caveat.code for caveat in cpu.caveats}


@pytest.mark.parametrize("left_out", ["on", "off"])
@pytest.mark.parametrize("rules", [(), (Rule("kswapd_cpu"),)], ids=["default", "none-on-kills"])
def test_kills_where_no_block_looks_are_never_passed(left_out: str, rules: tuple[Rule, ...]) -> None:
    plain = Shape(blocks=8, warm_ups=0, effect=False, experiment=lambda e: replace(e, rules=rules))
    lost = [trial for trial in run_values(plain).plan.trials if trial.block in (2, 5)]
    killed = {trial.index: 3 for trial in lost if trial.arm == "on"}
    excluded = {trial.index: "hot" for trial in lost if trial.arm == left_out}
    rulings = analyse(run_values(replace(plain, kills=killed, excluded=excluded))).verdict.rulings
    (found,) = [ruling for ruling in rulings if ruling.rule.metric == "kills"]
    assert (found.decision, found.ground) == ("not-decided", "uncounted")
    assert "killed in 2 trials of on that no block compares" in found.why


def test_kills_of_the_control_that_no_block_compares_do_not_hinder_a_pass() -> None:
    shape = Shape(blocks=16, warm_ups=1, effect=False, kills={1: 3, 2: 3, 3: 3}, excluded={3: "hot"})
    assert analyse(run_values(shape)).verdict.rulings[0].decision == "pass"


def test_a_kill_in_every_block_leaves_nothing_to_rule_on() -> None:
    (cpu,) = rulings(trials({CPU: noisy(6, 0.02)}, dict.fromkeys(range(1, 7), (1, 0))), NOT_WORSE)
    assert (cpu.decision, cpu.n) == ("not-decided", 0)
    assert cpu.why == "a process was killed in every block, so none can be compared"


def test_what_was_not_recorded_is_not_decided() -> None:
    (cpu,) = rulings(trials({FREE: noisy(6, 0.02)}), NOT_WORSE)
    assert (cpu.decision, cpu.why) == ("not-decided", "was not recorded")


def test_a_figure_that_is_no_number_never_passes_but_can_fail() -> None:
    for ratio, expected in ((1.0, "not-decided"), (1.2, "fail")):
        (cpu,) = rulings(trials({CPU: noisy(16, 0.02, ratio)}), NOT_WORSE, broken={CPU: ("003-b2-on",)})
        assert cpu.decision == expected
    (cpu,) = rulings(trials({CPU: noisy(16, 0.02)}), NOT_WORSE, broken={CPU: ("003-b2-on",)})
    assert "003-b2-on" in cpu.caveats[-1].what


@pytest.mark.parametrize(("arm", "expected"), [("on", ("not-decided", "lost")), ("off", ("pass", "proven"))])
@pytest.mark.parametrize("blocks", [6, 10])
def test_what_an_arm_lost_more_often_than_its_control_is_not_passed(
    blocks: int, arm: str, expected: tuple[str, str]
) -> None:
    whole = trials({"ttid": noisy(20, 0.02)})
    without = [
        replace(each, values={"kills": {0: 0.0}}) if each.arm == arm and each.block <= blocks else each
        for each in whole
    ]
    (ruling,) = rulings(without, Rule("ttid"))
    assert (ruling.decision, ruling.ground) == expected
    assert "missing-uneven" in {caveat.code for caveat in ruling.caveats}


def test_a_few_missing_figures_or_as_many_in_either_arm_are_chance() -> None:
    whole = trials({"ttid": noisy(20, 0.02)})
    for lost in ({("on", block) for block in range(5)}, {(arm, block) for arm in ("on", "off") for block in range(8)}):
        some = [replace(each, values={"kills": {0: 0.0}}) if (each.arm, each.block) in lost else each for each in whole]
        assert rulings(some, Rule("ttid"))[0].decision == "pass"


def test_many_rules_share_one_chance_of_a_wrong_failure() -> None:
    pairs = noisy(16, 0.05, 1.05, seed=4)
    alone = one(pairs)
    among, *_ = rulings(
        trials({CPU: pairs, "reclaim_cpu": noisy(16, 0.05, seed=5), "pgscan_anon": noisy(16, 0.05, seed=6)}),
        NOT_WORSE,
        Rule("reclaim_cpu"),
        Rule("pgscan_anon"),
    )
    assert alone.changed_p is not None
    assert among.changed_p == pytest.approx(3 * alone.changed_p)


def test_each_app_is_ruled_on_by_its_own_launches() -> None:
    slow, same = trials({"ttid": noisy(16, 0.02, 1.2)}), trials({"ttid": noisy(16, 0.02)})
    found = rulings(same, Rule("ttid", app="*"), Rule("ttid"), apps={"com.slow": slow, "com.same": same, "com.no": []})
    assert [(ruling.app, ruling.decision) for ruling in found] == [
        ("com.slow", "fail"),
        ("com.same", "pass"),
        ("com.no", "not-decided"),
        ("", "pass"),
    ]
    assert found[2].why == "was not recorded"


def test_each_app_is_every_app_the_workload_launches_and_no_other() -> None:
    def asking(made: Experiment) -> Experiment:
        work = replace(made.workload, apps=(*made.workload.apps, "org.reclaim.never/.Main"))
        return replace(made, workload=work, rules=(Rule("ttid", app="*"),))

    run = run_values(Shape(blocks=6, warm_ups=0, noise=0.02, experiment=asking))
    silent = tuple(row for row in run.measures if (row.metric, row.app) != ("ttid", "org.reclaim.maps"))
    found = analyse(replace(run, measures=silent)).verdict.rulings
    assert len(found) == 6
    assert [(each.app, each.why) for each in found if each.ground == "cannot"] == [
        ("org.reclaim.maps", "was not recorded")
    ]


def test_a_launch_of_another_app_does_not_change_an_apps_ruling() -> None:
    shape = Shape(blocks=6, noise=0.02, experiment=lambda e: replace(e, rules=(Rule("ttid", app="org.reclaim.maps"),)))
    run = run_values(shape)
    slower = [replace(row, value=row.value * 9) if row.app == "org.reclaim.game" else row for row in run.measures]
    (first,), (again,) = analyse(run).cases, analyse(replace(run, measures=tuple(slower))).cases
    assert len(first.pairs) == 6
    assert first.pairs == again.pairs


def test_each_app_without_any_launch_is_said_once() -> None:
    (ruling,) = rulings(trials({CPU: noisy(6, 0.02)}), Rule("ttid", app="*"))
    assert (ruling.decision, ruling.name) == ("not-decided", "ttid of on in each app")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (Rule("ttidd"), "'ttidd' is no metric"),
        (Rule("kswapd_awake"), "neither way of kswapd_awake is better"),
        (Rule(CPU, app="com.x"), "measured once per trial"),
        (Rule("ttid", app="com.x/.Main"), "write the package alone, 'com.x'"),
        (Rule("ttid", app="com x"), "is no package"),
        (Rule("ttid", app="com.other"), "no launch of this run is of 'com.other'; it launches com.x"),
    ],
)
def test_a_rule_that_cannot_be_laid_on_a_run_is_named_with_its_line(rule: Rule, told: str) -> None:
    (line,) = problems(book(rule), ["on"], ["com.x"])
    assert line.startswith("rules.toml:1: ")
    assert told in line
    (ruling,) = rulings(trials({CPU: noisy(6, 0.02)}), rule)
    assert ruling.decision == "not-decided"


def test_without_rules_no_kill_and_no_primary_metric_may_worsen() -> None:
    experiment = run_values(Shape(blocks=1)).experiment
    found = rulebook(replace(experiment, primary=("kills", "kswapd_awake", "ttid")), Place("e.toml"))
    assert [stated.rule for stated in found.rules] == [Rule("kills", margin=0.0, relative=False), Rule("ttid")]


WAIVER = Waiver(CPU, "kernel-team", "known", date(2026, 12, 31), Place("rules.toml", 9))


def waived(pairs: list[tuple[float, float]], waiver: Waiver, today: date) -> Ruling:
    stated = replace(book(NOT_WORSE), waivers=(waiver,), today=today)
    (ruling,) = rule_on(cases(stated, {"on": "off"}, {"": trials({CPU: pairs})}, {}), stated)
    return ruling


def test_a_waiver_covers_a_failure_up_to_its_last_day() -> None:
    slow = noisy(16, 0.02, 1.1)
    assert waived(slow, WAIVER, date(2026, 12, 31)).decision == "waived"
    late = waived(slow, WAIVER, date(2027, 1, 1))
    assert late.decision == "fail"
    assert late.why.endswith("the waiver of kernel-team ran out on 2026-12-31")


@pytest.mark.parametrize("other", [{"metric": "ttid"}, {"arm": "more"}, {"app": "com.x"}])
def test_a_waiver_covers_nothing_else(other: dict[str, str]) -> None:
    waiver = replace(WAIVER, **other)  # type: ignore[arg-type]  # every value of `other` is a text, as its field is
    assert waived(noisy(16, 0.02, 1.1), waiver, date(2026, 1, 1)).decision == "fail"


def test_a_waiver_never_decides_what_is_not_decided() -> None:
    assert waived(noisy(16, 0.15), WAIVER, date(2026, 1, 1)).decision == "not-decided"


def test_a_waiver_for_an_arm_that_is_not_there_is_named() -> None:
    stated = replace(book(), waivers=(replace(WAIVER, arm="zzz"),))
    assert list(problems(stated, ["on"], [])) == ["rules.toml:9: no arm that is judged is called 'zzz'; there is on"]


def test_the_worst_decision_is_the_gates() -> None:
    assert overall(["pass", "fail", "not-decided"]) == "fail"
    assert overall(["pass", "not-decided", "waived"]) == "not-decided"
    assert overall(["pass", "waived"]) == "pass"
    assert overall([]) == "not-decided"


def test_the_summary_counts_and_names_what_does_not_pass() -> None:
    found = rulings(
        trials({CPU: noisy(16, 0.02, 1.1), FREE: noisy(16, 0.02), "ttid": noisy(16, 0.2)}),
        NOT_WORSE,
        Rule(FREE),
        Rule("ttid"),
    )
    assert (
        summary(found) == "FAIL. Of 3 rulings 1 fails (kswapd_cpu of on), 1 is not decided (ttid of on) and 1 passes."
    )
    assert summary(found[1:2]) == "PASS. The only ruling passes."
    assert summary(()) == ""


def share(decision: str, blocks: int, noise: float, ratio: float, gates: int = 100) -> float:
    """Share of gates of three rules, on noise of two metrics of which one is worse, that decide so."""
    hits = 0
    for seed in range(gates):
        worse, other = noisy(blocks, noise, ratio, 2 * seed), noisy(blocks, noise, seed=2 * seed + 1)
        nobody = case(Rule("kills", margin=0.0, relative=False), [(0.0, 0.0)] * blocks)
        hits += decided(nobody, case(NOT_WORSE, worse), case(Rule("ttid"), other)) == decision
    return hits / gates


def test_a_slowdown_of_its_margin_fails_at_3_percent_noise() -> None:
    assert share("fail", 16, 0.03, 1.05) >= 0.9


def test_a_run_of_nothing_passes_at_3_percent_noise() -> None:
    assert share("pass", 16, 0.03, 1.0) >= 0.8


@pytest.mark.parametrize("ratio", [1.0, 1.05])
def test_below_its_power_a_gate_hardly_ever_passes(ratio: float) -> None:
    assert share("pass", 8, 0.15, ratio) <= 0.05
