# SPDX-License-Identifier: Apache-2.0
"""The program `pressure` as it is pushed to phones, of each ABI: what it writes, how it ends, what it refuses."""

import hashlib
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import lz4.block
import pytest
import zstandard

from agent.runner.script import parse_eaters
from workloads.device.build import TARGETS, pressure
from workloads.errors import InputError

PAGE = 4096
HUGE = 3264
"""A page that shrinks to this or more zram stores whole: zs_huge_class_size in mm/zsmalloc.c, for chains of 4 pages."""

EMULATORS = {"x86_64": "qemu-x86_64-static", "arm64-v8a": "qemu-aarch64-static", "armeabi-v7a": "qemu-arm-static"}
OWN = {"x86_64": "x86_64", "aarch64": "arm64-v8a"}.get(platform.machine(), "")
SHARES = ("--same-filled", "0.2", "--incompressible", "0.1")
RICH = (*SHARES, "--hot", "0.25", "--retouch", "4000000", "--file", "data", "--file-share", "0.25", "--cpus", "1")
PATIENCE_S = 60

Started = Callable[..., subprocess.Popen[bytes]]


@dataclass(frozen=True)
class Program:
    """How `pressure` of one ABI is called in a folder."""

    argv: tuple[str, ...]
    folder: Path

    def run(self, *options: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self.argv, *options], cwd=self.folder, capture_output=True, timeout=PATIENCE_S, check=False
        )

    def eat(self, *options: str) -> list[dict[str, int]]:
        """Eat with little patience; the lines of the report."""
        done = self.run("--report", "report", *options)
        assert (done.returncode, done.stderr) == (0, b"")
        return report(self.folder)


def report(folder: Path) -> list[dict[str, int]]:
    lines = (folder / "report").read_text().splitlines()
    return [{key: int(value) for key, value in (word.split("=") for word in line.split())} for line in lines]


def program(abi: str, folder: Path) -> Program:
    emulator = () if abi == OWN else (EMULATORS[abi],)
    return Program((*emulator, str(pressure(abi))), folder)


@pytest.fixture
def own(tmp_path: Path) -> Program:
    return program("x86_64", tmp_path)


