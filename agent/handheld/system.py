# SPDX-License-Identifier: Apache-2.0
"""The system disk's tree: Debian's programs laid out as Android's /system, and only what they need."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from agent.handheld.debian import DebianRoot
from agent.handheld.modules import DISK, NETWORK, ZRAM, compile_kcompressd, compile_tools, copy_modules

FRAMEWORK_APPLETS = ("getprop", "setprop", "am", "cmd", "pm", "dumpsys", "settings", "logcat", "input", "svc", "wm")

_PROGRAMS = {
    "sh": "usr/bin/mksh",
    "toybox": "usr/bin/toybox",
    "adbd": "usr/lib/android-sdk/platform-tools/adbd",
    "perfetto": "usr/bin/perfetto",
    "traced": "usr/sbin/traced",
    "traced_probes": "usr/sbin/traced_probes",
}
_SHADOWING = {"su", "sh", "toybox", "init", "login", "passwd", "getty"}
"""toybox applets left out: its `su` would shadow ours, the others make no sense on a phone."""

_MOUNT_POINTS = ("dev", "proc", "sys", "run", "tmp", "data", "product", "system/xbin")

_USERS = {"root": 0, "system": 1000, "shell": 2000, "nobody": 9999}
_GROUPS = {
    "root": 0, "system": 1000, "input": 1004, "log": 1007, "adb": 1011, "sdcard_rw": 1015, "sdcard_r": 1028,
    "shell": 2000, "net_bt_admin": 3001, "net_bt": 3002, "inet": 3003, "net_bw_stats": 3006, "readproc": 3009,
    "uhid": 3011, "nobody": 9999,
}  # fmt: skip
"""Android's ids, system/core/libcutils/include/private/android_filesystem_config.h."""


def assemble(root: DebianRoot, sources: Path, target: Path) -> None:
    """Write the whole tree of the system disk under `target`."""
    for name in (*_MOUNT_POINTS, "bin", "etc", "system/bin", "system/lib/modules", "system/framework/apps"):
        (target / name).mkdir(parents=True, exist_ok=True)
    binaries = target / "system/bin"
    for name, source in _PROGRAMS.items():
        shutil.copy2(root.path / source, binaries / name)
    _place_compiled(root, sources, target)
    _link_applets(root, binaries)
    _copy_libraries(root, target)
    for layout, wanted in (("zram", ZRAM), ("virtio_net", NETWORK)):
        names = copy_modules(root, wanted, target / "system/lib/modules")
        (target / f"system/lib/modules/{layout}.order").write_text("".join(f"{name}\n" for name in names))
    compile_kcompressd(root, sources, target / "system/lib/modules")
    _write_texts(sources, target)


def assemble_initramfs(root: DebianRoot, system: Path, target: Path) -> None:
    """Write the initramfs's tree: stage1, which the system's build left aside, and the disk driver."""
    names = copy_modules(root, DISK, target / "modules")
    (target / "modules/order").write_text("".join(f"/modules/{name}.ko\n" for name in names))
    shutil.move(system / "system/lib/stage1", target / "init")


def _place_compiled(root: DebianRoot, sources: Path, target: Path) -> None:
    compile_tools(root, sources, target / "system/lib")
    shutil.move(target / "system/lib/shell", target / "bin/sh")
    shutil.move(target / "system/lib/launch", target / "system/bin/launch")
    if (target / "system/lib/framework").exists():
        shutil.move(target / "system/lib/framework", target / "system/bin/framework")
        _link(target / "system/bin", FRAMEWORK_APPLETS, "framework")


def _link_applets(root: DebianRoot, binaries: Path) -> None:
    applets = root.run(["toybox"], "listing toybox's applets").split()
    _link(binaries, [name for name in applets if name not in _SHADOWING], "toybox")


def _link(folder: Path, names: Sequence[str], program: str) -> None:
    for name in names:
        if not (folder / name).exists():
            (folder / name).symlink_to(program)


def _copy_libraries(root: DebianRoot, target: Path) -> None:
    """Every library of every program, at the path its run path names."""
    needed = {library for source in _PROGRAMS.values() for library in root.libraries(f"/{source}")}
    needed |= {"/usr/lib/x86_64-linux-gnu/libm.so.6"}  # the framework's stand-in may use it
    for library in sorted(needed):
        place = target / _merged(library)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root.path / _merged(library), place)
    for name in ("lib", "lib64"):
        (target / name).symlink_to(f"usr/{name}")


def _merged(path: str) -> str:
    relative = path.removeprefix("/")
    return relative if relative.startswith("usr/") else f"usr/{relative}"


def _write_texts(sources: Path, target: Path) -> None:
    shutil.copy2(sources / "init", target / "system/init")
    for profile in sorted((sources / "apps").glob("*.profile")):
        shutil.copy2(profile, target / "system/framework/apps" / profile.name)
    (target / "etc/passwd").write_text("".join(f"{name}:x:{uid}:{uid}::/:/bin/sh\n" for name, uid in _USERS.items()))
    (target / "etc/group").write_text("".join(f"{name}:x:{number}:\n" for name, number in _GROUPS.items()))
