# SPDX-License-Identifier: Apache-2.0
"""Files that a user named: a run, a directory and a device survive a slip of the pen."""

import os
from pathlib import Path

import pytest

from reports.outputs.files import write_named
from workloads.errors import InputError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What makes a directory a run."""
    path = tmp_path / "run"
    (path / "trials" / "001-b1-off").mkdir(parents=True)
    for name in ("plan.json", "device.json"):
        (path / name).write_text("{}")
    return path


@pytest.mark.parametrize(
    "name", ["plan.json", "measures.parquet", "trials/001-b1-off/record.json", "trials/../plan.json"]
)
def test_what_a_run_is_made_of_is_not_written_over(run: Path, name: str) -> None:
    with pytest.raises(InputError, match="is a part of a run"):
        write_named({run / "gate.xml": b"<x/>", run / name: b"lost"})
    assert (run / "plan.json").read_text() == "{}"
    assert not (run / "gate.xml").exists()


def test_a_file_of_ones_own_may_stand_in_a_run_and_be_renewed(run: Path) -> None:
    for data in (b"1", b"2"):
        write_named({run / "gate.xml": data, run / "report.html": data})
    assert (run / "gate.xml").read_bytes() == (run / "report.html").read_bytes() == b"2"


@pytest.mark.parametrize("name", ["", "."])
def test_a_directory_is_no_file(name: str) -> None:
    with pytest.raises(InputError, match=r"^\.: is a directory; name a file$"):
        write_named({Path(name): b""})


def test_a_pipe_is_written_into_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_named({pipe: b"told"})
        assert os.read(reader, 9) == b"told"
        assert pipe.is_fifo()
    finally:
        os.close(reader)


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("old")
    (tmp_path / "latest").symlink_to("page")
    write_named({tmp_path / "latest": b"new"})
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "page").read_text() == "new"
