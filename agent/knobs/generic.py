# SPDX-License-Identifier: Apache-2.0
"""Knobs that their names spell out: any file (`sysctl:vm.swappiness`, `sysfs:/sys/...`), Android's own settings."""

import re
from pathlib import PurePosixPath

from agent.knobs import android, app
from agent.knobs.base import FileKnob
from workloads.errors import InputError

FORMS = (
    ("sysctl:NAME", "/proc/sys/NAME", "what the file takes"),
    ("sysfs:/PATH", "/sys/..., /proc/sys/...", "what the file takes"),
    ("app:PACKAGE", "the package manager", "installed, absent: only by a run, which undoes it"),
    *android.FORMS,
)
"""What names look like, where the files are, which values they take."""

_FILE = re.compile(r"/(?:sys|proc/sys)(?:/[^/\0]+)+")


def from_name(name: str) -> FileKnob | None:
    """Return the knob that a name spells out; None for names of other families.

    A sysctl's dots are slashes in /proc/sys, unless it is spelt with slashes already (sysctl(8)).

    Raises:
        InputError: the name leads out of /proc/sys and /sys, or is none of Android's settings.
    """
    kind, colon, rest = name.partition(":")
    if colon and kind == app.KIND:
        return app.from_name(rest)
    if colon and (told := android.from_name(kind, rest)):
        return told
    if not colon or kind not in ("sysctl", "sysfs"):
        return None
    path = rest if kind == "sysfs" else f"/proc/sys/{rest if '/' in rest else rest.replace('.', '/')}"
    if not _FILE.fullmatch(path) or ".." in PurePosixPath(path).parts:
        raise InputError(
            f"{name}: a sysctl is spelt sysctl:vm.swappiness, a file sysfs:/sys/... or sysfs:/proc/sys/..."
        )
    return FileKnob(name, path)
