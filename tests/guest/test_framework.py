# SPDX-License-Identifier: Apache-2.0
"""The stand-in framework, seen as the agent sees a phone: over adb, in AOSP's words, and in a Perfetto trace."""

import contextlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.capture import session
from agent.capture.capabilities import capabilities
from agent.capture.config import build_config
from agent.device import adb, parse
from agent.device.phone import Phone, attach
from agent.handheld.machine import Handheld
from reports.record import Kill, LaunchResult
from reports.traces.engine import open_trace
from reports.traces.measure import TraceKill, TraceLaunch, measure_trace
from workloads.device import build
from workloads.spec import Capture

pytestmark = pytest.mark.guest

HOME, BACK = "3", "4"
ACTIVITIES = {
    "messenger": ".ChatListActivity",
    "maps": ".MapsActivity",
    "camera": ".CameraActivity",
    "browser": ".TabbedActivity",
    "game": ".GameActivity",
    "social": ".FeedActivity",
}
APPS = tuple(ACTIVITIES)
KINDS = ("cold", "warm", "hot")
FOLDER = "/data/local/tmp/framework-test"
EATERS, EATER_BYTES = 5, 140_000_000
FLAGS = {"swap_free_low_percentage": "90", "psi_partial_stall_ms": "20"}


@dataclass(frozen=True)
class Launched:
    """One launch as `am` told it, with what was asked."""

    app: str
    kind: str
    result: LaunchResult


@dataclass(frozen=True)
class Recorded:
    """Launches of one recording, by am and by the trace, and who had which oom_score_adj after them."""

    by_am: tuple[Launched, ...]
    by_trace: tuple[TraceLaunch, ...]
    adj: dict[str, int]
    threads: frozenset[str]


@pytest.fixture(scope="module")
def phone(handheld: Handheld) -> Iterator[Phone]:
    found = attach(adb.connect(handheld.serial, handheld.adb_server))
    yield found
    for app in APPS:
        found.shell("am", "force-stop", f"com.reclaim.{app}")


def component(app: str) -> str:
    return f"com.reclaim.{app}/{ACTIVITIES[app]}"


def start(phone: Phone, app: str, *options: str) -> LaunchResult:
    done = phone.shell("am", "start-activity", "-W", *options, "-n", component(app), timeout_s=90)
    assert done.out.startswith(("Starting: Intent { cmp=", "Stopping: "))
    return parse.am_start(done.out, 1, component(app), "cold")


def launch_all(phone: Phone, plan: Sequence[tuple[str, str]]) -> tuple[Launched, ...]:
    """Launch each app as asked, from one script: adb takes its time on a busy machine."""
    first = {"cold": "am force-stop com.reclaim.{}", "warm": f"input keyevent {BACK}", "hot": f"input keyevent {HOME}"}
    script = "\n".join(
        f"{first[kind].format(app)}; echo ==; am start-activity -W -n {component(app)}" for app, kind in plan
    )
    said = phone.shell("sh", "-c", script, timeout_s=300).out.split("==\n")[1:]
    return tuple(
        Launched(app, kind, parse.am_start(text, 1, component(app), kind))
        for (app, kind), text in zip(plan, said, strict=True)
    )


def adj_of_apps(phone: Phone) -> dict[str, int]:
    said = phone.shell("ps", "-A", "-o", "PID,ARGS").out
    pids = re.findall(r"^\s*(\d+) com\.reclaim\.(\w+)$", said, re.MULTILINE)
    values = phone.shell("cat", *(f"/proc/{pid}/oom_score_adj" for pid, _ in pids)).out.split()
    return {app: int(value) for (_, app), value in zip(pids, values, strict=True)}


@contextlib.contextmanager
def recording(phone: Phone, local: Path) -> Iterator[None]:
    caps = capabilities(phone)
    apps = [f"com.reclaim.{app}" for app in APPS]
    tracing = session.start(phone, caps, build_config(caps, Capture(buffer_kb=16384), duration_s=240, apps=apps))
    try:
        yield
    finally:
        tracing.stop()
        tracing.fetch(local)


