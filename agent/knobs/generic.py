# SPDX-License-Identifier: Apache-2.0
"""Any file as a knob: `sysctl:vm.swappiness`, `sysfs:/sys/kernel/mm/lru_gen/enabled`."""

from pathlib import PurePosixPath

from agent.knobs.base import FileKnob
from workloads.errors import InputError


def from_name(name: str) -> FileKnob | None:
    """Return the knob that a name spells out; None for names of other families.

    A sysctl's dots are slashes in /proc/sys, as sysctl(8) has it.

    Raises:
        InputError: the name leads out of /proc/sys and /sys.
    """
    kind, colon, rest = name.partition(":")
    if not colon or kind not in ("sysctl", "sysfs"):
        return None
    path = f"/proc/sys/{rest.replace('.', '/')}" if kind == "sysctl" else rest
    inside = path.startswith("/proc/sys/") if kind == "sysctl" else path.startswith(("/sys/", "/proc/sys/"))
    if not rest or not inside or ".." in PurePosixPath(path).parts:
        raise InputError(
            f"{name}: a sysctl is spelt sysctl:vm.swappiness, a file sysfs:/sys/... or sysfs:/proc/sys/..."
        )
    return FileKnob(name, path)
