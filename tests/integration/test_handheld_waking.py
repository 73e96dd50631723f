# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

import pytest

from agent.handheld import waking
from agent.handheld.accelerator import probe
from agent.handheld.guard import Identity
from agent.handheld.image import Image, Manifest
from agent.handheld.machine import Plan, describe
from agent.handheld.options import HandheldOptions
from agent.handheld.qemu import Hardware
from workloads.errors import TransientError

ME = Identity.of(os.getpid())


@pytest.mark.parametrize(
    "line",
    [
        "handheld: error: mount -t ext4 /dev/vdc /data failed",
        "stage1: mount /dev/vda: Invalid argument",
        "[    4.1] Kernel panic - not syncing: Attempted to kill init!",
        "[   10.2] Oops: general protection fault, probably for non-canonical address",
    ],
)
def test_a_boot_fails_at_the_guests_first_fatal_word(tmp_path: Path, line: str) -> None:
    (tmp_path / "console.log").write_text(f"[    1.0] hello\n{line}\n")
    with pytest.raises(TransientError, match="its start failed"):
        waking.booted(tmp_path / "console.log", ME, wait_s=60)


def test_a_boot_is_over_when_the_guest_says_so(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("[    1.0] hello\nhandheld: ready\n")
    waking.booted(tmp_path / "console.log", ME, wait_s=60)


def test_a_boot_ends_with_its_qemu(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("")
    with pytest.raises(TransientError, match="QEMU ended"):
        waking.booted(tmp_path / "console.log", Identity(ME.pid, ME.born + 1), wait_s=60)


def test_an_endless_boot_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("")
    with pytest.raises(TransientError, match="no answer in 0 s"):
        waking.booted(tmp_path / "console.log", ME, wait_s=0)


def test_the_last_words_of_guest_and_qemu_are_shown(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text("".join(f"line {n}\n" for n in range(40)))
    (tmp_path / "qemu.log").write_text("qemu: cannot\n")
    said = waking.last_lines(tmp_path, count=2)
    assert said == "last lines of console:\nline 38\nline 39\nlast lines of QEMU:\nqemu: cannot"


def test_a_guest_that_said_nothing_is_told_so(tmp_path: Path) -> None:
    assert waking.last_lines(tmp_path) == "it said nothing"


@pytest.mark.parametrize(
    ("behaviour", "works"),
    [
        ("echo 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)'", True),
        ("exec sleep 60", False),
        ("echo 'Could not access KVM kernel module' >&2; exit 1", False),
    ],
    ids=["works", "hangs", "refused"],
)
def test_kvm_is_used_only_where_a_kernel_was_seen_to_run_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str, *, works: bool
) -> None:
    fake = tmp_path / "qemu-system-x86_64"
    fake.write_text(f"#!/bin/sh\n{behaviour}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert probe(tmp_path / "vmlinuz", wait_s=0.5) is works


def test_a_record_names_machine_versions_and_the_guests_own_settings() -> None:
    image = Image(Path("/i/abc-def"), Manifest("abc", {"perfetto": "56.0-1", "gcc": "14"}, "6.12.107", 0.0, 1.0))
    plan = Plan(Hardware(HandheldOptions(kcompressd="none"), kvm=False), image, "7.2.22", "key")
    facts = describe(plan, "/proc/sys/vm/swappiness 100\n/sys/kernel/mm/transparent_hugepage/enabled a m [never]\n")
    assert facts["vm.swappiness"] == "100"
    assert facts["transparent_hugepage"] == "a m [never]"
    assert (facts["accelerator"], facts["cpu"]) == ("tcg,thread=multi", "max,-cx16")
    assert (facts["kcompressd"], facts["memory_bytes"]) == ("none", str(768 << 20))
    assert facts["package perfetto"] == "56.0-1"
    assert "package gcc" not in facts
