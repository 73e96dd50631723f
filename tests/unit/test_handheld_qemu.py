# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import pytest

from agent.handheld import saved
from agent.handheld.options import MIB, HandheldOptions
from agent.handheld.qemu import Disks, Hardware, command, kernel_line

DISKS = Disks(Path("/i/system.img"), Path("/i/product.img"), Path("/run/a,b/data.qcow2"))


def line(options: HandheldOptions, *, kvm: bool = False, incoming: str | None = None) -> list[str]:
    return list(command(Hardware(options, kvm), Path("/i"), DISKS, 20123, incoming))


def value(argv: list[str], option: str) -> str:
    return argv[argv.index(option) + 1]


def drives(argv: list[str]) -> list[str]:
    return [argv[n + 1] for n, word in enumerate(argv) if word == "-drive"]


def test_emulation_never_offers_the_broken_cmpxchg16b() -> None:
    assert value(line(HandheldOptions()), "-cpu") == "max,-cx16"


def test_kvm_shows_the_guest_the_hosts_processor() -> None:
    argv = line(HandheldOptions(), kvm=True)
    assert (value(argv, "-accel"), value(argv, "-cpu")) == ("kvm", "host")


def test_the_guest_is_reached_on_loopback_only_and_reaches_nothing() -> None:
    network = value(line(HandheldOptions()), "-netdev")
    assert "hostfwd=tcp:127.0.0.1:20123-:5555" in network
    assert "restrict=on" in network


def test_options_become_memory_and_processors() -> None:
    argv = line(HandheldOptions(memory_bytes=512 * MIB, cpus=4))
    assert (value(argv, "-m"), value(argv, "-smp")) == ("512", "4")


def test_only_the_layer_of_this_start_can_be_written() -> None:
    system, product, data = drives(line(HandheldOptions()))
    assert "readonly=on" in system
    assert "readonly=on" in product
    assert "readonly" not in data


def test_a_comma_in_a_path_cannot_become_an_option() -> None:
    assert drives(line(HandheldOptions()))[2].endswith("file=/run/a,,b/data.qcow2")


def test_transparent_huge_pages_are_off_whatever_is_chosen() -> None:
    assert "transparent_hugepage=never" in kernel_line(HandheldOptions(build="user", kcompressd="v1")).split()


def test_a_saved_state_comes_in_through_a_command() -> None:
    assert value(line(HandheldOptions(), incoming="exec zstd -dc x"), "-incoming") == "exec:exec zstd -dc x"
    assert "-incoming" not in line(HandheldOptions())


@pytest.mark.parametrize(
    "other",
    [
        replace(HandheldOptions(), memory_bytes=1024 * MIB),
        replace(HandheldOptions(), cpus=1),
        replace(HandheldOptions(), zram_bytes=256 * MIB),
        replace(HandheldOptions(), algorithm="zstd"),
        replace(HandheldOptions(), build="user"),
        replace(HandheldOptions(), kcompressd="none"),
    ],
)
def test_a_saved_state_is_never_shared_between_different_handhelds(other: HandheldOptions) -> None:
    def key(options: HandheldOptions) -> str:
        return saved.key(["7.2.22", *Hardware(options, kvm=False).arguments(), kernel_line(options), "image"])

    assert key(other) != key(HandheldOptions())


def test_a_saved_state_belongs_to_one_qemu_and_one_image() -> None:
    assert len({saved.key([qemu, picture]) for qemu in ("7.2", "10.0") for picture in ("a", "b")}) == 4


def test_a_saved_states_path_is_quoted_for_the_shell_that_reads_it() -> None:
    assert saved.SavedState(Path("/my cache/x")).reader.startswith("zstd -dcq '/my cache/x/memory.zst' ||")
