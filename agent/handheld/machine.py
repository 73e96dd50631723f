# SPDX-License-Identifier: Apache-2.0
"""Starts virtual handhelds, and stops them."""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.handheld import accelerator, adbserver, guard, image, qemu, registry, saved, waking
from agent.handheld.host import require, require_space, state_dir
from agent.handheld.monitor import Monitor
from agent.handheld.options import HandheldOptions
from agent.handheld.packages import GUEST
from agent.handheld.qemu import Hardware
from workloads.errors import ReclaimError, SetupError, TransientError

BOOT_S = 90.0
"""A cold boot takes about 13 s on two emulated CPUs; a crowded machine gets several times that."""

START_BYTES = 512 << 20
"""Room a start takes: a saved state, and what the guest writes to /data."""

_PORT_TAKEN = "Could not set up host forwarding rule"

VM_FILES = {
    "/proc/sys/vm/min_free_kbytes": "vm.min_free_kbytes",
    "/proc/sys/vm/watermark_scale_factor": "vm.watermark_scale_factor",
    "/proc/sys/vm/swappiness": "vm.swappiness",
    "/proc/sys/vm/page-cluster": "vm.page-cluster",
    "/sys/kernel/mm/transparent_hugepage/enabled": "transparent_hugepage",
    "/sys/kernel/mm/lru_gen/enabled": "lru_gen",
    "/sys/block/zram0/comp_algorithm": "zram comp_algorithm",
    "/sys/block/zram0/disksize": "zram disksize",
}
"""Settings of the guest that decide what reclaim does, and how a record calls them."""


@dataclass(frozen=True)
class Plan:
    """All that is known before QEMU starts.

    Attributes:
        hardware: the machine.
        image: what it boots.
        qemu_version: of the host's QEMU.
        save_key: names the saved state this start may use or make.
    """

    hardware: Hardware
    image: image.Image
    qemu_version: str
    save_key: str


