# SPDX-License-Identifier: Apache-2.0
"""Sysctls, MGLRU and frequency limits: ranges, spellings, and pairs that must never cross."""

from pathlib import Path

import pytest

from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile, RefusedError
from agent.device.phone import Phone, attach
from agent.knobs.activity import survey
from agent.knobs.base import Knob
from agent.knobs.discover import describe, discover
from agent.knobs.undo import Guard, begin
from workloads.errors import InputError, ProofError

CPU = "/sys/devices/system/cpu/cpufreq"
GPU = "/sys/class/devfreq/5000000.gpu"
LRU = "/sys/kernel/mm/lru_gen"


def pair(fake: FakePhone, lower: str, upper: str, least: int, most: int) -> None:
    """Two limits of which a kernel of before 5.3 takes none that crosses the other (drivers/cpufreq/cpufreq.c)."""

    def accept(text: str, *, is_lower: bool) -> str:
        low, high = (int(fake.files[path].text) for path in (lower, upper))
        low, high = (int(text), high) if is_lower else (low, int(text))
        if low > high:
            raise RefusedError("Invalid argument")
        return text

    fake.files[lower] = FakeFile(f"{least}\n", lambda text: accept(text, is_lower=True))
    fake.files[upper] = FakeFile(f"{most}\n", lambda text: accept(text, is_lower=False))


@pytest.fixture
def fake() -> FakePhone:
    made = fake_phone()
    for policy, least, most in (("policy0", 300000, 1800000), ("policy4", 500000, 2800000)):
        pair(made, f"{CPU}/{policy}/scaling_min_freq", f"{CPU}/{policy}/scaling_max_freq", least, most)
        made.files[f"{CPU}/{policy}/cpuinfo_min_freq"] = FakeFile(f"{least}\n")
        made.files[f"{CPU}/{policy}/cpuinfo_max_freq"] = FakeFile(f"{most}\n")
    made.files[f"{CPU}/policy0/scaling_available_frequencies"] = FakeFile("300000 1000000 1400000 1800000 \n")
    pair(made, f"{GPU}/min_freq", f"{GPU}/max_freq", 200000000, 900000000)
    made.files[f"{GPU}/available_frequencies"] = FakeFile("200000000 500000000 900000000\n")
    made.files[f"{LRU}/enabled"] = FakeFile("0x0007\n", lambda text: f"0x{int(text, 0):04x}")
    made.files[f"{LRU}/min_ttl_ms"] = FakeFile("0\n")
    made.files["/proc/sys/vm/watermark_scale_factor"] = FakeFile("10\n")
    return made


@pytest.fixture
def phone(fake: FakePhone) -> Phone:
    return attach(fake)


def knob(phone: Phone, name: str) -> Knob:
    return discover(phone)[name]


class TestSysctls:
    @pytest.mark.parametrize("value", ["201", "-1", "0x10", "sixty", "6 0", "60.0", "²"])
    def test_a_value_out_of_range_is_refused_before_any_write(self, phone: Phone, value: str) -> None:
        with pytest.raises(InputError, match=r"vm\.swappiness: .* from 0 to 200"):
            knob(phone, "vm.swappiness").write(phone, value)

    def test_what_an_older_kernel_refuses_is_told_with_the_range(self, fake: FakePhone, phone: Phone) -> None:
        def old(text: str) -> str:
            if int(text) > 100:
                raise RefusedError("Invalid argument")
            return text

        fake.files["/proc/sys/vm/swappiness"].accept = old
        with pytest.raises(ProofError, match=r"Invalid argument; vm\.swappiness takes 0 to 200"):
            knob(phone, "vm.swappiness").write(phone, "180")

    def test_a_daemon_that_writes_watermarks_again_is_named(self, phone: Phone) -> None:
        assert "extra_free_kbytes" in knob(phone, "vm.watermark_scale_factor").notes


class TestLruGen:
    @pytest.mark.parametrize(
        ("text", "value"), [("on", "7"), ("off", "0"), ("y", "7"), ("0x0003", "3"), ("0X7", "7"), ("5", "5")]
    )
    def test_every_spelling_is_one_number(self, phone: Phone, text: str, value: str) -> None:
        assert knob(phone, "lru_gen.enabled").write(phone, text) == value

    @pytest.mark.parametrize("text", ["0xzz", "0x", "16", "maybe", "-1"])
    def test_what_is_no_mask_is_refused(self, phone: Phone, text: str) -> None:
        with pytest.raises(InputError, match=r"lru_gen\.enabled"):
            knob(phone, "lru_gen.enabled").write(phone, text)

    def test_bits_that_the_hardware_lacks_do_not_speak_against_it(self, fake: FakePhone, phone: Phone) -> None:
        fake.files[f"{LRU}/enabled"].accept = lambda text: f"0x{int(text, 0) & 1:04x}"
        lru, now = knob(phone, "lru_gen.enabled"), survey(phone)[1]
        assert lru.write(phone, "on") == "1"
        assert lru.prove("on", "1", now, now).outcome == "taken"
        assert lru.prove("on", "0", now, now).outcome == "not_taken"
        assert lru.prove("off", "1", now, now).outcome == "not_taken"


