# SPDX-License-Identifier: Apache-2.0
"""What each arm of an experiment is compared with."""

from workloads.spec import Arm, Setting, controls


def arm(kcompressd: str, algorithm: str) -> Arm:
    return Arm(f"{kcompressd}-{algorithm}", (Setting("kcompressd", kcompressd), Setting("zram_algorithm", algorithm)))


FACTORIAL = tuple(arm(k, a) for a in ("lz4", "zstd") for k in ("off", "2"))


def test_without_a_treatment_every_arm_is_compared_with_the_control() -> None:
    assert controls(FACTORIAL, "off-lz4") == dict.fromkeys(("2-lz4", "off-zstd", "2-zstd"), "off-lz4")


def test_with_a_treatment_each_arm_is_compared_with_the_one_that_differs_in_it_alone() -> None:
    assert controls(FACTORIAL, "off-lz4", "kcompressd") == {"2-lz4": "off-lz4", "2-zstd": "off-zstd"}


def test_an_arm_without_such_a_partner_has_no_control() -> None:
    assert controls((*FACTORIAL, arm("2", "lzo")), "off-lz4", "kcompressd")["2-lzo"] is None
