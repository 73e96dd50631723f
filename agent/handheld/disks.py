# SPDX-License-Identifier: Apache-2.0
"""The guest's disks and its small initramfs, made without mounting anything."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.handheld.host import as_root, run

DATA_BYTES = 4 << 30
_SPARE = 1.15
"""Room for ext4's own tables, as a factor of the files' bytes."""

_NO_JOURNAL = ("-O", "^has_journal,^resize_inode", "-m", "0")


@dataclass(frozen=True)
class AppFile:
    """One file of an app on /product.

    Attributes:
        path: relative to the disk, as `app/com.example/base.apk`.
        size_bytes: its length.
    """

    path: str
    size_bytes: int


def parse_profile(text: str) -> tuple[AppFile, ...]:
    """Files named by an app profile: its `package NAME` line, and one `file NAME BYTES` line each."""
    rows = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    package = next((row[1] for row in rows if row[0] == "package"), "")
    return tuple(AppFile(f"app/{package}/{row[1]}", int(row[2])) for row in rows if row[0] == "file")


def write_app_files(profiles: Sequence[Path], folder: Path) -> None:
    """Write every app's files, with contents that depend on their path alone."""
    for profile in profiles:
        for file in parse_profile(profile.read_text()):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as out:
                out.writelines(_contents(file))


def _contents(file: AppFile) -> Iterator[bytes]:
    source = random.Random(file.path)  # noqa: S311 - reproducible filler, no secret
    left = file.size_bytes
    while left > 0:
        yield source.randbytes(min(left, 1 << 20))
        left -= 1 << 20


def pack_read_only(folder: Path, image: Path, label: str) -> None:
    """An ext4 disk that holds a folder, every file owned by root, just large enough."""
    used = sum((path.lstat().st_size + 4095) // 4096 * 4096 + 512 for path in folder.rglob("*"))
    size = int(used * _SPARE) + (4 << 20)
    _mke2fs(
        image,
        size,
        label,
        (*_NO_JOURNAL, "-E", "root_owner=0:0,hash_seed=6f1ed002-ab59-4ea0-a3d4-6f1ed002ab59", "-d", str(folder)),
    )


def make_data(image: Path) -> None:
    """An empty, sparse ext4 disk for /data, with a journal as phones have."""
    _mke2fs(image, DATA_BYTES, "data", ("-E", "root_owner=0:0,lazy_itable_init=1", "-N", "65536", "-m", "0"))


def _mke2fs(image: Path, size: int, label: str, options: Sequence[str]) -> None:
    with image.open("wb") as file:
        file.truncate(size)
    run(
        [*as_root(), "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L", label, *options, str(image)],
        f"making the {label} disk",
    )


def pack_initramfs(folder: Path, archive: Path) -> None:
    """A cpio archive (newc, initramfs format of Documentation/driver-api/early-userspace/buffer-format.rst)."""
    names = "\0".join(sorted(str(path.relative_to(folder)) for path in folder.rglob("*")))
    command = ["cpio", "--quiet", "-0", "-o", "-H", "newc", "-R", "0:0", "-D", str(folder), "-F", str(archive)]
    run(command, "packing the initramfs", stdin=names.encode())