@dataclass(frozen=True)
class Handheld:
    """A running virtual handheld; use it in a `with` block, or call `stop`.

    Attributes:
        name: as `reclaim handheld list` shows it.
        serial: adb serial, `127.0.0.1:PORT`.
        adb_server: `127.0.0.1:PORT` of its own adb server.
        folder: console.log, qmp.sock and the other files of this run.
        plan: what it runs.
        woken: whether it came from a saved state.
        took_s: seconds from the call to a phone that answers.
    """

    name: str
    serial: str
    adb_server: str
    folder: Path
    plan: Plan
    woken: bool
    took_s: float
    _processes: tuple[guard.Guarded, ...]

    @classmethod
    def start(
        cls,
        options: HandheldOptions = HandheldOptions(),  # noqa: B008 - a frozen value
        *,
        progress: Callable[[str], None] | None = None,
        name: str | None = None,
        keep: bool = False,
        cold: bool = False,
    ) -> "Handheld":
        """Start a handheld and wait until its adbd, traced and framework answer.

        Args:
            options: memory, cpus, zram, build type, kcompressd layout.
            progress: told each stage, in words.
            name: else `handheld-N`.
            keep: let it outlive this process; `reclaim handheld stop` ends it.
            cold: boot, whether there is a saved state or not.

        Raises:
            SetupError: this machine lacks something, or the guest did not come up; with its last console lines.
            InputError: an option cannot be, or the name is taken.
        """
        started = time.monotonic()
        tell = progress or _silent
        return cls.from_plan(prepare(options, tell), tell, started, name=name, keep=keep, cold=cold)

    @classmethod
    def from_plan(
        cls, plan: Plan, progress: Callable[[str], None], started: float, *, name: str | None, keep: bool, cold: bool
    ) -> "Handheld":
        """Start what was planned; see `start`. `started` is the monotonic second from which `took_s` counts."""
        folder = registry.reserve(name)
        try:
            guest = _Start(plan, folder, progress, started).run(cold=cold)
            guest.write_down(kept=keep)
            if keep:
                guest.let_go()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return guest

    @property
    def console_path(self) -> Path:
        """What the guest's kernel and init said."""
        return self.folder / "console.log"

    @property
    def monitor(self) -> Monitor:
        """QEMU's monitor: honest faults (reset, hang, silent link)."""
        return Monitor(self.folder / "qmp.sock")

    def let_go(self) -> None:
        """Let the guest and its adb server outlive this process."""
        for process in self._processes:
            process.keep()

    def stop(self) -> None:
        """End the guest and its adb server, and remove this run's files."""
        for process in self._processes:
            process.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, however the block ended."""
        self.stop()

    def facts(self) -> dict[str, str]:
        """What a run record says: QEMU, image, options, and memory settings as the guest reads them now.

        Raises:
            TransientError: the guest does not answer.
        """
        words = " ".join(VM_FILES)
        asked = adbserver.shell(self.adb_server, self.serial, f"for f in {words}; do echo $f $(cat $f); done")
        return describe(self.plan, asked) | {
            "name": self.name,
            "qemu_pid": str(self._processes[0].pid),
            "from_saved_state": str(self.woken).lower(),
            "start_s": f"{self.took_s:.2f}",
        }

    def write_down(self, *, kept: bool) -> None:
        """Let other commands find it."""
        machine, server = (guard.Identity.of(process.pid) for process in self._processes)
        options = self.plan.hardware.options
        entry = registry.Running(self.name, self.serial, self.adb_server, machine, server, kept, options, time.time())
        registry.write(self.folder, entry)


def describe(plan: Plan, settings: str) -> dict[str, str]:
    """Name what runs, in words.

    Args:
        plan: the start's plan.
        settings: lines of `PATH VALUE`, as the guest prints its memory settings.
    """
    versions = plan.image.manifest.versions
    rows = (line.strip().partition(" ") for line in settings.splitlines())
    return {
        "qemu": plan.qemu_version,
        "accelerator": plan.hardware.accelerator,
        "cpu": plan.hardware.cpu,
        **{name: str(value) for name, value in plan.hardware.options.as_dict().items()},
        "kernel": plan.image.manifest.kernel,
        "kernel_line": qemu.kernel_line(plan.hardware.options),
        "image": plan.image.key,
        **{f"package {name}": versions[name] for name in GUEST if name in versions},
        **{VM_FILES.get(path, path): value for path, _, value in rows if path},
    }


def prepare(options: HandheldOptions, progress: Callable[[str], None]) -> Plan:
    """Find or build the image, and decide how it is run."""
    options.checked()
    require(qemu.PROGRAM, "qemu-img", "zstd")
    require_space(state_dir(), START_BYTES)
    built = image.ensure(progress)
    kvm = accelerator.use_kvm(options, built.path / "vmlinuz", progress)
    hardware = Hardware(options, kvm)
    version = accelerator.qemu_version()
    host = (accelerator.processor(),) if kvm else ()
    key = saved.key([version, *hardware.arguments(), qemu.kernel_line(options), built.key, *host])
    return Plan(hardware, built, version, key)


@dataclass(frozen=True)
class _Start:
    """One start, from a folder of its own to a phone that answers."""

    plan: Plan
    folder: Path
    progress: Callable[[str], None]
    started: float

    def run(self, *, cold: bool) -> Handheld:
        """Wake a saved state where there is one, else boot and save."""
        server = adbserver.start(self.folder)
        try:
            state = None if cold else saved.find(self.plan.save_key)
            if state is not None:
                with suppress(ReclaimError):
                    return self._wake(server, state)
                self.progress("the saved state did not wake up: booting instead")
                saved.drop(state)
            return self._boot(server, save=not cold)
        except BaseException:
            server.process.end()
            raise

    def _wake(self, server: adbserver.AdbServer, state: saved.SavedState) -> Handheld:
        self.progress("waking a saved handheld")
        machine, port = self._launch(state.data, state.reader)
        try:
            waking.wake(Monitor(self.folder / "qmp.sock"), self.folder, guard.Identity.of(machine.pid))
            return self._answering(server, machine, port, woken=True)
        except BaseException:
            machine.end()
            raise

    def _boot(self, server: adbserver.AdbServer, *, save: bool) -> Handheld:
        self.progress(f"booting a handheld ({self.plan.hardware.accelerator.partition(',')[0]})")
        machine, port = self._launch(self.plan.image.path / "data.img", None)
        try:
            self._wait_for_boot(machine)
            guest = self._answering(server, machine, port, woken=False)
            if save:
                self.progress("saving its state for later starts")
                waking.save(guest, machine.pid, self.plan.save_key)
                guest = self._answering(server, machine, port, woken=False)
        except BaseException:
            machine.end()
            raise
        return guest

    def _launch(self, base: Path, incoming: str | None) -> tuple[guard.Guarded, int]:
        """Start QEMU; another try with another port when somebody took ours in between."""
        saved.layer(base, self.folder / "data.qcow2")
        picture = self.plan.image.path
        disks = qemu.Disks(picture / "system.img", picture / "product.img", self.folder / "data.qcow2")
        for _ in range(5):
            port = adbserver.free_port()
            argv = qemu.command(self.plan.hardware, picture, disks, port, incoming)
            machine = guard.start(argv, self.folder, "qemu", remove=self.folder)
            if waking.listening(Monitor(self.folder / "qmp.sock"), guard.Identity.of(machine.pid)):
                return machine, port
            machine.end()
            if _PORT_TAKEN not in (self.folder / "qemu.log").read_text(errors="replace"):
                break
        raise SetupError(f"QEMU did not start: {waking.last_lines(self.folder)}")

    def _wait_for_boot(self, machine: guard.Guarded) -> None:
        try:
            waking.booted(self.folder / "console.log", guard.Identity.of(machine.pid), BOOT_S)
        except TransientError as error:
            raise self._failed(error) from error

    def _answering(self, server: adbserver.AdbServer, machine: guard.Guarded, port: int, *, woken: bool) -> Handheld:
        serial = f"127.0.0.1:{port}"
        try:
            waking.answer(server.address, serial, guard.Identity.of(machine.pid), BOOT_S)
        except TransientError as error:
            raise self._failed(error) from error
        took = time.monotonic() - self.started
        processes = (machine, server.process)
        return Handheld(self.folder.name, serial, server.address, self.folder, self.plan, woken, took, processes)

    def _failed(self, error: TransientError) -> SetupError:
        return SetupError(f"the handheld did not come up: {error}\n{waking.last_lines(self.folder)}")


def _silent(_text: str) -> None:
    pass
