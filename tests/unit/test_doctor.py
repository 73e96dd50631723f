# SPDX-License-Identifier: Apache-2.0
"""What doctor says of phones that work, of user builds, and of phones that lack something."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.device.fake import FakePhone, Fault
from agent.device.fake_kernel import FakeFile, FakeKernel
from agent.device.fakes.texts import MEMINFO
from agent.device.fakes.zram import FakeZram
from agent.device.phone import attach
from agent.field.doctor import Diagnosis, diagnose
from agent.field.finding import Finding
from agent.field.lifeline import RESTART, TERMS
from agent.knobs.deadman import FOLDER
from agent.knobs.discover import discover
from agent.knobs.undo import begin
from tests.support.clocks import QuickClock
from tests.support.doctor_phone import doctor_phone
from workloads.errors import TransientError


def ask(fake: FakePhone, *, restart: bool = True) -> Diagnosis:
    return diagnose(attach(fake), QuickClock(), restart=restart)


def topic(found: Diagnosis, name: str) -> Finding:
    return next(one for one in found.found if one.topic == name)


def stock(fake: FakePhone) -> None:
    fake.kernel.setter = "is missing"
    fake.kernel.threads = [thread for thread in fake.kernel.threads if not thread.name.startswith("kcompressd")]


def test_a_phone_that_has_everything_can_be_measured_and_every_line_is_good() -> None:
    found = ask(doctor_phone())
    assert found.possible
    assert {one.topic: one.state for one in found.found if one.state != "yes"} == {}
    assert list(found.lines())[-1] == "A run that switches kcompressd is possible on this phone."


def test_it_is_one_screen() -> None:
    for fake in (doctor_phone(), doctor_phone({"getenforce": None, "df -k /data": None})):
        lines = list(ask(fake).lines())
        assert max(map(len, lines)) <= 80
        assert len(lines) <= 40


def test_few_round_trips_are_made_where_nothing_is_restarted() -> None:
    fake = doctor_phone()
    ask(fake, restart=False)
    assert len(fake.log) <= 8


def test_a_user_build_without_root_is_told_what_will_be_missing_and_nothing_is_written() -> None:
    fake = doctor_phone()
    fake.roots = frozenset()
    before = dict(fake.files)
    found = ask(fake)
    assert not found.possible
    lacking = {one.topic for one in found.found if one.state != "yes"}
    assert lacking == {"root", "kcompressd", "zram", "PSI", "events", "dead-man"}
    assert fake.files == before
    assert all(one.cure or one.topic in ("PSI", "events", "dead-man") for one in found.found if one.topic in lacking)


@pytest.mark.parametrize(
    ("break_it", "names", "needed"),
    [
        (stock, "kcompressd", True),
        (lambda fake: setattr(fake.kernel, "setter", "lies"), "kcompressd", True),
        (lambda fake: fake.properties.update({"ro.product.cpu.abi": "riscv64"}), "pressure", True),
        (lambda fake: fake.files.update({"/proc/meminfo": FakeFile("MemTotal: 1 kB\n")}), "zram", True),
        (lambda fake: fake.files.pop("/system/bin/atrace"), "atrace", False),
        (lambda fake: fake.files.pop("/proc/pressure/memory"), "PSI", False),
        (lambda fake: fake.files.pop("/sys/kernel/mm/lru_gen/enabled"), "MGLRU", False),
    ],
)
def test_what_is_missing_is_told_and_only_what_a_run_needs_makes_the_answer_no(
    break_it: Callable[[FakePhone], object],
    names: str,
    needed: bool,  # noqa: FBT001 - a row of a table
) -> None:
    fake = doctor_phone()
    break_it(fake)
    found = ask(fake)
    assert topic(found, names).state != "yes"
    assert found.possible is not needed


@pytest.mark.parametrize(("available_kib", "possible"), [(400_000, True), (100_000, False)])
def test_a_form_that_needs_zram_set_up_anew_is_no_use_while_memory_cannot_take_the_swap(
    available_kib: int,
    possible: bool,  # noqa: FBT001 - a row of a table
) -> None:
    fake = doctor_phone()
    fake.kernel = FakeKernel(setter="is missing", zram=FakeZram.mediatek())
    assert fake.kernel.zram
    fake.kernel.zram.used_bytes = 200 << 20
    fake.files["/proc/meminfo"] = FakeFile(MEMINFO.replace("400000", str(available_kib)))
    found = ask(fake)
    assert found.possible is possible
    told = [one.said for one in found.found if one.topic == "switching"]
    assert (not told) is possible
    assert all(
        "kcompressd is hwonly and cannot be changed to swonly: swapoff would bring 200 MiB" in one for one in told
    )


def test_an_old_perfetto_is_told_what_it_lacks() -> None:
    fake = doctor_phone({"perfetto --version": "Perfetto v15.0 (abc)\n", "perfetto --help": "usage\n"})
    found = topic(ask(fake), "Perfetto")
    assert (found.state, found.needed) == ("part", False)
    assert "--background-wait" in found.said
    assert "PSI" in found.said


def test_data_sources_that_are_not_registered_are_named() -> None:
    listed = "DATA SOURCES REGISTERED:\n\nNAME PRODUCER\nlinux.ftrace p\nlinux.process_stats p\n"
    said = topic(ask(doctor_phone({"perfetto --query": listed})), "Perfetto").said
    assert said.endswith(
        "without: data source linux.sys_stats, data source android.packages_list,"
        " data source android.surfaceflinger.frametimeline"
    )


def test_the_dead_man_that_is_killed_with_adbd_is_told_and_nothing_of_it_stays() -> None:
    fake = doctor_phone(lives_on=False)
    found = ask(fake)
    assert topic(found, "dead-man").state == "part"
    assert found.possible
    assert not [name for name in fake.files if name.startswith(TERMS.folder)]


def test_a_dead_man_that_cannot_be_armed_means_no_run() -> None:
    fake = doctor_phone()
    fake.dead_man.refuses = "No space left on device"
    found = ask(fake)
    assert not found.possible
    assert "No space left" in topic(found, "dead-man").said


def test_an_adbd_that_never_comes_back_is_an_error_and_not_an_answer() -> None:
    fake = doctor_phone()
    fake.background = lambda _argv: None
    with pytest.raises(TransientError, match="adbd was ended and did not come back within 25 s"):
        ask(fake)


def test_a_link_that_drops_while_adbd_restarts_is_waited_for() -> None:
    fake = doctor_phone()
    restart = fake.background

    def drop(argv: tuple[str, ...]) -> None:
        restart(argv)
        if RESTART in argv:
            fake.faults.append(Fault("deadman", TransientError("the link dropped"), times=5))

    fake.background = drop
    assert topic(ask(fake), "dead-man").state == "yes"


def test_adbd_is_left_alone_when_a_run_is_under_way_or_the_user_says_so(tmp_path: Path) -> None:
    fake = doctor_phone()
    assert topic(ask(fake, restart=False), "dead-man").state == "part"
    phone = attach(fake)
    guard = begin(phone, tmp_path / "undo.json", discover(phone))
    guard.set("sysctl:vm.swappiness", "60")
    found = ask(fake)
    guard.dead_man.hush()
    assert topic(found, "dead-man").said == "not tried: a run is under way"
    assert not found.possible
    assert not any(RESTART in words for words in fake.log)
    assert f"{FOLDER}/run" in fake.files


@pytest.mark.parametrize(
    ("serial", "tls", "tcp", "tried"),
    [
        ("R58M12ABCDE", "", "", True),
        ("R58M12ABCDE", "37001", "", True),
        ("192.168.1.7:5555", "", "5555", True),
        ("192.168.1.7:37001", "37001", "5555", False),
        ("192.168.1.7:37001", "", "", False),
        ("192.168.1.7:37001", "", "-1", False),
        ("adb-R58M12ABCDE-x1y2z3._adb-tls-connect._tcp", "", "5555", False),
    ],
)
def test_adbd_is_not_restarted_where_it_would_come_back_under_another_address(
    serial: str,
    tls: str,
    tcp: str,
    tried: bool,  # noqa: FBT001 - a row of a table
) -> None:
    fake = doctor_phone()
    fake.serial = serial
    fake.properties |= {"service.adb.tls.port": tls, "service.adb.tcp.port": tcp}
    assert (topic(ask(fake), "dead-man").state == "yes") is tried


def test_json_is_one_document_that_says_the_same() -> None:
    found = ask(doctor_phone())
    document = json.loads(json.dumps(found.document()))
    assert document["possible"] is True
    assert [one["topic"] for one in document["findings"]] == [one.topic for one in found.found]


def test_a_hostile_model_name_cannot_steer_the_terminal() -> None:
    fake = doctor_phone()
    fake.properties["ro.product.model"] = "x\x1b[2J"
    fake.properties["ro.build.version.release"] = "\x1b]0;owned\x07"
    assert "\x1b" not in "\n".join(ask(fake).lines())
