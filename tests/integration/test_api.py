# SPDX-License-Identifier: Apache-2.0
"""Runs from Python: the documented session, the promised names, types as a user's checker sees them, errors."""

import doctest
import subprocess
import sys
from pathlib import Path
from typing import assert_type

import pandas as pd
import pytest

import reports
import reports.api
from reports import COMPARISON_COLUMNS, MEASURE_COLUMNS, Comparison, Estimate, InputError, Run, StoreError, open_run
from reports.gate.findings import Decision
from tests.support.synthetic_run import Shape, make_run

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
RULES = '[[rules]]\nmetric = "kswapd_cpu"\nmust = "improve"\nmargin_percent = 5\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("api")
    make_run(found / "runs" / "kcompressd", Shape(blocks=12, kills={7: 1}))
    (found / "rules.toml").write_text(RULES)
    return found


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return open_run(folder / "runs" / "kcompressd")


def test_the_documented_session_is_what_happens(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    told: list[str] = []
    session = doctest.DocTestParser().get_doctest(PAGE.read_text(), {}, PAGE.name, str(PAGE), 0)
    assert len(session.examples) > 20
    found = doctest.DocTestRunner(verbose=False).run(session, out=told.append)
    assert found.failed == 0, "".join(told)


def test_every_promised_name_can_be_had_from_the_package_and_stands_in_its_documentation() -> None:
    assert reports.__all__ == reports.api.__all__
    assert all(getattr(reports, name) is getattr(reports.api, name) for name in reports.__all__)
    page = PAGE.read_text()
    public = [name for name in vars(Run) if not name.startswith("_")]
    assert [name for name in public if f"`{name}" not in page] == []
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = reports.analyse  # type: ignore[attr-defined]  # that is the point


def test_the_package_by_itself_imports_nothing_heavy() -> None:
    """`agent` imports parts of it on every start."""
    code = "import sys, reports; print({'numpy', 'scipy', 'pandas', 'reports.api'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_types_are_those_a_checker_sees(run: Run) -> None:
    effect = assert_type(run.effect("kswapd_cpu", "on"), Comparison)
    difference = assert_type(effect.difference, Estimate | None)
    assert difference is not None
    assert assert_type(difference.low, float) < difference.value
    assert assert_type(run.arms, tuple[str, ...]) == ("off", "on")
    assert assert_type([line.kills for line in run.ledger], list[int])
    assert assert_type(run.verdict.decision, Decision) == "not-decided"


def test_measures_are_all_rows_or_those_of_trials_that_count(run: Run) -> None:
    rows, counting = run.measures(), run.measures(counting=True)
    assert list(rows.columns) == list(counting.columns) == list(MEASURE_COLUMNS)
    assert rows["warm_up"].any()
    assert not counting["warm_up"].any()
    assert set(counting["trial"]) == {line.trial.name for line in run.ledger if line.status == "counts"}


def test_changing_a_frame_changes_no_run(run: Run) -> None:
    rows = run.measures()
    rows["value"] = 0.0
    assert (run.measures()["value"] != 0).any()


def test_the_table_of_effects_is_what_compare_keeps(run: Run) -> None:
    table = assert_type(run.effects_table(), pd.DataFrame)
    assert list(table.columns) == list(COMPARISON_COLUMNS)
    assert table["metric"].tolist() == [each.metric.name for each in run.effects]


def test_a_run_without_measures_opens_and_says_so(tmp_path: Path) -> None:
    make_run(tmp_path / "run", Shape(blocks=2, measured=False))
    found = open_run(str(tmp_path / "run"))
    assert found.measures().empty
    assert list(found.measures().columns) == list(MEASURE_COLUMNS)
    assert found.verdict.troubles
    with pytest.raises(InputError, match="nothing is compared: Nothing was measured"):
        found.effect("kswapd_cpu")
    with pytest.raises(InputError, match="nothing to judge"):
        found.gate()


def test_of_several_arms_one_must_be_named(tmp_path: Path) -> None:
    make_run(tmp_path / "run", Shape(blocks=2, arms=("off", "on", "more")))
    found = open_run(tmp_path / "run")
    with pytest.raises(InputError, match="several arms; name one of on, more"):
        found.effect("kswapd_cpu")
    assert found.effect("kswapd_cpu", "more").arm == "more"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    make_run(tmp_path / "run", Shape(blocks=2))
    (tmp_path / "run" / "plan.json").write_text("{")
    with pytest.raises(StoreError, match=r"plan\.json: is not readable"):
        open_run(tmp_path / "run")


def test_rules_that_do_not_fit_are_told_with_their_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES.replace("kswapd_cpu", "fps"))
    with pytest.raises(InputError, match=r"rules\.toml:2: .*fps"):
        run.gate(tmp_path / "rules.toml")
