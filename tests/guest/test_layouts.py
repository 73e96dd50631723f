# SPDX-License-Identifier: Apache-2.0
"""Each kernel that the handheld can boot with, as the agent finds it: named, proven, or refused."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.phone import attach
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from agent.knobs.discover import Found, describe, discover
from tests.support.pressed_guest import MM, PressedGuest

pytestmark = pytest.mark.guest

EXPERIMENT = """\
question = "Does a setting that lies get past us?"
workload = "short.toml"
control = "off"
blocks = 1
primary = ["ttid"]
arms = [{ name = "off", settings = { kcompressd = "off" } }, { name = "on", settings = { kcompressd = "on" } }]

[limits]
settle_s = 0
"""
WORKLOAD = """\
title = "One launch"
apps = ["com.reclaim.messenger/.ChatListActivity"]
steps = [{ do = "launch", app = "com.reclaim.messenger/.ChatListActivity" }]
"""


@pytest.fixture(scope="module")
def first_version() -> Iterator[Handheld]:
    with Handheld.start(HandheldOptions(kcompressd="v1")) as guest:
        yield guest


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    (tmp_path / "short.toml").write_text(WORKLOAD)
    (tmp_path / "experiment.toml").write_text(EXPERIMENT)
    return str(tmp_path / "experiment.toml")


def found_on(guest: Handheld) -> Found:
    return discover(attach(PressedGuest.of(guest).link))


def run(guest: Handheld, experiment: str, *more: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    folder = str(Path(experiment).with_name("run"))
    where = ("-s", guest.serial, "--adb-server", str(guest.adb_server), "-o", folder)
    return main(["run", experiment, *where, *more], out, err), err.getvalue()


def test_a_stock_kernel_has_none_and_a_run_that_wants_it_is_refused(experiment: str) -> None:
    with Handheld.start(HandheldOptions(kcompressd="none")) as guest:
        assert [name for name in found_on(guest) if "kcompressd" in name] == []
        code, told = run(guest, experiment)
    assert code == 2
    assert "no knob kcompressd on this phone" in told


def test_at_zram_level_it_is_threads_of_a_module(handheld: Handheld) -> None:
    knob = found_on(handheld)["kcompressd"]
    assert (knob.layout, knob.risk) == ("zram-level module parameters (virtual handheld)", None)
    assert "1 to 64 threads" in knob.takes


def test_at_mm_level_it_is_pages_of_a_sysctl() -> None:
    with Handheld.start(MM) as guest:
        found = found_on(guest)
        told = describe(attach(PressedGuest.of(guest).link), found)
    assert told["kcompressd"] == "/proc/sys/vm/kcompressd: 24 (mm-level sysctl (vm.kcompressd))"
    assert "1 to 256 pages in the queue" in found["kcompressd"].takes
    assert "kcompressd.queue" not in found


def test_the_first_version_is_named_and_refused_before_any_write(first_version: Handheld, experiment: str) -> None:
    assert found_on(first_version)["kcompressd"].layout == "zram-level module parameters (v1)"
    code, told = run(first_version, experiment)
    assert code == 2
    assert "--allow-unsafe-knob" in told
    assert PressedGuest.of(first_version).read("cat /sys/module/kcompressd/parameters/nr_kcompressd") == "4"


def test_the_first_version_forced_ends_saying_that_the_treatment_never_took(
    first_version: Handheld, experiment: str
) -> None:
    code, told = run(first_version, experiment, "--allow-unsafe-knob")
    assert code == 2
    assert "the first published kcompressd's defect, which is off after every valid write" in told
