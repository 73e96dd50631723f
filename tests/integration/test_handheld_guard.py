# SPDX-License-Identifier: Apache-2.0
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.handheld import guard, registry
from agent.handheld.guard import Identity
from agent.handheld.options import HandheldOptions
from workloads.errors import InputError

SLEEPER = ["sleep", "600"]

PARENT = """\
import sys, time
from pathlib import Path
from agent.handheld import guard
child = guard.start(["sleep", "600"], Path(sys.argv[1]), "child", remove=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RECLAIM_STATE", str(tmp_path / "state"))


def test_a_guarded_child_dies_when_its_parent_is_killed_for_certain(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", PARENT, str(folder)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = Identity.of(int(parent.stdout.readline()))
        assert child.alive
        parent.send_signal(signal.SIGKILL)
    assert soon(lambda: not child.alive)
    assert soon(lambda: not folder.exists())


def test_a_child_that_was_let_go_lives_on(tmp_path: Path) -> None:
    child = guard.start(SLEEPER, tmp_path, "child")
    process = Identity.of(child.pid)
    child.keep()
    assert process.alive
    process.kill()
    assert not process.alive


def test_ending_twice_is_harmless_and_leaves_the_folder(tmp_path: Path) -> None:
    child = guard.start(SLEEPER, tmp_path, "child", remove=tmp_path)
    process = Identity.of(child.pid)
    child.end()
    child.end()
    assert not process.alive
    assert (tmp_path / "child.log").exists()


def test_a_second_child_in_the_same_folder_is_not_taken_for_the_first(tmp_path: Path) -> None:
    first = guard.start(SLEEPER, tmp_path, "child")
    first.end()
    second = guard.start(SLEEPER, tmp_path, "child")
    assert second.pid != first.pid
    assert Identity.of(second.pid).alive
    second.end()


def test_what_a_child_says_is_kept(tmp_path: Path) -> None:
    child = guard.start(["sh", "-c", "echo out; echo err >&2"], tmp_path, "child")
    assert soon(lambda: (tmp_path / "child.log").read_text() == "out\nerr\n")
    child.end()


def test_a_process_is_not_mistaken_for_a_later_one_of_the_same_number() -> None:
    me = Identity.of(os.getpid())
    assert me.alive
    assert not Identity(me.pid, me.born + 1).alive
    assert not Identity.of(2**22 + 1).alive


def handheld(name: str) -> registry.Running:
    folder = registry.reserve(name)
    processes = [guard.start(SLEEPER, folder, part) for part in ("qemu", "adb")]
    machine, server = (Identity.of(process.pid) for process in processes)
    for process in processes:
        process.keep()
    options = HandheldOptions(build="user")
    entry = registry.Running(name, "127.0.0.1:20001", "127.0.0.1:20002", machine, server, True, options, 1.0)  # noqa: FBT003 - a record's field
    registry.write(folder, entry)
    return entry


def test_what_runs_is_listed_and_one_or_all_can_be_stopped() -> None:
    entries = [handheld(name) for name in ("b", "a", "c")]
    assert [entry.name for entry in registry.running()] == ["a", "b", "c"]
    assert registry.running()[1] == entries[0]
    assert registry.stop("a") == ("a",)
    assert registry.stop(None) == ("b", "c")
    assert registry.running() == ()
    assert not any(process.alive for entry in entries for process in (entry.qemu, entry.adb))


def test_a_frozen_handheld_can_be_stopped() -> None:
    entry = handheld("frozen")
    os.kill(entry.qemu.pid, signal.SIGSTOP)
    assert registry.stop("frozen") == ("frozen",)
    assert not entry.qemu.alive


def test_a_handheld_that_died_is_forgotten_with_its_adb_server() -> None:
    entry = handheld("dead")
    entry.qemu.kill()
    assert registry.running() == ()
    assert not entry.adb.alive
    assert not (registry.machines_dir() / "dead").exists()


def test_stopping_an_unknown_name_says_which_run() -> None:
    with pytest.raises(InputError, match=r"no handheld called nope runs \(running: none runs\)"):
        registry.stop("nope")


def test_a_name_is_given_once_and_cannot_leave_its_folder() -> None:
    assert registry.reserve(None).name == "handheld-1"
    assert registry.reserve(None).name == "handheld-2"
    with pytest.raises(InputError, match="runs already"):
        registry.reserve("handheld-1")
    with pytest.raises(InputError, match="cannot name"):
        registry.reserve("../../etc")


def test_what_cannot_be_read_counts_as_a_start_in_progress() -> None:
    folder = registry.reserve("starting")
    (folder / "state.json").write_text("{")
    assert registry.running() == ()
    assert folder.exists()
