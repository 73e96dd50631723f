# SPDX-License-Identifier: Apache-2.0
"""Builds and finds images: a kernel, a small initramfs, the disks, and the list of what they were made from."""

import hashlib
import platform
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from agent.handheld import disks, system
from agent.handheld.debian import DebianRoot, unpack
from agent.handheld.folders import appearing, locked
from agent.handheld.host import cache_dir, require, require_space
from agent.handheld.packages import APT_OPTIONS, BUILD_ROOT, GUEST, Resolved, mirror, resolve
from workloads.errors import SetupError

GUEST_SOURCES = Path(__file__).parent / "guest"
_RECIPE_CODE = ("debian.py", "disks.py", "image.py", "modules.py", "packages.py", "system.py")
_NOT_RECIPE = {".md", ".o", ".ko", ".cmd", ".mod"}

BUILD_BYTES = 2 << 30
"""Room a first build takes at its peak, with the packages as files, as a tar stream's tree and unpacked."""

IMAGES_KEPT = 2

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What an image was made from; kept beside it as manifest.json.

    Attributes:
        recipe: hash of the guest's sources and the code that builds.
        versions: Debian packages and exact versions.
        kernel: release, as `uname -r` prints it.
        built_s: seconds since 1970 when it was finished.
        took_s: seconds it took to build.
    """

    recipe: str
    versions: dict[str, str]
    kernel: str
    built_s: float
    took_s: float


@dataclass(frozen=True)
class Image:
    """A finished image."""

    path: Path
    manifest: Manifest

    @property
    def key(self) -> str:
        """Names recipe and packages; two images with one key are the same."""
        return self.path.name


def recipe_key(sources: Path) -> str:
    """A hash of everything of this program that decides what an image holds."""
    code = [Path(__file__).parent / name for name in _RECIPE_CODE]
    files = [path for path in sorted(sources.rglob("*")) if path.is_file() and path.suffix not in _NOT_RECIPE]
    parts = [f"{path.name if path in code else path.relative_to(sources)}\0{_digest(path)}" for path in (*code, *files)]
    return _hash([*parts, *APT_OPTIONS])[:12]


def versions_key(packages: Sequence[Resolved]) -> str:
    """A hash of exact package versions."""
    return _hash([package.pinned for package in packages])[:12]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def find(recipe: str) -> Image | None:
    """The newest finished image of a recipe, without asking the network."""
    images = [_read(path.parent) for path in (cache_dir() / "images").glob(f"{recipe}-*/manifest.json")]
    return max(images, key=lambda image: image.manifest.built_s, default=None)


def _read(folder: Path) -> Image:
    return Image(folder, msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest))


def ensure(progress: Progress) -> Image:
    """The image of this program's recipe: the one already built, else a new one."""
    return find(recipe_key(GUEST_SOURCES)) or build(progress, refresh=False)


def build(progress: Progress, *, refresh: bool = True) -> Image:
    """Build the image, unless the very same is there.

    Args:
        progress: told each stage, in words.
        refresh: ask the mirror for newer packages; else a tree already unpacked is used as it is.

    Raises:
        SetupError: a program, the network or room on the disk is missing.
    """
    if platform.machine() != "x86_64":
        raise SetupError(f"the handheld's image is built on an x86_64 machine; this one is {platform.machine()}")
    require("mmdebstrap", "cpio", "mke2fs", "apt-get", "unshare")
    cache = cache_dir()
    require_space(cache, BUILD_BYTES)
    with locked(cache / "lock"), _copied_sources(cache) as sources:
        started = time.monotonic()
        root, packages = _debian_root(cache, progress, refresh=refresh)
        recipe = recipe_key(sources)
        final = cache / "images" / f"{recipe}-{versions_key(packages)}"
        if not (final / "manifest.json").exists():
            with appearing(final) as folder:
                _fill(root, sources, folder, progress)
                _write_manifest(folder, recipe, packages, root.kernel, time.monotonic() - started)
            _forget_older(final.parent, IMAGES_KEPT)
        return _read(final)


@contextmanager
def _copied_sources(cache: Path) -> Iterator[Path]:
    """A copy of the guest's sources, so that an edit in mid-build changes nothing."""
    for old in cache.glob(".sources-*"):
        shutil.rmtree(old, ignore_errors=True)
    with TemporaryDirectory(dir=cache, prefix=".sources-") as copy:
        yield Path(shutil.copytree(GUEST_SOURCES, Path(copy) / "guest"))


def _debian_root(cache: Path, progress: Progress, *, refresh: bool) -> tuple[DebianRoot, tuple[Resolved, ...]]:
    """The unpacked packages, fetched when missing or, with `refresh`, when the mirror has newer ones."""
    newest = max((cache / "roots").glob("*/packages.json"), key=lambda path: path.stat().st_mtime, default=None)
    asked = _hash([*GUEST, *BUILD_ROOT])[:6]
    if newest is not None and not refresh and newest.parent.name.startswith(asked):
        return DebianRoot(newest.parent / "tree"), msgspec.json.decode(newest.read_bytes(), type=tuple[Resolved, ...])
    address = mirror()
    progress(f"choosing packages at {address}")
    packages = resolve(cache / "apt", address)
    final = cache / "roots" / f"{asked}-{versions_key(packages)}"
    if not (final / "packages.json").exists():
        progress(f"fetching {len(packages)} packages")
        with appearing(final) as folder:
            (folder / "tree").mkdir()
            unpack(packages, address, folder / "tree")
            (folder / "packages.json").write_bytes(msgspec.json.encode(packages))
        _forget_older(final.parent, 1)
    return DebianRoot(final / "tree"), packages


def _fill(root: DebianRoot, sources: Path, folder: Path, progress: Progress) -> None:
    """Make every file of the image but its manifest; app files are written while the compiler runs."""
    apps = threading.Thread(target=_app_disks, args=(sources, folder))
    apps.start()
    try:
        progress("compiling the kernel modules and the framework's stand-in")
        system.assemble(root, sources, folder / "system")
        system.assemble_initramfs(root, folder / "system", folder / "initramfs")
    finally:
        apps.join()
    progress("packing the disks")
    disks.pack_initramfs(folder / "initramfs", folder / "initrd.img")
    disks.pack_read_only(folder / "system", folder / "system.img", "system")
    shutil.copy2(root.path / f"boot/vmlinuz-{root.kernel}", folder / "vmlinuz")
    for name in ("system", "initramfs", "product"):
        shutil.rmtree(folder / name)
    missing = [name for name in ("product.img", "data.img") if not (folder / name).exists()]
    if missing:
        raise SetupError(f"making {', '.join(missing)} failed: is the disk of {folder} full?")


def _app_disks(sources: Path, folder: Path) -> None:
    (folder / "product").mkdir()
    disks.write_app_files(sorted((sources / "apps").glob("*.profile")), folder / "product")
    disks.pack_read_only(folder / "product", folder / "product.img", "product")
    disks.make_data(folder / "data.img")


def _write_manifest(folder: Path, recipe: str, packages: Sequence[Resolved], kernel: str, took_s: float) -> None:
    versions = {package.name: package.version for package in packages}
    manifest = Manifest(recipe, versions, kernel, time.time(), took_s)
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def _forget_older(folder: Path, kept: int) -> None:
    """Drop all but the newest: an unpacked tree is about half a gigabyte, an image a fifth of one."""
    for old in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[kept:]:
        shutil.rmtree(old, ignore_errors=True)
