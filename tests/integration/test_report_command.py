# SPDX-License-Identifier: Apache-2.0
"""`reclaim report`: the page where it was asked for, and one line when it cannot be written."""

import json
from argparse import ArgumentParser
from io import StringIO
from pathlib import Path

import pytest

from agent.cli import report
from tests.support.synthetic_run import Shape, make_run
from workloads.errors import InputError, StoreError


def run(*words: str) -> str:
    parser = ArgumentParser()
    report.add(parser)
    out, err = StringIO(), StringIO()
    assert report.main(parser.parse_args(words), out, err) == 0
    assert err.getvalue() == ""
    return out.getvalue()


def test_the_page_stands_in_the_run_or_where_it_was_asked_for(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2, stop_after=0))
    assert run(str(store.path)) == f"{store.report_path}\n"
    elsewhere = tmp_path / "page.html"
    assert json.loads(run(str(store.path), "-o", str(elsewhere), "--json")) == {"report": str(elsewhere)}
    assert elsewhere.read_text() == store.report_path.read_text()


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2, stop_after=0))
    with pytest.raises(StoreError, match=r"nowhere/page\.html: cannot be written: there is no directory"):
        run(str(store.path), "-o", str(tmp_path / "nowhere" / "page.html"))


def test_the_page_is_judged_by_the_rules_that_are_named(tmp_path: Path) -> None:
    store, rules = make_run(tmp_path / "run", Shape(blocks=6)), tmp_path / "my rules.toml"
    rules.write_text('[[rules]]\nmetric = "refault_file"\nmust = "improve"\nmargin_percent = 5\n')
    run(str(store.path), "--rules", str(rules))
    page = store.report_path.read_text()
    assert "my rules.toml" in page
    assert "<code>refault_file of on</code> must improve by more than 5" in page


@pytest.mark.parametrize(
    ("output", "told"), [("page.html", r"rules\.toml:2: .*'ttidd' is no metric"), ("rules.toml", "is named twice")]
)
def test_rules_that_cannot_be_taken_are_one_line_and_no_page(tmp_path: Path, output: str, told: str) -> None:
    store, rules = make_run(tmp_path / "run", Shape(blocks=2)), tmp_path / "rules.toml"
    text = '[[rules]]\nmetric = "ttidd"\nmargin = 1\n'
    rules.write_text(text)
    with pytest.raises(InputError, match=told):
        run(str(store.path), "--rules", str(rules), "-o", str(tmp_path / output))
    assert rules.read_text() == text
    assert not (tmp_path / "page.html").exists()
