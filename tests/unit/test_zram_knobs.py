# SPDX-License-Identifier: Apache-2.0
"""zram's dance: swapoff, reset, settings, disksize, mkswap, swapon; refused, undone, and run by real shells."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile, FakeKernel
from agent.device.fakes.layouts import Akcompress
from agent.device.fakes.zram import FakeZram
from agent.device.phone import Phone, attach
from agent.knobs.activity import survey
from agent.knobs.base import Knob
from agent.knobs.discover import Found, discover
from agent.knobs.undo import begin, guarded, restore
from agent.knobs.zram import dance
from agent.knobs.zram.state import DISK, NOTE, Swap, note, spelt
from agent.ports import Completed
from agent.runner import preflight
from workloads import load
from workloads.errors import FinalError, InputError, ProofError, TransientError
from workloads.spec import Arm, Setting

OLD = (("comp_algorithm", "lz4"), ("recomp_algorithm", "algo=zstd priority=1"), ("disksize", "1048576"))
NEW = (("comp_algorithm", "zstd"), *OLD[1:])


@dataclass
class Disk:
    """A phone whose swap is zram0."""

    fake: FakePhone
    phone: Phone
    zram: FakeZram

    @cached_property
    def found(self) -> Found:
        return discover(self.phone)

    def knob(self, name: str) -> Knob:
        return self.found[name]


def disk(zram: FakeZram | None = None, **state: object) -> Disk:
    zram = zram or FakeZram()
    fake = fake_phone(kernel=FakeKernel(setter="is missing", zram=zram), **state)
    return Disk(fake, attach(fake), zram)


class TestSwitching:
    def test_the_algorithm_is_switched_by_a_whole_dance(self) -> None:
        made = disk()
        assert made.knob("zram.algorithm").write(made.phone, "zstd") == "zstd"
        assert made.zram.done == [
            "swapoff", "reset=1", "comp_algorithm=zstd", "disksize=536870912", "mkswap", "swapon -2",
        ]  # fmt: skip

    def test_what_is_in_force_already_costs_no_dance(self) -> None:
        made = disk()
        made.knob("zram.algorithm").write(made.phone, "lz4")
        made.knob("zram.disksize").write(made.phone, "512M")
        assert made.zram.done == []

    def test_all_else_is_kept(self) -> None:
        made = disk(FakeZram(recompressors={1: "zstd"}, mem_limit=1 << 28, priority=100))
        made.knob("zram.disksize").write(made.phone, "700M")
        assert (made.zram.recompressors, made.zram.mem_limit, made.zram.priority) == ({1: "zstd"}, 1 << 28, 100)
        assert made.zram.settings == {"comp_algorithm": "lz4", "disksize": str(700 << 20)}
        assert made.zram.active

    def test_mediateks_mode_is_switched_by_the_same_dance_pool_first(self) -> None:
        made = disk(FakeZram.mediatek())
        refused = made.phone.try_write(f"{DISK}/comp_mode", "kcompressd")
        assert "Device or resource busy" in (refused.refusal or "")
        knob = made.knob("kcompressd")
        assert (knob.on, knob.off, knob.read(made.phone)) == ("kcompressd", "swonly", "hwonly")
        made.zram.done.clear()
        assert knob.write(made.phone, "on") == "kcompressd"
        assert made.zram.done[2:5] == ["mempool_size=256", "comp_mode=kcompressd", "comp_algorithm=lz4"]
        assert knob.write(made.phone, "off") == "swonly"

    def test_the_mode_is_proven_by_read_back_and_threads_speak_against_off(self) -> None:
        made = disk(FakeZram.mediatek())
        knob, before = made.knob("kcompressd"), survey(made.phone)[1]
        made.fake.kernel.press(9000)
        after = survey(made.phone)[1]
        assert knob.prove("on", "kcompressd", before, after).outcome == "taken"
        assert knob.prove("off", "swonly", before, after).outcome == "taken"
        assert knob.prove("on", "hwonly", before, after).outcome == "not_taken"
        assert knob.prove("on", "kcompressd", after, after).outcome == "not_exercised"
        made.fake.kernel.threads[0].name = "kcompressd:0"
        assert knob.prove("off", "swonly", before, survey(made.phone)[1]).outcome == "not_taken"

    def test_the_phone_dances_back_by_itself_when_the_run_is_cut_off(self, tmp_path: Path) -> None:
        made = disk()
        guard = begin(made.phone, tmp_path / "undo.json", made.found)
        guard.apply([Setting("zram.algorithm", "zstd"), Setting("zram.disksize", "700M")])
        guard.dead_man.hush()
        made.fake.fall_silent()
        assert made.zram.settings == {"comp_algorithm": "lz4", "disksize": str(512 << 20)}
        assert made.zram.active

    @pytest.mark.parametrize("value", ["zstf", "", "lz4 zstd"])
    def test_an_algorithm_that_the_kernel_does_not_list_is_refused_at_once(self, value: str) -> None:
        made = disk()
        with pytest.raises(InputError, match="none of lzo lz4 zstd"):
            made.knob("zram.algorithm").write(made.phone, value)
        assert made.zram.done == []

    @pytest.mark.parametrize("value", ["0", "1K", "1.5G", "2T", "751M", "-1", "1048577"])
    def test_a_size_out_of_bounds_or_of_half_a_page_is_refused_at_once(self, value: str) -> None:
        made = disk()
        with pytest.raises(InputError, match=r"1M to 750M \(its memory, or the size it has\)"):
            made.knob("zram.disksize").write(made.phone, value)
        assert made.zram.done == []

    @pytest.mark.parametrize(
        ("value", "size"), [("700M", 700 << 20), ("2m", 2 << 20), ("4100K", 4100 << 10), ("1048576", 1 << 20)]
    )
    def test_sizes_are_bytes_whatever_unit_they_are_given_in(self, value: str, size: int) -> None:
        assert disk().knob("zram.disksize").canonical(value) == str(size)

    def test_a_setting_is_taken_when_pages_went_to_swap_with_it(self) -> None:
        made = disk()
        knob, before = made.knob("zram.algorithm"), survey(made.phone)[1]
        made.fake.kernel.press(9000)
        after = survey(made.phone)[1]
        assert knob.prove("lz4", "lz4", before, after).outcome == "taken"
        assert knob.prove("lz4", "zstd", before, after).outcome == "not_taken"
        assert knob.prove("lz4", "lz4", after, after).outcome == "not_exercised"


class TestRefusing:
    def test_swap_that_memory_cannot_take_back_is_refused_with_figures(self) -> None:
        made = disk(FakeZram(used_bytes=380 << 20))
        told = "swapoff would bring 380 MiB back into memory, of which 390 MiB are available and 75 MiB must stay free"
        with pytest.raises(FinalError, match=told):
            made.knob("zram.algorithm").write(made.phone, "zstd")
        assert told in (made.knob("zram.algorithm").refusal(made.phone, "zstd") or "")
        assert made.knob("zram.algorithm").refusal(made.phone, "lz4") is None
        assert made.zram.done == []

    def test_a_run_that_would_need_it_is_refused_before_it_begins(self) -> None:
        made = disk(FakeZram(used_bytes=380 << 20))
        shipped, _ = load.experiment("kcompressd")
        arms = (Arm("lz4", (Setting("zram.algorithm", "lz4"),)), Arm("zstd", (Setting("zram.algorithm", "zstd"),)))
        asked = replace(shipped, arms=arms, control="lz4")
        (line,) = preflight.refusals(made.phone, asked, discover(made.phone), allow_unsafe=False)
        assert line.startswith("zram.algorithm is lz4 and cannot be changed to zstd: swapoff would bring 380 MiB")

    def test_swap_that_fits_is_taken_back(self) -> None:
        made = disk(FakeZram(used_bytes=300 << 20))
        assert made.knob("zram.algorithm").write(made.phone, "zstd") == "zstd"

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda d: d.fake.files.update({"/proc/mounts": FakeFile("/dev/block/zram0 /tmp ext4 rw\n")}), "at /tmp"),
            (lambda d: setattr(d.zram, "backing", "/dev/block/loop7"), "writes back to /dev/block/loop7"),
            (lambda d: setattr(d.zram, "device", ""), "not this phone's swap"),
            (lambda d: d.fake.properties.update({"mmd.zram.enabled": "true"}), "mmd manages zram"),
            (lambda d: d.fake.kernel.layouts.append(Akcompress()), "hybridswap manages zram"),
            (lambda d: setattr(d.fake, "roots", frozenset()), "takes root"),
        ],
    )
    def test_a_disk_that_is_not_ours_to_reset_is_left_alone(self, change: Callable[[Disk], None], why: str) -> None:
        made = disk()
        knob = made.knob("zram.algorithm")
        change(made)
        phone = attach(made.fake)
        with pytest.raises(FinalError, match=why):
            knob.write(phone, "zstd")
        assert made.zram.done == []


class TestFailing:
    @pytest.mark.parametrize("step", ["swapoff", "reset", "comp_algorithm", "disksize", "mkswap", "swapon"])
    def test_whatever_step_fails_the_old_swap_is_back(self, step: str) -> None:
        made = disk(FakeZram(priority=5, fails={step: 1}))
        with pytest.raises(ProofError, match=r"zram\.algorithm did not take, zram0 is as it was: .*Invalid argument"):
            made.knob("zram.algorithm").write(made.phone, "zstd")
        assert (made.zram.active, made.zram.priority) == (True, 5)
        assert made.zram.settings == {"comp_algorithm": "lz4", "disksize": str(512 << 20)}
        assert NOTE not in made.fake.files

    def test_a_swap_that_does_not_come_back_is_told_and_restore_brings_it_back(self, tmp_path: Path) -> None:
        made = disk(FakeZram(priority=5, recompressors={1: "zstd"}, fails={"swapon": 3}))
        journal = tmp_path / "undo.json"
        block = guarded(made.phone, journal)
        with pytest.raises(FinalError, match=r"zram0 is no swap any more.*reclaim restore"):
            block.__enter__().set("zram.algorithm", "zstd")
        assert not made.zram.active
        assert made.knob("zram.algorithm").read(made.phone) == "lz4"
        made.zram.fails.clear()
        assert [entry.state for entry in restore(made.phone, journal)] == ["restored"]
        assert (made.zram.active, made.zram.priority, made.zram.recompressors) == (True, 5, {1: "zstd"})
        assert made.zram.settings["comp_algorithm"] == "lz4"

    def test_a_word_that_the_kernel_swallows_is_found_by_reading_back(self) -> None:
        made = disk(FakeZram.mediatek())
        knob = made.knob("kcompressd")
        made.zram.choices["comp_mode"] = ("hwonly", "swonly")
        with pytest.raises(ProofError, match=r"wrote kcompressd, but .* reads back hwonly"):
            knob.write(made.phone, "on")

    def test_another_dance_that_goes_on_is_waited_for_by_trying_again(self) -> None:
        made = disk()
        made.fake.scripts[dance.DANCE] = lambda call: Completed(call.argv, 3, "process 7 is still at it", "")
        with pytest.raises(TransientError, match="set up already: process 7"):
            made.knob("zram.algorithm").write(made.phone, "zstd")

    def test_settings_are_put_back_however_the_block_ends(self, tmp_path: Path) -> None:
        made = disk()
        with guarded(made.phone, tmp_path / "undo.json") as guard:
            guard.set("zram.algorithm", "zstd")
            guard.set("zram.disksize", "700M")
        assert made.zram.settings == {"comp_algorithm": "lz4", "disksize": str(512 << 20)}
        assert made.zram.active


SWAP_TOOL = """\
#!/bin/sh
echo "${0##*/} $*" >>"$LOG"
[ "${0##*/}" != "$FAILS" ]
"""


class TestScript:
    """The very script, run by shells of this machine; programs and files are stand-ins."""

    @pytest.fixture(params=[shell for shell in ("sh", "bash", "mksh") if shutil.which(shell)])
    def shell(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def run(
        self, shell: str, folder: Path, fails: str = "", *, active: bool = True, priority: int = 7
    ) -> tuple[int, list[str]]:
        tools, zram = folder / "bin", folder / "zram0"
        tools.mkdir()
        zram.mkdir()
        for tool in ("swapoff", "mkswap", "swapon"):
            (tools / tool).write_text(SWAP_TOOL)
            (tools / tool).chmod(0o755)
        if fails in ("reset", "comp_algorithm", "disksize"):
            (zram / fails).symlink_to("/dev/full")
        words = dance.argv(Swap("/dev/block/zram0", priority), OLD, NEW, active=active)
        argv = [shell, *words[1:4], str(folder / "note"), str(zram), *words[6:]]
        env = {"PATH": f"{tools}:{os.environ['PATH']}", "LOG": str(folder / "log"), "FAILS": fails}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        assert done.stderr == ""
        self.said = done.stdout
        return done.returncode, (folder / "log").read_text().splitlines()

    def held(self, folder: Path) -> dict[str, str]:
        files = (path for path in (folder / "zram0").iterdir() if not path.is_symlink())
        return {path.name: path.read_text().strip() for path in files}

    def test_it_sets_everything_up_and_leaves_no_note(self, shell: str, tmp_path: Path) -> None:
        code, log = self.run(shell, tmp_path)
        assert (code, self.said) == (0, "")
        assert log == ["swapoff /dev/block/zram0", "mkswap /dev/block/zram0", "swapon -p 7 /dev/block/zram0"]
        assert self.held(tmp_path) == {"reset": "1", **dict(NEW)}
        assert not (tmp_path / "note").exists()

    def test_an_automatic_priority_is_not_asked_for(self, shell: str, tmp_path: Path) -> None:
        assert self.run(shell, tmp_path, priority=-2)[1][-1] == "swapon /dev/block/zram0"

    def test_swapoff_that_fails_touches_nothing(self, shell: str, tmp_path: Path) -> None:
        code, log = self.run(shell, tmp_path, "swapoff")
        assert (code, log, self.held(tmp_path)) == (1, ["swapoff /dev/block/zram0"], {})
        assert not (tmp_path / "note").exists()

    def test_a_setting_that_fails_brings_the_old_ones_back_and_is_named(self, shell: str, tmp_path: Path) -> None:
        code, log = self.run(shell, tmp_path, "disksize")
        assert code == 1
        assert "disksize does not take 1048576" in self.said
        assert self.held(tmp_path)["comp_algorithm"] == "lz4"
        assert log[-1] == "swapon -p 7 /dev/block/zram0"

    def test_a_reset_that_fails_switches_the_untouched_disk_on_again(self, shell: str, tmp_path: Path) -> None:
        code, log = self.run(shell, tmp_path, "reset")
        assert (code, self.held(tmp_path)) == (1, {})
        assert log == ["swapoff /dev/block/zram0", "swapon -p 7 /dev/block/zram0"]

    def test_no_swap_at_the_end_leaves_the_note_that_says_how_it_was(self, shell: str, tmp_path: Path) -> None:
        code, _ = self.run(shell, tmp_path, "swapon")
        assert code == 2
        assert note((tmp_path / "note").read_text()) == (Swap("/dev/block/zram0", 7), OLD)

    def test_a_second_one_waits(self, shell: str, tmp_path: Path) -> None:
        (tmp_path / "note").write_text(f"{os.getpid()}\n")
        (tmp_path / "log").touch()
        assert self.run(shell, tmp_path) == (3, [])

    def test_a_note_of_one_that_died_is_gone_on_from(self, shell: str, tmp_path: Path) -> None:
        (tmp_path / "note").write_text("999999999\n")
        code, log = self.run(shell, tmp_path, active=False)
        assert (code, log[0]) == (0, "mkswap /dev/block/zram0")


@pytest.mark.parametrize("text", ["", "12\n", "12\n/dev/x\nhigh\na=1\n", "12\nx\n1\na=1", "12\n/dev/x\n1\n\n"])
def test_half_a_note_is_none(text: str) -> None:
    assert note(text) is None


def test_a_whole_note_comes_back() -> None:
    assert note(f"12\n/dev/block/zram0\n-2\n{spelt(OLD)}\n") == (Swap("/dev/block/zram0", -2), OLD)


def test_a_phone_without_zram_has_no_such_knobs() -> None:
    phone = attach(fake_phone(kernel=FakeKernel(zram=None)))
    assert not [name for name in discover(phone) if name.startswith("zram")]
    assert (dance.look(phone).steps, dance.look(phone).active) == ((), False)
