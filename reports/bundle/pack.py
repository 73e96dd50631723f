# SPDX-License-Identifier: Apache-2.0
"""One file of a run, a recording or a trace: redacted unless told otherwise, and opened again before it gets a name."""

import gzip
import hashlib
import os
import platform
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import msgspec

from reports.atomic import sync_directory, unwritable, write_bytes
from reports.bundle import contents
from reports.bundle.checks import MOST_ONE
from reports.bundle.manifest import MANIFEST, TRACE, Manifest, Member, Of, belongs
from reports.bundle.names import Names
from reports.bundle.trace import plain_trace, redact_trace
from reports.bundle.unpack import unpack
from reports.encoding import encode
from reports.outputs.files import check_named
from workloads.errors import InputError, ReclaimError, StoreError

_GZIP = b"\x1f\x8b"
_UNPLAIN = re.compile(r"[^A-Za-z0-9_.+=,@-]")
_DAY = (1980, 1, 1, 0, 0, 0)
"""Date of every member: when a file was written is nobody's business, and equal bundles are equal files."""

_MADE_ANEW = ("report.html", "measures.json")
"""What is made from the other members, so that it tells no more than they do."""


@dataclass(frozen=True)
class _Source:
    """What is to be bundled: of what kind, what it is called, and its files by their name in the bundle."""

    of: Of
    name: str
    files: dict[str, Path]


def pack(source: Path, out: Path, *, redact: bool = True, keep: Sequence[str] = ()) -> Manifest:
    """Make a bundle; the file appears whole or not at all.

    Args:
        source: a run directory, a folder of `reclaim record`, or a trace.
        out: the bundle to write.
        redact: take out what is private (docs/bundle.md).
        keep: packages whose names stay; `*` stands for any letters.

    Returns:
        What the bundle says of itself.

    Raises:
        InputError: nothing that can be bundled, or a file of it cannot be redacted.
        StoreError: a file cannot be read, or the bundle cannot be written.
        TraceError: a trace cannot be read.
    """
    check_named(out)
    found = _found(source)
    with tempfile.TemporaryDirectory(prefix="reclaim-bundle-") as made:
        stage = Path(made) / _plain(found.name)
        stage.mkdir()
        try:
            _copy(found, stage, Names(keep=tuple(keep)) if redact else None)
            _make_anew(found.of, stage)
            manifest = _manifest(found, stage, redacted=redact)
            _write(manifest, stage, out)
        except OSError as error:
            told = f"{error.filename or source}: {error.strerror}; free some space, or copy it again"
            raise StoreError(told) from error
        except ReclaimError as error:  # names the source, not a copy that is gone when it is read
            whole = stage / "trace.pftrace" if source.is_file() else stage
            raise type(error)(str(error).replace(str(whole), str(source))) from None
    return manifest


def _found(source: Path) -> _Source:
    if source.is_file():
        return _Source("trace", source.name.partition(".")[0], {"trace.pftrace": source})
    if not source.is_dir():
        raise InputError(f"{source}: is not there; name a run directory, a recording or a trace")
    of: Of | None = (
        "run" if (source / "plan.json").is_file() else "recording" if (source / "meta.json").is_file() else None
    )
    if of is None:
        raise InputError(f"{source}: is neither a run nor a recording; name a run directory, a recording or a trace")
    files = {
        _plain_path(path.relative_to(source)): path for path in sorted(source.rglob("*")) if _is_plain(path, source)
    }
    kept = {name: path for name, path in files.items() if belongs(name, of) and name not in _MADE_ANEW}
    return _Source(of, source.resolve().name, kept)


def _is_plain(path: Path, top: Path) -> bool:
    """A file of its own: a link may lead to anything of this computer."""
    return path.is_file() and not any(each.is_symlink() for each in (path, *path.parents) if each.is_relative_to(top))


def _plain(name: str) -> str:
    return _UNPLAIN.sub("_", name).strip(".+=,@-")[:100] or "bundle"


def _plain_path(path: Path) -> str:
    return "/".join(map(_plain, path.parts))


