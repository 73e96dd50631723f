# SPDX-License-Identifier: Apache-2.0
"""The stand-in framework's cached apps: frozen, limited, odd ones; and their memory, by the kernel's own figures."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.device import adb, packages, parse
from agent.device.clock import SystemClock
from agent.device.phone import Phone, attach
from agent.handheld.machine import Handheld
from agent.knobs.undo import guarded
from agent.runner.choosing import choose
from agent.runner.conditions import hold, look, make_ready
from reports.record import LaunchResult
from workloads import load
from workloads.conditions import Keep

pytestmark = pytest.mark.guest

NOTES, CLOCK, READER = (
    f"com.reclaim.{name}" for name in ("notes/.NoteListActivity", "clock/.DeskClock", "reader/.LibraryActivity")
)
FLAGS = {
    ("activity_manager_native_boot", "freeze_debounce_timeout"): "500",
    ("activity_manager", "max_cached_processes"): "1",
}


@pytest.fixture(scope="module")
def phone(handheld: Handheld) -> Iterator[Phone]:
    found = attach(adb.connect(handheld.serial, handheld.adb_server))
    yield found
    found.shell("am", "kill-all")


@pytest.fixture
def flag(phone: Phone) -> Iterator[Callable[[str], None]]:
    def put(name: str) -> None:
        (space, value) = next((space, value) for (space, flag), value in FLAGS.items() if flag == name)
        phone.shell("cmd", "device_config", "put", space, name, value, check=True)

    yield put
    for space, name in FLAGS:
        phone.shell("cmd", "device_config", "delete", space, name)


def start(phone: Phone, component: str) -> LaunchResult:
    done = phone.shell("am", "start-activity", "-W", "-n", component, timeout_s=90)
    return parse.am_start(done.out, 1, component, "cold")


def frozen(phone: Phone) -> list[str]:
    """`cgroup.events` of every app's group says whether all of it stands still."""
    return phone.shell("sh", "-c", "grep -l '^frozen 1' /sys/fs/cgroup/uid_*/pid_*/cgroup.events").out.split()


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.3)


def test_a_cached_app_is_frozen_by_the_kernel_and_thawed_when_it_comes_back(
    phone: Phone, flag: Callable[[str], None]
) -> None:
    flag("freeze_debounce_timeout")
    phone.shell("am", "kill-all")
    for component in (NOTES, CLOCK, READER):
        assert start(phone, component).state == "COLD"
    until(lambda: len(frozen(phone)) == 1)  # the oldest; the one before is `previous`, which no phone freezes
    assert start(phone, NOTES).state == "HOT"
    until(lambda: len(frozen(phone)) == 1)
    log = phone.shell("logcat", "-d", "-b", "events").out
    assert "am_freeze" in log
    assert "am_unfreeze" in log


def test_a_frozen_app_can_be_killed_and_its_group_goes(phone: Phone, flag: Callable[[str], None]) -> None:
    flag("freeze_debounce_timeout")
    for component in (NOTES, CLOCK, READER):
        start(phone, component)
    until(lambda: len(frozen(phone)) >= 1)
    phone.shell("am", "force-stop", "com.reclaim.notes")
    assert start(phone, NOTES).state == "COLD"
    groups = phone.shell("sh", "-c", "ls -d /sys/fs/cgroup/uid_*/pid_*").out.split()
    running = [
        name for name in parse.processes(phone.shell("ps", "-A", "-o", "PID,ARGS").out).values() if "reclaim." in name
    ]
    assert len(groups) == len(running)


def test_more_cached_apps_than_the_limit_are_ended_the_oldest_first(phone: Phone, flag: Callable[[str], None]) -> None:
    phone.shell("am", "kill-all")
    flag("max_cached_processes")
    for component in (CLOCK, NOTES, READER):
        start(phone, component)
    phone.shell("logcat", "-c")
    start(phone, "com.reclaim.wallet/.CardsActivity")
    until(lambda: "cached #2" in phone.shell("logcat", "-d", "-b", "system").out)
    assert "com.reclaim.clock" in phone.shell("logcat", "-d", "-b", "system").out
    assert start(phone, CLOCK).state == "COLD"


def test_a_crash_is_a_launch_that_failed_and_is_logged_as_one(phone: Phone) -> None:
    said = start(phone, "com.reclaim.crasher/.MainActivity")
    assert (said.status, said.total_time_s) == ("timeout", None)
    assert "FATAL EXCEPTION: main" in phone.shell("logcat", "-d", "-b", "crash").out


def test_the_slow_app_is_slow_when_cold_and_not_when_hot(phone: Phone) -> None:
    shop = "com.reclaim.shop/.StorefrontActivity"
    phone.shell("am", "force-stop", "com.reclaim.shop")
    cold = start(phone, shop)
    phone.shell("input", "keyevent", "3")
    hot = start(phone, shop)
    assert (cold.state, hot.state) == ("COLD", "HOT")
    assert cold.total_time_s is not None
    assert cold.total_time_s > 1.5
    assert hot.total_time_s is not None
    assert hot.total_time_s < cold.total_time_s


def test_one_app_dies_in_the_background_and_comes_back_cold(phone: Phone) -> None:
    podcast = "com.reclaim.podcast/.ShowsActivity"
    start(phone, podcast)
    phone.shell("input", "keyevent", "3")
    until(lambda: not phone.shell("pidof", "com.reclaim.podcast").out.strip(), seconds=60)
    assert start(phone, podcast).state == "COLD"


def test_memory_by_process_is_the_kernels_and_the_hungriest_can_be_chosen(phone: Phone, tmp_path: Path) -> None:
    phone.shell("am", "kill-all")
    for component in (NOTES, "com.reclaim.game/.GameActivity", CLOCK):
        start(phone, component)
    held = packages.memory(phone.shell("dumpsys", "meminfo").out)
    assert held["com.reclaim.game"] > held["com.reclaim.notes"] > 4 << 20
    path = tmp_path / "w.toml"
    path.write_text('title = "t"\napps = ["hungriest:1"]\nsteps = [{ do = "home" }]\n')
    assert choose(phone, load.workload(str(path))).apps == ("com.reclaim.game/.GameActivity",)


def test_what_the_handheld_can_be_kept_like_is_kept_and_the_rest_is_said(phone: Phone, tmp_path: Path) -> None:
    keep = Keep(awake=True, animations="off", rotation="fixed", brightness=90, background="still", cool_status=0)
    scale = ("settings", "get", "global", "window_animation_scale")
    with guarded(phone, tmp_path / "undo.json") as guard:
        kept = hold(guard, replace(keep, airplane="on"))
        assert make_ready(phone, kept, SystemClock()) is None
        now = look(phone, kept)
        assert phone.shell(*scale).out == "0\n"
    assert now.kept == kept.wanted
    assert (now.awake, now.locked, now.charging) == (True, False, True)
    left = {line.partition(" is left alone")[0] for line in kept.skipped}
    assert {"android:airplane", "android:bg-dexopt"} <= left
    assert phone.shell(*scale).out == "1.0\n"
