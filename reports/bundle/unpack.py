# SPDX-License-Identifier: Apache-2.0
"""A bundle opened: checked whole, then unpacked into a new folder of this computer that goes when it is closed."""

import contextlib
import hashlib
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.bundle.checks import check_archive
from reports.bundle.manifest import MANIFEST, Manifest, Member, belongs
from reports.bundle.members import check_content
from reports.encoding import decode
from reports.printable import printable
from workloads.errors import InputError, ReclaimError, StoreError

_MOST_MANIFEST = 2 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=,@-]{0,99}")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Opened:
    """A bundle that is open.

    Attributes:
        source: the bundle's file.
        folder: what it was made of, unpacked; removed when the bundle is closed.
        manifest: what it says of itself.
    """

    source: Path
    folder: Path
    manifest: Manifest

    @property
    def trace(self) -> Path | None:
        """Its trace, where it is of a recording or of a trace."""
        found = self.folder / "trace.pftrace"
        return found if found.is_file() else None


def is_bundle(path: Path) -> bool:
    """Whether to take a file for a bundle: by its name, or because it begins as a ZIP archive does."""
    if not path.is_file():
        return False
    if path.name.endswith(".reclaim.zip"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04" and b"manifest.json" in file.read(64)
    except OSError:
        return False


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Open a bundle for the block.

    Raises:
        InputError: it is no bundle, or none that may be trusted; nothing of it was kept then.
        StoreError: it cannot be read, its manifest is a newer program's, or it cannot be unpacked here.
    """
    with tempfile.TemporaryDirectory(prefix="reclaim-bundle-") as made:
        draft = Path(made) / "bundle"
        manifest = unpack(path, draft)
        folder = draft.rename(Path(made) / manifest.name)
        try:
            yield Opened(path, folder, manifest)
        except ReclaimError as error:  # names the bundle, not a folder that is gone when it is read
            if str(folder) not in str(error):
                raise
            raise type(error)(str(error).replace(str(folder), str(path))) from None


def peek(path: Path) -> Manifest:
    """What a bundle says of itself; checked, but not unpacked.

    Raises:
        InputError: it is no bundle, or none that may be trusted.
        StoreError: it cannot be read, or its manifest is a newer program's.
    """
    try:
        with path.open("rb") as file, check_archive(file, path.stat().st_size, path) as archive:
            return _manifest(archive, path)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}; copy it again") from error


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack a bundle into a folder that is not there yet.

    Raises:
        InputError: it is no bundle, or none that may be trusted.
        StoreError: it cannot be read or written, or its manifest is a newer program's.
    """
    try:
        with path.open("rb") as file, check_archive(file, path.stat().st_size, path) as archive:
            manifest = _manifest(archive, path)
            folder.mkdir()
            for member in manifest.members:
                _unpack(archive, member, folder, path)
            return manifest
    except OSError as error:
        raise StoreError(f"{path}: cannot be unpacked: {error.strerror or error}; free some space") from error


def _manifest(archive: zipfile.ZipFile, path: Path) -> Manifest:
    names = archive.namelist()
    if MANIFEST not in names:
        raise InputError(f"{path}: is no bundle: it has no {MANIFEST}; name one made by `reclaim bundle`")
    if archive.getinfo(MANIFEST).file_size > _MOST_MANIFEST:
        raise InputError(f"{path}: its {MANIFEST} is too large; do not trust it")
    data = b"".join(_content(archive, MANIFEST, path))
    try:
        manifest = decode(data, Manifest, f"{path}: {MANIFEST}")
    except RecursionError:
        raise InputError(f"{path}: its {MANIFEST} is nested without end; do not trust it") from None
    problem = _differs(manifest, archive, [name for name in names if name != MANIFEST])
    if problem:
        raise InputError(f"{path}: {problem}; do not trust it; ask its sender for another")
    return manifest


def _differs(manifest: Manifest, archive: zipfile.ZipFile, names: Sequence[str]) -> str | None:
    if not _NAME.fullmatch(manifest.name):
        return "its manifest calls it by no plain name"
    listed = {member.name: member.bytes for member in manifest.members}
    if len(listed) != len(manifest.members):
        return "its manifest has a member twice"
    for name in names:
        if name not in listed:
            return f"member {name!r} is not in its manifest"
        if not belongs(name, manifest.of):
            return f"member {name!r} is nothing that a bundle of a {manifest.of} has"
        if listed[name] != archive.getinfo(name).file_size:
            return f"member {name!r} is not of the size that its manifest tells"
    lost = sorted(set(listed) - set(names))
    return f"member {printable(lost[0], 80)!r} is in its manifest and not there" if lost else None


def _unpack(archive: zipfile.ZipFile, member: Member, folder: Path, path: Path) -> None:
    target, sha = folder / member.name, hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        for chunk in _content(archive, member.name, path):
            sha.update(chunk)
            out.write(chunk)
    if sha.hexdigest() != member.sha256:
        raise InputError(f"{path}: member {member.name!r} is not what its manifest tells; copy it again")
    try:
        check_content(target, member.name)
    except InputError as error:
        raise InputError(f"{path}: {error}; do not trust it") from None


def _content(archive: zipfile.ZipFile, name: str, path: Path) -> Iterator[bytes]:
    """A member's bytes, no more than it tells; zipfile checks the CRC-32."""
    left = archive.getinfo(name).file_size
    try:
        with archive.open(name) as file:
            while chunk := file.read(_CHUNK):
                left -= len(chunk)
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"{path}: member {name!r} is broken: {printable(str(error))}; copy it again") from None
    if left:
        raise InputError(f"{path}: member {name!r} is not as large as it tells; do not trust it")
