# SPDX-License-Identifier: Apache-2.0
import pytest

from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile, FakeKernel, Setter, refuse
from agent.device.phone import Phone, attach
from agent.knobs import generic
from agent.knobs.activity import Activity, growth, survey, vmstat_growth
from agent.knobs.base import FileKnob, Knob
from agent.knobs.discover import describe, discover, find
from agent.knobs.kcompressd.common import MIN_SWAPPED_PAGES
from agent.knobs.kcompressd.module import Count
from reports.record import Proof
from workloads.errors import FinalError, InputError, ProofError

PARAMETER = "/sys/module/kcompressd/parameters/nr_kcompressd"
ENOUGH = 3 * MIN_SWAPPED_PAGES


def activity_of(phone: Phone) -> Activity:
    return survey(phone)[1]


def phone_with(setter: Setter = "works", *, counters: bool = True) -> tuple[FakePhone, Phone]:
    fake = fake_phone(kernel=FakeKernel(setter=setter, counters=counters))
    return fake, attach(fake)


def threads_knob() -> Count:
    return Count("kcompressd", PARAMETER, usual=2, most=64)


class TestDiscovery:
    def test_it_takes_one_round_trip(self) -> None:
        fake, phone = phone_with()
        before = len(fake.log)
        found = discover(phone)
        assert {"kcompressd", "kcompressd.queue", "zram.algorithm", "zram.disksize", "vm.swappiness"} <= set(found)
        assert len(fake.log) == before + 1

    def test_a_stock_kernel_has_no_kcompressd(self) -> None:
        _, phone = phone_with("is missing")
        assert not [name for name in discover(phone) if name.startswith("kcompressd")]
        with pytest.raises(FinalError, match=r"FAKE0001: no knob kcompressd .*found: vm\.\*, zram\.algorithm"):
            find("kcompressd", discover(phone), phone.serial)

    def test_the_published_layout_is_a_risk_unless_the_module_says_whose_it_is(self) -> None:
        _, ours = phone_with()
        published = attach(fake_phone(kernel=FakeKernel(ours=False)))
        assert discover(ours)["kcompressd"].risk is None
        assert "may crash the kernel" in (discover(published)["kcompressd"].risk or "")

    def test_every_knob_tells_what_it_takes(self) -> None:
        _, phone = phone_with()
        takes = {name: knob.takes for name, knob in discover(phone).items()}
        assert takes["kcompressd"] == "off, on (2 threads), or 1 to 64 threads"
        assert takes["zram.algorithm"] == "lzo lz4 zstd"
        assert takes["vm.swappiness"] == "0 to 200 (kernel's default 60)"

    def test_a_description_tells_where_and_what(self) -> None:
        _, phone = phone_with()
        told = describe(phone, discover(phone))
        assert told["kcompressd"] == f"{PARAMETER}: off (zram-level module parameters (virtual handheld))"
        assert "vm.swappiness" not in told
        assert describe(phone, {}) == {}

    def test_describing_takes_one_round_trip(self) -> None:
        fake, phone = phone_with()
        found, before = discover(phone), len(fake.log)
        describe(phone, found)
        assert len(fake.log) == before + 1