@pytest.fixture
def started(own: Program) -> Iterator[Started]:
    """Start it and wait until its memory is filled; it is killed at the end."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(*argv: str) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen(argv, cwd=own.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
        until((own.folder / "report.filled").exists)
        return begun[-1]

    yield start
    for each in begun:
        each.kill()
        each.communicate()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("abi", TARGETS)
def test_every_abi_eats_to_the_byte_finds_every_page_as_written_and_says_so(abi: str, tmp_path: Path) -> None:
    *eaters, busy = program(abi, tmp_path).eat("--processes", "2", "--bytes", "4194304", "--hold", "0.5", *RICH)
    for eater in eaters:
        assert (eater["filled_bytes"], eater["checked_pages"]) == (4194304, 1024)
        assert (eater["bad_pages"], eater["survived"]) == (0, 1)
        assert eater["retouched_bytes"] > 0
    assert busy["cpu_us"] > 0
    assert len(parse_eaters((tmp_path / "report").read_text())) == 2


@pytest.mark.parametrize("abi", TARGETS)
def test_memory_that_is_as_low_as_asked_for_is_left_alone_and_else_taken(abi: str, tmp_path: Path) -> None:
    eat = program(abi, tmp_path).eat
    (low,) = eat("--bytes", "4194304", "--hold", "0.3", "--hold-available", str(1 << 50))
    assert (low["filled_bytes"], low["held_bytes"], low["bad_pages"]) == (0, 0, 0)
    assert low["held_us"] > 0
    assert low["held_available"] > 1 << 20
    (high,) = eat("--bytes", "4194304", "--hold", "0.3", "--hold-available", "1")
    assert (high["filled_bytes"], high["checked_pages"], high["bad_pages"]) == (4194304, 1024, 0)
    assert (high["held_us"], high["held_available"]) == (0, 0)


def test_every_abi_writes_the_same_pages(tmp_path: Path) -> None:
    def dumped(abi: str) -> str:
        done = program(abi, tmp_path).run(
            "--bytes", "1048576", "--compressible", "0.2", *SHARES, "--seed", "9", "--dump"
        )
        assert len(done.stdout) == 1048576
        return hashlib.sha256(done.stdout).hexdigest()

    assert len({dumped(abi) for abi in TARGETS}) == 1


def pages(own: Program, *options: str) -> list[bytes]:
    dump = own.run("--bytes", str(2048 * PAGE), "--dump", *options).stdout
    assert len(dump) == 2048 * PAGE
    return [dump[start : start + PAGE] for start in range(0, len(dump), PAGE)]


def by_lz4(page: bytes) -> int:
    return len(lz4.block.compress(page, store_size=False))  # type: ignore[attr-defined]  # a C module's name, passed on


def by_zstd(page: bytes) -> int:
    return len(zstandard.ZstdCompressor(level=3, write_content_size=False).compress(page))


@pytest.mark.parametrize("compress", [by_lz4, by_zstd])
@pytest.mark.parametrize("ratio", [1.0, 1.1, 1.2, 1.4, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0, 6.5, 8.0])
def test_the_ratio_asked_for_is_reached_within_a_tenth(
    own: Program, ratio: float, compress: Callable[[bytes], int]
) -> None:
    made = pages(own, "--compressible", str(1 - 1 / ratio))
    sizes = [compress(page) for page in made]
    stored = sum(size if size < HUGE else PAGE for size in sizes)
    assert len(made) * PAGE / stored == pytest.approx(ratio, rel=0.1)


def test_shares_of_pages_are_what_was_asked_for_in_the_hot_part_too(own: Program) -> None:
    made = pages(own, *SHARES)
    for part in (made, made[: len(made) // 4]):
        same = sum(len({page[i : i + 8] for i in range(0, PAGE, 8)}) == 1 for page in part)
        noise = sum(by_lz4(page) >= PAGE for page in part)
        assert same / len(part) == pytest.approx(0.2, abs=0.04)
        assert noise / len(part) == pytest.approx(0.1, abs=0.04)


def test_a_kernel_page_of_16_kib_is_of_one_kind(own: Program) -> None:
    made = pages(own, "--same-filled", "0.5")
    kinds = [len({page[i : i + 8] for i in range(0, PAGE, 8)}) == 1 for page in made]
    assert all(len(set(kinds[start : start + 4])) == 1 for start in range(0, len(kinds), 4))
    assert all(len(set(made[start : start + 4])) == 1 for start in range(0, len(kinds), 4) if kinds[start])


def test_a_page_that_changed_is_counted_and_the_exit_status_tells(own: Program, started: Started) -> None:
    options = ("--bytes", "1048576", "--file", "data", "--file-share", "0.5", "--hold", "60", "--stop-file", "stop")
    eating = started(*own.argv, "--report", "report", *options)
    with (own.folder / "data").open("r+b") as file:
        file.seek(8 * PAGE + 100)
        file.write(b"changed")
    (own.folder / "stop").touch()
    assert eating.wait(PATIENCE_S) == 1
    assert [line["bad_pages"] for line in report(own.folder)] == [1]


def test_released_memory_is_given_back_without_a_check(own: Program, started: Started) -> None:
    files = ("--stop-file", "stop", "--release-file", "release", "--progress", "progress")
    eating = started(*own.argv, "--report", "report", "--bytes", "1048576", "--hold", "60", *files)
    (own.folder / "release").touch()
    assert eating.wait(PATIENCE_S) == 0
    assert [(line["checked_pages"], line["survived"]) for line in report(own.folder)] == [(0, 1)]
    last = (own.folder / "progress").read_text().splitlines()[-1]
    assert "living=0 filled_bytes=1048576" in last


def test_eaters_are_the_first_to_be_killed_and_a_killed_one_is_told(own: Program, started: Started) -> None:
    options = ("--processes", "2", "--bytes", "1048576", "--cpus", "1", "--hold", "60", "--stop-file", "stop")
    eating = started(*own.argv, "--report", "report", *options)
    found = children(eating.pid)
    assert [Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in found] == ["1000\n"] * 3
    os.kill(found[-1], signal.SIGKILL)
    (own.folder / "stop").touch()
    assert eating.wait(PATIENCE_S) == 0
    assert [line["survived"] for line in report(own.folder) if "survived" in line] == [1, 0]


def test_all_of_it_dies_with_whoever_started_it(own: Program, started: Started) -> None:
    options = "--report report --processes 2 --bytes 1048576 --cpus 1 --hold 60"
    shell = started("sh", "-c", f'"$0" {options}; :', *own.argv)
    (eating,) = children(shell.pid)
    family = [eating, *children(eating)]
    assert len(family) == 4
    shell.kill()
    until(lambda: not any(alive(pid) for pid in family))


def test_the_file_is_made_once_and_a_half_made_one_is_made_again(own: Program) -> None:
    options = ("--processes", "2", "--bytes", "1048576", "--file", "data", "--file-share", "0.5")
    (own.folder / "data.tmp").write_bytes(b"half")
    assert own.run(*options, "--prepare").returncode == 0
    made = (own.folder / "data").stat()
    assert made.st_size == 1048576
    assert not (own.folder / "data.tmp").exists()
    own.eat(*options)
    assert (own.folder / "data").stat().st_mtime_ns == made.st_mtime_ns
    assert {path.name for path in own.folder.iterdir()} == {"data", "report", "report.filled"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "--bytes takes 4096 or more"),
        ("--bytes 4096", "--report is missing"),
        ("--bytes -1", "--bytes takes a whole number, not '-1'"),
        ("--bytes 4096 --report r --processes 65", "--processes takes 1 to 64"),
        ("--bytes 4096 --report r --same-filled 0.7 --incompressible 0.7", "more than all pages together"),
        ("--bytes 4096 --report r --retouch 65536", "--retouch needs --hot"),
        ("--bytes 4096 --report r --hot 1 --retouch 5", "--retouch takes 65536 or more"),
        ("--bytes 4096 --report r --file-share 0.5", "need --file"),
        ("--bytes 4096 --report r --hold-available 5", "--hold-available needs --hold"),
        ("--bytes 4096 --report r --compressible nan", "--compressible takes a number from 0 to 1, not 'nan'"),
        ("--bytes 4096 --report r --file no/where --file-share 1", "no/where.tmp: No such file or directory"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(own: Program, options: str, says: str) -> None:
    done = own.run(*options.split())
    assert done.returncode == 2
    assert says in done.stderr.decode().splitlines()[0]


def test_an_abi_without_the_program_is_named_with_those_that_have_it() -> None:
    with pytest.raises(InputError, match="ABI 'mips': no `pressure` program for it; known: x86_64, arm64-v8a"):
        pressure("mips")
