# SPDX-License-Identifier: Apache-2.0
"""What is compiled for the guest, and which of the kernel's own modules go into it."""

import lzma
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from agent.handheld.debian import DebianRoot
from workloads.errors import SetupError

DISK = ("virtio_blk",)
ZRAM = ("zram",)
NETWORK = ("virtio_net",)

_FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-std=gnu17")
_TOOLS: Mapping[str, tuple[str, ...]] = {
    "stage1": ("-static",),
    "launch": (),
    "shell": (),
    "su": (),
    "lockmem.so": ("-shared", "-fPIC"),
}


def parse_dependencies(text: str) -> dict[str, tuple[str, ...]]:
    """modules.dep(5) as `path: path path`: what each file needs, nearest first."""
    rows = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {path: tuple(needs.split()) for path, _, needs in rows}


def closure(dependencies: Mapping[str, Sequence[str]], wanted: Sequence[str]) -> tuple[str, ...]:
    """Files to insert, in order, so that the wanted modules (by name) load.

    Raises:
        SetupError: the kernel has no such module.
    """
    by_name = {name_of(path): path for path in dependencies}
    order: dict[str, None] = {}
    for name in wanted:
        if name not in by_name:
            raise SetupError(f"the guest's kernel has no module {name}: its Debian package changed, update reclaim")
        path = by_name[name]
        # modules.dep lists all dependencies, indirect ones too, each before what it needs itself: insert backwards
        order.update(dict.fromkeys([*reversed(dependencies[path]), path]))
    return tuple(order)


def name_of(path: str) -> str:
    """`kernel/drivers/block/virtio-blk.ko.xz` -> `virtio_blk`, the name in /sys/module."""
    return PurePosixPath(path).name.split(".")[0].replace("-", "_")


def copy_modules(root: DebianRoot, wanted: Sequence[str], target: Path) -> tuple[str, ...]:
    """Copy modules, uncompressed, as `target/NAME.ko`; return their names in insertion order."""
    folder = root.path / "usr/lib/modules" / root.kernel
    listed = folder / "modules.dep"
    if not listed.exists():
        root.run(["depmod", root.kernel], "listing the kernel's modules")
    paths = closure(parse_dependencies(listed.read_text()), wanted)
    target.mkdir(parents=True, exist_ok=True)
    for path in paths:
        data = (folder / path).read_bytes()
        (target / f"{name_of(path)}.ko").write_bytes(lzma.decompress(data) if path.endswith(".xz") else data)
    return tuple(name_of(path) for path in paths)


def compile_tools(root: DebianRoot, sources: Path, target: Path) -> None:
    """Compile `tools/*.c` and the framework's stand-in into `target`."""
    work = _carried(root, sources, ("tools", "framework"))
    for name, extra in _TOOLS.items():
        source = f"/work/tools/{name.removesuffix('.so')}.c"
        root.run(["gcc", *_FLAGS, *extra, "-o", f"/work/{name}", source], f"compiling {name}")
        shutil.copy2(work / name, target / name)
    parts = sorted(f"/work/framework/{path.name}" for path in (work / "framework").glob("*.c"))
    if parts:
        root.run(
            ["gcc", *_FLAGS, "-pthread", "-o", "/work/framework.bin", *parts, "-lm"],
            "compiling the framework's stand-in",
        )
        shutil.copy2(work / "framework.bin", target / "framework")
    shutil.rmtree(work)


def compile_kcompressd(root: DebianRoot, sources: Path, target: Path) -> None:
    """Build each kcompressd module against the kernel's headers, as `target/kcompressd-LAYOUT.ko`."""
    work = _carried(root, sources, ("kcompressd",))
    headers = f"/usr/lib/modules/{root.kernel}/build"
    for recipe in sorted((work / "kcompressd").glob("*/Kbuild")):
        layout = recipe.parent.name
        argv = ["make", "-j2", "-C", headers, f"M=/work/kcompressd/{layout}", "modules"]
        root.run(argv, f"building the kcompressd module {layout}")
        shutil.copy2(recipe.parent / "kcompressd.ko", target / f"kcompressd-{layout}.ko")
    shutil.rmtree(work)


def _carried(root: DebianRoot, sources: Path, parts: Sequence[str]) -> Path:
    """A fresh copy of source folders inside the tree, where its compiler sees them."""
    work = root.path / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for part in parts:
        if (sources / part).is_dir():
            shutil.copytree(sources / part, work / part)
    return work
