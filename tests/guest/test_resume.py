# SPDX-License-Identifier: Apache-2.0
"""Runs that break off on a real kernel: the agent killed in the middle of a trial, adb's server killed there."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from adbutils import adb_path

from agent.handheld.machine import Handheld
from reports.store import RunStore
from tests.support.faults.bench import RECLAIM, sh, until
from tests.support.faults.experiment import write_experiment

pytestmark = pytest.mark.guest

SWAPPINESS = "/proc/sys/vm/swappiness"


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    return write_experiment(tmp_path, retry_wait_s=60)


@contextmanager
def in_the_middle(
    guest: Handheld, words: list[str], trial: int, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The agent, once that trial is under way."""
    progress = f"cat /data/local/tmp/reclaim/{trial:03d}-*/progress 2>/dev/null"
    env = {**os.environ, **(environ or {})}
    with subprocess.Popen(
        [*RECLAIM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as run:
        try:
            until(lambda: run.poll() is not None or "dwell" in sh(guest, progress))
            assert run.poll() is None, run.stderr and run.stderr.read()
            yield run
        finally:
            run.kill()


def left_running(guest: Handheld) -> str:
    """What is left of trials: their folders, their scripts, a recording."""
    return sh(guest, "ls -d /data/local/tmp/reclaim* /data/misc/perfetto-traces/reclaim-* 2>/dev/null; pidof perfetto")


def test_a_run_whose_agent_was_killed_in_a_trial_is_resumed_to_its_end(
    handheld: Handheld, experiment: Path, tmp_path: Path
) -> None:
    first = sh(handheld, f"cat {SWAPPINESS}")
    link, out = ["-s", handheld.serial, "--adb-server", handheld.adb_server], tmp_path / "run"
    with in_the_middle(handheld, ["run", str(experiment), "-o", str(out), *link], 2) as agent:
        agent.send_signal(signal.SIGKILL)
    assert left_running(handheld)
    done = subprocess.run(
        [*RECLAIM, "resume", str(out), *link], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    store = RunStore.open(out)
    assert [record.trial for record in store.records()] == list(store.plan.trials)
    assert [caveat.code for caveat in store.records()[1].caveats][-1:] == ["seam"]
    assert sh(handheld, f"cat {SWAPPINESS}") == first
    assert left_running(handheld) == ""


def test_a_trial_in_which_the_adb_server_was_killed_goes_on_without_it(
    handheld: Handheld, experiment: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    adb, out = [adb_path(), "-P", port], tmp_path / "run"
    words = ["run", str(experiment), "-o", str(out), "-s", handheld.serial]
    try:
        with in_the_middle(handheld, words, 1, {"ANDROID_ADB_SERVER_PORT": port}) as agent:
            subprocess.run([*adb, "kill-server"], check=True, timeout=20, capture_output=True)
            _, told = agent.communicate(timeout=120)
        assert agent.returncode == 0, told
    finally:
        subprocess.run([*adb, "kill-server"], check=False, timeout=20, capture_output=True)
    store = RunStore.open(out)
    assert [record.trial for record in store.records()] == list(store.plan.trials)
    assert not [event for event in store.events() if event["event"] == "attempt failed"]
    assert "link-lost" in {caveat.code for caveat in store.records()[0].caveats}
    assert left_running(handheld) == ""
