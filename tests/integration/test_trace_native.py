# SPDX-License-Identifier: Apache-2.0
"""A native trace processor is used where one is found, never fetched, and always ended."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from reports.traces import native
from reports.traces.compiled import cache_dir
from reports.traces.engine import open_trace
from tests.support import shell
from tests.support.traces import TraceBuilder
from workloads.errors import SetupError


@pytest.fixture(autouse=True)
def _bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(native.ENVIRONMENT, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_dir().parent.parent))  # compiled code is not what is tested here
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy("/proc/self/exe", path)
    path.chmod(0o755)
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return TraceBuilder().runs(7, "app", 1, 2).write(tmp_path / "t.pftrace")


def processes_named(name: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        found += [folder.name] if name in words else []
    return found


def test_a_bare_machine_has_none() -> None:
    assert native.find() is None


def test_the_one_on_path_comes_before_the_one_perfetto_kept(tmp_path: Path) -> None:
    kept = program(tmp_path / "home/.local/share/perfetto/prebuilts/trace_processor_shell-0123")
    assert native.find() == kept
    on_path = program(tmp_path / "bin/trace_processor_shell")
    assert native.find() == on_path


def test_the_caller_s_comes_before_the_environment_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert native.named() is None
    monkeypatch.setenv(native.ENVIRONMENT, str(program(tmp_path / "mine")))
    assert native.named() == tmp_path / "mine"
    assert native.named(program(tmp_path / "theirs")) == tmp_path / "theirs"


def test_a_wrapper_script_is_passed_over_because_it_downloads(tmp_path: Path) -> None:
    wrapper = program(tmp_path / "bin/trace_processor_shell")
    wrapper.write_text("#!/usr/bin/env python3\n")
    assert native.find() is None


def test_a_named_one_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not a program"):
        native.named(tmp_path / "nope")


def test_it_answers_and_is_gone_afterwards(tmp_path: Path, trace: Path) -> None:
    engine = shell.write(tmp_path / "tps")
    with open_trace(trace, engine=engine) as opened:
        assert opened.engine.endswith(f"({engine})")
        assert opened.query("SELECT count(*) AS n FROM sched").n.tolist() == [2]
        assert len(processes_named(str(engine))) == 1
    assert processes_named(str(engine)) == []


def test_one_of_another_protocol_is_refused_when_named(tmp_path: Path, trace: Path) -> None:
    engine = shell.write(tmp_path / "tps", api=3)
    with pytest.raises(SetupError, match="speaks protocol 3"), open_trace(trace, engine=engine):
        pass
    assert processes_named(str(engine)) == []


def test_one_that_was_named_and_does_not_start_is_an_error(
    tmp_path: Path, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = tmp_path / "tps"
    engine.write_text(f"#!{sys.executable}\nraise SystemExit(5)\n")
    engine.chmod(0o755)
    with pytest.raises(SetupError, match="ended at once with status 5"), open_trace(trace, engine=engine):
        pass
    monkeypatch.setenv(native.ENVIRONMENT, str(engine))
    with pytest.raises(SetupError, match="ended at once with status 5"), open_trace(trace):
        pass


def test_a_found_one_that_fails_gives_way_to_the_webassembly(tmp_path: Path, trace: Path) -> None:
    found = tmp_path / "bin/trace_processor_shell"
    found.parent.mkdir()
    shutil.copy(shutil.which("false", path=os.defpath) or "/bin/false", found)
    assert native.find() == found
    with open_trace(trace) as opened:
        assert opened.engine.endswith("(WebAssembly)")