class TestSetting:
    @pytest.mark.parametrize(("value", "stored"), [("off", "0\n"), ("0", "0\n"), ("2", "2\n")])
    def test_threads_are_off_or_a_number(self, value: str, stored: str) -> None:
        fake, phone = phone_with()
        assert threads_knob().write(phone, value) == ("2" if value == "2" else "off")
        assert fake.kernel.files()[PARAMETER].text == stored

    @pytest.mark.parametrize("value", ["yes", "", "-1", "65", "1.5", "2 3", "²"])
    def test_what_is_no_number_of_threads_is_refused_before_any_write(self, value: str) -> None:
        fake, phone = phone_with()
        before = len(fake.log)
        with pytest.raises(InputError, match="kcompressd"):
            threads_knob().write(phone, value)
        assert len(fake.log) == before

    def test_a_value_stored_although_the_kernel_refused_it_is_the_published_defect(self) -> None:
        _, phone = phone_with("lies")
        with pytest.raises(ProofError, match=r"Invalid argument; yet .* now reads 2: the first published kcompressd's"):
            threads_knob().write(phone, "2")

    def test_a_read_only_knob_says_so(self) -> None:
        _, phone = phone_with("is read-only")
        with pytest.raises(ProofError, match="Permission denied"):
            threads_knob().write(phone, "2")

    def test_a_value_out_of_the_kernels_bounds_does_not_take(self) -> None:
        _, phone = phone_with()
        with pytest.raises(ProofError, match="Invalid argument"):
            threads_knob().write(phone, "40")

    @pytest.mark.parametrize(
        ("stored", "canonical"),
        [
            ("0x0007", "7"),
            ("Y", "1"),
            ("n", "0"),
            ("lzo [lz4] zstd", "lz4"),
            ("1\t2   3", "1 2 3"),
            ("-1", "-1"),
            ("", ""),
        ],
    )
    def test_a_value_that_reads_back_in_another_spelling_is_the_same(self, stored: str, canonical: str) -> None:
        assert FileKnob("k", "/sys/k").canonical(f"{stored}\n") == canonical

    def test_lru_gen_takes_7_and_reads_0x0007(self) -> None:
        fake, phone = phone_with()
        path = "/sys/kernel/mm/lru_gen/enabled"
        fake.files[path] = FakeFile("0x0000\n", lambda text: f"0x{int(text, 0):04x}")
        assert FileKnob("lru", path).write(phone, "7") == "7"

    def test_a_write_that_is_silently_ignored_did_not_take(self) -> None:
        fake, phone = phone_with()
        fake.files["/sys/k"] = FakeFile("1\n", lambda _: "1")
        with pytest.raises(ProofError, match="wrote 2, but /sys/k reads back 1"):
            FileKnob("k", "/sys/k").write(phone, "2")

    def test_on_is_the_number_that_the_tree_starts_with(self) -> None:
        _, phone = phone_with()
        assert threads_knob().write(phone, "on") == "2"

    def test_a_fixed_knob_can_only_stay_what_it_is(self) -> None:
        fake, phone = phone_with()
        fake.files["/sys/k"] = FakeFile("4\n")
        knob = FileKnob("k", "/sys/k", fixed="make two boots of it")
        assert knob.write(phone, "4") == "4"
        with pytest.raises(ProofError, match=r"k is 4 and cannot be changed to 2 while the phone runs .*two boots"):
            knob.write(phone, "2")
        assert fake.files["/sys/k"].text == "4\n"


class TestNames:
    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("sysctl:vm.swappiness", "/proc/sys/vm/swappiness"),
            ("sysctl:vm/page-cluster", "/proc/sys/vm/page-cluster"),
            ("sysfs:/sys/kernel/mm/lru_gen/enabled", "/sys/kernel/mm/lru_gen/enabled"),
            ("sysfs:/proc/sys/vm/swappiness", "/proc/sys/vm/swappiness"),
        ],
    )
    def test_any_file_of_sysfs_or_sysctl_is_a_knob(self, name: str, path: str) -> None:
        knob: Knob = find(name, {}, "X")
        assert (knob.name, knob.where) == (name, path)

    @pytest.mark.parametrize(
        "name", ["sysfs:/etc/passwd", "sysfs:/sys/../etc/passwd", "sysctl:", "sysfs:", "sysctl:../x"]
    )
    def test_a_name_never_leads_out_of_sysfs_and_sysctl(self, name: str) -> None:
        with pytest.raises(InputError, match="sysctl"):
            generic.from_name(name)

    def test_a_file_of_a_found_knob_keeps_what_is_known_against_writing_it(self) -> None:
        phone = attach(fake_phone(kernel=FakeKernel(ours=False)))
        assert find(f"sysfs:{PARAMETER}", discover(phone), "X").risk

    def test_other_names_are_not_its_own(self) -> None:
        assert generic.from_name("kcompressd") is None
        assert generic.from_name("other:thing") is None


