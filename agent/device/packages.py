# SPDX-License-Identifier: Apache-2.0
"""What Android's package manager and `dumpsys` print of apps, as values. Pure; lines that are not known never hurt."""

import re
from collections.abc import Mapping

_KIB = 1024
_PROCESS = re.compile(r"^[ \t]*([\d,]+) ?(?:K|kB): ([^\s(]+) \(pid \d+", re.MULTILINE)


def listed(text: str) -> frozenset[str]:
    """Read `pm list packages`: `package:NAME`, and with more options `package:PATH=NAME ...`."""
    return frozenset(re.findall(r"^package:(?:\S*=)?([\w.]+)", text, re.MULTILINE))


def activities(text: str) -> tuple[str, ...]:
    """Read `cmd package query-activities --brief`: components, each on a line of its own (Android 7 to 16).

    `ResolveInfo`s stand above them (PackageManagerShellCommand.java, runQueryIntentActivities); `--components`, which
    Android 9 has not, would leave them out.
    """
    return tuple(re.findall(r"^[ \t]*([\w.]+/[\w.$]+)[ \t]*$", text, re.MULTILINE))


def version(text: str, package: str) -> str | None:
    """Read `dumpsys package NAME`: version name and code, `1.2 (34)`; None where it does not tell.

    Of an updated system app the version it shipped with stands below, under `Hidden system packages:`
    (Settings.java, dumpPackagesLPr).
    """
    _, found, block = text.partition(f"Package [{package}]")
    code = re.search(r"^\s*versionCode=(\d+)", block, re.MULTILINE)
    name = re.search(r"^\s*versionName=(.*?)\s*$", block, re.MULTILINE)
    return f"{name[1] if name else 'null'} ({code[1]})" if found and code else None


def enabled(text: str, package: str) -> int | None:
    """Read `dumpsys package NAME`: PackageManager.COMPONENT_ENABLED_STATE_* for the first user; None: it does not tell.

    Settings.java, dumpPackageLPr: `User 0: ceDataInode=1 installed=true ... enabled=0 instant=false`.
    """
    _, _, block = text.partition(f"Package [{package}]")
    state = re.search(r"^[ \t]*User 0:.*[ \t]enabled=(\d)\b", block, re.MULTILINE)
    return int(state[1]) if state else None


def memory(text: str) -> Mapping[str, int]:
    """Read `dumpsys meminfo`: package -> bytes (PSS) of its processes, those called `PACKAGE:NAME` included.

    ActivityManagerService.java, `Total PSS by process`; Android 12 and later print `Total RSS by process` above it.
    """
    _, _, block = text.partition("Total PSS by process:\n")
    found: dict[str, int] = {}
    for size, process in _PROCESS.findall(re.split(r"^Total ", block, maxsplit=1, flags=re.MULTILINE)[0]):
        package = process.partition(":")[0]
        found[package] = found.get(package, 0) + int(size.replace(",", "")) * _KIB
    return found
