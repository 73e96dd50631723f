# SPDX-License-Identifier: Apache-2.0
"""zram0 of the fake phone: files as zram_drv.c has them, swap on it, and the dance's script.

MediaTek's form has `comp_mode` and `mempool_size` too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from agent.device.fakes.files import FakeFile, RefusedError, refuse

DISK = "/sys/block/zram0"
_DEFAULTS = {"comp_algorithm": "lzo", "comp_mode": "hwonly"}
_SIZE = 512 << 20


def _busy() -> str:
    raise RefusedError("Device or resource busy")


@dataclass
class FakeZram:
    """One zram disk.

    Attributes:
        device: its name in /proc/swaps; empty where that does not list it.
        settings: file -> value: what counts, or will count once disksize is written.
        choices: file -> the words it takes.
        recompressors: priority -> algorithm.
        priority: of the swap; automatic ones are negative.
        active: whether it is swap.
        header: whether it holds a swap header.
        used_bytes: swapped out, before compression.
        mem_limit: bytes; 0 is none.
        backing: where it writes back to.
        fails: steps that fail: files, `mkswap`, `swapon`, `swapoff`; a number is how many times.
        done: steps that were taken, in order.
    """

    device: str = "/dev/block/zram0"
    settings: dict[str, str] = field(default_factory=lambda: {"comp_algorithm": "lz4", "disksize": str(_SIZE)})
    choices: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"comp_algorithm": ("lzo", "lz4", "zstd")})
    recompressors: dict[int, str] = field(default_factory=dict)
    priority: int = -2
    active: bool = True
    header: bool = True
    used_bytes: int = 0
    mem_limit: int = 0
    backing: str = "none"
    fails: dict[str, int] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    @classmethod
    def mediatek(cls, mode: str = "hwonly") -> "FakeZram":
        """Return one with modes."""
        made = cls()
        made.settings |= {"comp_mode": mode, "mempool_size": "256"}
        made.choices["comp_mode"] = ("hybrid", "hwonly", "swonly", "kcompressd:hw", "kcompressd")
        return made

    def files(self) -> dict[str, FakeFile]:
        """Return the files as they are now."""
        found = {
            f"{DISK}/{name}": FakeFile(f"{self._shown(name)}\n", partial(self.put, name), root_only=True)
            for name in self.settings
        }
        counts = f"4096 74 12288 {self.mem_limit} 12288 0 0 0 0\n"
        found |= {
            f"{DISK}/mm_stat": FakeFile(counts, refuse, root_only=True),
            f"{DISK}/backing_dev": FakeFile(f"{self.backing}\n", refuse, root_only=True),
            f"{DISK}/reset": FakeFile("", partial(self.put, "reset"), root_only=True, mode="200"),
            "/proc/swaps": FakeFile(self._swaps(), refuse, mode="444"),
        }
        if self.recompressors:
            rows = (f"#{level}: lzo lz4 [{word}]\n" for level, word in sorted(self.recompressors.items()))
            found[f"{DISK}/recomp_algorithm"] = FakeFile("".join(rows), refuse, root_only=True)
        return found

    def put(self, name: str, value: str) -> str:
        """Write a file, as zram_drv.c takes it."""
        self._step(f"{name}={value}", name)
        if name == "reset":
            return self._reset()
        if name == "mem_limit":
            self.mem_limit = int(value)
            return value
        if self.settings["disksize"] != "0":
            return _busy()
        if name == "recomp_algorithm":
            words = dict(word.split("=") for word in value.split())
            self.recompressors[int(words["priority"])] = words["algo"]
        elif name == "comp_mode":  # a word it does not know means the default
            self.settings[name] = value if value in self.choices[name] else _DEFAULTS[name]
        elif value not in self.choices.get(name, (value,)):
            raise RefusedError("Invalid argument")
        else:
            self.settings[name] = value
        return value

    def swapoff(self) -> None:
        """Take all pages back."""
        self._step("swapoff", "swapoff")
        self.active, self.used_bytes = False, 0

    def mkswap(self) -> None:
        """Write a header."""
        self._step("mkswap", "mkswap")
        self.header = True

    def swapon(self, priority: int) -> None:
        """Use it as swap."""
        self._step(f"swapon {priority}", "swapon")
        if not self.header or self.settings["disksize"] == "0":
            raise RefusedError("Invalid argument")
        self.active, self.priority = True, priority

    def _reset(self) -> str:
        if self.active:
            return _busy()
        self.settings |= {name: value for name, value in _DEFAULTS.items() if name in self.settings}
        self.settings["disksize"], self.header = "0", False
        self.recompressors, self.mem_limit = {}, 0
        return ""

    def _step(self, told: str, name: str) -> None:
        self.done.append(told)
        if self.fails.get(name, 0):
            self.fails[name] -= 1
            raise RefusedError("Invalid argument")

    def _shown(self, name: str) -> str:
        value = self.settings[name]
        words = (f"[{word}]" if word == value else word for word in self.choices.get(name, ()))
        return " ".join(words) or value

    def _swaps(self) -> str:
        head = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        size = int(self.settings["disksize"]) >> 10
        row = f"{self.device}                        partition\t{size}\t{self.used_bytes >> 10}\t{self.priority}\n"
        return head + row * (self.active and bool(self.device))


def perform(zram: FakeZram, priority: int, old: str, new: str, *, active: bool) -> tuple[int, str]:
    """Do what `agent.knobs.zram.dance.DANCE` does; return its exit status and what it prints."""
    said: list[str] = []
    if active and not _try(said, zram.swapoff):
        return 1, "".join(said)
    if _make(zram, priority, new, said):
        return 0, ""
    back = _make(zram, priority, old, said) or _try(said, partial(zram.swapon, priority))
    return (1 if back else 2), "".join(said)


def _make(zram: FakeZram, priority: int, steps: str, said: list[str]) -> bool:
    writes = [("reset", "1"), *(step.split("=", 1) for step in steps.split("\n"))]
    return (
        all(_try(said, partial(zram.put, name, value)) for name, value in writes)
        and _try(said, zram.mkswap)
        and _try(said, partial(zram.swapon, priority))
    )


def _try(said: list[str], step: Callable[[], object]) -> bool:
    try:
        step()
    except RefusedError as refusal:
        said.append(f"{refusal}\n")
        return False
    return True
