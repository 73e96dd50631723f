# SPDX-License-Identifier: Apache-2.0
"""A workload in words, as the page tells it."""

from typing import get_args

from reports.page.setting import workload_lines
from workloads.spec import (
    Dwell,
    FileRead,
    Home,
    Launch,
    Pressure,
    Release,
    StartPressure,
    Step,
    WaitCool,
    WaitPressure,
    Workload,
)

PRESSURE = Pressure(2, 1 << 30, same_filled=0.1, file_backed=0.25, hot_share=0.5, retouch_bytes_s=1_000_000, cpu_load=1)
STEPS = (
    WaitCool(35),
    FileRead("/system"),
    StartPressure(),
    WaitPressure(),
    Launch("a/.A", "warm"),
    Home(),
    Dwell(2),
    Launch("a/.A", "return"),
    Release(),
)
EATERS = (
    "Start 2 processes that fill 1 GiB each, 50 % of every page compressible, 10 % of the pages one byte throughout, "
    "25 % of the bytes read from a file, 50 % of the memory touched again at 977 KiB a second, 1 processor kept busy"
)


def test_every_step_has_words_and_what_follows_a_launch_stands_on_its_line() -> None:
    assert {type(step) for step in STEPS} == set(get_args(Step))
    assert workload_lines(Workload("w", "w", ("a/.A",), PRESSURE, STEPS)) == (
        "Wait until the battery is below 35 °C, 120 s at most",
        "Read /system through the page cache",
        EATERS,
        "Wait until the memory is filled",
        "Launch a/.A, warm, then go home, then stay 2 s",
        "Return to a/.A",
        "Give all that memory back",
    )
