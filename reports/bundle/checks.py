# SPDX-License-Identifier: Apache-2.0
"""A bundle is a stranger's file: what it may look like, checked before a byte of it is unpacked.

Only what `reports.bundle.pack` writes passes: local headers one after the other from the first byte, then the central
directory, then its end, without comment, extra fields, encryption or data descriptors, every size told the same twice
(APPNOTE.TXT of PKWARE, 4.3). What a lenient reader would skip is where two readers see two archives.
"""

import re
import stat
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import BinaryIO

from reports.printable import printable
from workloads.errors import InputError

MOST_MEMBERS = 5000
MOST_BYTES = 8 << 30
"""All members together, unpacked."""

MOST_ONE = 2_000_000_000
"""One member, unpacked: more would need fields of ZIP64, of which two readers may think two things."""
_RATIO = 200
_SMALL = 1 << 20
"""Below so many bytes any ratio is harmless; measured ratios of traces and logs are 3 to 30."""

_NAME_LETTERS, _DEEP = 200, 4
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=,@-]*")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_BYTES = 22
_ENCRYPTED, _DESCRIPTOR = 0x1 | 0x40 | 0x2000, 0x8


def check_archive(file: BinaryIO, size: int, where: object) -> zipfile.ZipFile:
    """The archive, opened, when it is one that `pack` could have written.

    Args:
        file: the bundle, open for reading; it stays this caller's to close.
        size: its bytes.
        where: what errors name, usually the file.

    Raises:
        InputError: it is not; one line.
    """
    try:
        archive = zipfile.ZipFile(file)
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, struct.error) as error:
        raise _refused(where, f"is no bundle: {printable(str(error))}", "copy it again") from None
    problem = _whole(archive, members, size) or next(filter(None, map(_member, members)), None)
    problem = problem or _names([member.filename for member in members]) or _layout(file, members, archive.start_dir)
    if problem:
        raise _refused(where, problem, "do not trust it; ask its sender for another")
    return archive


def _refused(where: object, what: str, do: str) -> InputError:
    return InputError(f"{where}: {what}; {do}")


def _whole(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], size: int) -> str | None:
    if archive.comment:
        return "has a comment, which no bundle has"
    if len(members) > MOST_MEMBERS:
        return f"has {len(members):,} members; a bundle has {MOST_MEMBERS:,} at most"
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES:
        return f"would unpack to {total / 1e9:.0f} GB; a bundle to {MOST_BYTES >> 30} GiB at most"
    directory = sum(46 + len(member.orig_filename.encode("utf-8", "replace")) for member in members)
    if archive.start_dir + directory + _END_BYTES != size:
        return "has something before, after or between its parts"
    return None


def _member(member: zipfile.ZipInfo) -> str | None:
    name = repr(printable(member.orig_filename, 80))
    kind = stat.S_IFMT(member.external_attr >> 16)
    checks: tuple[tuple[bool, str], ...] = (
        (bool(member.flag_bits & _ENCRYPTED), "is encrypted"),
        (bool(member.flag_bits & _DESCRIPTOR), "tells its size only behind its data"),
        (kind == stat.S_IFLNK, "is a symbolic link"),
        (kind not in (0, stat.S_IFREG) or bool(member.external_attr & 0x10), "is no plain file"),
        (member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), "is compressed in an unusual way"),
        (bool(member.extra or member.comment), "has extra fields"),
        (member.file_size > MOST_ONE, "is too large"),
        (
            member.file_size > max(_SMALL, _RATIO * member.compress_size),
            f"unpacks to more than {_RATIO} times its size, like a bomb",
        ),
        (member.compress_type == zipfile.ZIP_STORED and member.file_size != member.compress_size, "lies of its size"),
        (not _safe(member.orig_filename), "has a name that is no plain path inside the bundle"),
    )
    return next((f"member {name} {told}" for wrong, told in checks if wrong), None)


def _safe(name: str) -> bool:
    parts = name.split("/")
    plain = all(_PART.fullmatch(part) and not part.endswith(".") for part in parts)
    return plain and len(name) <= _NAME_LETTERS and len(parts) <= _DEEP


def _names(names: Sequence[str]) -> str | None:
    """Names that are one on some disk, and a file that would have to be a folder as well."""
    seen: set[str] = set()
    for folded in map(str.casefold, names):
        if folded in seen:
            return f"has {folded!r} twice"
        seen.add(folded)
    folders = {name.casefold().rpartition("/")[0] for name in names}
    clash = sorted(folder for folder in folders if folder in seen)
    return f"has {clash[0]!r} as a file and as a folder" if clash else None


def _layout(file: BinaryIO, members: Sequence[zipfile.ZipInfo], directory: int) -> str | None:
    """Local headers say what the directory says, and members neither overlap nor leave gaps."""
    place = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset != place:
            return f"member {member.filename!r} overlaps another, or hides something before it"
        file.seek(place)
        head = file.read(_LOCAL.size)
        told = _LOCAL.unpack(head) if len(head) == _LOCAL.size else None
        if told is None or not _agrees(told, member, file.read):
            return f"member {member.filename!r} says two things of its name, size or check sum"
        place += _LOCAL.size + told[9] + member.compress_size
    return None if place == directory else "has something between its members and their directory"


def _agrees(told: tuple[bytes, int, int, int, int, int, int, int, int, int, int], member: zipfile.ZipInfo,
            read: Callable[[int], bytes]) -> bool:  # fmt: skip
    signature, _version, flags, method, _time, _date, crc, packed, whole, letters, extra = told
    return (
        signature == b"PK\x03\x04"
        and (flags, method, crc) == (member.flag_bits, member.compress_type, member.CRC)
        and (packed, whole, extra) == (member.compress_size, member.file_size, 0)
        and read(letters) == member.orig_filename.encode()
    )
