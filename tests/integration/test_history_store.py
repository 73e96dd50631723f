# SPDX-License-Identifier: Apache-2.0
"""The history on disk: whole files, once each, whoever adds them; strings from outside stay strings."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reports.history.store import HistoryStore, Wanted, open_history
from tests.support.planted import row
from workloads.errors import InputError, SetupError, StoreError


@pytest.fixture
def history(tmp_path: Path) -> HistoryStore:
    return open_history(str(tmp_path / "history"))


def files(history: HistoryStore) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in Path(history.url).rglob("*.parquet")}


def test_rows_come_back_as_they_were(history: HistoryStore) -> None:
    rows = [row(1), row(0, arm="off", control="", ratio=None, ratio_low=None, ratio_high=None)]
    assert [history.add([each]) for each in rows] == ["added", "added"]
    assert history.rows() == (rows[1], rows[0])


def test_the_same_run_twice_changes_nothing(history: HistoryStore) -> None:
    history.add([row(1), row(1, metric="kills")])
    before = files(history)
    assert history.add([row(1), row(1, metric="kills")]) == "unchanged"
    assert files(history) == before


def test_a_run_measured_anew_takes_its_own_place(history: HistoryStore) -> None:
    history.add([row(1)])
    assert history.add([row(1, level=0.7)]) == "updated"
    assert [each.level for each in history.rows()] == [0.7]


def test_runs_lie_by_phone_model_and_date(history: HistoryStore) -> None:
    history.add([row(1, model="Pixel 8/Pro")])
    (path,) = files(history)
    assert path.relative_to(history.url).parts[:3] == ("runs-1", "model=Pixel%208%2FPro", "date=2026-01-03")


@pytest.mark.parametrize(
    "model",
    ["..", "../../x", "a'; DROP TABLE runs; --", "*", "[a]?{b,c}", "x" * 4000, "\N{SNOWMAN}\n\x1b[2J", "a=b/c", ""],
)
def test_a_model_from_a_stranger_is_only_a_name(history: HistoryStore, model: str) -> None:
    history.add([row(1, model=model), row(1, model=model, metric="x' OR '1'='1", primary=False)])
    history.add([row(2)])
    assert [each.run for each in history.rows(Wanted(model=model))] == (
        ["run-0001"] if model else ["run-0001", "run-0002"]
    )
    assert history.rows(Wanted(metrics=("' OR '1'='1",))) == ()
    assert all(path.is_relative_to(history.url) for path in files(history))
    assert [path.name for path in Path(history.url).parent.iterdir()] == ["history"]


def test_a_folder_whose_name_is_a_pattern_is_only_a_folder(tmp_path: Path) -> None:
    for name in ("[ab] *?", "a *x"):
        history = open_history(str(tmp_path / name))
        history.add([row(1, run=name)])
        assert [each.run for each in history.rows()] == [name]


def test_questions_narrow_the_answer(history: HistoryStore) -> None:
    history.add([row(0), row(0, metric="other", primary=False), row(0, arm="off")])
    history.add([row(9, model="B", experiment="aa")])
    assert len(history.rows()) == 3
    assert [each.metric for each in history.rows(Wanted(metrics=("other",)))] == ["other"]
    assert [each.arm for each in history.rows(Wanted(arm="off"))] == ["off"]
    assert [each.model for each in history.rows(Wanted(experiment="aa"))] == ["B"]
    assert [each.model for each in history.rows(Wanted(since="2026-01-05"))] == ["B"]
    assert [each.run for each in history.rows(Wanted(runs=True))] == ["run-0000", "run-0009"]


def test_hosts_that_add_at_once_lose_nothing(history: HistoryStore) -> None:
    def host(first: int) -> None:
        own = open_history(history.url)
        for number in range(first, first + 30):
            own.add([row(number), row(number, arm="off")])

    with ThreadPoolExecutor(4) as hosts:
        list(hosts.map(host, (0, 15, 30, 45)))
    assert len(history.rows()) == 2 * 75


class Crash(BaseException):
    """The process is gone: nobody tidies up."""


def test_a_crash_half_way_leaves_no_half_run(history: HistoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add([row(0)])

    def crash(*_: object) -> None:
        raise Crash

    for moment in ("reports.atomic.os.fsync", "pathlib.Path.replace"):
        with monkeypatch.context() as patch:
            patch.setattr(moment, crash)
            with pytest.raises(Crash):
                history.add([row(1)])
        assert [each.run for each in history.rows()] == ["run-0000"]
    (Path(history.url) / "runs-1" / "model=Pixel%208" / "date=2026-01-02" / ".x.parquet.1a.part").write_bytes(b"PAR1")
    assert history.add([row(1)]) == "added"
    assert len(history.rows()) == 2


def test_a_broken_file_is_named_in_one_line(history: HistoryStore) -> None:
    history.add([row(0)])
    (path,) = files(history)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError) as caught:
        history.rows()
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_history_that_is_not_there_yet_is_empty(history: HistoryStore) -> None:
    assert history.rows() == ()
    assert history.baselines() == ()
    assert not Path(history.url).exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        open_history(str(tmp_path / "file")).add([row()])


def test_baselines_are_pinned_and_forgotten(history: HistoryStore) -> None:
    history.pin("golden", ["b", "a", "b"])
    kept = history.baseline("golden")
    assert kept is not None
    assert kept.runs == ("a", "b")
    assert history.baselines() == (kept,)
    assert history.unpin("golden")
    assert not history.unpin("golden")
    for name in ("../x", "", ".x", "a/b", "x" * 65):
        with pytest.raises(InputError):
            history.pin(name, [])


@pytest.fixture
def elsewhere() -> Iterator[HistoryStore]:
    """No folder of this computer: fsspec's file system in memory stands in for an object store."""
    found = open_history("memory://bucket/history")
    yield found
    found._files.rm(found._root, recursive=True)  # noqa: SLF001 - the test's own bucket


def test_a_url_is_as_good_as_a_folder(elsewhere: HistoryStore) -> None:
    rows = [row(number, kernel=number) for number in range(3)]
    assert [elsewhere.add([each]) for each in (*rows, rows[0])] == ["added", "added", "added", "unchanged"]
    assert elsewhere.rows() == tuple(rows)
    assert elsewhere.rows(Wanted(model="Other")) == ()
    elsewhere.pin("default", ["a"])
    assert [each.name for each in elsewhere.baselines()] == ["default"]


def test_a_url_of_no_known_kind_is_told() -> None:
    with pytest.raises(InputError, match="nosuch"):
        open_history("nosuch://bucket")


@pytest.mark.parametrize("package", ["duckdb", "fsspec"])
def test_a_package_that_is_missing_is_told_with_the_way_to_get_it(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_history(str(tmp_path)).add([row()])
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SetupError, match=rf"{package}.*pip install 'reclaim-agent\[history\]'"):
        open_history(str(tmp_path)).rows()


def test_many_rows_of_a_run_are_one_file(history: HistoryStore) -> None:
    history.add([row(1, metric=f"m{number}") for number in range(50)])
    assert len(files(history)) == 1
    assert len(history.rows()) == 50
