# SPDX-License-Identifier: Apache-2.0
"""Compiled code is kept, and only trusted whole."""

from pathlib import Path

import pytest
from wasmtime import Engine, wat2wasm

from reports.traces.compiled import load_module
from workloads.errors import SetupError


@pytest.fixture
def module(tmp_path: Path) -> Path:
    file = tmp_path / "a.wasm"
    file.write_bytes(wat2wasm('(module (func (export "f") (result i32) (i32.const 7)))'))
    return file


def kept(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def test_what_was_compiled_is_kept_and_taken_again(module: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    load_module(Engine(), module, folder)
    written = kept(folder).stat().st_mtime_ns
    assert [export.name for export in load_module(Engine(), module, folder).exports] == ["f"]
    assert kept(folder).stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 5000])
def test_a_damaged_cache_is_compiled_anew_and_mended(module: Path, tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "cache"
    load_module(Engine(), module, folder)
    whole = kept(folder).read_bytes()
    kept(folder).write_bytes(damage)
    assert [export.name for export in load_module(Engine(), module, folder).exports] == ["f"]
    assert kept(folder).read_bytes() == whole


def test_one_flipped_bit_of_machine_code_is_never_run(module: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    load_module(Engine(), module, folder)
    whole = kept(folder).read_bytes()
    kept(folder).write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
    load_module(Engine(), module, folder)
    assert kept(folder).read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(module: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert [export.name for export in load_module(Engine(), module, blocked / "cache").exports] == ["f"]


def test_other_bytes_are_another_module(module: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    load_module(Engine(), module, folder)
    module.write_bytes(wat2wasm('(module (func (export "g")))'))
    assert [export.name for export in load_module(Engine(), module, folder).exports] == ["g"]


def test_what_is_not_webassembly_is_named(tmp_path: Path) -> None:
    file = tmp_path / "b.wasm"
    with pytest.raises(SetupError, match=r"b\.wasm: cannot be read"):
        load_module(Engine(), file, tmp_path)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(SetupError, match=r"b\.wasm: wasmtime cannot compile it"):
        load_module(Engine(), file, tmp_path)
