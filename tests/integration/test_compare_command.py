# SPDX-License-Identifier: Apache-2.0
"""`reclaim compare`: 80 columns, kills first, one JSON document, and what it keeps in the run."""

import json
import re
from argparse import ArgumentParser
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from agent.cli import compare
from reports.compare import COMPARISON_COLUMNS
from reports.record import SCHEMA_VERSION
from reports.store import RunStore
from tests.support.synthetic_run import Shape, make_run
from workloads.errors import StoreError


def run(path: Path, *options: str) -> str:
    parser = ArgumentParser()
    compare.add(parser)
    out, err = StringIO(), StringIO()
    assert compare.main(parser.parse_args([str(path), *options]), out, err) == 0
    assert err.getvalue() == ""
    return out.getvalue()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return make_run(tmp_path_factory.mktemp("compare") / "run", Shape(blocks=6, kills={3: 2}))


def test_the_answer_fits_80_columns_and_needs_no_colour(store: RunStore) -> None:
    text = run(store.path)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_kills_stand_before_every_effect(store: RunStore) -> None:
    text = run(store.path)
    assert text.index("KILLS: 2 processes") < text.index("Better:") < text.index("\nkills") < text.index("kswapd_cpu  ")


def test_every_metric_shows_n_and_what_became_of_it(store: RunStore) -> None:
    lines = run(store.path, "--all").splitlines()
    row = next(line for line in lines if line.startswith("direct_reclaim_time"))
    assert row.split()[-2:] == ["5", "better"]
    same = next(line for line in lines if line.startswith("refault_anon"))
    assert re.fullmatch(r"~\(\d+%\)", same.split()[-1])
    assert any("~ no detectable difference; in brackets the change that would be seen" in line for line in lines)


def test_a_device_that_is_no_phone_is_called_so(store: RunStore) -> None:
    assert "NOT A PHONE: Android framework" in run(store.path)


def test_json_is_one_document_with_the_figures_of_the_table(store: RunStore) -> None:
    document = json.loads(run(store.path, "--json"))
    assert document["schema"] == SCHEMA_VERSION
    assert document["verdict"]["kills"].startswith("2 processes")
    by_name = {each["metric"]: each for each in document["comparisons"]}
    effect = by_name["direct_reclaim_time"]
    assert effect["difference_low"] < effect["difference_value"] < effect["difference_high"] < 0
    assert len(effect["pairs"]) == 6


def test_the_run_keeps_comparisons_and_verdict(store: RunStore) -> None:
    document = json.loads(run(store.path, "--json"))
    assert json.loads((store.path / "verdict.json").read_text()) == document
    frame = pd.read_parquet(store.path / "comparisons.parquet")
    assert tuple(frame.columns) == COMPARISON_COLUMNS
    assert len(frame) == len(document["comparisons"])


def test_a_doubt_about_some_metrics_names_them(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=6, warm_ups=0))
    measures = store.measures()
    assert measures is not None
    lost = (measures["trial"] == "001-b1-off") & (measures["metric"] == "ttid") & (measures["launch"] == 4)
    store.write_measures(measures[~lost])
    assert "! ttid: 1 launch recorded by one arm of a block only; not compared." in run(store.path)


def test_without_a_partner_each_arms_own_figures_are_shown(tmp_path: Path) -> None:
    lines = run(make_run(tmp_path / "run", Shape(blocks=3, arms=("off",))).path).splitlines()
    row = next(line for line in lines if line.startswith("kswapd_cpu"))
    assert row.split()[1] == "off"
    assert row.split()[-1] == "3"


def test_names_from_outside_cannot_steer_the_terminal(tmp_path: Path) -> None:
    hostile = "evil \x1b[2J\u202e</script>\0"
    shape = Shape(blocks=2, device=lambda device: replace(device, model=hostile, stand_in=hostile))
    text = run(make_run(tmp_path / "run", shape).path)
    assert not {"\x1b", "\u202e", "\0"} & set(text)
    assert r"evil \x1b[2J\u202e</script>\x00" in text


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run directory"):
        run(tmp_path)


def test_what_did_not_move_and_nobody_asked_about_is_counted_not_told(store: RunStore) -> None:
    short, whole = run(store.path), run(store.path, "--all")
    (line,) = [line for line in short.splitlines() if "more metrics without" in line]
    untold = int(line.split()[0])
    assert line == f"{untold} more metrics without a detectable difference: `reclaim compare --all`"
    assert "more metrics" not in whole
    judged = re.compile(r"^(\w+) .* \d+ (better|worse|higher|lower|~\S*)$", re.MULTILINE)
    rows = [{found[1] for found in judged.finditer(text)} for text in (short, whole)]
    assert len(rows[1]) - len(rows[0]) == untold
    assert "direct_reclaim_time" in rows[0] < rows[1]
    assert [line for line in short.splitlines() if line.startswith("kills ")]


def test_without_a_percentage_the_change_that_would_be_seen_is_in_the_unit_of_its_row(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=8, warm_ups=0, effect=False))
    measures = store.measures()
    assert measures is not None
    waits = measures["metric"] == "allocstall"
    measures.loc[waits, "value"] = [1.0, 0.0, 0.0, 1.0] + [0.0] * (int(waits.sum()) - 4)
    store.write_measures(measures)
    row = next(line for line in run(store.path, "--all").splitlines() if line.startswith("allocstall"))
    assert re.search(r"\[-\d\.\d+, \+\d\.\d+\] +8 ~\(\d\.\d+\)$", row)
