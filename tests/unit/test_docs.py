# SPDX-License-Identifier: Apache-2.0
"""The documentation: its commands are commands, its links lead somewhere, its examples are what they say."""

import re
from datetime import date
from pathlib import Path

import pytest

from agent.cli.main import parse
from agent.device.batch import Answer
from agent.knobs.family import Family, Seen
from reports.gate.rulebook import Rulebook
from reports.gate.rulefile import load as load_rules
from tests.support.docs import PAGES, TOP, blocks, commands
from workloads.errors import ReclaimError
from workloads.load import experiment

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def refusal(words: tuple[str, ...]) -> str:
    try:
        parse(words)
    except ReclaimError as error:
        return str(error)
    return ""


def test_every_command_that_is_told_is_one() -> None:
    told = list(commands())
    assert len(told) > 80
    assert {str(each): why for each in told if (why := refusal(each.words))} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_is_there(page: Path) -> None:
    assert [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_every_page_stands_in_the_index() -> None:
    index = set(_LINK.findall((TOP / "docs" / "README.md").read_text()))
    assert {page.name for page in PAGES if page.parent.name == "docs"} - {"README.md"} <= index


def test_the_example_of_an_experiment_is_one(tmp_path: Path) -> None:
    work, text = blocks("experiment.md", "toml")
    (tmp_path / "my-apps.toml").write_text(work)
    (tmp_path / "my.toml").write_text(text)
    made, _ = experiment(str(tmp_path / "my.toml"))
    assert [arm.name for arm in made.arms] == ["hundred", "sixty"]
    assert len(made.workload.apps) == 3


def test_the_example_of_rules_is_one(tmp_path: Path) -> None:
    (text,) = blocks("gate.md", "toml")
    (tmp_path / "rules.toml").write_text(text)
    book = load_rules(tmp_path / "rules.toml", Rulebook((), ""), date(2026, 12, 1))
    assert [stated.rule.metric for stated in book.rules] == ["ttid", "kills"]


def test_the_example_of_a_knob_is_found_where_its_file_is() -> None:
    (text,) = blocks("extending.md", "python")
    made: dict[str, object] = {}
    exec(compile(text, "acme_knobs.py", "exec"), made)  # noqa: S102 - our own page
    family = made["FAMILY"]
    assert isinstance(family, Family)
    answer = Answer(family.where, "8\n", 0)
    assert [knob.name for knob in family.build(Seen({family.where: answer}, {}))] == ["acme.swap_pool"]
    assert list(family.build(Seen({}, {}))) == []
