# SPDX-License-Identifier: Apache-2.0
"""What each arm of an experiment is compared with."""

import pytest

from workloads.dose import workload_of
from workloads.spec import Arm, Pressure, Setting, StartPressure, Workload, controls, stored_share


def arm(kcompressd: str, algorithm: str) -> Arm:
    return Arm(f"{kcompressd}-{algorithm}", (Setting("kcompressd", kcompressd), Setting("zram_algorithm", algorithm)))


FACTORIAL = tuple(arm(k, a) for a in ("lz4", "zstd") for k in ("off", "2"))


def test_without_a_treatment_every_arm_is_compared_with_the_control() -> None:
    assert controls(FACTORIAL, "off-lz4") == dict.fromkeys(("2-lz4", "off-zstd", "2-zstd"), "off-lz4")


def test_with_a_treatment_each_arm_is_compared_with_the_one_that_differs_in_it_alone() -> None:
    assert controls(FACTORIAL, "off-lz4", "kcompressd") == {"2-lz4": "off-lz4", "2-zstd": "off-zstd"}


def test_an_arm_without_such_a_partner_has_no_control() -> None:
    assert controls((*FACTORIAL, arm("2", "lzo")), "off-lz4", "kcompressd")["2-lzo"] is None


DOSED = Arm("more", (Setting("kcompressd", "2"),), demand=(Setting("bytes_each", "8192"), Setting("hot_share", "0.5")))
WORKLOAD = Workload("w", "w", (), Pressure(2, 4096), (StartPressure(),))


def test_an_arm_runs_the_workload_with_its_own_demand() -> None:
    assert workload_of(WORKLOAD, DOSED).pressure == Pressure(2, 8192, hot_share=0.5)
    assert workload_of(WORKLOAD, Arm("as-is", ())) is WORKLOAD


def test_a_dose_is_a_factor_like_any_knob() -> None:
    arms = [
        Arm(f"{k}-{d}", (Setting("kcompressd", k),), demand=(Setting("bytes_each", d),))
        for d in ("4096", "8192")
        for k in ("off", "2")
    ]
    assert controls(arms, "off-4096", "kcompressd") == {"2-4096": "off-4096", "2-8192": "off-8192"}
    assert DOSED.levels == {"kcompressd": "2", "pressure.bytes_each": "8192", "pressure.hot_share": "0.5"}


def test_what_zram_stores_of_a_demand_follows_from_its_shares() -> None:
    assert stored_share(Pressure(1, 4096, compressible=0.75)) == 0.25
    assert stored_share(Pressure(1, 4096, compressible=0.5, same_filled=0.2, incompressible=0.4)) == pytest.approx(0.6)
