# SPDX-License-Identifier: Apache-2.0
"""The whole way: from nothing to the page, as `make demo` goes it, with one block."""

import io
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.handheld import registry
from agent.knobs import undo
from reports.store import RunStore
from reports.traces.engine import open_trace

pytestmark = pytest.mark.guest

STARTUPS = "INCLUDE PERFETTO MODULE android.startup.startups; SELECT package FROM android_startups ORDER BY ts"


@pytest.fixture(scope="module")
def demo(_own_state: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunStore, str]:
    """A run of the demo, which leaves no handheld running, and what it printed."""
    out, err, path = io.StringIO(), io.StringIO(), tmp_path_factory.mktemp("demo") / "run"
    before = registry.running()
    assert main(["demo", "--blocks", "1", "-o", str(path)], out, err) == 0, err.getvalue()
    assert registry.running() == before
    return RunStore.open(path), out.getvalue()


def test_it_names_the_report_and_the_run(demo: tuple[RunStore, str]) -> None:
    store, printed = demo
    assert f"report: {store.report_path}" in printed
    assert f"run:    {store.path}" in printed
    assert "NOT A PHONE" in printed
    assert "virtual handheld" in store.report_path.read_text()


def test_every_trace_opens_and_holds_every_launch(demo: tuple[RunStore, str]) -> None:
    store, _ = demo
    launched = [app.partition("/")[0] for app in store.experiment().workload.apps]
    for record in store.records():
        trace = store.trace_path(record)
        assert trace is not None
        with open_trace(trace) as opened:
            assert opened.query(STARTUPS)["package"].tolist() == launched
        assert [launch.status for launch in record.launches] == ["ok"] * len(launched)


def test_each_arm_is_proven_by_what_the_threads_did(demo: tuple[RunStore, str]) -> None:
    store, _ = demo
    proofs = {record.trial.arm: record.proof["kcompressd"] for record in store.records()}
    assert {arm: proof.outcome for arm, proof in proofs.items()} == {"off": "taken", "on": "taken"}
    assert proofs["off"].evidence["kcompressd_cpu_s"] == 0
    assert proofs["on"].evidence["queued_pages"] > 0


def test_the_demand_is_the_same_in_both_arms_and_no_page_came_back_changed(demo: tuple[RunStore, str]) -> None:
    store, _ = demo
    demands = {tuple(eater.filled_bytes for eater in record.eaters) for record in store.records()}
    assert len(demands) == 1
    assert all(eater.bad_pages == 0 and eater.survived for record in store.records() for eater in record.eaters)


def test_every_setting_is_back(demo: tuple[RunStore, str]) -> None:
    store, _ = demo
    journal = undo.load(store.undo_path)
    assert journal is not None
    assert [entry.knob for entry in journal.entries] == ["kcompressd"]
    assert journal.restored


def test_the_run_records_what_the_handheld_runs_on(demo: tuple[RunStore, str]) -> None:
    machine = demo[0].device.machine
    assert machine["transparent_hugepage"].endswith("[never]")
    assert machine["vm.swappiness"] == "100"
    assert machine["accelerator"]


def test_its_trials_can_be_measured_compared_and_reported_again(demo: tuple[RunStore, str], tmp_path: Path) -> None:
    run, page = str(demo[0].path), tmp_path / "page.html"
    for argv in (["measure", run], ["compare", run], ["report", run, "-o", str(page)]):
        assert main(argv, io.StringIO(), io.StringIO()) == 0
    assert page.stat().st_size > 100_000