@pytest.fixture(scope="module")
def recorded(phone: Phone, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Each of the six apps launched cold, warm and hot, while perfetto records."""
    trace = tmp_path_factory.mktemp("launches") / "trace.pftrace"
    with recording(phone, trace):
        by_am = launch_all(phone, [(app, kind) for app in APPS for kind in KINDS])
        adj = adj_of_apps(phone)
    with open_trace(trace) as opened:
        names = opened.query(
            "SELECT DISTINCT thread.name FROM thread JOIN process USING (upid) WHERE process.name GLOB 'com.reclaim.*'"
        )
    return Recorded(by_am, measure_trace(trace).launches, adj, frozenset(names["name"].dropna()))


def test_each_launch_is_of_the_kind_that_was_asked_for(recorded: Recorded) -> None:
    assert [one.result.state for one in recorded.by_am] == [one.kind.upper() for one in recorded.by_am]
    assert {one.result.status for one in recorded.by_am} == {"ok"}


def test_a_hot_launch_says_that_its_task_was_brought_to_the_front(recorded: Recorded) -> None:
    notes = {one.result.note for one in recorded.by_am if one.kind == "hot"}
    assert notes == {"Warning: Activity not started, its current task has been brought to the front"}


def test_perfetto_finds_each_launch_once_with_its_package_and_kind(recorded: Recorded) -> None:
    assert [(one.app, one.kind) for one in recorded.by_trace] == [
        (f"com.reclaim.{one.app}", one.kind) for one in recorded.by_am
    ]


def test_ams_clock_and_the_traces_agree(recorded: Recorded) -> None:
    for told, traced in zip(recorded.by_am, recorded.by_trace, strict=True):
        assert told.result.total_time_s is not None
        assert traced.ttid_s is not None
        assert abs(told.result.total_time_s - traced.ttid_s) <= max(0.02, 0.05 * traced.ttid_s), told


def test_a_launch_waits_no_longer_than_its_command(recorded: Recorded) -> None:
    for one in recorded.by_am:
        assert one.result.total_time_s is not None
        assert one.result.wait_time_s is not None
        assert 0 < one.result.total_time_s <= one.result.wait_time_s


def test_oom_score_adj_follows_the_screen_and_then_recency(recorded: Recorded) -> None:
    assert recorded.adj == {
        "social": 0, "launcher": 600, "game": 700, "browser": 900, "camera": 910, "maps": 920, "messenger": 930,
    }  # fmt: skip


def test_an_app_draws_on_a_thread_of_its_own(recorded: Recorded) -> None:
    assert "RenderThread" in recorded.threads
    assert "om.reclaim.maps" in recorded.threads  # comm: the last 15 characters, as zygote names it


def test_what_is_on_the_screen_is_not_launched_again(phone: Phone) -> None:
    start(phone, "maps")
    again = start(phone, "maps")
    assert (again.state, again.total_time_s) == ("UNKNOWN", None)
    assert again.note
    assert again.note.endswith("top-most instance.")


def test_stop_first_makes_a_launch_cold(phone: Phone) -> None:
    start(phone, "messenger")
    assert start(phone, "messenger", "-S").state == "COLD"


def test_an_unknown_activity_is_told_in_text_and_not_by_exit_status(phone: Phone) -> None:
    done = phone.shell("am", "start-activity", "-W", "-n", "com.reclaim.maps/.Nowhere")
    assert done.code == 0
    said = parse.am_start(done.out, 1, "com.reclaim.maps/.Nowhere", "cold")
    assert said.status == "error"
    assert said.note == "Error: Activity class {com.reclaim.maps/com.reclaim.maps.Nowhere} does not exist."


def test_a_cold_launch_reads_its_files_from_disk(phone: Phone) -> None:
    phone.shell("am", "force-stop", "com.reclaim.browser")
    phone.shell("setprop", "perf.drop_caches", "3")
    until(phone, "getprop", "perf.drop_caches", says="0")
    before = phone.vmstat()
    start(phone, "browser")
    after = phone.vmstat()
    assert after["pgpgin"] - before["pgpgin"] >= 10 * 1024  # KiB; 45 % of 24 MiB
    assert after["pgmajfault"] - before["pgmajfault"] >= 50


def until(phone: Phone, *argv: str, says: str, timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while phone.shell(*argv).out.strip() != says:
        assert time.monotonic() < end, f"{argv} does not come to say {says!r}"


def test_daemons_are_locked_and_protected_and_apps_are_not(phone: Phone) -> None:
    start(phone, "messenger")
    for name, locked, adj in (
        ("system_server", True, -1000),
        ("lmkd", True, -1000),
        ("com.reclaim.messenger", False, 0),
    ):
        pid = phone.shell("pgrep", "-f", f"^{name}").out.split()[0]
        status = phone.shell("cat", f"/proc/{pid}/status").out
        kib = re.search(r"VmLck:\s+(\d+) kB", status)
        assert kib
        assert (int(kib[1]) > 0) == locked, name
        assert int(phone.shell("cat", f"/proc/{pid}/oom_score_adj").out) == adj


def test_an_app_runs_as_its_own_user_with_a_higher_priority_on_the_screen(phone: Phone) -> None:
    start(phone, "camera")
    rows = phone.shell("ps", "-A", "-o", "UID,NI,ARGS").out
    uids = {app: phone.shell("pm", "list", "packages", "-U", f"com.reclaim.{app}").out for app in ("camera", "clock")}
    assert uids == {
        "camera": "package:com.reclaim.camera uid:10081\n",
        "clock": "package:com.reclaim.clock uid:10082\n",
    }
    assert re.search(r"^\s*10081\s+-10\s+com\.reclaim\.camera", rows, re.MULTILINE)


def test_shell_may_set_what_it_may_on_a_phone_and_no_more(phone: Phone) -> None:
    assert phone.shell("setprop", "debug.reclaim.test", "1").code == 0
    assert phone.getprop("debug.reclaim.test") == "1"
    refused = phone.shell("setprop", "ro.product.model", "Pixel")
    assert refused.code == 1
    assert refused.err.startswith("Failed to set property 'ro.product.model' to 'Pixel'.")
    assert phone.getprop("ro.product.model") == "Virtual Handheld"


def test_what_stands_in_is_said(phone: Phone) -> None:
    facts = phone.facts()
    assert facts.stand_in
    assert "pre-Android-12" in facts.stand_in
    assert (facts.model, facts.sdk, facts.abi) == ("Virtual Handheld", 33, "x86_64")


def test_settings_battery_and_heat_read_as_on_a_phone(phone: Phone) -> None:
    phone.shell("settings", "put", "global", "reclaim_test", "a b")
    assert phone.shell("settings", "get", "global", "reclaim_test").out == "a b\n"
    assert phone.shell("settings", "delete", "global", "reclaim_test").out == "Deleted 1 rows\n"
    assert phone.shell("settings", "get", "global", "reclaim_test").out == "null\n"
    assert parse.battery(phone.shell("dumpsys", "battery").out) == parse.Battery(100.0, 25.0)
    assert parse.thermal_status(phone.shell("dumpsys", "thermalservice").out) == 0


def test_an_apps_launcher_activity_can_be_found(phone: Phone) -> None:
    said = phone.shell("cmd", "package", "resolve-activity", "--brief", "com.reclaim.game").out
    assert said.splitlines()[-1] == component("game")


def test_apps_are_listed_and_the_launcher_is_the_systems(phone: Phone) -> None:
    said = phone.shell("cmd", "package", "list", "packages", "-3").out.split()
    assert len(said) == 22
    assert {f"package:com.reclaim.{app}" for app in APPS} < set(said)
    assert "package:com.reclaim.launcher" not in said
    assert "versionName=11.60.1\n" in phone.shell("dumpsys", "package", "com.reclaim.maps").out


@pytest.fixture(scope="module")
def killed(phone: Phone, tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Kill, ...], tuple[TraceKill, ...]]:
    """Kills by logcat and by the trace, provoked by eaters while apps wait in the background."""
    trace = tmp_path_factory.mktemp("kills") / "trace.pftrace"
    phone.shell("mkdir", "-p", FOLDER)
    phone.transport.push(build.pressure("x86_64").read_bytes(), f"{FOLDER}/pressure", mode=0o755)
    for name, value in FLAGS.items():
        phone.shell("cmd", "device_config", "put", "lmkd_native", name, value)
    try:
        with recording(phone, trace):
            launch_all(phone, [(app, "cold") for app in APPS])
            phone.shell("input", "keyevent", HOME)
            phone.shell("logcat", "-c")
            eat(phone)
            log = phone.shell("logcat", "-d", "-b", "main").out
    finally:
        for name in FLAGS:
            phone.shell("cmd", "device_config", "delete", "lmkd_native", name)
        phone.shell("rm", "-rf", FOLDER)
    return parse.lmkd_kills(log), tuple(kill for kill in measure_trace(trace).kills if kill.by == "lmkd")


def eat(phone: Phone) -> None:
    options = f"--processes {EATERS} --bytes {EATER_BYTES} --compressible 0.5 --seed 1 --check-stride 0 --hold 3"
    phone.shell("sh", "-c", f"cd {FOLDER} && ./pressure {options} --report report", timeout_s=120)


def test_lmkd_kills_what_is_needed_least_first(killed: tuple[tuple[Kill, ...], tuple[TraceKill, ...]]) -> None:
    by_log, _ = killed
    assert by_log
    assert by_log[0].process == "com.reclaim.messenger"  # the one used longest ago
    assert by_log[0].adj is not None
    assert by_log[0].adj >= 900
    assert re.search(r"swap is low|low on swap|min watermark|thrashing|not responding", by_log[0].reason)


def test_each_kill_is_in_the_log_and_in_the_trace(killed: tuple[tuple[Kill, ...], tuple[TraceKill, ...]]) -> None:
    by_log, by_trace = killed
    assert sorted((kill.pid, kill.adj) for kill in by_log) == sorted((kill.pid, kill.adj) for kill in by_trace)


def test_an_app_that_was_killed_comes_back_cold(
    phone: Phone, killed: tuple[tuple[Kill, ...], tuple[TraceKill, ...]]
) -> None:
    assert killed[0]
    assert start(phone, "messenger").state == "COLD"
