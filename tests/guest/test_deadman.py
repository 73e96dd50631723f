# SPDX-License-Identifier: Apache-2.0
"""The dead-man on a real kernel, by a real mksh: host killed, link gone, adbd's whole group killed."""

import io
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.adb import connect
from agent.device.phone import BOOT_ID, Phone, attach
from agent.handheld import adbserver, registry
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from agent.knobs import leftover
from agent.knobs.deadman import FOLDER, DeadMan, Terms
from agent.knobs.discover import discover
from agent.knobs.undo import begin, check
from agent.runner.plan import make_plan
from tests.support.faults.bench import RECLAIM, sh, until
from tests.support.faults.catalogue import GROUP_ADBD
from workloads import load
from workloads.errors import DeviceError, FinalError

pytestmark = pytest.mark.guest

NR = "/sys/module/kcompressd/parameters/nr_kcompressd"
SWAPPINESS = "/proc/sys/vm/swappiness"
SILENCE_S, GRACE_S = 6, 5

WORKLOAD = """\
title = "One launch and a long wait"
apps = ["com.reclaim.messenger/.ChatListActivity"]
steps = [{ do = "launch", app = "com.reclaim.messenger/.ChatListActivity" }, { do = "dwell", seconds = 60 }]
"""
EXPERIMENT = """\
question = "Is the setting back when nobody is there to put it back?"
workload = "long.toml"
control = "off"
blocks = 1
seed = {seed}
primary = ["ttid"]
arms = [{{ name = "off", settings = {{ kcompressd = "off" }} }}, {{ name = "on", settings = {{ kcompressd = "2" }} }}]

[limits]
settle_s = 0
dead_man_s = {silence_s}
"""

END_ADBD = """\
trap '' HUP
echo $$ >/sys/fs/cgroup/cgroup.procs
echo 1 >/sys/fs/cgroup/adbd/cgroup.kill
"""
"""What Android's init does when adbd ends: everything in its group is killed; then init starts it again."""


@pytest.fixture(scope="module")
def guest(_own_state: None) -> Iterator[Handheld]:
    """A handheld of our own: its adb server will be killed."""
    with Handheld.start(HandheldOptions()) as started:
        yield started


def first_trial_is_on(folder: Path) -> Path:
    """An experiment whose first trial changes the setting."""
    (folder / "long.toml").write_text(WORKLOAD)
    path = folder / "cut-off.toml"
    for seed in range(20):
        path.write_text(EXPERIMENT.format(seed=seed, silence_s=SILENCE_S))
        if make_plan(load.experiment(str(path))[0]).trials[0].arm == "on":
            return path
    pytest.fail("no seed among twenty")


