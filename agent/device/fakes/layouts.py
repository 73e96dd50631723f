# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: D102, D105 - what they override says what they do
"""The forms of kcompressd that public trees have, as fake kernels: state, files that change it, threads that work.

Sources stand in `agent/knobs/kcompressd/`, one file per form. MediaTek's `comp_mode` is zram's own: `fakes.zram`.
"""

from dataclasses import dataclass, field

from agent.device.fakes.files import FakeFile, FakeThread, invalid, ranged, refuse
from agent.knobs.threads import Level

PARAMETERS = "/sys/module/kcompressd/parameters"


@dataclass
class Layout:
    """One form of kcompressd. Subclasses say what it is; `FakeKernel.press` drives it.

    Attributes:
        level: where pages wait.
        workers: its threads.
        waiting: pages that are queued and not yet written.
    """

    level: Level = "zram"
    workers: list[FakeThread] = field(default_factory=list)
    waiting: int = 0
    _births: int = 0

    def files(self) -> dict[str, FakeFile]:
        """Return its files as they are now."""
        return {}

    def room(self) -> int:
        """Return how many pages may wait; 0 while it is off."""
        return 0

    def took(self, pages: int) -> None:
        """Count pages that kswapd handed over."""

    def start(self, *names: str) -> None:
        """Replace the threads; new ones have other pids."""
        self._births += 1
        first = 800 + 20 * self._births
        self.workers = [FakeThread(first + n, name, started=1000 * self._births) for n, name in enumerate(names)]


def _named(count: int, stem: str = "kcompressd:") -> list[str]:
    return [f"{stem}{number}" for number in range(count)]


@dataclass
class Switch(Layout):
    """`kcompressd_enabled`, sysctl and parameter of one variable; threads are there from boot."""

    enabled: int = 0
    sysctl: bool = True

    def __post_init__(self) -> None:
        self.start(*_named(4))

    def files(self) -> dict[str, FakeFile]:
        text = f"{self.enabled}\n"
        found = {
            f"{PARAMETERS}/kcompressd_enabled": FakeFile(text, ranged(0, 2**32 - 1, self._set), root_only=True),
            f"{PARAMETERS}/nr_kcompressd": FakeFile("4\n", invalid, root_only=True),
            f"{PARAMETERS}/queue_size_per_kcompressd": FakeFile("4096\n", invalid, root_only=True),
        }
        if self.sysctl:
            found["/proc/sys/vm/kcompressd_enabled"] = FakeFile(text, ranged(0, 1, self._set), root_only=True)
        return found

    def room(self) -> int:
        return 4 * 4096 if self.enabled else 0

    def _set(self, number: int) -> None:
        self.enabled = number


@dataclass
class BootParameters(Layout):
    """Parameters of zram, read at boot: 0644 ones store what is written, and nothing happens; 0444 ones refuse."""

    mode: str = "644"
    stored: int = 4

    def __post_init__(self) -> None:
        self.start(*_named(4))

    def files(self) -> dict[str, FakeFile]:
        folder = "/sys/module/zram/parameters"
        accept = ranged(0, 2**32 - 1, self._set) if self.mode == "644" else refuse
        return {
            f"{folder}/nr_kcompressd": FakeFile(f"{self.stored}\n", accept, root_only=True, mode=self.mode),
            f"{folder}/queue_size_per_kcompressd": FakeFile("256\n", accept, root_only=True, mode=self.mode),
        }

    def room(self) -> int:
        return 4 * 256

    def _set(self, number: int) -> None:
        self.stored = number


@dataclass
class MediaTekFifo(Layout):
    """The published defect with `kfifo_size_per_kcompressd`, and threads that are gone as soon as they have no work."""

    count: int = 4
    broken: bool = False

    def files(self) -> dict[str, FakeFile]:
        return {
            f"{PARAMETERS}/nr_kcompressd": FakeFile(f"{self.count}\n", self._set, root_only=True),
            f"{PARAMETERS}/kfifo_size_per_kcompressd": FakeFile("4096\n", invalid, root_only=True),
        }

    def room(self) -> int:
        return 0 if self.broken else self.count * 4096

    def _set(self, text: str) -> str:
        self.count, self.broken = int(text), True
        return invalid()


