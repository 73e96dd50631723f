# SPDX-License-Identifier: Apache-2.0
"""The multi-generational LRU's switch and its protection of the working set.

Documentation/admin-guide/mm/multigen_lru.rst; mm/vmscan.c.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.device import batch
from agent.knobs.base import INT_MAX, Knob, NumberKnob
from agent.knobs.family import Family, Seen

FOLDER = "/sys/kernel/mm/lru_gen"
ALL = 7
"""0x1 the core, 0x2 walking page tables, 0x4 clearing accessed bits of page tables' upper levels."""


@dataclass(frozen=True, kw_only=True)
class Enabled(NumberKnob):
    """A bit mask, written as 7 and read as 0x0007; bits that the hardware cannot do never read back (mm/vmscan.c)."""

    @property
    def off(self) -> str | None:
        """No bit."""
        return "0"

    @property
    def on(self) -> str | None:
        """Every bit."""
        return str(ALL)

    @property
    def values(self) -> str:
        """Off, on or a mask."""
        return f"off, on ({ALL}), or a mask of 1, 2 and 4"

    def canonical(self, text: str) -> str:
        """Turn `0x0007`, `y` and `on` into `7`, `n` and `off` into `0`.

        Raises:
            InputError: something else.
        """
        word = text.strip().lower()
        word = {"on": str(ALL), "y": str(ALL), "off": "0", "n": "0"}.get(word, word)
        return super().canonical(str(int(word, 16)) if re.fullmatch(r"0x[0-9a-f]{1,8}", word) else word)

    def agrees(self, wanted: str, found: str) -> bool:
        """Whether the core is as wanted and no bit came uninvited."""
        asked, got = int(wanted), int(found)
        return got & ~asked == 0 and got & 1 == asked & 1


KNOBS = (
    Enabled(
        "lru_gen.enabled", f"{FOLDER}/enabled", most=15,
        notes="every page moves to the other kind of lists: rest before measuring; before late 2023 trace events of "
        "reclaim are not emitted while it is on",
    ),
    NumberKnob(
        "lru_gen.min_ttl_ms", f"{FOLDER}/min_ttl_ms", most=INT_MAX, default=0, unit="ms",
        notes="the OOM killer is called where the working set of that time does not fit",
    ),
)  # fmt: skip


def _build(seen: Seen) -> Iterator[Knob]:
    yield from (knob for knob in KNOBS if knob.where in seen.files)


FAMILY = Family(
    key="lru_gen",
    layout="sysfs",
    knobs={knob.name: knob.values for knob in KNOBS},
    where=f"{FOLDER}/*",
    off="0 (lru_gen.enabled)",
    source="Documentation/admin-guide/mm/multigen_lru.rst",
    questions=tuple(batch.each(knob.where) for knob in KNOBS),
    build=_build,
)
