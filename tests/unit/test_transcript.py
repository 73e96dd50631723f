# SPDX-License-Identifier: Apache-2.0
"""What is recorded of a phone, what is left out, and that a phone played back says the same."""

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.cli.main import main
from agent.device import batch
from agent.device.fake import FakePhone
from agent.device.fake_kernel import FakeFile
from agent.device.phone import attach
from agent.device.recorder import RecordingTransport
from agent.device.redaction import redactor
from agent.device.replay import NotRecordedError, ReplayPhone, replay
from agent.device.transcript import SERIAL, Entry, Transcript, load
from agent.field.doctor import diagnose
from agent.knobs.deadman import here
from agent.ports import Completed
from tests.support.clocks import QuickClock
from tests.support.doctor_phone import doctor_phone
from workloads.errors import InputError

SECRETS = {
    "ro.serialno": "R58M12ABCDE",
    "ro.boot.wifimac": "a4:50:46:12:34:56",
    "persist.radio.imei": "490154203237518",
    "persist.sys.device_name": "Annas Handy",
    "gsm.operator.alpha": "Some Carrier",
    "net.dns1": "192.168.178.1",
}


QUERY = """\
PRODUCER PROCESSES CONNECTED:

1      900      10234           com.bank.secret                            SDK

DATA SOURCES REGISTERED:

NAME                                     PRODUCER                     DETAILS
===                                      ========                     ========
linux.ftrace                             perfetto.traced_probes (1)
linux.sys_stats                          perfetto.traced_probes (1)
linux.process_stats                      perfetto.traced_probes (1)
track_event                              com.bank.secret (3)
"""
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
DONE = Completed((), 0, "out", "err")
BATTERY = "Current Battery Service state:\n  level: 80\n  scale: 100\n  temperature: 270\n  battery SN: 20231A0B7\n"


def recorded(fake: FakePhone) -> tuple[str, list[str]]:
    """What is written of a phone, and what doctor says of it."""
    link = RecordingTransport(fake)
    lines = list(diagnose(attach(link), QuickClock()).lines())
    return link.transcript().text(), lines


def played(text: str, folder: Path) -> ReplayPhone:
    (folder / "phone.jsonl").write_text(text, "utf-8")
    return replay(folder / "phone.jsonl")


@pytest.mark.parametrize("root", ["su 0", "su -c", None])
def test_doctor_says_of_a_phone_that_is_played_back_what_it_said_of_the_phone(root: str | None, tmp_path: Path) -> None:
    fake = doctor_phone()
    fake.roots = frozenset({root} if root else ())
    text, lines = recorded(fake)
    again = list(diagnose(attach(played(text, tmp_path)), QuickClock()).lines())
    assert [line.replace(SERIAL, fake.serial) for line in again] == lines


def test_apps_that_perfetto_lists_and_what_vendors_say_of_the_battery_are_not_written(tmp_path: Path) -> None:
    fake = doctor_phone({"perfetto --query": QUERY, "dumpsys battery": BATTERY})
    text, lines = recorded(fake)
    assert [secret for secret in ("bank", "10234", "0B7") if secret in text] == []
    again = list(diagnose(attach(played(text, tmp_path)), QuickClock()).lines())
    assert [line.replace(SERIAL, fake.serial) for line in again] == lines


def test_a_serial_number_that_only_the_lock_asks_for_is_not_written() -> None:
    fake = doctor_phone()
    fake.serial, fake.properties["ro.serialno"] = "192.168.178.34:5555", "R58M12ABCDE"
    link = RecordingTransport(fake)
    attach(link).ask(batch.program("getprop", "ro.serialno"), as_root=False)
    assert "R58M12ABCDE" not in link.transcript().text()


def test_nothing_that_is_the_owners_is_written() -> None:
    fake = doctor_phone({"getenforce": "Enforcing, says anna.b@mail.example.com of R58M12ABCDE at fe80::1%wlan0\n"})
    fake.serial = "192.168.178.34:5555"
    fake.properties |= SECRETS
    fake.properties["ro.build.fingerprint"] = "acme/x/x:14/UP1A.231005.007/eng.anna.20240101.101010:userdebug/test-keys"
    fake.kernel.threads[0].name = "com.whatsapp"
    text, _lines = recorded(fake)
    secrets = (*SECRETS.values(), fake.serial, "anna", "whatsapp", "192.168", "fe80", here(), fake.kernel.boot_id)
    assert [secret for secret in secrets if secret in text] == []
    assert "acme/x/x:14/UP1A.231005.007/USER:userdebug/test-keys" in text


