# SPDX-License-Identifier: Apache-2.0
"""A virtual handheld under memory pressure, seen as root: what the tests of both kcompressd modules need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from agent.device.adb import AdbTransport, connect
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from agent.ports import Completed
from workloads.device.build import pressure

WORK = "/data/local/tmp/kcompressd-test"
COUNTERS = "/sys/kernel/kcompressd"
EATERS = 5
BYTES = 152 << 20
ROUND = f"""
eat() {{  # eat SEED STRIDE REPORT [BYTES]: all hold what they filled until the last has; every STRIDEth page is read
  rm -f $3.filled $3.stop
  (until [[ -e $3.filled ]]; do sleep 0.1; done; touch $3.stop) &
  nice -n 10 {WORK}/pressure --processes {EATERS} --bytes ${{4:-{BYTES}}} --compressible 0.5 --hold 120 \\
    --stop-file $3.stop --seed $1 --check-stride $2 --report $3
}}
"""
"""Fills 760 MiB where 640 are free; a little nicer than the shell, or 200 toggles take minutes."""

MM = HandheldOptions(kcompressd="mm", zram_bytes=1 << 30)
"""Swap for all that is eaten: a page that stays in memory once it was written keeps its room there; full swap kills."""

TROUBLE = re.compile(
    r"\bBUG\b|WARNING:|Oops:|Call Trace:|blocked for more than|stalls? on CPU|[Ww]rite[- ]error|Bad page"
)


@dataclass(frozen=True)
class PressedGuest:
    link: AdbTransport

    @classmethod
    def of(cls, guest: Handheld) -> Self:
        found = cls(connect(guest.serial, guest.adb_server))
        found.read(f"mkdir -p {WORK} && chmod 777 {WORK} && echo 20 >/proc/sys/kernel/hung_task_timeout_secs")
        found.link.push(pressure("x86_64").read_bytes(), f"{WORK}/pressure", mode=0o755)
        return found

    def root(self, script: str, timeout_s: float = 60) -> Completed:
        return self.link.run(("su", "0", "sh", "-c", script), timeout_s=timeout_s)

    def read(self, script: str, timeout_s: float = 60) -> str:
        done = self.root(script, timeout_s)
        assert (done.code, done.err) == (0, "")
        return done.out.strip()

    def write_file(self, path: str, value: str) -> bool:
        """Return whether the kernel took it."""
        done = self.root(f"echo {value} >{path}")
        assert done.code == 0 or "Invalid argument" in done.err
        return done.code == 0

    def counters(self) -> dict[str, int]:
        lines = self.read(f"cd {COUNTERS} && for f in *; do echo $f $(cat $f); done").splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}

    def vmstat(self) -> dict[str, int]:
        lines = self.read("echo 1 >/proc/sys/vm/stat_refresh && cat /proc/vmstat").splitlines()
        return {name: int(value) for name, value in (line.split() for line in lines)}

    def threads(self) -> list[str]:
        return re.findall(r"\[?kcompressd:?\d+\]?", self.read("ps -A -o NAME"))

    def eat(self, seed: int) -> None:
        """One round of pressure; every eighth page is read back, reading all takes most of a minute."""
        done = self.root(f"{ROUND}\neat {seed} 8 {WORK}/report", timeout_s=180)
        assert done.code == 0, done.err
        check_reports(self.read(f"cat {WORK}/report"), stride=8)

    def trouble(self) -> list[str]:
        return [line for line in self.read("dmesg").splitlines() if TROUBLE.search(line)]


def check_reports(text: str, stride: int, eaten: int = BYTES) -> None:
    """Every eater lived, and every page that was read back was as written."""
    lines = [dict(word.split("=") for word in line.split()) for line in text.splitlines()]
    assert len(lines) >= EATERS
    assert [line for line in lines if line["survived"] != "1" or line["bad_pages"] != "0"] == []
    assert {line["checked_pages"] for line in lines} == {str(eaten // 4096 // stride)}


def risen(before: Mapping[str, int], after: Mapping[str, int], name: str) -> int:
    return after[name] - before[name]
