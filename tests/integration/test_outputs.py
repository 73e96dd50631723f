# SPDX-License-Identifier: Apache-2.0
"""Rulings for machines and pull requests: valid against the schemas, and names that cannot become markup."""

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema

from reports.analysis import Analysis, analyse
from reports.gate.rulebook import Place, Rulebook, StatedRule, Waiver
from reports.gate.selftest import self_test
from reports.outputs.junit import junit
from reports.outputs.markdown import code, escape, line, markdown
from reports.outputs.sarif import sarif
from reports.page.gate import ruling_rows
from tests.support.synthetic_run import Shape, run_values
from workloads.spec import Rule

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
HOSTILE = "a|b`c``<img src=x onerror=alert(1)> @all [x](http://e.example) \x1b[2J\u202e\0\ufffe]]>"

BOOK = Rulebook(
    (
        StatedRule(Rule("kills", margin=0.0, relative=False), Place("gate rules.toml", 3)),  # passes
        StatedRule(Rule("kswapd_cpu"), Place("gate rules.toml", 7)),  # waived
        StatedRule(Rule("direct_reclaim_time"), Place("gate rules.toml", 11)),  # fails
        StatedRule(Rule("refault_file", margin=0.001), Place("/abs/experiment.toml")),  # not decided
    ),
    "gate rules.toml",
    (Waiver("kswapd_cpu", f"team {HOSTILE}", HOSTILE, date(2026, 12, 31), Place("gate rules.toml", 20)),),
    date(2026, 11, 25),
)


@cache
def judged() -> Analysis:
    """A run with a ruling of every kind, and hostile names wherever a phone or a user gives one."""
    shape = Shape(
        blocks=6,
        noise=0.02,
        effect=False,
        device=lambda device: replace(device, model=HOSTILE, build=HOSTILE, kernel=HOSTILE, stand_in=HOSTILE),
    )
    run = run_values(shape)
    slower = tuple(
        replace(row, value=1.2 * row.value)
        if row.trial.endswith("-on") and row.metric in ("kswapd_cpu", "direct_reclaim_time")
        else row
        for row in run.measures
    )
    found = analyse(replace(run, path=HOSTILE, measures=slower), BOOK)
    return replace(found, verdict=self_test(found, runs=5))


def decisions() -> list[str]:
    return [ruling.decision for ruling in judged().verdict.rulings]


def test_the_run_has_a_ruling_of_every_kind() -> None:
    assert decisions() == ["pass", "waived", "fail", "not-decided"]


def test_junit_is_valid_and_has_one_testcase_per_ruling() -> None:
    text = junit(judged())
    xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd").validate(text)
    root = ET.fromstring(text)  # noqa: S314 - made here
    assert [[child.tag for child in case] for case in root.iter("testcase")] == [
        ["system-out"],
        ["skipped"],
        ["failure"],
        ["error"],
    ]
    suite = root.find("testsuite")
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    properties = {each.get("name"): each.get("value") or "" for each in root.iter("property")}
    assert r"\x1b[2J\u202e\x00" in properties["device.model"]
    assert {"run", "device.build", "device.kernel"} <= properties.keys()


def sarif_run() -> dict[str, Any]:
    document = json.loads(sarif(judged(), "0.1"))
    jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text())).validate(document)
    (run,) = document["runs"]
    return dict(run)


def test_sarif_is_valid_and_only_what_fails_has_a_level() -> None:
    found = [(each["kind"], each["level"]) for each in sarif_run()["results"]]
    assert found == [("pass", "none"), ("fail", "error"), ("fail", "error"), ("open", "none")]


def test_sarif_points_at_the_line_of_the_rule() -> None:
    places = [each["locations"][0]["physicalLocation"] for each in sarif_run()["results"]]
    assert places[0] == {"artifactLocation": {"uri": "gate%20rules.toml"}, "region": {"startLine": 3}}
    assert places[3] == {"artifactLocation": {"uri": "file:///abs/experiment.toml"}}


def test_sarif_suppresses_what_is_waived_and_names_each_rule_once() -> None:
    run = sarif_run()
    assert [len(each.get("suppressions", [])) for each in run["results"]] == [0, 1, 0, 0]
    names = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [names[each["ruleIndex"]] for each in run["results"]] == [each["ruleId"] for each in run["results"]]


def test_markdown_holds_one_row_per_ruling_whatever_names_hold() -> None:
    lines = markdown(judged()).splitlines()
    rows = [line for line in lines if line.startswith("| **")]
    assert [row.split("**")[1] for row in rows] == ["PASS", "WAIVED", "FAIL", "NOT DECIDED"]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    assert "arms: `on against off`." in lines
    assert all("\0" not in line and "\x1b" not in line for line in lines)


def test_markdown_tells_what_must_be_known_before_any_figure_each_in_a_paragraph_of_its_own() -> None:
    shape = Shape(blocks=12, warm_ups=0, noise=0.02, effect=False, kills={2: 2})
    lines = markdown(analyse(run_values(shape), BOOK)).splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("This is an A/A run"))
    assert lines[first + 1 : first + 4 : 2] == ["", ""]
    assert lines[first + 2] == "2 processes were killed: 0 in off, 2 in on."
    assert any(line.startswith("- The arms did not lose the same number of processes") for line in lines)


@pytest.mark.parametrize("text", [HOSTILE, "`", "``", " ", "", "a`", "`a", "|"])
def test_foreign_text_stays_inside_its_code_span(text: str) -> None:
    span = code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    inside = span[len(fence) : -len(fence)]
    assert span.endswith(fence)
    assert fence not in inside
    assert not inside.startswith("`")
    assert not inside.endswith("`")


def test_a_sentence_cannot_hold_markup_links_or_mentions() -> None:
    assert escape("<b>*x*_y_ http://e.example www.e.example @all #1 gh-2 a|b") == (
        r"\<b\>\*x\*\_y\_ http\://e.example www\.e.example @<!-- -->all \#<!-- -->1 gh-<!-- -->2 a\|b"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [("- x", r"\- x"), ("  12. x", r"12\. x"), ("=== x", r"\=== x"), ("# x", r"\# x"), ("a - 1. b", "a - 1. b")],
)
def test_a_sentence_that_begins_a_line_cannot_become_a_list_or_a_heading(text: str, told: str) -> None:
    assert line(text) == told


def test_the_page_says_the_same_words() -> None:
    rows = ruling_rows(judged())
    assert [(row.word, row.tone) for row in rows] == [
        ("PASS", "good"),
        ("WAIVED", "moved"),
        ("FAIL", "bad"),
        ("NOT DECIDED", "unknown"),
    ]
    assert rows[1].waiver.startswith("Waived by team")
    assert [row.waiver for row in rows[2:]] == ["", ""]