@dataclass
class VmSysctl(Layout):
    """`vm.kcompressd`: pages that may wait, locked; the port for android13-5.15 counts."""

    level: Level = "mm"
    depth: int = 24
    counted: bool = False
    enqueued: int = 0

    def __post_init__(self) -> None:
        self.start("kcompressd0")

    def files(self) -> dict[str, FakeFile]:
        found = {"/proc/sys/vm/kcompressd": FakeFile(f"{self.depth}\n", ranged(0, 256, self._set), root_only=True)}
        counts = {"enqueued": self.enqueued, "swapped": self.enqueued - self.waiting, "sync": 7}
        if self.counted:
            for name, count in counts.items():
                found[f"/proc/sys/vm/kcompressd_{name}"] = FakeFile(f"{count}\n", refuse, root_only=True)
        return found

    def room(self) -> int:
        return self.depth

    def took(self, pages: int) -> None:
        self.enqueued += pages

    def _set(self, number: int) -> None:
        self.depth = number


@dataclass
class Marie(Layout):
    """Marie LRU's signed number: positive ones work only while Marie is on."""

    level: Level = "mm"
    depth: int = 24
    marie: bool = True

    def __post_init__(self) -> None:
        self.start("kcompmari0")

    def files(self) -> dict[str, FakeFile]:
        folder = "/sys/kernel/mm/lru_marie"
        return {
            f"{folder}/kcompressd": FakeFile(f"{self.depth}\n", ranged(-100, 100, self._set), root_only=True),
            f"{folder}/enabled": FakeFile(f"{int(self.marie)}\n", refuse),
        }

    def room(self) -> int:
        return abs(self.depth) if self.marie or self.depth < 0 else 0

    def _set(self, number: int) -> None:
        self.depth = number


@dataclass
class ParallelSwap(Layout):
    """Kcompressd-Unofficial 0.1 and 0.2: kernel workers, which no name tells apart."""

    level: Level = "mm"
    most: int = 1
    factor: int = 6

    def files(self) -> dict[str, FakeFile]:
        return {
            "/proc/sys/vm/parallel_swap": FakeFile(f"{self.most}\n", ranged(0, 2**31 - 1, self._most)),
            "/proc/sys/vm/parallel_swap_factor": FakeFile(f"{self.factor}\n", ranged(1, 2**31 - 1, self._factor)),
        }

    def room(self) -> int:
        return min(256, self.most * self.factor)

    def _most(self, number: int) -> None:
        self.most = number

    def _factor(self, number: int) -> None:
        self.factor = number


@dataclass
class Oplus(Layout):
    """Read-only parameters, and counts of what was taken and what a full queue sent back."""

    enabled: bool = True
    success: int = 0

    def __post_init__(self) -> None:
        self.start(*_named(int(self.enabled)))

    def files(self) -> dict[str, FakeFile]:
        folder = "/sys/module/oplus_bsp_hybridswap_zram/parameters"
        number = int(self.enabled)
        found = {
            f"{folder}/nr_kcompressd": FakeFile(f"{number}\n", refuse, root_only=True, mode="444"),
            f"{folder}/queue_size_per_kcompressd": FakeFile(f"{4096 * number}\n", refuse, root_only=True, mode="444"),
        }
        if self.enabled:
            lines = f"enable_kcompressd 1\nkcomp_write_success_count {self.success}\nkcomp_write_fail_count 3\n"
            text = f"{lines}kcomp_write_ship_shmem_count 0\n"
            found["/proc/oplus_mem/kcompressd_debug"] = FakeFile(text, refuse, mode="444")
        return found

    def room(self) -> int:
        return 4096 * int(self.enabled)

    def took(self, pages: int) -> None:
        self.success += pages


@dataclass
class Akcompress(Layout):
    """OPLUS' hybridswap: a file that reads as a report and takes a number of threads, 0 to 4."""

    count: int = 0
    done: int = 0

    def files(self) -> dict[str, FakeFile]:
        rows = "".join(f"{thread} {self.done if thread == 0 else 0}\n" for thread in range(4))
        text = f"akcompressd_threads: {self.count}\ncached page cnt: 0\nfree page cnt: 16384\n{rows}"
        return {"/sys/block/zram0/hybridswap_akcompress": FakeFile(text, ranged(0, 4, self._set), root_only=True)}

    def room(self) -> int:
        return 16384 if self.count else 0

    def took(self, pages: int) -> None:
        self.done += pages

    def _set(self, number: int) -> None:
        self.count = number
        self.start(*_named(number, "akcompressd:"))


@dataclass
class BuiltIn(Layout):
    """kcompressd that nothing but its threads shows."""

    stem: str = "kcompressd:"

    def __post_init__(self) -> None:
        self.start(*_named(1, self.stem))

    def room(self) -> int:
        return 4096


@dataclass
class Strange(Layout):
    """A file that no known tree has."""

    turbo: int = 1

    def files(self) -> dict[str, FakeFile]:
        file = FakeFile(f"{self.turbo}\n", ranged(0, 9, self._set))
        return {"/sys/module/acme/parameters/kcompressd_turbo": file}

    def _set(self, number: int) -> None:
        self.turbo = number
