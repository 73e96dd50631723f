# SPDX-License-Identifier: Apache-2.0
"""The kernel of the fake phone: files that behave like sysfs and procfs, threads that use CPU, pages to swap."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from agent.device.fakes.files import FakeFile, FakeThread, RefusedError, keep, refuse
from agent.device.fakes.layouts import Layout
from agent.device.fakes.zram import FakeZram

__all__ = ["FakeFile", "FakeKernel", "FakeThread", "RefusedError", "Setter", "keep", "refuse"]

Setter = Literal["works", "lies", "takes no 0", "is read-only", "is missing"]

_MODULE = "/sys/module/kcompressd"
_PARAMETERS = f"{_MODULE}/parameters"
_COUNTERS = "/sys/kernel/kcompressd"
_CPU_S_PER_PAGE = 10e-6


@dataclass
class FakeKernel:
    """Memory reclaim in numbers: `press` swaps pages out, by kswapd alone or by kcompressd's threads.

    Attributes:
        setter: how `nr_kcompressd` behaves; `lies` is the published first version, which stores the value, answers
            EINVAL and stays off; `takes no 0` is a tree that repaired it; `is missing` has no such module.
        counters: kcompressd counts pages in sysfs, as the virtual handheld's modules do.
        ours: the module is the virtual handheld's own and says so.
        layouts: other forms of kcompressd, beside the module or instead of it.
        config: lines of /proc/config.gz; None where there is no such file.
        zram: the disk that is swap.
        threads: kswapd0 and the module's threads.
        vmstat: /proc/vmstat.
        queued: pages handed to kcompressd.
        boot_id: as the kernel draws it at boot.
    """

    setter: Setter = "works"
    counters: bool = True
    ours: bool = True
    layouts: list[Layout] = field(default_factory=list)
    config: str | None = None
    zram: FakeZram | None = field(default_factory=FakeZram)
    threads: list[FakeThread] = field(default_factory=lambda: [FakeThread(60, "kswapd0")])
    vmstat: dict[str, int] = field(
        default_factory=lambda: {
            "nr_free_pages": 20000,
            "nr_writeback": 0,
            "nr_vmscan_write": 0,
            "pswpin": 0,
            "pswpout": 0,
            "pgrotated": 0,
            "oom_kill": 0,
        }
    )
    queued: int = 0
    boot_id: str = field(default_factory=lambda: str(uuid4()))
    _nr: int = 0
    _queue: int = 256
    _births: int = 0

    def __post_init__(self) -> None:
        """Remember what the boot makes."""
        self._boot = deepcopy((self.layouts, self.zram))

    def files(self) -> dict[str, FakeFile]:
        """Return the files as they are now; those of kcompressd switch it when written."""
        threads = [*self.threads, *(thread for layout in self.layouts for thread in layout.workers)]
        found = {
            "/proc/vmstat": FakeFile("".join(f"{name} {value}\n" for name, value in self.vmstat.items())),
            "/proc/sys/kernel/random/boot_id": FakeFile(self.boot_id + "\n", refuse),
            **{f"/proc/{thread.pid}/stat": FakeFile(thread.stat(), refuse) for thread in threads},
            **{f"/proc/{thread.pid}/comm": FakeFile(f"{thread.name}\n", refuse) for thread in threads},
            **(self._module() if self.setter != "is missing" else {}),
        }
        for layout in self.layouts:
            found |= layout.files()
        return found | (self.zram.files() if self.zram else {})

    def press(self, pages: int) -> None:
        """Let so many pages go to swap."""
        layout = next((layout for layout in self.layouts if layout.room()), None)
        workers = [thread for thread in self.threads if thread.name.startswith("kcompressd")]
        self.vmstat["nr_vmscan_write"] += pages
        if layout is None:
            self.vmstat["pswpout"] += pages
            self.queued += pages * bool(workers)
            self._work(workers or self.threads[:1], pages)
            return
        waiting = min(layout.room(), pages)
        if layout.level == "mm":  # locked until the thread has written them: counted then
            self.vmstat["pswpout"] += pages - waiting + layout.waiting
        else:
            self.vmstat["pswpout"] += pages
            self.vmstat["nr_writeback"], self.vmstat["pgrotated"] = waiting, self.vmstat["pgrotated"] + pages
        layout.waiting = waiting
        layout.took(pages)
        self._work(layout.workers, pages)

    def reboot(self) -> None:
        """Start again: settings and counters are the boot's own."""
        self.boot_id = str(uuid4())
        self._start_threads(0)
        self._nr, self._queue = 0, 256
        self.layouts, self.zram = deepcopy(self._boot)

    def _module(self) -> dict[str, FakeFile]:
        found = {
            f"{_PARAMETERS}/nr_kcompressd": FakeFile(f"{self._nr}\n", self._set_threads, root_only=True),
            f"{_PARAMETERS}/queue_size_per_kcompressd": FakeFile(f"{self._queue}\n", self._set_queue, root_only=True),
        }
        if self.ours and self.setter == "works":
            found[f"{_MODULE}/version"] = FakeFile("reclaim 1\n", refuse)
        if self.counters:
            found[f"{_COUNTERS}/queued"] = FakeFile(f"{self.queued}\n", refuse)
            found[f"{_COUNTERS}/full"] = FakeFile("0\n", refuse)
        return found

    def _set_threads(self, text: str) -> str:
        if self.setter == "is read-only":
            return refuse(text)
        least = 1 if self.setter == "takes no 0" else 0
        if not text.isdigit() or not least <= int(text) <= 8:  # noqa: PLR2004 - as many as the guest's module takes
            raise RefusedError("Invalid argument")
        self._nr = int(text)
        self._start_threads(0 if self.setter == "lies" else self._nr)
        if self.setter == "lies":
            raise RefusedError("Invalid argument")
        return text

    def _set_queue(self, text: str) -> str:
        if not text.isdigit() or self.setter not in ("works", "takes no 0"):
            raise RefusedError("Invalid argument")
        self._queue = int(text)
        return text

    def _start_threads(self, count: int) -> None:
        kept = [thread for thread in self.threads if not thread.name.startswith("kcompressd")]
        self._births += 1
        born = [FakeThread(700 + n, f"kcompressd:{n}", started=1000 * self._births) for n in range(count)]
        self.threads = kept + born

    def _work(self, workers: list[FakeThread], pages: int) -> None:
        for thread in workers:
            thread.cpu_s += pages * _CPU_S_PER_PAGE / len(workers)
