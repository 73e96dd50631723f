# SPDX-License-Identifier: Apache-2.0
"""What zram makes of the pages that `pressure` writes, and a pressure of every kind on a phone that must reclaim."""

from collections.abc import Iterator

import pytest

from agent.device.adb import AdbTransport, connect
from agent.handheld.machine import Handheld
from agent.runner.script import parse_eaters
from workloads.device.build import pressure

pytestmark = pytest.mark.guest

WORK = "/data/local/tmp/pressure-test"
BYTES = 8 << 20
RATIOS = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 8.0)
ON_A_DISK_OF_ITS_OWN = f"""
algorithm=$1; shift
read -r disk </sys/class/zram-control/hot_add
cd /sys/block/zram$disk
echo $algorithm >comp_algorithm && echo {BYTES} >disksize || exit
for node in /dev/zram$disk /dev/block/zram$disk; do [ -b $node ] && break; done
{WORK}/pressure --bytes {BYTES} --dump "$@" >$node || exit
sync
cat mm_stat
cd /
echo 1 >/sys/block/zram$disk/reset
echo $disk >/sys/class/zram-control/hot_remove
"""
EVERYTHING = (
    "--processes 3 --bytes 262144000 --at-once 167772160 --rate 40000000 --compressible 0.6 --same-filled 0.1"
    " --incompressible 0.1 --hot 0.3 --retouch 2000000 --file ../pressure-data --file-share 0.1 --cpus 1"
    " --check-stride 16 --hold 2 --report report"
)
"""750 MB where some 640 are free, an eighth of it read from a file."""


@pytest.fixture(scope="module")
def link(handheld: Handheld) -> Iterator[AdbTransport]:
    found = connect(handheld.serial, handheld.adb_server)
    root(found, f"mkdir -p {WORK} && chmod 777 {WORK}")
    found.push(pressure("x86_64").read_bytes(), f"{WORK}/pressure", mode=0o755)
    yield found
    root(found, f"rm -rf {WORK} {WORK}/../pressure-data")


def root(link: AdbTransport, script: str, *words: str) -> str:
    done = link.run(("su", "0", "sh", "-c", script, "sh", *words), timeout_s=120)
    assert (done.code, done.err) == (0, "")
    return done.out


def mm_stat(link: AdbTransport, algorithm: str, *options: str) -> dict[str, int]:
    """Figures of a disk that holds nothing but the pages (Documentation/admin-guide/blockdev/zram.rst)."""
    names = ("orig", "compr", "used", "limit", "most", "same_pages", "compacted", "huge_pages")
    values = root(link, ON_A_DISK_OF_ITS_OWN, algorithm, *options).split()
    return dict(zip(names, map(int, values), strict=False))


@pytest.mark.parametrize("algorithm", ["lz4", "zstd"])
def test_zram_reaches_the_ratio_asked_for_within_a_tenth(link: AdbTransport, algorithm: str) -> None:
    found = {ratio: mm_stat(link, algorithm, "--compressible", str(1 - 1 / ratio)) for ratio in RATIOS}
    reached = {ratio: stat["orig"] / stat["compr"] for ratio, stat in found.items()}
    assert reached == {ratio: pytest.approx(ratio, rel=0.1) for ratio in RATIOS}


def test_zram_finds_the_shares_of_same_filled_and_incompressible_pages(link: AdbTransport) -> None:
    found = mm_stat(link, "lz4", "--same-filled", "0.25", "--incompressible", "0.125")
    assert found["same_pages"] / (BYTES / 4096) == pytest.approx(0.25, abs=0.02)
    assert found["huge_pages"] / (BYTES / 4096) == pytest.approx(0.125, abs=0.02)


def test_a_pressure_of_every_kind_is_reclaimed_and_every_page_comes_back_as_written(link: AdbTransport) -> None:
    before = swapped_out(link)
    done = link.run(("sh", "-c", f"cd {WORK} && ./pressure {EVERYTHING}"), timeout_s=180)
    assert (done.code, done.err) == (0, "")
    eaters = parse_eaters(root(link, f"cat {WORK}/report"))
    assert [(eater.filled_bytes, eater.bad_pages, eater.survived) for eater in eaters] == [(262144000, 0, True)] * 3
    assert all(eater.retouched_bytes for eater in eaters)
    assert swapped_out(link) > before


def swapped_out(link: AdbTransport) -> int:
    return int(dict(line.split() for line in root(link, "cat /proc/vmstat").splitlines())["pswpout"])
