# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from agent.device import batch
from agent.device.fake import Fault, UnknownCommandError, failed, fake_phone
from agent.device.fake_kernel import FakeFile, RefusedError
from agent.device.phone import Phone, attach
from workloads.errors import FinalError, TransientError


def test_facts_come_in_one_round_trip() -> None:
    fake = fake_phone()
    phone = attach(fake)
    before = len(fake.log)
    facts = phone.facts({"kcompressd": "here: 0"})
    assert len(fake.log) == before + 1
    assert (facts.model, facts.android, facts.sdk, facts.cpus) == ("Fake", "13", 33, 8)
    assert (facts.memory_bytes, facts.swap_bytes) == (768_000 * 1024, 524_288 * 1024)
    assert (facts.zram_algorithm, facts.root, facts.perfetto) == ("lz4", "su 0", "Perfetto v56.0 (N/A)")
    assert facts.vm["vm.swappiness"] == "100"
    assert facts.knobs == {"kcompressd": "here: 0"}
    assert facts.stand_in is None


def test_a_stand_in_says_so_in_its_facts() -> None:
    fake = fake_phone()
    fake.properties["ro.reclaim.stand_in"] = "virtual"
    assert attach(fake).facts().stand_in == "virtual"


def test_conditions_come_in_one_round_trip_and_unreadable_ones_are_none() -> None:
    fake = fake_phone(roots=frozenset())
    fake.files["/sys/block/zram0/mm_stat"] = FakeFile("1 2 3", root_only=True)
    fake.programs["dumpsys"] = lambda _: failed(127, "not found")
    phone = attach(fake)
    before = len(fake.log)
    conditions = phone.conditions()
    assert len(fake.log) == before + 1
    assert conditions.mem_available_bytes == 400_000 * 1024
    assert (conditions.battery_percent, conditions.thermal_status, conditions.zram_mm_stat) == (None, None, ())


def test_conditions_of_a_whole_phone_are_whole() -> None:
    conditions = attach(fake_phone()).conditions()
    assert (conditions.battery_percent, conditions.battery_c, conditions.thermal_status) == (80, 27.0, 0)
    assert conditions.zram_mm_stat == (4096, 74, 12288, 0, 12288, 0, 0, 0, 0)


def test_a_file_is_written_as_root_and_read_back() -> None:
    phone = attach(fake_phone())
    phone.write_text("/proc/sys/vm/swappiness", "60")
    assert phone.read_text("/proc/sys/vm/swappiness") == "60"


def test_a_refused_write_carries_the_phones_own_words() -> None:
    fake = fake_phone()
    fake.files["/sys/x"] = FakeFile("1\n", lambda _: (_ for _ in ()).throw(RefusedError("Invalid argument")))
    with pytest.raises(FinalError, match=r"FAKE0001: cannot write '2' to /sys/x \(root: su 0\): .*Invalid argument"):
        attach(fake).write_text("/sys/x", "2")


def test_a_missing_file_is_told_with_its_path() -> None:
    with pytest.raises(FinalError, match=r"cannot read /nope: .*No such file"):
        attach(fake_phone()).read_text("/nope")


def test_a_program_that_must_not_fail_raises_with_what_it_said() -> None:
    fake = fake_phone(programs={"am": lambda _: failed(255, "Error: no such app\nmore\n")})
    with pytest.raises(FinalError, match=r"`am start` failed \(255\): Error: no such app; more"):
        attach(fake).shell("am", "start", check=True)


def test_a_spawned_program_gets_a_pid_and_a_log() -> None:
    started: list[tuple[str, ...]] = []
    fake = fake_phone(background=started.append)
    pid = attach(fake).spawn(("sh", "/data/local/tmp/run.sh"), "/data/local/tmp/log")
    assert pid > 0
    assert started == [("sh", "/data/local/tmp/run.sh")]
    assert "/data/local/tmp/log" in fake.files


def test_a_program_that_cannot_be_spawned_is_an_error() -> None:
    phone = attach(fake_phone(faults=[Fault("setsid", answer=failed(1, "cannot fork"))]))
    with pytest.raises(FinalError, match="cannot start sh: cannot fork"):
        phone.spawn(("sh",), "/log")


def test_properties_are_read_by_name() -> None:
    phone = attach(fake_phone())
    assert phone.getprop("ro.product.model") == "Fake"
    assert phone.getprop("none.such") == ""


def test_the_counters_of_vmstat_are_numbers() -> None:
    assert attach(fake_phone()).vmstat()["pswpout"] == 0


class TestFakePhone:
    @pytest.mark.parametrize("argv", [("halt",), ("sh", "-c", "rm -rf /", "sh")])
    def test_what_it_does_not_model_is_a_loud_error(self, argv: tuple[str, ...]) -> None:
        with pytest.raises(UnknownCommandError, match="not modelled"):
            fake_phone().run(argv)

    def test_an_attribute_it_has_not_is_a_loud_error(self) -> None:
        with pytest.raises(UnknownCommandError, match="no colour"):
            fake_phone(colour="red")

    def test_pushed_bytes_are_pulled_unchanged(self, tmp_path: Path) -> None:
        fake, data = fake_phone(), bytes(range(256))
        fake.push(data, "/data/local/tmp/x")
        fake.pull("/data/local/tmp/x", tmp_path / "x")
        assert (tmp_path / "x").read_bytes() == data

    def test_root_only_files_are_closed_to_the_shell_user(self) -> None:
        fake = fake_phone()
        ((answer,),) = attach(fake).ask(batch.file("/sys/block/zram0/mm_stat"), as_root=False)
        assert not answer.ok
        assert "Permission denied" in answer.text

    def test_a_fault_may_strike_after_the_command_was_carried_out(self) -> None:
        lost = Fault("/proc/sys/vm/swappiness", TransientError("gone"), after=True)
        fake = fake_phone()
        phone: Phone = attach(fake)
        fake.faults.append(lost)
        with pytest.raises(TransientError, match="gone"):
            phone.write_text("/proc/sys/vm/swappiness", "1")
        assert fake.files["/proc/sys/vm/swappiness"].text == "1\n"
