# SPDX-License-Identifier: Apache-2.0
"""Bundles as a stranger might send them: a good one, and each way in which one can be bad."""

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa
from pyarrow import parquet

from reports.bundle.manifest import MANIFEST, Manifest, Member, Of
from reports.encoding import encode
from tests.support.traces import TraceBuilder, message

TRACE = TraceBuilder().prints(1, 1, "B|1|bindApplication").prints(2, 1, "E|1").data
FILES = {"logcat.txt": b"nothing\n", "trace.pftrace": TRACE}
Edit = Callable[[zipfile.ZipInfo], None]


def manifest(files: dict[str, bytes], of: Of = "trace") -> Manifest:
    members = (Member(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return Manifest(of, "good", "reclaim 0", redacted=True, members=tuple(members))


def archive(
    *members: tuple[str | zipfile.ZipInfo, bytes], told: Manifest | bytes | None = None, of: Of = "trace"
) -> bytes:
    """An archive with a manifest before the members; by default one that fits them."""
    if told is None:
        told = manifest({str(getattr(name, "filename", name)): data for name, data in members}, of)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(MANIFEST, told if isinstance(told, bytes) else encode(told))
        for name, data in members:
            file.writestr(name, data)
    return out.getvalue()


def good() -> bytes:
    return archive(*FILES.items())


def named(name: str) -> bytes:
    """With a member of this very name, which zipfile itself would mend."""
    info = zipfile.ZipInfo("x" * len(name.encode()))
    return archive((info, b"evil")).replace(info.filename.encode(), name.encode())


def marked(attributes: int) -> bytes:
    info = zipfile.ZipInfo("logcat.txt")
    info.external_attr = attributes
    return archive((info, b"/etc/passwd"))


def packed(method: int) -> bytes:
    info = zipfile.ZipInfo("logcat.txt")
    info.compress_type = method
    return archive((info, b"nothing\n" * 100))


def patched(offset: int, value: bytes, *, local: bool = True, central: bool = True) -> bytes:
    """The good one with bytes of its last member's headers changed; offsets as in the local header (APPNOTE 4.3.7)."""
    data = bytearray(good())
    places = [data.rfind(b"PK\x03\x04")] * local + [data.rfind(b"PK\x01\x02") + 2] * central
    for place in places:
        data[place + offset : place + offset + len(value)] = value
    return bytes(data)


def overlapping() -> bytes:
    """Two names for one local header."""
    data = bytearray(good())
    first = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 1)
    last = data.rfind(b"PK\x01\x02")
    data[last + 42 : last + 46] = data[first + 42 : first + 46]
    return bytes(data)


def broken() -> bytes:
    """One bit of a member's data turned over."""
    info = zipfile.ZipInfo("logcat.txt")
    info.compress_type = zipfile.ZIP_STORED
    data = archive((info, b"nothing happened"), ("trace.pftrace", TRACE))
    return data.replace(b"nothing happened", b"nothing HAPPENED")


def many() -> bytes:
    return archive(*((f"trace{number}.pftrace", b"") for number in range(5001)))


def endless() -> bytes:
    """60 million times nothing, in 100 kB."""
    out = io.BytesIO()
    column = pa.nulls(60_000_000)  # type: ignore[attr-defined]  # pyarrow has no types
    parquet.write_table(pa.table({"value": column}), out)  # type: ignore[attr-defined,no-untyped-call]  # the same
    return out.getvalue()


def repeated() -> bytes:
    """5000 times a text of 100 kB, in 5 kB."""
    text = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int8()), 5000), pa.array(["a" * 100_000]))  # type: ignore[attr-defined]  # pyarrow has no types
    return table(text)


def nested() -> bytes:
    """One row, whose only cell holds 2 million."""
    return table(pa.ListArray.from_arrays(pa.array([0, 2_000_000], pa.int32()), pa.nulls(2_000_000, pa.int8())))  # type: ignore[attr-defined]  # the same


def table(column: object) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pa.table({"value": column}), out, store_schema=False)  # type: ignore[attr-defined,no-untyped-call]  # the same
    return archive(("series.parquet", out.getvalue()), of="run")


def packed_trace(tag: bytes) -> bytes:
    """A trace with a compressed packet, called so by its tag."""
    hidden = zlib.compress(bytes(99))
    return message({1: tag + bytes([len(hidden)]) + hidden})


def large() -> bytes:
    """Sizes that no member has, in both headers."""
    return patched(22, struct.pack("<L", 3_000_000_000))


def changed() -> bytes:
    """A member that is not the one of the manifest."""
    return archive(*(FILES | {"logcat.txt": b"NOTHING\n"}).items(), told=manifest(FILES))