class TestLimits:
    def test_a_limit_has_the_hardwares_range(self, phone: Phone) -> None:
        assert knob(phone, "cpufreq.policy4.max").takes == "500000 to 2800000 kHz"
        assert knob(phone, "devfreq.5000000.gpu.max").takes == "0 to 900000000 Hz"
        with pytest.raises(InputError, match="from 500000 to 2800000"):
            knob(phone, "cpufreq.policy4.max").write(phone, "3000000")

    def test_limits_never_cross_and_what_to_do_is_told(self, fake: FakePhone, phone: Phone) -> None:
        knob(phone, "cpufreq.policy0.min").write(phone, "1400000")
        with pytest.raises(ProofError, match=r"max cannot be 1000000 while .*min_freq is 1400000: .*cpu\.frequency"):
            knob(phone, "cpufreq.policy0.max").write(phone, "1000000")
        assert fake.files[f"{CPU}/policy0/scaling_max_freq"].text == "1800000\n"
        assert knob(phone, "cpufreq.policy0.max").write(phone, "1400000") == "1400000"

    def test_gpu_and_memory_are_pairs_too(self, phone: Phone) -> None:
        assert knob(phone, "devfreq.5000000.gpu.min").write(phone, "500000000") == "500000000"
        assert "set that one first" in (knob(phone, "devfreq.5000000.gpu.max").refusal(phone, "200000000") or "")


class TestCpuFrequency:
    @pytest.mark.parametrize(
        ("value", "limits"),
        [
            ("fixed:1000000", "policy0:1000000-1000000 policy4:1000000-1000000"),
            ("fixed:1500000", "policy0:1400000-1400000 policy4:1500000-1500000"),
            ("fixed:100", "policy0:300000-300000 policy4:500000-500000"),
            ("max", "policy0:1800000-1800000 policy4:2800000-2800000"),
            ("free", "policy0:300000-1800000 policy4:500000-2800000"),
            ("policy4:600000-700000 policy0:300000-400000", "policy0:300000-400000 policy4:600000-700000"),
        ],
    )
    def test_words_are_spelt_out_as_limits_of_every_policy(self, phone: Phone, value: str, limits: str) -> None:
        assert knob(phone, "cpu.frequency").write(phone, value) == limits

    def test_pairs_are_written_in_the_order_that_never_crosses(self, phone: Phone) -> None:
        cpu = knob(phone, "cpu.frequency")
        first = cpu.read(phone)
        for value in ("max", "fixed:300000", "max", "fixed:1000000", "fixed:1400000", first):
            assert cpu.write(phone, value) == cpu.canonical(value)

    @pytest.mark.parametrize(
        "value", ["fixed", "fixed:x", "", "policy0:1-2", "policy0:1-2 policy9:1-2", "policy0:9-1 policy4:1-2", "off"]
    )
    def test_other_words_are_refused_with_the_ranges(self, phone: Phone, value: str) -> None:
        with pytest.raises(InputError, match="policy0 300000-1800000, policy4 500000-2800000 kHz"):
            knob(phone, "cpu.frequency").canonical(value)

    def test_a_service_that_writes_it_again_is_found(self, fake: FakePhone, phone: Phone) -> None:
        path = f"{CPU}/policy4/scaling_max_freq"
        fake.files[path].accept = lambda _text: "2000000"
        with pytest.raises(ProofError, match=r"cpu\.frequency, policy4: wrote 1000000, but .* reads back 2000000"):
            knob(phone, "cpu.frequency").write(phone, "fixed:1000000")

    def test_the_facts_of_a_run_keep_it(self, phone: Phone) -> None:
        told = describe(phone, discover(phone))["cpu.frequency"]
        assert "policy0:300000-1800000 policy4:500000-2800000" in told

    @pytest.mark.parametrize("by_itself", [True, False])
    def test_all_limits_are_put_back_by_the_phone_or_by_us(
        self, fake: FakePhone, phone: Phone, tmp_path: Path, *, by_itself: bool
    ) -> None:
        guard = begin(phone, tmp_path / "undo.json", discover(phone))
        first = guard.knob("cpu.frequency").read(phone)
        guard.set("cpu.frequency", "fixed:1400000")
        assert put_back(fake, guard, by_itself=by_itself) == first

    @pytest.mark.parametrize("by_itself", [True, False])
    def test_a_limit_that_stands_in_the_way_of_another_is_put_back_before_it(
        self, fake: FakePhone, phone: Phone, tmp_path: Path, *, by_itself: bool
    ) -> None:
        first = knob(phone, "cpu.frequency").write(phone, "policy0:1000000-1000000 policy4:500000-2800000")
        guard = begin(phone, tmp_path / "undo.json", discover(phone))
        for which, value in (("min", "300000"), ("max", "500000"), ("max", "1800000"), ("min", "1500000")):
            guard.set(f"cpufreq.policy0.{which}", value)
        assert put_back(fake, guard, by_itself=by_itself) == first


def put_back(fake: FakePhone, guard: Guard, *, by_itself: bool) -> str:
    """What all limits are after the run was cut off, or has ended."""
    guard.dead_man.hush()
    if by_itself:
        fake.fall_silent()
    else:
        assert guard.restore() == ()
    return guard.knob("cpu.frequency").read(guard.phone)
