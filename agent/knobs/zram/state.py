# SPDX-License-Identifier: Apache-2.0
"""What zram0 is now, how it was set up, and what speaks against setting it up anew."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agent.device import batch, parse

DISK = "/sys/block/zram0"
NOTE = "/dev/.reclaim-zram"
"""Holds the set-up while a dance goes on, and after one that died: /dev is gone with the next boot, as zram is."""

Steps: TypeAlias = tuple[tuple[str, str], ...]
"""Writes below `DISK`, in order, that set up a disk which was reset: file and value."""

_ORDER = ("mempool_size", "comp_mode", "comp_algorithm", "recomp_algorithm", "disksize", "mem_limit")
"""MediaTek's comp_mode takes the pool's size from mempool_size and may replace the algorithm (its zram_drv.c)."""

FILES = (
    *(f"{DISK}/{name}" for name in _ORDER[:-1]),
    f"{DISK}/backing_dev",
    f"{DISK}/hybridswap_enable",
    f"{DISK}/hybridswap_akcompress",
    f"{DISK}/mm_stat",
    "/proc/swaps",
    "/proc/meminfo",
    "/proc/mounts",
    NOTE,
)
MMD = batch.program("getprop", "mmd.zram.enabled")
ASKS = (*(batch.each(path) for path in FILES), MMD)
"""Questions that `read_state` reads the answers of."""

_MEM_LIMIT = 3  # field of mm_stat: mem_limit, in bytes; its own file is write-only (zram.rst)
_HEADROOM = 0.1
_LEAST_HEADROOM = 64 << 20


@dataclass(frozen=True)
class Swap:
    """zram0 in /proc/swaps: the device's name there, its priority, bytes of pages in it."""

    device: str
    priority: int
    used_bytes: int = 0


@dataclass(frozen=True)
class ZramState:
    """zram0 now.

    Attributes:
        steps: how it was set up, as far as files tell; after a dance that died, how it was before.
        swap: as which swap it is in use; after a dance that died, as which it was.
        active: whether it is in use as swap.
        obstacle: why it must not be set up anew, whatever the memory.
        available_bytes: MemAvailable.
        total_bytes: MemTotal.
    """

    steps: Steps
    swap: Swap | None
    active: bool
    obstacle: str | None
    available_bytes: int
    total_bytes: int

    def value(self, step: str) -> str | None:
        """Return what a file was set to; None where it has none."""
        return next((value for name, value in self.steps if name == step), None)

    def changed(self, step: str, value: str) -> Steps:
        """Return the set-up with one value changed."""
        return tuple((name, value if name == step else kept) for name, kept in self.steps)

    def refusal(self) -> str | None:
        """Why it must not be set up anew now, with figures; None when it may be."""
        if self.obstacle or self.swap is None:
            return self.obstacle or "zram0 is not this phone's swap"
        headroom = max(_LEAST_HEADROOM, int(_HEADROOM * self.total_bytes))
        if self.swap.used_bytes + headroom <= self.available_bytes:
            return None
        return (
            f"swapoff would bring {self.swap.used_bytes >> 20} MiB back into memory, of which "
            f"{self.available_bytes >> 20} MiB are available and {headroom >> 20} MiB must stay free; stop apps or "
            "reboot first"
        )


def read_state(answers: Sequence[tuple[batch.Answer, ...]]) -> ZramState:
    """Return what the answers to `ASKS` say."""
    files = {answer.name: answer.text for answer in (a for each in answers[:-1] for a in each) if answer.ok}
    (mmd,) = answers[-1]
    memory = parse.meminfo(files.get("/proc/meminfo", ""))
    swap = swap_of(files.get("/proc/swaps", ""))
    steps, was = _steps(files), None
    if swap is None and NOTE in files:
        was, steps = note(files[NOTE]) or (None, steps)
    return ZramState(
        steps=steps,
        swap=swap or was,
        active=swap is not None,
        obstacle=_obstacle(files, swap or was, mmd.text.strip()),
        available_bytes=memory.get("MemAvailable", 0),
        total_bytes=memory.get("MemTotal", 0),
    )


def spelt(steps: Steps) -> str:
    """Return steps as the dance and its note have them, one `file=value` per line."""
    return "\n".join(f"{name}={value}" for name, value in steps)


def note(text: str) -> tuple[Swap, Steps] | None:
    """Read a note: lines `pid`, `device`, `priority`, then steps; None when it is not whole."""
    _pid, device, priority, *lines = (*text.split("\n"), "", "", "")
    steps = tuple((name, value) for name, equals, value in (line.partition("=") for line in lines) if equals)
    if not device.startswith("/") or not re.fullmatch(r"-?\d+", priority) or not steps:
        return None
    return Swap(device, int(priority)), steps


def swap_of(text: str) -> Swap | None:
    """Find zram0 in /proc/swaps: file, type, KiB, KiB used, priority (mm/swapfile.c, swap_show).

    The file is spelt as init opened it; where its /dev has become another mount since, `/dev` is missing.
    """
    row = re.search(r"^(\S*/zram0)\s+\S+\s+\d+\s+(\d{1,18})\s+(-?\d{1,9})\s*$", text, re.MULTILINE)
    if row is None:
        return None
    return Swap(row[1] if row[1].startswith("/dev/") else f"/dev{row[1]}", int(row[3]), int(row[2]) << 10)


def _steps(files: dict[str, str]) -> Steps:
    found: dict[str, list[str]] = {name: [] for name in _ORDER}
    for name in ("comp_mode", "comp_algorithm"):
        if chosen := parse.chosen(files.get(f"{DISK}/{name}", "")):
            found[name] = [chosen]
    for name in ("mempool_size", "disksize"):
        if text := files.get(f"{DISK}/{name}", "").strip():
            found[name] = [text]
    recompressors = re.findall(r"^#(\d+):.*\[(\S+)\]", files.get(f"{DISK}/recomp_algorithm", ""), re.MULTILINE)
    found["recomp_algorithm"] = [f"algo={algorithm} priority={level}" for level, algorithm in recompressors]
    counts = parse.numbers(files.get(f"{DISK}/mm_stat", ""))
    if len(counts) > _MEM_LIMIT and counts[_MEM_LIMIT]:
        found["mem_limit"] = [str(counts[_MEM_LIMIT])]
    return tuple((name, value) for name in _ORDER for value in found[name])


def _obstacle(files: dict[str, str], swap: Swap | None, mmd: str) -> str | None:
    mounted = re.search(r"^\S*/zram0 (\S+)", files.get("/proc/mounts", ""), re.MULTILINE)
    backing = files.get(f"{DISK}/backing_dev", "").strip() or "none"
    vendor = f"{DISK}/hybridswap_enable" in files or f"{DISK}/hybridswap_akcompress" in files
    told = (
        (f"{DISK}/disksize" not in files, "zram0 cannot be read; that takes root"),
        (mounted, f"zram0 backs something else: it is mounted at {mounted[1] if mounted else ''}"),
        (swap is None, "zram0 is not this phone's swap: /proc/swaps does not list it"),
        (backing != "none", f"zram0 writes back to {backing}, which a reset would end; boot without writeback first"),
        (mmd in ("true", "1"), "mmd manages zram (mmd.zram.enabled is true): boot without it first"),
        (vendor, "the vendor's hybridswap manages zram, and a reset would unbind it"),
    )
    return next((why for applies, why in told if applies), None)
