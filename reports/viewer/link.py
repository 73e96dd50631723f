# SPDX-License-Identifier: Apache-2.0
"""What the UI is asked to show: a trace, a stretch of it, and the tracks that matter here. Pure.

Arguments of the UI's address (Perfetto, ui/src/core/route_schema.ts of v52): `url`, `mode=embedded` (no analytics, no
live reload), `visStart` and `visEnd` (trace time, ns), `startupCommands` (JSON, of those that the UI's list allows).
"""

import json
from dataclasses import dataclass
from urllib.parse import quote

_PINNED = (
    r"^Android App Startups$",
    r"^(kswapd|kcompressd)\S* \d+$",
    r"^(MemAvailable|SwapFree|pgsteal_direct)$",
    r"^(CPU|Cpu) \d+( Scheduling)?$",
)
"""Names of tracks, as regular expressions of the UI: launches, reclaim's threads, its counters, processors. Few: they
stay on screen while one scrolls."""

MARGIN = 0.15
"""Of a launch, before and after it: what led to it is seen as well."""

_SHORTEST_NS = 1_000_000


@dataclass(frozen=True)
class Span:
    """A stretch of a trace, in its own time.

    Attributes:
        begin: ns.
        end: ns, after `begin`.
    """

    begin: int
    end: int

    def widened(self, share: float = MARGIN) -> "Span":
        """With a margin on both sides."""
        margin = max(_SHORTEST_NS, round((self.end - self.begin) * share))
        return Span(self.begin - margin, self.end + margin)

    def within(self, other: "Span") -> "Span":
        """The part of it that lies in another: the UI ignores a stretch that leaves the trace."""
        return Span(max(self.begin, other.begin), min(self.end, other.end))


def ui_address(trace: str, title: str, span: Span | None) -> str:
    """The address of the UI, seen from the folder it is served in.

    Args:
        trace: where the trace is served: a whole address.
        title: what the UI calls it.
        span: what to zoom to; None: the whole trace.
    """
    commands = [{"id": "dev.perfetto.PinTracksByRegex", "args": [pattern]} for pattern in _PINNED]
    given = {"mode": "embedded", "url": trace, "title": title, "startupCommands": json.dumps(commands)}
    if span is not None:
        given |= {"visStart": str(span.begin), "visEnd": str(span.end)}
    return "index.html#!/?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