def kill_in_the_middle_of_a_trial(guest: Handheld, folder: Path) -> None:
    words = ["run", str(first_trial_is_on(folder)), "-o", str(folder / "run")]
    words += ["-s", guest.serial, "--adb-server", guest.adb_server]
    with subprocess.Popen([*RECLAIM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as agent:
        progress = "cat /data/local/tmp/reclaim/*/progress 2>/dev/null"
        until(lambda: agent.poll() is not None or "dwell" in sh(guest, progress))
        assert agent.poll() is None, agent.stderr and agent.stderr.read().decode()
        assert sh(guest, f"su 0 cat {NR}") == "2"
        agent.kill()
    entry = next(entry for entry in registry.running() if entry.name == guest.name)
    os.kill(entry.adb.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def phone(guest: Handheld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    """The handheld after a run on it was killed, seen through another adb server when its silence is over."""
    folder = tmp_path_factory.mktemp("killed")
    assert sh(guest, f"su 0 sh -c 'echo 0 >{NR}'; su 0 cat {NR}") == "0"
    kill_in_the_middle_of_a_trial(guest, folder)
    time.sleep(SILENCE_S + 1)
    server = adbserver.start(folder)
    try:
        yield attach(connect(guest.serial, server.address))
    finally:
        server.process.end()


def test_the_phone_has_put_the_setting_back_when_the_host_is_killed_and_the_link_is_gone(
    phone: Phone, tmp_path: Path
) -> None:
    until(lambda: phone.read_text(NR) == "0", GRACE_S - 2)
    (line,) = check(phone, tmp_path, discover(phone), Terms())
    assert "the phone restored kcompressd (off) itself at 20" in line
    assert line.endswith(f"for {SILENCE_S} s; it read 0")


def test_the_phone_has_ended_the_trial_that_the_host_left_running(phone: Phone) -> None:
    left = "ls -d /data/local/tmp/reclaim/*/; pidof perfetto; grep -l 'tmp/reclaim/[0]' /proc/[0-9]*/cmdline"
    until(lambda: not phone.shell("sh", "-c", f"{{ {left}; }} 2>/dev/null").out, 20)


def test_restore_tells_it_and_leaves_the_phone_clean_although_the_run_directory_is_gone(
    phone: Phone, tmp_path: Path
) -> None:
    server = phone.transport.server  # type: ignore[attr-defined]  # of the adb transport, which it is
    out, err = io.StringIO(), io.StringIO()
    words = ["restore", str(tmp_path / "gone"), "-s", phone.serial, "--adb-server", str(server)]
    assert main(words, out, err) == 0, err.getvalue()
    told, back = out.getvalue().splitlines()
    assert "the phone restored kcompressd (off) itself" in told
    assert back == f"{phone.serial}: kcompressd is off again ({NR})"
    assert leftover.look(phone) is None


def test_it_outlives_adbds_whole_group_and_leaves_nothing_when_it_is_closed(phone: Phone, tmp_path: Path) -> None:
    first = phone.read_text(SWAPPINESS)
    phone.shell("sh", "-c", GROUP_ADBD, as_root=True, check=True)
    guard = begin(phone, tmp_path / "undo.json", discover(phone), terms=Terms(15))
    guard.set("sysctl:vm.swappiness", "61")
    pid = phone.read_text(f"{FOLDER}/deadman").split()[0]
    assert phone.read_text(f"/proc/{pid}/oom_score_adj") == "-1000"
    assert phone.read_text(f"/proc/{pid}/cgroup").endswith(":/")
    adbd = adbds(phone)
    phone.spawn(("sh", "-c", END_ADBD), "/dev/null", as_root=True)
    until(lambda: adbds(phone) not in (adbd, ""))
    assert phone.read_text(f"{FOLDER}/deadman").split()[0] == pid
    left, beat = leftover.look(phone), phone.read_text(f"{FOLDER}/beat")
    assert left is not None
    assert left.alive
    until(lambda: phone.read_text(f"{FOLDER}/beat") != beat)
    assert phone.read_text(SWAPPINESS) == "61"
    assert guard.restore() == ()
    guard.dead_man.close()
    assert phone.read_text(SWAPPINESS) == first
    assert phone.shell("ls", FOLDER, as_root=True).code != 0
    assert phone.shell("ls", f"/proc/{pid}").code != 0
    assert FOLDER not in phone.shell("ps", "-A", "-o", "ARGS", as_root=True).out


def adbds(phone: Phone) -> str:
    """The pid of adbd; empty while it does not answer."""
    try:
        connect(phone.serial, str(phone.transport.server))  # type: ignore[attr-defined]  # as above
        return phone.shell("pidof", "adbd", timeout_s=5).out.strip()
    except DeviceError:
        return ""


def test_any_word_comes_back_from_the_journal_through_mksh_and_none_runs_as_code(phone: Phone) -> None:
    draw = random.Random(7)  # noqa: S311 - words for a test, no secrets
    alphabet = [*(chr(code) for code in range(1, 128)), "é", "€", "😀"]
    words = ["", "\n", "a\n\n", "$(id)", "`id`", "'", '"', "\\", "-n", "*", ".", "a  b"]
    words += ["".join(draw.choices(alphabet, k=draw.randrange(20, 200))) for _ in range(12)]
    where, out = "/data/local/tmp/it's $(a) file\n", "/data/local/tmp/words"
    phone.shell("sh", "-c", 'echo now >"$1"', "sh", where, as_root=True, check=True)
    dead_man = DeadMan(phone, "a test", Terms(1))
    command = ("sh", "-c", 'printf "%s\\0" "$@" >"$0"', out, *words)
    dead_man.hold(phone.read_text(BOOT_ID), ("any", where, "$(id)"), command)
    dead_man.hush()
    until(lambda: (found := leftover.look(phone)) is not None and not found.alive)
    done = phone.shell("cat", out, as_root=True, check=True)
    assert done.out.split("\0")[:-1] == words
    left = leftover.look(phone)
    assert left is not None
    assert [(kept.where, kept.first, kept.back) for kept in left.settings] == [
        (where.removesuffix("\n"), "$(id)", "now")
    ]
    dead_man.close()
    phone.shell("rm", "-f", where, out, as_root=True)


def test_a_journal_that_cannot_be_written_means_no_write(phone: Phone, tmp_path: Path) -> None:
    first = phone.read_text(SWAPPINESS)
    phone.shell("touch", FOLDER, check=True)
    guard = begin(phone, tmp_path / "undo.json", {})
    with pytest.raises(FinalError, match="cannot start the process that would put its settings back"):
        guard.set("sysctl:vm.swappiness", "61")
    assert phone.read_text(SWAPPINESS) == first
    phone.shell("rm", FOLDER, check=True)