class TestProof:
    def prove(self, setter: Setter, value: str, pages: int, *, counters: bool = True) -> Proof:
        """Set a value however the kernel answers, press, and judge."""
        fake, phone = phone_with(setter, counters=counters)
        knob = threads_knob()
        phone.try_write(PARAMETER, knob.spell(value))
        before = activity_of(phone)
        fake.kernel.press(pages)
        return knob.prove(value, knob.read(phone), before, activity_of(phone))

    def test_on_is_taken_when_its_threads_worked(self) -> None:
        proof = self.prove("works", "2", ENOUGH)
        assert (proof.outcome, proof.read_back) == ("taken", "2")
        assert proof.evidence["queued_pages"] == ENOUGH
        assert proof.evidence["kcompressd_cpu_s"] >= 0.05

    def test_on_without_counters_is_taken_by_cpu_time_alone(self) -> None:
        assert self.prove("works", "2", ENOUGH, counters=False).outcome == "taken"

    def test_off_is_taken_when_pages_went_to_swap_without_kcompressd(self) -> None:
        proof = self.prove("works", "off", ENOUGH)
        assert (proof.outcome, proof.evidence["kcompressd_cpu_s"]) == ("taken", 0)

    def test_the_published_defect_is_not_taken_although_the_file_says_so(self) -> None:
        proof = self.prove("lies", "2", ENOUGH)
        assert (proof.outcome, proof.read_back) == ("not_taken", "2")

    @pytest.mark.parametrize("value", ["2", "off"])
    def test_too_little_swapping_proves_nothing(self, value: str) -> None:
        proof = self.prove("lies" if value == "2" else "works", value, MIN_SWAPPED_PAGES - 1)
        assert proof.outcome == "not_exercised"
        assert "raise the pressure" in proof.why

    def test_threads_that_work_although_off_are_not_taken(self) -> None:
        fake, phone = phone_with()
        knob = threads_knob()
        knob.write(phone, "2")
        before = activity_of(phone)
        fake.kernel.press(ENOUGH)
        assert knob.prove("off", "off", before, activity_of(phone)).outcome == "not_taken"

    def test_a_value_that_somebody_changed_meanwhile_is_not_taken(self) -> None:
        _, phone = phone_with()
        now = activity_of(phone)
        proof = threads_knob().prove("2", "4", now, now)
        assert (proof.outcome, proof.why) == ("not_taken", "set to 2, but read 4 after the trial")

    def test_a_knob_of_unknown_effect_is_judged_by_read_back(self) -> None:
        _, phone = phone_with()
        now = activity_of(phone)
        knob = FileKnob("sysctl:vm.swappiness", "/proc/sys/vm/swappiness")
        assert knob.prove("60", "60", now, now).outcome == "taken"
        assert knob.prove("60", "100", now, now).outcome == "not_taken"


class TestActivity:
    def test_conditions_and_a_sample_come_in_one_round_trip(self) -> None:
        fake, phone = phone_with()
        before = len(fake.log)
        conditions, activity, _ = survey(phone)
        assert len(fake.log) == before + 1
        assert conditions.battery_percent == 80
        assert [thread.name for thread in activity.threads] == ["kswapd0"]

    def test_threads_born_in_between_count_from_zero(self) -> None:
        fake, phone = phone_with()
        threads_knob().write(phone, "1")
        fake.kernel.press(10_000)
        before = activity_of(phone)
        threads_knob().write(phone, "2")
        fake.kernel.press(20_000)
        assert growth(before, activity_of(phone)).kcompressd_cpu_s == pytest.approx(0.2)

    def test_growth_of_vmstat_leaves_out_what_was_not_there(self) -> None:
        before, after = Activity({"a": 1, "nr_b": 9}, (), {}), Activity({"a": 5, "nr_b": 2, "new": 3}, (), {})
        assert vmstat_growth(before, after) == {"a": 4, "nr_b": -7}

    def test_a_file_that_refuses_to_be_read_is_no_counter(self) -> None:
        fake, phone = phone_with()
        fake.files["/sys/kernel/kcompressd/odd"] = FakeFile("not a number\n", refuse)
        assert "odd" not in activity_of(phone).counters
