# SPDX-License-Identifier: Apache-2.0
"""Parts together: a trace engine, a child process, whole runs and commands on the fake phone; still no device."""

from pathlib import Path

import pytest

from tests.support.isolation import own_state

__all__ = ["own_state"]


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The program for the phone is built already."""
    from workloads.device import build  # noqa: PLC0415 - imported late: most tests here need no program

    program = tmp_path / "pressure"
    program.write_bytes(b"program")
    monkeypatch.setattr(build, "_build", lambda _abi, target: (target.parent.mkdir(parents=True), target.touch()))
    monkeypatch.setenv("RECLAIM_CACHE", str(tmp_path / "cache"))