LINK, DEVICE, FOLDER = stat.S_IFLNK << 16, stat.S_IFCHR << 16, 0x10
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "absolute path": (lambda: named("/tmp/evil.txt"), "no plain path"),  # noqa: S108 - is to be refused
    "parent folder": (lambda: named("../evil.txt"), "no plain path"),
    "parent folder within": (lambda: named("anr/../../evil.txt"), "no plain path"),
    "backslash": (lambda: named("..\\evil.txt"), "no plain path"),
    "drive letter": (lambda: named("C:evil.txt"), "no plain path"),
    "hidden file": (lambda: named(".bashrc"), "no plain path"),
    "zero byte": (lambda: named("logcat.txt\0.sh"), "no plain path"),
    "control character": (lambda: named("log\x1b[2J.txt"), "no plain path"),
    "not ASCII": (lambda: archive(("l\u202eogcat.txt", b"")), "no plain path"),
    "very long name": (lambda: named("a" * 300), "no plain path"),
    "very deep": (lambda: named("a/b/c/d/e/f"), "no plain path"),
    "symbolic link": (lambda: marked(LINK), "is a symbolic link"),
    "device": (lambda: marked(DEVICE), "is no plain file"),
    "folder": (lambda: marked(FOLDER), "is no plain file"),
    "case twice": (lambda: archive(("logcat.txt", b""), ("LOGCAT.txt", b"")), "twice"),
    "file and folder": (lambda: archive(("anr", b""), ("anr/x", b"")), "as a file and as a folder"),
    "bomb": (lambda: archive(("logcat.txt", bytes(64 << 20))), "like a bomb"),
    "bomb of many": (many, "members"),
    "too large": (large, "is too large"),
    "encrypted": (lambda: patched(6, b"\x01\x00"), "is encrypted"),
    "size behind the data": (lambda: patched(6, b"\x08\x00"), "only behind its data"),
    "bzip2": (lambda: packed(zipfile.ZIP_BZIP2), "unusual way"),
    "lzma": (lambda: packed(zipfile.ZIP_LZMA), "unusual way"),
    "overlapping": (overlapping, "overlap"),
    "two names": (lambda: patched(30, b"TRACE", central=False), "says two things"),
    "two sizes": (lambda: patched(22, b"\x05\x00\x00\x00", central=False), "says two things"),
    "too small a size": (lambda: patched(22, b"\x05\x00\x00\x00"), "not of the size"),
    "wrong check sum": (broken, "is broken"),
    "wrong hash": (changed, "not what its manifest tells"),
    "no manifest": (lambda: good().replace(MANIFEST.encode(), b"manifest.yaml"), "no bundle"),
    "manifest no JSON": (lambda: archive(told=b"{"), "is not readable"),
    "manifest nested": (
        lambda: archive(told=b'{"schema": 1, "x": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"),
        "nested without end",
    ),
    "newer schema": (lambda: archive(told=encode(replace(manifest({}), schema=99))), "has schema 99"),
    "unknown member": (lambda: archive(("evil.py", b"")), "nothing that a bundle"),
    "member not listed": (lambda: archive(*FILES.items(), told=manifest({})), "is not in its manifest"),
    "listed and not there": (lambda: archive(told=manifest(FILES)), "not there"),
    "name that leaves": (lambda: archive(told=encode(replace(manifest({}), name="../x"))), "no plain name"),
    "archive as trace": (lambda: archive(("trace.pftrace", good())), "an archive itself"),
    "packed packets": (
        lambda: archive(("trace.pftrace", message({1: message({50: zlib.compress(bytes(99))})}))),
        "an archive itself",
    ),
    "packed packets by a long tag": (
        lambda: archive(("trace.pftrace", packed_trace(b"\x92\x83\x00"))),
        "an archive itself",
    ),
    "packed packets behind an odd size": (
        lambda: archive(
            ("trace.pftrace", b"\x0a\x82" + b"\x80" * 8 + b"\x02\x40\x01" + packed_trace(b"\x92\x03")),
        ),
        "an archive itself",
    ),
    "text without end": (repeated, "texts fill 256 MiB"),
    "cells within a cell": (nested, "hold more than a number or a text"),
    "text as trace": (lambda: archive(("trace.pftrace", b"TRACE:\nx")), "is no trace"),
    "empty trace": (lambda: archive(("trace.pftrace", b"")), "is no trace"),
    "endless number": (lambda: archive(("measures.json", b'{"a": 1' + b"0" * 400 + b"}")), "a number of 401 digits"),
    "endless nesting": (lambda: archive(("measures.json", b"[" * 90_000 + b"]" * 90_000)), "no JSON of ours"),
    "no JSON": (lambda: archive(("measures.json", b"{")), "no JSON of ours"),
    "table that is none": (lambda: archive(("series.parquet", b"PAR1"), of="run"), "is no table"),
    "table without end": (lambda: archive(("series.parquet", endless()), of="run"), "cells, like a bomb"),
    "gzip as trace": (lambda: archive(("trace.pftrace", b"\x1f\x8b" + bytes(9))), "an archive itself"),
    "truncated": (lambda: good()[:-30], "is no bundle"),
    "something before": (lambda: b"#!/bin/sh\n" + good(), "before"),
    "something after": (lambda: good() + b"evil", "after"),
    "comment": (lambda: good()[:-2] + b"\x04\x00evil", "comment"),
    "text": (lambda: b"not a bundle at all\n", "is no bundle"),
    "empty": (lambda: b"", "is no bundle"),
}
"""Kind -> the bundle, and what is said of it."""
