# SPDX-License-Identifier: Apache-2.0
"""The documentation: its commands are commands, its links lead somewhere, its examples are what they say."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from agent.cli.main import parse
from agent.device.batch import Answer
from agent.knobs.family import GROUP, Family, Seen
from reports.gate.rulebook import Rulebook
from reports.gate.rulefile import load as load_rules
from tests.support.docs import (
    DRAWN,
    ELSEWHERE,
    OTHERS,
    PAGES,
    TOP,
    all_blocks,
    blocks,
    commands,
    in_line,
    typed_in,
)
from workloads.errors import ReclaimError
from workloads.load import experiment

_NAV = re.compile(r"<nav ")
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


def test_every_command_within_a_sentence_is_one_too() -> None:
    told = [each for each in in_line() if len(each.words) > 1 and each.words != ("compare", "--against")]
    assert len(told) > 30
    assert {str(each): why for each in told if (why := refusal(each.words))} == {}


def test_every_command_is_typed_somewhere() -> None:
    told = list(commands())
    assert [str(each) for each in told if not typed_in(each)] == []
    assert {typed_in(each) for each in told} == {"folder", "phone", *ELSEWHERE.values()}
    for words, place in ELSEWHERE.items():
        assert words[0] in (TOP / "tests" / place).read_text(), words


def test_every_block_is_in_a_language_and_what_is_not_is_counted() -> None:
    found = list(all_blocks())
    assert {
        (each.page, each.line) for each in found if each.language not in ("sh", "toml", "sql", "python", "drawn")
    } == set()
    assert [each.lines[0] for each in found if each.language == "drawn"] == list(DRAWN)


def test_every_other_line_for_a_shell_begins_with_a_program_that_is_known() -> None:
    lines = [
        line for each in all_blocks() if each.language == "sh" for line in each.lines if "reclaim " not in line[:18]
    ]
    assert [line for line in lines if line.split()[0] not in OTHERS] == []


def test_every_block_of_toml_is_toml() -> None:
    texts = ["\n".join(each.lines) for each in all_blocks() if each.language == "toml"]
    assert len(texts) > 5
    assert all(tomllib.loads(text) for text in texts)


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
    (project,) = blocks("extending.md", "toml")
    assert tomllib.loads(project) == {"project": {"entry-points": {GROUP: {"acme": "acme_knobs:FAMILY"}}}}


def test_the_parts_of_a_page_are_told_by_their_names_and_in_their_order() -> None:
    template = (TOP / "reports" / "page" / "templates" / "page.html.j2").read_text()
    linked = re.findall(r'<a href="#[a-z-]+">(?:{{ ")?([A-Z][^"<{]*)', next(filter(_NAV.match, template.splitlines())))
    told = re.findall(r"\*\*(.+?)\*\*", (TOP / "docs" / "page.md").read_text())
    assert told == linked