@pytest.mark.parametrize(
    "harmless",
    [
        "06:00:00 2026-11-23",
        "pgscan_kswapd 490154203237518",
        "android.hardware.thermal@2.0::IThermal",
        "6.12.107-android16-5-g1234567",
        "acme/x/x:14/UP1A.231005.007/S901BXXU4CWCG:user/release-keys",
        "total=123456",
        "com.android.shell",
        "kernel.mm.lru_gen.enabled",
        "::",
    ],
)
def test_what_is_no_secret_stays(harmless: str) -> None:
    assert redactor("R58M12ABCDE", "host").text(harmless) == harmless


def test_a_transcript_outlives_other_groupings_of_its_questions(tmp_path: Path) -> None:
    text, _lines = recorded(doctor_phone())
    phone = attach(played(text, tmp_path))
    (memory,), (battery,) = phone.ask(batch.file("/proc/meminfo"), batch.program("dumpsys", "battery"))
    assert "MemTotal" in memory.text
    assert "level: 80" in battery.text


def test_what_the_phone_was_never_asked_is_loud(tmp_path: Path) -> None:
    text, _lines = recorded(doctor_phone())
    phone = attach(played(text, tmp_path))
    with pytest.raises(NotRecordedError, match="file /proc/nothing"):
        phone.read_text("/proc/nothing")
    with pytest.raises(NotRecordedError, match="reboot"):
        phone.shell("reboot")
    with pytest.raises(NotRecordedError, match="push"):
        phone.transport.push(b"x", "/data/x")


def test_of_a_phone_that_is_gone_new_globs_may_name_nothing_and_all_else_stays_loud(tmp_path: Path) -> None:
    text, _lines = recorded(doctor_phone())
    played(text, tmp_path)
    phone = attach(replay(tmp_path / "phone.jsonl", forgiving=True))
    assert phone.ask(batch.each("/sys/new/*"), batch.file("/proc/vmstat"))[0] == ()
    with pytest.raises(NotRecordedError):
        phone.ask(batch.file("/sys/new/one"))


def test_text_with_frames_line_feeds_and_other_scripts_comes_back_the_same(tmp_path: Path) -> None:
    fake = doctor_phone()
    fake.files["/proc/odd"] = FakeFile("a\n\nb \u2028 é\x01\n\n")
    link = RecordingTransport(fake)
    told = attach(link).read_text("/proc/odd")
    assert attach(played(link.transcript().text(), tmp_path)).read_text("/proc/odd") == told


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "not json", '{"transcript": 1}\n{"as": "", "run": 7}\n', '{"transcript": 9}']
)
def test_a_file_that_is_no_transcript_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=r"x\.jsonl: .*transcript") as refused:
        load(path)
    assert "\n" not in str(refused.value)


def test_a_record_that_could_not_be_written_is_told_before_any_phone_is_asked(tmp_path: Path) -> None:
    err = io.StringIO()
    words = ["doctor", "--record", str(tmp_path / "none" / "phone.jsonl"), "--adb-server", "127.0.0.1:1"]
    assert main(words, io.StringIO(), err) == 2
    assert "there is no directory" in err.getvalue()


@given(WORDS, WORDS)
@settings(max_examples=40, deadline=None)
def test_any_answer_is_read_back_from_the_file_as_it_was_written(what: str, said: str) -> None:
    entries = (Entry(("su 0", "file", what), (batch.Answer(what, said, 1),)), Entry(("", "run", "", what), done=DONE))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        path.write_bytes(Transcript(entries, frozenset({said})).text().encode())
        found = load(path)
    assert found.entries[0] == entries[0]
    assert found.features == frozenset({said})


@given(WORDS, WORDS)
@settings(max_examples=100, deadline=None)
def test_a_serial_number_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    assert "R58M12ABCDE" not in redactor("R58M12ABCDE", "").text(f"{before}R58M12ABCDE{after}")
