# SPDX-License-Identifier: Apache-2.0
"""Apps of the fake phone: what `pm`, `cmd package` and `dumpsys` say of them, as Android 13 words it."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workloads.apk import read_apk

RESOLVED = "    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true\n"


@dataclass
class FakeApps:
    """What is known of apps besides their names.

    Attributes:
        activity: package -> class that the launcher shows, `.Main` unless told otherwise; empty: none.
        version: package -> version name and code.
        memory_kib: process -> PSS of the processes that run.
        system: packages that nobody installed.
        enabled: package -> PackageManager.COMPONENT_ENABLED_STATE_*, 0 (default) unless told otherwise.
        refuses: what `pm install` says instead of installing.
    """

    activity: dict[str, str] = field(default_factory=dict)
    version: dict[str, tuple[str, int]] = field(default_factory=dict)
    memory_kib: dict[str, int] = field(default_factory=dict)
    system: set[str] = field(default_factory=set)
    enabled: dict[str, int] = field(default_factory=dict)
    refuses: str = ""

    def listed(self, packages: set[str]) -> str:
        """`pm list packages -3`."""
        return "".join(f"package:{name}\n" for name in sorted(packages - self.system))

    def launchable(self, packages: set[str]) -> str:
        """`cmd package query-activities --brief`."""
        shown = [f"{name}/{self.activity.get(name, '.Main')}" for name in sorted(packages)]
        shown = [component for component in shown if not component.endswith("/")]
        entries = (f"  Activity #{number}:\n{RESOLVED}    {one}\n" for number, one in enumerate(shown))
        return f"{len(shown)} activities found:\n{''.join(entries)}" if shown else "No activities found\n"

    def dumped(self, package: str, packages: set[str]) -> str:
        """`dumpsys package NAME`."""
        if package not in packages:
            return f"Unable to find package: {package}\n"
        name, code = self.version.get(package, ("1.0", 1))
        return (
            f"Packages:\n  Package [{package}] (c0ffee):\n    userId=10080\n"
            f"    versionCode={code} minSdk=24 targetSdk=33\n    versionName={name}\n"
            f"    User 0: ceDataInode=7 installed=true stopped=false enabled={self.enabled.get(package, 0)}\n"
        )

    def meminfo(self) -> str:
        """`dumpsys meminfo`."""
        sizes = sorted(self.memory_kib.items(), key=lambda pair: -pair[1])
        lines = "".join(f"    {size:>9,}K: {name} (pid {pid})\n" for pid, (name, size) in enumerate(sizes, start=1000))
        return f"Total RSS by process:\n{lines}\nTotal PSS by process:\n{lines}\nTotal PSS by OOM adjustment:\n{lines}"

    def install(self, apk: bytes, packages: set[str]) -> tuple[int, str]:
        """`pm install`: exit status and what it says."""
        if self.refuses:
            return 1, f"Failure [{self.refuses}]\n"
        with tempfile.NamedTemporaryFile(suffix=".apk") as file:
            file.write(apk)
            file.flush()
            packages.add(read_apk(Path(file.name)).component.partition("/")[0])
        return 0, "Success\n"


def package_manager(
    words: tuple[str, ...], apps: FakeApps, packages: set[str], file: Callable[[str], bytes]
) -> tuple[int, str] | None:
    """`pm` and `cmd package`, without their own name: exit status and text; None for what is not modelled."""
    name = words[-1]
    if words[0] == "path":
        return (0, f"package:/data/app/{name}/base.apk\n") if name in packages else (1, "")
    if words == ("list", "packages", "-3"):
        return 0, apps.listed(packages)
    if words[0] == "query-activities":
        return 0, apps.launchable(packages)
    if words[0] == "install":
        return apps.install(file(name), packages)
    if words[0] == "uninstall":
        known = name in packages
        packages.discard(name)
        return (0, "Success\n") if known else (1, "Failure [DELETE_FAILED_INTERNAL_ERROR]\n")
    return None
