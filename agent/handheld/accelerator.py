# SPDX-License-Identifier: Apache-2.0
"""Whether QEMU can use KVM here: tried, with a time limit, because /dev/kvm may be there and hang (nested guests)."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from agent.handheld.folders import locked
from agent.handheld.host import cache_dir, run, search_path
from agent.handheld.options import HandheldOptions
from agent.handheld.qemu import PROGRAM, VIRTUALIZATION
from workloads.errors import SetupError

PROBE_S = 8.0
"""Under a working KVM the probe ends in 1-2 seconds."""

_PANIC = b"VFS: Unable to mount root fs"


def qemu_version() -> str:
    """QEMU's version with its package's, as `7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)`."""
    return run([PROGRAM, "--version"], "asking QEMU's version").splitlines()[0].removeprefix("QEMU emulator version ")


def use_kvm(options: HandheldOptions, kernel: Path, progress: Callable[[str], None]) -> bool:
    """Decide between KVM and emulation; a probe's answer is remembered until the host boots again.

    Raises:
        SetupError: KVM was asked for and does not work.
    """
    if options.acceleration == "tcg":
        return False
    works = os.access("/dev/kvm", os.R_OK | os.W_OK) and _remembered(kernel, progress)
    if options.acceleration == "kvm" and not works:
        raise SetupError(
            "KVM does not work on this machine (/dev/kvm missing, not allowed or hanging): leave acceleration on auto"
        )
    return works


def _remembered(kernel: Path, progress: Callable[[str], None]) -> bool:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    note = cache_dir() / f"kvm-{boot}-{os.geteuid()}"
    with locked(cache_dir() / "kvm.lock"):
        if not note.exists():
            progress(f"trying whether KVM works (at most {PROBE_S:g} s)")
            works = probe(kernel)
            for old in cache_dir().glob("kvm-*-*"):
                old.unlink()
            note.write_text("works" if works else "hangs")
        return note.read_text() == "works"


def probe(kernel: Path, wait_s: float = PROBE_S) -> bool:
    """Boot a kernel without a root disk under KVM: it works when the kernel's own panic comes in time."""
    accelerator, cpu = VIRTUALIZATION
    argv = [
        PROGRAM, "-accel", accelerator, "-cpu", cpu, "-machine", "pc", "-m", "256", "-nodefaults", "-no-user-config",
        "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", str(kernel),
        "-append", "console=ttyS0 panic=-1",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            argv, capture_output=True, check=False, timeout=wait_s, stdin=subprocess.DEVNULL,
            env=os.environ | {"PATH": search_path()},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    return _PANIC in done.stdout


def processor() -> str:
    """The host processor's name: a state saved under KVM with `-cpu host` belongs to it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
