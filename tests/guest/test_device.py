# SPDX-License-Identifier: Apache-2.0
"""The device layer against a real adbd, a real mksh, a real su and a real perfetto."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.capture import session
from agent.capture.capabilities import capabilities
from agent.capture.config import build_config, wanted_events, wanted_vmstat
from agent.device import batch
from agent.device.adb import AdbTransport, connect
from agent.device.phone import Phone, attach
from agent.device.root import NO_ROOT
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from agent.knobs.activity import survey
from agent.knobs.discover import discover
from agent.knobs.undo import guarded
from reports.traces.engine import open_trace
from workloads.errors import FinalError, ProofError, TransientError
from workloads.spec import Capture

pytestmark = pytest.mark.guest

HOSTILE = (
    "",
    " ",
    "'",
    '"',
    "\\",
    "\\n",
    "$HOME",
    "${x}",
    "`id`",
    "$(id)",
    "; reboot",
    "&&",
    "| cat",
    "> /data/local/tmp/x",
    "a\nb",
    "a\tb",
    "*",
    "?[a-z]",
    "~",
    "~root",
    "#no comment",
    "-n",
    "--",
    "!",
    "%s%n",
    "if",
    "A=b",
    "{a,b}",
    "é ü € 😀",
    "\x01\x7f",
    "'\\''",
)


@pytest.fixture(scope="module")
def link(handheld: Handheld) -> AdbTransport:
    return connect(handheld.serial, handheld.adb_server)


@pytest.fixture(scope="module")
def phone(link: AdbTransport) -> Phone:
    return attach(link)


def random_words(seed: int, count: int) -> list[str]:
    draw = random.Random(seed)  # noqa: S311 - words for a test, no secrets
    alphabet = [chr(code) for code in range(1, 127)] + ["é", "€", "😀"]
    return ["".join(draw.choices(alphabet, k=draw.randrange(1, 30))) for _ in range(count)]


@pytest.mark.parametrize("as_root", [False, True])
def test_any_word_comes_back_from_mksh_unchanged_and_none_runs_as_code(phone: Phone, *, as_root: bool) -> None:
    words = [*HOSTILE, *random_words(1, 200)]
    done = phone.shell("sh", "-c", 'for w; do print -rn -- "$w"; print -n "\\0"; done', "sh", *words, as_root=as_root)
    assert done.out.split("\0")[:-1] == words
    assert done.err == ""


def test_any_word_comes_back_through_a_batch(phone: Phone) -> None:
    words = [*HOSTILE, *random_words(2, 20)]
    answers = phone.ask(*(batch.program("print", "-rn", "--", word) for word in words))
    assert [answer.text for (answer,) in answers] == words


def test_any_file_name_is_pushed_read_and_pulled(link: AdbTransport, phone: Phone, tmp_path: Path) -> None:
    data = bytes(range(256)) * 500
    for name in ("it's", "a b$(id)", "é😀", "-n", 'q"\\'):
        remote = f"/data/local/tmp/{name}"
        link.push(data, remote, mode=0o600)
        link.pull(remote, tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == data
        assert phone.shell("stat", "-c", "%a %u", remote).out == "600 2000\n"
        phone.shell("rm", "--", remote, check=True)


ANYTHING = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


@settings(max_examples=25, deadline=None)
@example(texts=["\n", "a\n\n", "-n", "\\", "'$(id)'", "com.example; reboot", "*"])
@given(texts=st.lists(ANYTHING, min_size=1, max_size=8))
def test_whatever_name_value_or_package_there_may_be_comes_back_the_same(phone: Phone, texts: list[str]) -> None:
    folder = "/data/local/tmp/any words"
    names = {f"n{text.replace('/', '|')}" for text in texts}
    phone.shell("sh", "-c", 'rm -rf "$1" && mkdir "$1"', "sh", folder, check=True)
    for name in names:
        assert phone.try_write(f"{folder}/{name}", name).text == name
        assert phone.read_text(f"{folder}/{name}") == name.rstrip("\n")
    listed = phone.shell("sh", "-c", 'cd "$1" && for f in *; do printf "%s\\0" "$f"; done', "sh", folder).out
    assert set(listed.split("\0")[:-1]) == names
    script = 'for p; do pm path "$p" >/dev/null; printf "%s\\0" "$p"; done'
    assert phone.shell("sh", "-c", script, "sh", *texts).out.split("\0")[:-1] == texts
    phone.shell("rm", "-rf", folder, check=True)


def test_status_error_and_input_are_real(link: AdbTransport) -> None:
    done = link.run(("sh", "-c", "cat; echo err >&2; exit 42"), stdin=b"fed" * 100_000)
    assert (done.code, len(done.out), done.err) == (42, 300_000, "err\n")


def test_a_command_that_hangs_is_cut_off(link: AdbTransport) -> None:
    begin = time.monotonic()
    with pytest.raises(TransientError, match="did not end within 1 s"):
        link.run(("sleep", "60"), timeout_s=1)
    assert time.monotonic() - begin < 10


def test_a_refused_write_and_pull_say_why(link: AdbTransport, tmp_path: Path) -> None:
    with pytest.raises(FinalError, match="/product/x"):
        link.push(b"x", "/product/x")
    with pytest.raises(FinalError, match="No such file"):
        link.pull("/data/nope", tmp_path / "x")


def test_a_spawned_program_outlives_its_connection_and_can_be_killed_by_the_oom_killer(phone: Phone) -> None:
    pid = phone.spawn(("sh", "-c", "cat /proc/self/oom_score_adj; sleep 30"), "/data/local/tmp/log")
    assert phone.shell("kill", "-0", str(pid)).code == 0
    assert phone.read_text("/data/local/tmp/log") == "0"
    phone.shell("kill", str(pid), check=True)
    phone.shell("rm", "/data/local/tmp/log", check=True)


def test_root_is_found_and_the_facts_are_whole(phone: Phone) -> None:
    found = discover(phone)
    facts = phone.facts({name: knob.where for name, knob in found.items()})
    assert phone.root.kind == "su 0"
    assert phone.shell("id", "-u", as_root=True).out == "0\n"
    assert phone.shell("id", "-u").out == "2000\n"
    assert facts.perfetto is not None
    assert facts.perfetto.startswith("Perfetto v")
    assert (facts.sdk, facts.cpus, facts.zram_algorithm) == (33, 2, "lz4")
    assert facts.stand_in
    assert {"kcompressd", "kcompressd.queue", "zram.algorithm", "zram.disksize"} <= set(facts.knobs)
    assert found["kcompressd"].layout == "zram-level module parameters (virtual handheld)"
    assert facts.vm["kernel.mm.transparent_hugepage.enabled"] == "always madvise [never]"


def test_conditions_and_threads_are_read_together(phone: Phone) -> None:
    conditions, activity, _ = survey(phone)
    assert conditions.battery_percent is not None
    assert conditions.thermal_status == 0
    assert len(conditions.zram_mm_stat) >= 7
    assert "kswapd0" in {thread.name for thread in activity.threads}
    assert activity.vmstat["pgfault"] > 0
    assert "queued" in activity.counters


def test_settings_take_and_are_put_back_after_an_error(phone: Phone, tmp_path: Path) -> None:
    first = phone.read_text("/proc/sys/vm/swappiness"), discover(phone)["kcompressd"].read(phone)

    def fail_in_the_middle() -> None:
        with guarded(phone, tmp_path / "undo.json") as guard:
            guard.set("sysctl:vm.swappiness", "60")
            assert guard.set("kcompressd", "off") == "off"
            assert guard.set("kcompressd", "3") == "3"
            assert [t.name for t in survey(phone)[1].threads if t.name.startswith("kc")] == [
                f"kcompressd:{n}" for n in range(3)
            ]
            guard.set("kcompressd", "60")

    with pytest.raises(ProofError, match="Invalid argument"):
        fail_in_the_middle()
    assert (phone.read_text("/proc/sys/vm/swappiness"), discover(phone)["kcompressd"].read(phone)) == first


def test_zram_is_set_up_with_another_algorithm_and_size_and_is_swap_again_afterwards(
    phone: Phone, tmp_path: Path
) -> None:
    first = phone.shell("cat", "/sys/block/zram0/comp_algorithm", "/sys/block/zram0/disksize", "/proc/swaps").out
    with guarded(phone, tmp_path / "undo.json") as guard:
        assert guard.set("zram.algorithm", "zstd") == "zstd"
        assert guard.set("zram.disksize", "256M") == str(256 << 20)
        now = phone.shell("cat", "/sys/block/zram0/comp_algorithm", "/proc/swaps").out
        assert "[zstd]" in now
        assert "/dev/zram0" in now
    assert (
        phone.shell("cat", "/sys/block/zram0/comp_algorithm", "/sys/block/zram0/disksize", "/proc/swaps").out == first
    )


def test_a_trace_is_recorded_and_opens(phone: Phone, tmp_path: Path) -> None:
    caps = capabilities(phone)
    recording = session.start(phone, caps, build_config(caps, Capture(), 60))
    try:
        phone.shell("ls", "/system/bin", check=True)
        phone.shell("sleep", "1")
    finally:
        assert recording.stop()
    recording.fetch(tmp_path / "trace")
    assert len(wanted_vmstat(caps)) > 20
    assert "vmscan/mm_vmscan_direct_reclaim_begin" in wanted_events(caps)
    with open_trace(tmp_path / "trace") as trace:
        tracks = set(trace.query("SELECT DISTINCT type || '.' || name AS n FROM counter_track")["n"])
        names = set(trace.query("SELECT name FROM process UNION SELECT name FROM thread")["name"])
        lost = trace.query("SELECT name, value FROM stats WHERE severity IN ('data_loss', 'error') AND value > 0")
    assert {"vmstat.pgsteal_anon", "vmstat.nr_writeback", "meminfo.MemAvailable", "psi.psi.mem.some"} <= tracks
    assert {"kswapd0", "sleep"} <= names
    assert lost.empty, lost.to_string()


def test_perfetto_that_refuses_says_why(phone: Phone) -> None:
    with pytest.raises(FinalError, match="config is invalid"):
        session.start(phone, capabilities(phone), b"not a config")


def test_a_user_build_has_no_root_and_still_records(tmp_path: Path) -> None:
    with Handheld.start(HandheldOptions(build="user")) as guest:
        phone = attach(connect(guest.serial, guest.adb_server))
        assert phone.root == NO_ROOT
        assert phone.shell("id", "-u").out == "2000\n"
        with pytest.raises(FinalError, match=r"cannot write .*ermission denied"):
            phone.write_text("/proc/sys/vm/swappiness", "60")
        caps = capabilities(phone)
        recording = session.start(phone, caps, build_config(caps, Capture(), 60))
        assert recording.stop()
        recording.fetch(tmp_path / "trace")
        assert (tmp_path / "trace").stat().st_size > 1000