def _copy(found: _Source, stage: Path, names: Names | None) -> None:
    """Copy the files, redacted where there are stand-ins; what JSON and traces name is taken out of the others, too."""
    if names is not None:
        names.learn_computer(platform.node())
        for name in (each for each in found.files if each.endswith(".json")):
            with suppress(msgspec.DecodeError):  # told when it is redacted
                contents.learn(msgspec.json.decode(found.files[name].read_bytes()), names)
    for name in sorted(found.files, key=lambda each: (TRACE.fullmatch(each) is None, each)):
        target = stage / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if TRACE.fullmatch(name):
            _copy_trace(found.files[name], target, names)
        elif names is None:
            shutil.copyfile(found.files[name], target)
        else:
            target.write_bytes(_redacted(found.files[name], name, names))


def _redacted(path: Path, name: str, names: Names) -> bytes:
    try:
        return contents.redact_file(name, path.read_bytes(), names)
    except InputError as error:
        raise InputError(f"{path.parent}/{error}") from None


def _copy_trace(path: Path, target: Path, names: Names | None) -> None:
    data = path.read_bytes()
    if data.startswith(_GZIP):
        data = _gunzipped(path)
    with target.open("wb") as out:
        out.writelines(redact_trace(data, names, path) if names is not None else plain_trace(data, path))


def _gunzipped(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            data = file.read(MOST_ONE + 1)
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: cannot be unpacked: {error}; copy it again") from None
    if len(data) > MOST_ONE:
        raise InputError(f"{path}: unpacks to more than {MOST_ONE / 1e9:.1f} GB; record less at once")
    return data


def _make_anew(of: Of, stage: Path) -> None:
    """Measures and page of what was copied, never of what it was copied from."""
    if of == "run":
        from reports.page.render import write_page  # noqa: PLC0415 - imported late: costs a second
        from reports.store import RunStore  # noqa: PLC0415 - the same

        write_page(RunStore.open(stage), stage / "report.html")
        return
    from reports.bundle.page import recording_page  # noqa: PLC0415 - imported late: costs a second
    from reports.traces.measure import measure_trace  # noqa: PLC0415 - the same
    from reports.traces.show import trace_document  # noqa: PLC0415 - the same

    trace = stage / "trace.pftrace"
    measures = measure_trace(trace) if trace.is_file() else None
    if measures is not None:
        document = {"schema": 1, "traces": [trace_document(measures) | {"trace": trace.name}]}
        write_bytes(stage / "measures.json", encode(document))
    write_bytes(stage / "report.html", recording_page(stage, stage.name, measures).encode())


def _manifest(found: _Source, stage: Path, *, redacted: bool) -> Manifest:
    from importlib.metadata import version  # noqa: PLC0415 - imported late: `--help` needs none of it

    paths = sorted(path for path in stage.rglob("*") if path.is_file())
    members = tuple(_member(path, path.relative_to(stage).as_posix()) for path in paths)
    return Manifest(found.of, stage.name, f"reclaim {version('reclaim-agent')}", redacted, members)


def _member(path: Path, name: str) -> Member:
    size = path.stat().st_size
    if size > MOST_ONE:
        raise InputError(f"{name}: is larger than {MOST_ONE / 1e9:.1f} GB; record less at once")
    with path.open("rb") as file:
        return Member(name, size, hashlib.file_digest(file, "sha256").hexdigest())


def _write(manifest: Manifest, stage: Path, out: Path) -> None:
    """Write beside the bundle, open that as a stranger would, and only then give it its name."""
    target = out.resolve()
    draft = target.with_name(f".{target.name}.{token_hex(6)}.part")
    try:
        with draft.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_info(MANIFEST), encode(manifest))
            for member in manifest.members:
                with (stage / member.name).open("rb") as data, archive.open(_info(member.name), "w") as into:
                    shutil.copyfileobj(data, into, 1 << 20)
        _sync(draft)
        unpack(draft, stage.with_name("again"))
        draft.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        raise unwritable(out, error) from error
    finally:
        draft.unlink(missing_ok=True)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _DAY)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
    return info


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
