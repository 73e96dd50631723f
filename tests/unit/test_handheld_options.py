# SPDX-License-Identifier: Apache-2.0
import pytest

from agent.handheld.options import MIB, HandheldOptions, parse_bytes
from workloads.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [("768M", 768 * MIB), ("2g", 2048 * MIB), ("1048576", MIB), ("512MiB", 512 * MIB), ("64k", 65536)],
)
def test_a_size_is_read_in_binary_units(text: str, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "M", "-5M", "1.5G", "12T", "768M; reboot"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match="as in 768M"):
        parse_bytes(text)


def test_every_wrong_option_is_reported_at_once() -> None:
    wrong = HandheldOptions(memory_bytes=5, cpus=0, zram_bytes=0, algorithm="lzo")
    with pytest.raises(InputError) as caught:
        wrong.checked()
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "memory",
        "memory",
        "cpus",
        "zram",
        "algorithm",
    ]


def test_the_default_handheld_is_valid() -> None:
    assert HandheldOptions().checked() == HandheldOptions()


def test_the_guest_reads_its_options_from_the_kernel_line() -> None:
    words = HandheldOptions(zram_bytes=64 * MIB, algorithm="zstd", build="user", kcompressd="none").kernel_words()
    assert words == ("reclaim.kcompressd=none", "reclaim.build=user", "reclaim.zram=67108864", "reclaim.algorithm=zstd")
