# SPDX-License-Identifier: Apache-2.0
"""What doctor says of Perfetto and of what it can record on a phone. Pure."""

import re
from collections.abc import Iterator

from agent.capture.config import KILLS, RECLAIM
from agent.field.examine import SOURCES, Examination
from agent.field.finding import Finding
from reports.printable import printable

_PSI_SINCE, _NEW_COUNTERS_SINCE = (41, 0), (42, 0)  # as `agent.capture.config`
_FRAME_TIMELINE_SDK = 31
_LIST = "DATA SOURCES REGISTERED"
"""Above the list in `perfetto --query` (perfetto_cmd.cc)."""


def perfetto(seen: Examination) -> Iterator[Finding]:
    """Its version, and what that version lacks."""
    if not seen.caps.present:
        cure = "Android 9 and later carry it: `setprop persist.traced.enable 1` as root on Android 9 and 10"
        yield Finding("Perfetto", "no", "not there: no trace can be recorded", cure, needed=True)
        return
    lacks = list(_lacks(seen))
    told = printable(seen.facts.perfetto or "a version it does not tell", 80)
    missing = f"; without: {', '.join(lacks)}" if lacks else ""
    yield Finding("Perfetto", "part" if lacks else "yes", told + missing)


def events(seen: Examination) -> Iterator[Finding]:
    """Whether the kernel has the events from which stalls and kills are read."""
    known = seen.caps.events
    if known is None:
        told = "which the kernel has may not be looked up; Perfetto is asked for all of them"
        yield Finding("events", "part", told)
        return
    stalls = [event for event in RECLAIM[:4] if event not in known]
    kills = [event for event in KILLS[:1] if event not in known]
    if missing := [*stalls, *kills]:
        names = ", ".join(printable(event, 60) for event in missing)
        yield Finding("events", "part", f"not in this kernel: {names}; what is read from them will be missing")
    else:
        yield Finding("events", "yes", f"vmscan and oom among {len(known)}")


def atrace(seen: Examination) -> Iterator[Finding]:
    """Whether user space tells what it does."""
    if seen.caps.atrace:
        yield Finding("atrace", "yes", "there: launches are seen in traces")
    else:
        yield Finding("atrace", "part", "not there: apps and system are in traces only as far as they write unasked")


def _lacks(seen: Examination) -> Iterator[str]:
    version = seen.caps.version
    if not seen.caps.background_wait:
        yield "--background-wait (a trace may begin late)"
    if version is not None and version < _PSI_SINCE:
        yield "PSI (v41)"
    if version is not None and version < _NEW_COUNTERS_SINCE:
        yield "newer vmstat counters (v42)"
    listed = seen.said("sources") or ""
    if _LIST in listed:
        names = set(re.findall(r"^(\S+)", listed.partition(_LIST)[2], re.MULTILINE))
        yield from (f"data source {name}" for name in _wanted(seen) if name not in names)


def _wanted(seen: Examination) -> Iterator[str]:
    """What `agent.capture.config` asks this phone for."""
    yield from SOURCES[:3]
    if seen.caps.atrace:
        yield SOURCES[3]
    if seen.caps.atrace and seen.caps.sdk >= _FRAME_TIMELINE_SDK:
        yield SOURCES[4]
