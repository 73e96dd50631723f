# SPDX-License-Identifier: Apache-2.0
"""QEMU's command line, as a pure function of what is wanted, and the kernel's."""

from dataclasses import dataclass
from pathlib import Path

from agent.handheld.options import MIB, HandheldOptions

PROGRAM = "qemu-system-x86_64"
GUEST_ADB_PORT = 5555

KERNEL_WORDS = (
    "console=ttyS0",
    "loglevel=5",
    "panic=10",
    "psi=1",
    "mitigations=off",
    "tsc=reliable",  # emulated time jitters; a watchdog that gives up the TSC in mid-run would change every clock
    "norandmaps",  # the emulator keeps what it translated by virtual address: ASLR makes every process new to it
    "transparent_hugepage=never",  # else one bio is up to 512 pages and no queue bound means anything
)

EMULATION = ("tcg,thread=multi", "max,-cx16")
"""Accelerator and CPU without KVM; QEMU 7.2's emulated cmpxchg16b corrupts memory under load, hence -cx16."""

VIRTUALIZATION = ("kvm", "host")


@dataclass(frozen=True)
class Disks:
    """The guest's disks, in the order of /dev/vda, vdb, vdc; only the last is written to, and it is qcow2."""

    system: Path
    product: Path
    data: Path


@dataclass(frozen=True)
class Hardware:
    """What QEMU pretends to be; a saved state wakes up only on the same.

    Attributes:
        options: memory, cpus and what the guest's init reads.
        kvm: whether the host's processor runs the guest.
    """

    options: HandheldOptions
    kvm: bool

    @property
    def accelerator(self) -> str:
        """As QEMU's -accel names it."""
        return (VIRTUALIZATION if self.kvm else EMULATION)[0]

    @property
    def cpu(self) -> str:
        """As QEMU's -cpu names it."""
        return (VIRTUALIZATION if self.kvm else EMULATION)[1]

    def arguments(self) -> tuple[str, ...]:
        """The arguments that make the machine itself."""
        o = self.options
        return (
            *("-accel", self.accelerator, "-machine", "pc", "-cpu", self.cpu),
            *("-smp", str(o.cpus), "-m", str(o.memory_bytes // MIB)),
            *("-nodefaults", "-no-user-config", "-display", "none"),
        )


def kernel_line(options: HandheldOptions) -> str:
    """The kernel's command line."""
    return " ".join((*KERNEL_WORDS, *options.kernel_words()))


def command(
    hardware: Hardware, boot: Path, disks: Disks, adb_port: int, incoming: str | None = None
) -> tuple[str, ...]:
    """The whole command; console, control channel and monitor are relative names: QEMU runs in the machine's folder.

    Args:
        hardware: the machine.
        boot: folder of vmlinuz and initrd.img.
        disks: of this start.
        adb_port: on the host's loopback, forwarded to the guest's adbd; the guest reaches nothing else (restrict=on).
        incoming: shell command that prints a saved state, or None for a cold start.
    """
    wake = ("-incoming", f"exec:{incoming}") if incoming else ()
    forward = f"user,id=net0,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:{adb_port}-:{GUEST_ADB_PORT}"
    return (
        PROGRAM,
        *hardware.arguments(),
        *(
            "-kernel",
            str(boot / "vmlinuz"),
            "-initrd",
            str(boot / "initrd.img"),
            "-append",
            kernel_line(hardware.options),
        ),
        *("-chardev", "file,id=console,path=console.log", "-serial", "chardev:console"),
        *("-chardev", "socket,id=control,path=control.sock,server=on,wait=off", "-serial", "chardev:control"),
        *("-qmp", "unix:qmp.sock,server=on,wait=off"),
        *("-drive", _drive(disks.system, "readonly=on,format=raw")),
        *("-drive", _drive(disks.product, "readonly=on,format=raw")),
        *("-drive", _drive(disks.data, "format=qcow2,cache=unsafe,discard=unmap")),
        *("-netdev", forward, "-device", "virtio-net-pci,id=nic0,netdev=net0,romfile="),
        *wake,
    )


def _drive(path: Path, options: str) -> str:
    """QEMU's option parser splits at commas; a comma in a file name is written twice."""
    return f"if=virtio,{options},file={str(path).replace(',', ',,')}"
