# SPDX-License-Identifier: Apache-2.0
"""What others did on the host while a virtual handheld was measured: everything that was busy but its own QEMU."""

import os
from pathlib import Path

import pytest

from agent.runner.hostload import busy, parse, qemu_pid, sample

STAT = """\
cpu  {user} 0 200 {idle} 50 10 10 {steal} {user} 0
cpu0 1 0 1 1 0 0 0 0 0 0
cpu1 1 0 1 1 0 0 0 0 0 0
intr 1 2 3
"""
QEMU = "77 (qemu (a) b) S 1 77 77 0 -1 0 0 0 0 0 {user} {system} 0 0 20 0 9 0 1000 1 1\n"


@pytest.mark.parametrize(
    ("user", "idle", "qemu", "steal", "cores"),
    [
        (1000, 1000, (700, 300), 0, 0.0),  # two processors for 10 s, one of them all QEMU's
        (1000, 1000, (300, 100), 0, 0.6),
        (1500, 500, (700, 300), 0, 0.5),
        (1000, 500, (700, 300), 500, 0.5),  # what another guest of this host's own host took
        (900, 1100, (700, 300), 0, 0.0),  # ticks are coarse: never below zero
    ],
)
def test_busy_is_what_is_not_idle_less_qemus_own(
    user: int, idle: int, qemu: tuple[int, int], steal: int, cores: float
) -> None:
    before = parse(STAT.format(user=0, idle=0, steal=0), QEMU.format(user=5, system=5))
    after = parse(STAT.format(user=user, idle=idle, steal=steal), QEMU.format(user=5 + qemu[0], system=5 + qemu[1]))
    assert busy(before, after) == pytest.approx(cores)


def test_guests_time_counts_once() -> None:
    found = parse(STAT.format(user=100, idle=0, steal=0), QEMU.format(user=0, system=0))
    assert found is not None
    assert found.total == 100 + 200 + 50 + 10 + 10
    assert found.processors == 2


def test_a_process_of_this_host_is_looked_at() -> None:
    found = sample(os.getpid())
    assert found is not None
    assert found.processors == os.cpu_count()
    assert found.busy >= found.qemu > 0


def test_nothing_is_known_without_a_handheld_or_when_it_is_gone(tmp_path: Path) -> None:
    assert qemu_pid({}) is None
    assert qemu_pid({"qemu_pid": "-1"}) is None
    assert qemu_pid({"qemu_pid": "77"}) == 77
    assert sample(None) is None
    assert sample(77, tmp_path) is None
    assert parse("nothing", "77 (x) S 1") is None
    here = sample(os.getpid())
    assert busy(None, here) is None
    assert busy(here, None) is None
    assert busy(here, here) is None
