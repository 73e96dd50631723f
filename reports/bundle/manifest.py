# SPDX-License-Identifier: Apache-2.0
"""What a bundle says of itself, and which members it may have. Pure; published as docs/schema/bundle.schema.json."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from reports.record import SCHEMA_VERSION

MANIFEST = "manifest.json"
SUFFIX = ".reclaim.zip"

Of: TypeAlias = Literal["run", "recording", "trace"]


@dataclass(frozen=True)
class Member:
    """One file of a bundle.

    Attributes:
        name: its path inside, parts joined by `/`.
        bytes: its size, not compressed.
        sha256: of its content, hexadecimal.
    """

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The first member of a bundle, `manifest.json`.

    Attributes:
        of: what was bundled: a run directory, a recording of `reclaim record`, or one trace.
        name: what it was called.
        made_by: the program and its version.
        redacted: whether what is private was taken out before it was written.
        members: every other member, in order.
        schema: version of this layout.
    """

    of: Of
    name: str
    made_by: str
    redacted: bool
    members: tuple[Member, ...]
    schema: int = SCHEMA_VERSION


TRACE = re.compile(r"(?:trials/[^/]+/)?[^/]+\.(?:pftrace|perfetto-trace)")
"""Members that are traces."""

_ALWAYS = r"report\.html|measures\.json"
_MEMBERS: dict[Of, re.Pattern[str]] = {
    "run": re.compile(
        r"experiment\.(?:toml|json)|(?:device|plan|titration)\.json|events\.jsonl|(?:measures|series)\.parquet"
        rf"|trials/[^/]+/(?:record\.json|logcat\.txt|(?:measures|series)\.parquet|[^/]+\.pftrace)|{_ALWAYS}"
    ),
    "recording": re.compile(
        rf"(?:meta|device)\.json|trace\.pftrace|(?:samples|happenings)\.csv|logcat\.txt|anr/[^/]+|{_ALWAYS}"
    ),
    "trace": re.compile(rf"trace\.pftrace|device\.json|logcat\.txt|{_ALWAYS}"),
}


def belongs(name: str, of: Of) -> bool:
    """Whether a bundle of this kind may have such a member."""
    return _MEMBERS[of].fullmatch(name) is not None
