# SPDX-License-Identifier: Apache-2.0
"""Rules and waivers in TOML: what they become, and every mistake with its line."""

from datetime import date
from pathlib import Path

import pytest

from reports.gate.rulebook import Place, Rulebook, StatedRule
from reports.gate.rulefile import load
from workloads.errors import InputError
from workloads.spec import Rule

STATED = Rulebook((StatedRule(Rule("kswapd_cpu"), Place("experiment.toml", 4)),), "experiment.toml")
TODAY = date(2026, 11, 25)

WHOLE = """\
[[rules]]
metric = "ttid"
margin_percent = 5
app = "*"

[[rules]]
metric = "kswapd_cpu"
must = "improve"
margin = 0.02

[[waivers]]
metric = "ttid"
owner = "kernel-team"
reason = "fix in review"
expires = 2026-12-31
arm = "on"
"""
WAIVER = WHOLE[WHOLE.index("[[waivers]]") :]


def read(tmp_path: Path, text: str) -> Rulebook:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    return load(file, STATED, TODAY)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return [line.removeprefix(f"{tmp_path}/") for line in caught.value.problems]


def test_rules_and_waivers_keep_the_line_they_stand_on(tmp_path: Path) -> None:
    found = read(tmp_path, WHOLE)
    file = str(tmp_path / "rules.toml")
    assert found.rules == (
        StatedRule(Rule("ttid", "not-worsen", 0.05, relative=True, app="*"), Place(file, 1)),
        StatedRule(Rule("kswapd_cpu", "improve", 0.02, relative=False), Place(file, 6)),
    )
    (waiver,) = found.waivers
    assert (waiver.owner, waiver.expires, waiver.arm, waiver.place.line) == (
        "kernel-team",
        date(2026, 12, 31),
        "on",
        11,
    )
    assert (found.source, found.today) == (file, TODAY)


def test_waivers_alone_join_the_rules_that_are_stated(tmp_path: Path) -> None:
    found = read(tmp_path, WAIVER)
    assert found.rules == STATED.rules
    assert len(found.waivers) == 1


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """\
[[rules]]
metric = "ttidd"
margin_percent = 5
[[rules]]
metric = "kswapd_awake"
margin_percent = 5
[[rules]]
metric = "kswapd_cpu"
margin_percent = 5
app = "com.x"
[[rules]]
metric = "ttid"
margin_percent = 5
app = "com.x/.Main"
[[rules]]
metric = "ttid"
[[waivers]]
metric = "ttid"
owner = ""
reason = "fix in review"
"""
    assert [line.partition(": ")[0] for line in problems(tmp_path, text)] == [
        "rules.toml:2",
        "rules.toml:5",
        "rules.toml:7",
        "rules.toml:11",
        "rules.toml:15",
        "rules.toml:17",
        "rules.toml:19",
    ]


def test_a_waiver_without_an_end_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, WAIVER.replace("expires = 2026-12-31\n", "")) == [
        "rules.toml:1: waivers[0].expires: is missing"
    ]


@pytest.mark.parametrize("value", ["20261231", "true", "2026-12-31T00:00:00Z", '"soon"'])
def test_a_waivers_end_is_a_day(tmp_path: Path, value: str) -> None:
    (line,) = problems(tmp_path, WAIVER.replace("2026-12-31", value))
    assert line.startswith("rules.toml:5: waivers[0].expires: ")


def test_a_file_that_asks_nothing_is_refused(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == ["rules.toml:1: file: holds neither [[rules]] nor [[waivers]]"]


@pytest.mark.parametrize("value", ["true", '"5"'])
def test_a_margin_is_a_number(tmp_path: Path, value: str) -> None:
    (line,) = problems(tmp_path, f'[[rules]]\nmetric = "ttid"\nmargin_percent = {value}\n')
    assert line == "rules.toml:3: rules[0].margin_percent: Input should be a valid number"


def test_a_waiver_that_nobody_answers_for_is_refused(tmp_path: Path) -> None:
    text = WAIVER.replace("kernel-team", " ").replace("fix in review", "  ")
    assert [line.partition(": ")[0] for line in problems(tmp_path, text)] == ["rules.toml:3", "rules.toml:4"]


def test_a_rule_that_is_stated_twice_is_refused(tmp_path: Path) -> None:
    rule = '[[rules]]\nmetric = "ttid"\nmargin_percent = 5\n'
    assert problems(tmp_path, rule + rule.replace("5", "10")) == [
        "rules.toml:4: rules[1]: asks the same of ttid as rules[0]; keep the margin that is meant"
    ]
    assert len(read(tmp_path, rule + rule + 'must = "improve"\n').rules) == 2


def test_mistakes_are_told_in_words_of_toml(tmp_path: Path) -> None:
    assert problems(tmp_path, '[rules]\nmetric = "ttid"\n[waiver]\n') == [
        "rules.toml:1: rules: is no list; write [[rules]] above each table, or [...]",
        "rules.toml:3: waiver: is no key that belongs here; look at its spelling",
    ]
