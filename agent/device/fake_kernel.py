# SPDX-License-Identifier: Apache-2.0
"""The kernel of the fake phone: files that behave like sysfs and procfs, threads that use CPU, pages to swap."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Setter = Literal["works", "lies", "is read-only", "is missing"]

_PARAMETERS = "/sys/module/kcompressd/parameters"
_COUNTERS = "/sys/kernel/kcompressd"
_CPU_S_PER_PAGE = 10e-6
_USER_HZ = 100


class RefusedError(Exception):
    """The kernel refuses a read or a write; the message is the text of the errno, as `cat` prints it."""


def keep(text: str) -> str:
    """Take any value, as it is."""
    return text


def refuse(_text: str) -> str:
    """Take no value: a file without a setter."""
    raise RefusedError("Permission denied")


@dataclass
class FakeFile:
    """A file that behaves.

    Attributes:
        text: what it holds.
        accept: given what is written, returns what the file then holds, or raises `RefusedError`.
        root_only: only root may read and write it.
    """

    text: str
    accept: Callable[[str], str] = keep
    root_only: bool = False

    def read(self, *, as_root: bool) -> bytes:
        """Return the content."""
        self._permit(as_root=as_root)
        return self.text.encode("utf-8", "surrogateescape")

    def write(self, data: bytes, *, as_root: bool) -> None:
        """Store what `accept` makes of it."""
        self._permit(as_root=as_root)
        ending = "\n" if self.text.endswith("\n") else ""
        self.text = self.accept(data.decode("utf-8", "surrogateescape").removesuffix("\n")) + ending

    def _permit(self, *, as_root: bool) -> None:
        if self.root_only and not as_root:
            raise RefusedError("Permission denied")


@dataclass
class FakeThread:
    """A kernel thread; `started` is the clock tick of its birth."""

    pid: int
    name: str
    cpu_s: float = 0.0
    started: int = 100

    def stat(self) -> str:
        """Return its line of /proc/PID/stat (proc_pid_stat(5))."""
        ticks = round(self.cpu_s * _USER_HZ)
        return f"{self.pid} ({self.name}) S 2 0 0 0 -1 0 0 0 0 0 0 {ticks} 0 0 20 0 1 0 {self.started} 0 0\n"


@dataclass
class FakeKernel:
    """Memory reclaim in numbers: `press` swaps pages out, by kswapd alone or by kcompressd's threads.

    Attributes:
        setter: how `nr_kcompressd` behaves; `lies` is the published first version, which stores the value, answers
            EINVAL and stays off.
        counters: kcompressd counts pages in sysfs.
        threads: kswapd0 and kcompressd's threads.
        vmstat: /proc/vmstat.
        queued: pages handed to kcompressd.
        boot_id: as the kernel draws it at boot.
    """

    setter: Setter = "works"
    counters: bool = True
    threads: list[FakeThread] = field(default_factory=lambda: [FakeThread(60, "kswapd0")])
    vmstat: dict[str, int] = field(default_factory=lambda: {"nr_free_pages": 20000, "pswpin": 0, "pswpout": 0})
    queued: int = 0
    boot_id: str = "11111111-2222-3333-4444-555555555555"
    _nr: int = 0
    _queue: int = 256
    _births: int = 0

    def files(self) -> dict[str, FakeFile]:
        """Return the files as they are now; those of kcompressd switch it when written."""
        found = {
            "/proc/vmstat": FakeFile("".join(f"{name} {value}\n" for name, value in self.vmstat.items())),
            "/proc/sys/kernel/random/boot_id": FakeFile(self.boot_id + "\n", refuse),
            **{f"/proc/{thread.pid}/stat": FakeFile(thread.stat(), refuse) for thread in self.threads},
        }
        if self.setter != "is missing":
            found[f"{_PARAMETERS}/nr_kcompressd"] = FakeFile(f"{self._nr}\n", self._set_threads, root_only=True)
            found[f"{_PARAMETERS}/queue_size_per_kcompressd"] = FakeFile(
                f"{self._queue}\n", self._set_queue, root_only=True
            )
        if self.setter != "is missing" and self.counters:
            found[f"{_COUNTERS}/queued"] = FakeFile(f"{self.queued}\n", refuse)
            found[f"{_COUNTERS}/full"] = FakeFile("0\n", refuse)
        return found

    def press(self, pages: int) -> None:
        """Let so many pages go to swap."""
        self.vmstat["pswpout"] += pages
        workers = [thread for thread in self.threads if thread.name.startswith("kcompressd")] or self.threads[:1]
        for thread in workers:
            thread.cpu_s += pages * _CPU_S_PER_PAGE / len(workers)
        if workers[0].name.startswith("kcompressd"):
            self.queued += pages

    def reboot(self) -> None:
        """Start again: settings and counters are the boot's own."""
        self.boot_id = "66666666-7777-8888-9999-000000000000"
        self._start_threads(0)
        self._nr, self._queue = 0, 256

    def _set_threads(self, text: str) -> str:
        if self.setter == "is read-only":
            return refuse(text)
        if not text.isdigit() or int(text) > 8:  # noqa: PLR2004 - as many as the guest's module takes
            raise RefusedError("Invalid argument")
        self._nr = int(text)
        self._start_threads(0 if self.setter == "lies" else self._nr)
        if self.setter == "lies":
            raise RefusedError("Invalid argument")
        return text

    def _set_queue(self, text: str) -> str:
        if not text.isdigit() or self.setter != "works":
            raise RefusedError("Invalid argument")
        self._queue = int(text)
        return text

    def _start_threads(self, count: int) -> None:
        kept = [thread for thread in self.threads if not thread.name.startswith("kcompressd")]
        self._births += 1
        born = [FakeThread(700 + n, f"kcompressd:{n}", started=1000 * self._births) for n in range(count)]
        self.threads = kept + born
