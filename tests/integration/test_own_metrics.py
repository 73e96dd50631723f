# SPDX-License-Identifier: Apache-2.0
"""Metrics of others: measured like ours, and never in the way when they are broken."""

import io
import json
from pathlib import Path

import pytest

from agent.cli.main import main
from reports.metrics import METRICS
from reports.traces.measure import TraceMeasures, measure_trace
from tests.support.metric_table import DOCS, table
from tests.support.traces import TraceBuilder

HEAD = """-- metric  swap_calls
-- unit    count
-- better  lower
-- title   Times anything was swapped in
-- source  /proc/vmstat pswpin
-- needs   vmstat pswpin
"""
GOOD = (
    f"{HEAD}\nSELECT 'swap_calls' AS metric, growth AS value, NULL AS note FROM reclaim_growth WHERE name = 'pswpin';\n"
)
PACKAGE = """
from reports.metrics.metric import Metric
from reports.metrics.own import Topic

TOPIC = Topic("", (Metric("acme_frames", "count", "none", "launch", "Frames", "acme"),),
              "SELECT 1 AS launch, 'launch' AS window, 'acme_frames' AS metric, 7 AS value, 'guessed' AS note")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of metrics, empty."""
    place = tmp_path / "metrics"
    place.mkdir()
    monkeypatch.setenv("RECLAIM_METRICS", str(place))
    return place


def measured(folder: Path, **swapped: int) -> TraceMeasures:
    trace = TraceBuilder().vmstat(1, **dict.fromkeys(swapped, 0)).vmstat(2, **swapped)
    return measure_trace(trace.write(folder.parent / "t"))


def listed(*more: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    assert main(["list", "metrics", *more], out, err) == 0
    return out.getvalue(), err.getvalue()


def test_a_file_in_the_folder_is_a_metric_like_ours(folder: Path) -> None:
    (folder / "swap.sql").write_text(GOOD)
    found = measured(folder, pswpin=9)
    assert [(row.metric, row.value, row.unit) for row in found.rows if row.metric == "swap_calls"] == [
        ("swap_calls", 9, "count")
    ]
    assert METRICS["swap_calls"].better == "lower"
    assert listed()[0].endswith(
        "swap_calls  [count, lower is better, per trial]  Times anything was swapped in\n"
        "    from /proc/vmstat pswpin; needs vmstat pswpin\n"
    )


def test_a_metric_of_others_says_what_it_lacks(folder: Path) -> None:
    (folder / "swap.sql").write_text(GOOD)
    assert measured(folder, pswpout=9).missing["swap_calls"] == "vmstat pswpin"


def test_a_package_s_topic_is_found_by_its_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = folder / "acme_metrics-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme_metrics\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[reclaim.metrics]\nacme = acme_metrics:TOPIC\n")
    (folder / "acme_metrics.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(folder))
    found = measured(folder, pswpin=1)
    assert [(row.window, row.metric, row.value) for row in found.rows if row.launch] == [("launch", "acme_frames", 7)]
    assert found.notes["acme_frames"] == "guessed"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT 1;", "it has no line -- metric ..., -- unit ..., -- better ..., -- title ..., -- source ..."),
        (GOOD.replace("swap_calls", "ttid"), "there is a metric ttid already"),
        (GOOD.replace("lower", "less"), "better is lower, higher or none"),
        (GOOD.replace("swap_calls", "Swap-Calls"), "is no name"),
    ],
    ids=["no header", "ours", "better", "name"],
)
def test_a_file_that_says_too_little_is_one_line_and_no_metric(folder: Path, text: str, said: str) -> None:
    (folder / "bad.sql").write_text(text)
    (folder / "good.sql").write_text(GOOD)
    out, err = listed("--json")
    assert said in err
    assert err.startswith(f"reclaim: metric plug-in {folder / 'bad.sql'} is not used: ")
    assert [row["name"] for row in json.loads(out)][-1] == "swap_calls"


def test_who_measures_is_told_of_a_metric_that_cannot_be_used(folder: Path) -> None:
    (folder / "bad.sql").write_text("SELECT 1;")
    out, err = io.StringIO(), io.StringIO()
    trace = TraceBuilder().vmstat(1, pswpin=0).vmstat(2, pswpin=9).write(folder.parent / "t")
    assert main(["measure", str(trace), "--json"], out, err) == 0
    assert err.getvalue().startswith(f"reclaim: metric plug-in {folder / 'bad.sql'} is not used: ")
    assert json.loads(out.getvalue())["traces"]


def test_a_folder_that_is_not_there_is_told_where_it_was_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECLAIM_METRICS", str(folder / "misspelt"))
    assert listed()[1] == (
        f"reclaim: RECLAIM_METRICS names {folder / 'misspelt'}, which is no folder: no metric of yours is used; "
        "correct or unset it\n"
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT x FROM nowhere", "no such table: nowhere"),
        ("SELECT 1 AS value", "it selects value, not metric, value, note"),
        (
            "SELECT 'other' AS metric, 1 AS value, NULL AS note",
            "it selects other of a trial, which it does not announce",
        ),
        ("SELECT 'swap_calls' AS metric, 'many' AS value, NULL AS note", "many"),
    ],
    ids=["table", "columns", "metric", "value"],
)
def test_a_query_that_fails_is_a_caveat_and_costs_no_other_figure(folder: Path, query: str, said: str) -> None:
    (folder / "bad.sql").write_text(f"{HEAD}\n{query};\n")
    found = measured(folder, pswpin=9)
    (caveat,) = found.caveats
    assert said in caveat.what
    assert [row.metric for row in found.rows] == ["pswpin"]


def test_the_documentation_lists_every_metric_as_it_is() -> None:
    assert table() in DOCS.read_text(), "run `python -m tests.support.metric_table`"
