# SPDX-License-Identifier: Apache-2.0
"""Every form of kcompressd that a public tree has: found, named, switched where it can be, proven by what it did."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile, FakeKernel, Setter
from agent.device.fakes.layouts import (
    Akcompress,
    BootParameters,
    BuiltIn,
    Layout,
    Marie,
    MediaTekFifo,
    Oplus,
    ParallelSwap,
    Strange,
    Switch,
    VmSysctl,
)
from agent.device.phone import Phone, attach
from agent.knobs.activity import Activity, growth, survey
from agent.knobs.base import Knob
from agent.knobs.discover import FAMILIES, Found, describe, discover
from agent.knobs.kcompressd.common import MIN_SWAPPED_PAGES
from agent.knobs.undo import guarded
from reports.record import Proof
from workloads.errors import FinalError, InputError, ProofError

ENOUGH = 3 * MIN_SWAPPED_PAGES
HOSTILE = (
    "/proc/swaps",
    "/proc/meminfo",
    "/proc/mounts",
    "/dev/.reclaim-zram",
    "/sys/block/zram0/comp_mode",
    "/sys/block/zram0/recomp_algorithm",
    "/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq",
    "/sys/devices/system/cpu/cpufreq/policyX/scaling_max_freq",
    "/sys/class/devfreq/gpu/available_frequencies",
)
DOCS = Path(__file__).parents[2] / "docs" / "knobs.md"


@dataclass
class Tree:
    """A phone whose kernel has one form of kcompressd."""

    fake: FakePhone
    phone: Phone

    @cached_property
    def found(self) -> Found:
        return discover(self.phone)

    @property
    def knob(self) -> Knob:
        return self.found["kcompressd"]

    def trial(self, value: str | None = None, pages: int = ENOUGH) -> Proof:
        """Set a value, or leave it; press; judge."""
        knob = self.knob
        wanted = knob.read(self.phone) if value is None else knob.write(self.phone, value)
        before = survey(self.phone)[1]
        self.fake.kernel.press(pages)
        return knob.prove(wanted, knob.read(self.phone), before, survey(self.phone)[1])


def tree(*layouts: Layout, setter: Setter = "is missing", config: str | None = None) -> Tree:
    kernel = FakeKernel(setter=setter, counters=False, ours=False, layouts=deepcopy(list(layouts)), config=config)
    fake = fake_phone(kernel=kernel)
    return Tree(fake, attach(fake))


@pytest.mark.parametrize(
    ("layout", "name", "values"),
    [
        (Switch(), "zram-level switch kcompressd_enabled", "off or on"),
        (Switch(sysctl=False), "zram-level switch kcompressd_enabled", "off or on"),
        (VmSysctl(), "mm-level sysctl (vm.kcompressd)", "off, on (24 pages in the queue), or 1 to 256"),
        (VmSysctl(counted=True), "mm-level sysctl (vm.kcompressd), with counters", "1 to 256"),
        (Marie(), "mm-level, Marie LRU", "-100 to 100"),
        (ParallelSwap(), "mm-level workers (parallel-swapper", "1 to 256 workers"),
        (Akcompress(), "zram-level, OPLUS hybridswap (akcompressd)", "1 to 4 threads"),
        (MediaTekFifo(), "zram-level module parameters (MediaTek 2025)", "1 to 64 threads"),
        (BootParameters(), "zram-level parameters of zram, boot-time only", "only the value it has"),
        (BootParameters(mode="444"), "zram-level parameters of zram, boot-time only", "only the value it has"),
        (Oplus(), "zram-level, OPLUS (read-only, counted)", "only the value it has"),
        (BuiltIn(), "kcompressd without a knob", "only the value it has"),
        (Strange(), "kcompressd files of no known tree", "what the file takes"),
    ],
)
def test_each_form_is_found_and_named_in_one_round_trip(layout: Layout, name: str, values: str) -> None:
    made = tree(layout)
    before = len(made.fake.log)
    found = discover(made.phone)
    assert len(made.fake.log) == before + 1
    assert found["kcompressd"].layout.startswith(name)
    assert values in found["kcompressd"].takes
    assert found["kcompressd"].layout in describe(made.phone, found)["kcompressd"]


@pytest.mark.parametrize(
    "layout", [Switch(), Switch(sysctl=False), VmSysctl(), VmSysctl(counted=True), Marie(), Akcompress()]
)
def test_off_and_on_mean_the_same_in_every_form_that_has_them(layout: Layout) -> None:
    made = tree(layout)
    on, off = made.trial("on"), made.trial("off")
    assert (on.outcome, off.outcome) == ("taken", "taken")
    assert on.evidence["kcompressd_cpu_s"] >= 0.05
    assert off.evidence["kcompressd_cpu_s"] == 0


def test_a_number_that_says_what_it_counts_is_taken_only_where_that_is_counted() -> None:
    assert [tree(Akcompress()).knob.canonical(word) for word in ("1 thread", "4 threads", "4")] == ["1", "4", "4"]
    with pytest.raises(InputError, match="'2 threads': here it counts pages in the queue, not threads"):
        tree(VmSysctl()).knob.canonical("2 threads")
    with pytest.raises(InputError, match="'2 threads': here it is off or on, not threads"):
        tree(Switch()).knob.canonical("2 threads")


@pytest.mark.parametrize("layout", [VmSysctl(), Switch(), Marie(), Akcompress()])
@pytest.mark.parametrize("value", ["on", "off"])
def test_too_little_swapping_proves_neither_on_nor_off(layout: Layout, value: str) -> None:
    made = tree(layout)
    knob, now = made.knob, survey(made.phone)[1]
    assert knob.prove(value, knob.canonical(value), now, now).outcome == "not_exercised"


@pytest.mark.parametrize("layout", [VmSysctl(), Switch(), Marie(depth=3)])
def test_a_first_value_is_put_back(layout: Layout, tmp_path: Path) -> None:
    made = tree(layout)
    first = made.knob.read(made.phone)
    with guarded(made.phone, tmp_path / "undo.json") as guard:
        guard.set("kcompressd", "off")
        guard.set("kcompressd", "on")
    assert made.knob.read(made.phone) == first


class TestModuleParameters:
    def test_the_published_defect_is_refused_and_forced_it_says_that_it_never_took(self, tmp_path: Path) -> None:
        made = tree(setter="lies")
        with guarded(made.phone, tmp_path / "a") as guard, pytest.raises(FinalError, match="--allow-unsafe-knob"):
            guard.set("kcompressd", "2")
        with pytest.raises(ProofError, match="off after every valid write"):
            made.knob.write(made.phone, "2")

    def test_a_tree_that_takes_no_0_says_that_there_is_no_off(self) -> None:
        made = tree(setter="takes no 0")
        assert made.knob.risk
        assert made.trial("2").outcome == "taken"
        with pytest.raises(ProofError, match=r"takes no 0, so kcompressd cannot be switched off .*a build without it"):
            made.knob.write(made.phone, "off")
        assert made.knob.read(made.phone) == "2"

    def test_mediateks_of_2025_is_a_risk_too_and_its_threads_leave_no_trace(self) -> None:
        made = tree(MediaTekFifo())
        found = discover(made.phone)
        assert found["kcompressd.queue"].where.endswith("kfifo_size_per_kcompressd")
        assert found["kcompressd"].risk
        proof = made.trial()
        assert proof.outcome == "not_exercised"
        assert "only a trace can tell" in proof.why

    def test_a_queue_that_held_more_than_its_size_was_not_this_one(self) -> None:
        made = tree(setter="works")
        queue = made.found["kcompressd.queue"]
        now = survey(made.phone)[1]
        peak = type(now)(now.vmstat, now.threads, {"peak": 300})
        assert queue.prove("256", "256", now, now).outcome == "taken"
        assert queue.prove("256", "256", now, peak).outcome == "not_taken"
        assert queue.prove("512", "512", now, peak).outcome == "taken"


class TestSwitch:
    def test_the_sysctl_is_preferred_and_the_parameter_used_where_it_failed_to_register(self) -> None:
        assert tree(Switch()).knob.where.startswith("/proc/sys/vm/")
        assert tree(Switch(sysctl=False)).knob.where.startswith("/sys/module/")

    def test_it_takes_no_number_and_its_defective_neighbours_stay_a_risk(self) -> None:
        made = tree(Switch())
        with pytest.raises(InputError, match="kcompressd"):
            made.knob.write(made.phone, "2")
        assert made.found["kcompressd.threads"].risk
        assert made.knob.risk is None

    def test_threads_that_stay_idle_while_it_is_off_do_not_speak_against_off(self) -> None:
        made = tree(Switch())
        made.fake.kernel.layouts[0].workers[0].cpu_s = 1.0
        assert made.trial("off").outcome == "taken"


class TestMemoryManagementLevel:
    def test_what_is_out_of_range_is_refused_here_and_by_the_kernel_which_keeps_its_value(self) -> None:
        made = tree(VmSysctl())
        with pytest.raises(InputError, match="from 0 to 256"):
            made.knob.write(made.phone, "257")
        refused = made.phone.try_write("/proc/sys/vm/kcompressd", "257")
        assert (refused.text, "Invalid argument" in (refused.refusal or "")) == ("24", True)

    def test_pages_that_wait_are_seen_between_reclaims_count_and_swaps(self) -> None:
        made = tree(VmSysctl())
        proof = made.trial("64")
        assert (proof.outcome, proof.evidence["queue_pages"]) == ("taken", 64)
        assert proof.evidence["swapped_pages"] == ENOUGH - 64

    def test_pages_of_zeros_are_written_nowhere_and_do_not_wait(self) -> None:
        before, after = (
            Activity({"nr_vmscan_write": given, "pswpout": written, "swpout_zero": zeros}, (), {})
            for given, written, zeros in ((0, 0, 7), (5000, 4000, 907))
        )
        assert growth(before, after).pending_pages == 100

    def test_at_zram_level_they_are_under_writeback(self) -> None:
        proof = tree(Switch()).trial("on")
        assert (proof.evidence["queue_pages"], proof.evidence["swapped_pages"]) == (ENOUGH, ENOUGH)

    def test_the_port_that_counts_is_proven_by_its_counter(self) -> None:
        assert tree(VmSysctl(counted=True)).trial("on").evidence["queued_pages"] == ENOUGH

    def test_a_thread_of_the_other_level_proves_nothing(self) -> None:
        made = tree(VmSysctl(workers=[]))
        made.fake.kernel.layouts[0].start("kcompressd:0")
        assert made.trial("on").outcome == "not_taken"

    @pytest.mark.parametrize(("marie", "on"), [(True, "24"), (False, "-24")])
    def test_marie_is_forced_where_it_is_off(self, marie: bool, on: str) -> None:  # noqa: FBT001 - a case
        made = tree(Marie(marie=marie))
        assert (made.knob.on, made.knob.off) == (on, "off")
        assert made.trial("on").outcome == "taken"

    def test_a_positive_number_does_nothing_while_marie_is_off(self) -> None:
        assert tree(Marie(marie=False)).trial("24").outcome == "not_taken"

    def test_workers_without_a_name_are_judged_by_read_back(self) -> None:
        made = tree(ParallelSwap())
        proof = made.trial("2")
        assert (proof.outcome, proof.read_back) == ("taken", "2")
        assert "nothing shows its workers" in proof.why
        assert made.found["kcompressd.queue"].read(made.phone) == "6"
        assert made.trial("off", 10).outcome == "not_exercised"


class TestNoRuntimeSwitch:
    @pytest.mark.parametrize(
        ("layout", "reason"),
        [
            (BootParameters(), "no effect but memory errors; make it two boots"),
            (BootParameters(mode="444"), "read at boot only; make it two boots"),
            (Oplus(), "OPLUS decides it at boot"),
            (BuiltIn(), "no switch for it; make it two builds"),
        ],
    )
    def test_it_is_said_with_what_to_do_and_nothing_is_written(self, layout: Layout, reason: str) -> None:
        made = tree(layout)
        files = {path: file.text for path, file in made.fake.kernel.files().items()}
        assert made.knob.refusal(made.phone, made.knob.read(made.phone)) is None
        assert reason in (made.knob.refusal(made.phone, "2") or "")
        assert "cannot be switched" in describe(made.phone, made.found)["kcompressd"]
        assert {path: file.text for path, file in made.fake.kernel.files().items()} == files

    def test_a_file_of_no_known_tree_is_written_at_the_users_own_risk_only(self, tmp_path: Path) -> None:
        made = tree(Strange())
        with guarded(made.phone, tmp_path / "a") as guard, pytest.raises(FinalError, match="no known kernel has this"):
            guard.set("kcompressd", "2")
        with guarded(made.phone, tmp_path / "b", allow_unsafe=True) as guard:
            assert guard.set("kcompressd", "2") == "2"

    def test_oplus_is_proven_by_its_own_counters(self) -> None:
        proof = tree(Oplus()).trial()
        assert (proof.outcome, proof.evidence["queued_pages"], proof.evidence["full_pages"]) == ("taken", ENOUGH, 0)

    def test_oplus_that_is_switched_off_at_boot_reads_off(self) -> None:
        made = tree(Oplus(enabled=False))
        assert made.knob.read(made.phone) == "off"
        assert made.trial().outcome == "taken"

    @pytest.mark.parametrize(("stem", "level"), [("kcompressd:", "zram level"), ("kcompressd", "mm level")])
    def test_threads_alone_tell_the_level(self, stem: str, level: str) -> None:
        made = tree(BuiltIn(stem=stem))
        assert level in made.knob.where
        assert made.trial().outcome == "taken"
        assert made.knob.prove("off", "on", *[survey(made.phone)[1]] * 2).outcome == "not_taken"

    def test_the_kernels_configuration_is_a_sign_as_well(self) -> None:
        made = tree(config="CONFIG_ZRAM=y\nCONFIG_KCOMPRESSD_ZRAM=y\n")
        assert "CONFIG_KCOMPRESSD_ZRAM=y" in made.knob.where
        assert "kcompressd" not in discover(tree(config="# CONFIG_KCOMPRESSD is not set\n").phone)

    def test_akcompress_reads_as_a_report_and_is_one_number(self) -> None:
        made = tree(Akcompress(count=2))
        assert made.knob.read(made.phone) == "2"
        assert made.trial("3").evidence["queued_pages"] == ENOUGH


def test_two_forms_on_one_phone_are_two_knobs() -> None:
    made = tree(BootParameters(), VmSysctl())
    found = made.found
    assert found["kcompressd"].layout.startswith("zram-level")
    assert found["kcompressd@vm"].layout.startswith("mm-level")


def test_nothing_is_made_up_without_root() -> None:
    fake = fake_phone(kernel=FakeKernel(setter="is missing", layouts=[VmSysctl()]), roots=frozenset())
    phone = attach(fake)
    found = discover(phone)
    assert "not readable" in describe(phone, found)["kcompressd"]
    with pytest.raises(FinalError, match="Permission denied"):
        found["kcompressd"].read(phone)


def test_every_form_stands_in_the_document() -> None:
    text = DOCS.read_text()
    assert [family.layout for family in FAMILIES if family.layout not in text] == []


@pytest.mark.parametrize("text", ["", "\n", "[", "[]", "-", "9" * 5000, "\x00\x1b[31m", "²", "a=b\n#1: [", "0x", "{"])
def test_whatever_files_hold_finding_and_telling_never_fails(text: str) -> None:
    layouts = (Switch(), BootParameters(), VmSysctl(counted=True), Marie(), ParallelSwap(), Oplus(), Akcompress())
    made = tree(*layouts, setter="works")
    paths = [path for path in made.fake.kernel.files() if not path.startswith("/proc/6")]
    made.fake.files = {path: FakeFile(text) for path in (*paths, *HOSTILE)}
    made.fake.kernel = FakeKernel(setter="is missing", zram=None)
    found = discover(made.phone)
    assert {"kcompressd", "zram.algorithm", "zram.disksize"} <= set(found)
    assert "kcompressd" in describe(made.phone, found)
    assert survey(made.phone)[1].threads
