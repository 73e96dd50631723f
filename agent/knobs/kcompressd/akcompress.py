# SPDX-License-Identifier: Apache-2.0
"""OPLUS' hybridswap before kcompressd: `akcompressd:N` threads compress pages that zram kept as they were.

hybridswap_akcompress.c: 0 to 4 threads; 0 compresses at once, as zram does. Threads wake when 1 MiB is waiting; 64 MiB
of pages are set aside for it at boot. The file reads `akcompressd_threads: N`, then what each thread compressed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agent.device import batch
from agent.knobs.activity import AKCOMPRESS
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import PROOF, Kcompressd

MOST_THREADS = 4
LAYOUT = "zram-level, OPLUS hybridswap (akcompressd)"


@dataclass(frozen=True, kw_only=True)
class Akcompress(Kcompressd):
    """How many akcompressd threads."""

    def canonical(self, text: str) -> str:
        """Take the number out of what the file says, too.

        Raises:
            InputError: it says something else.
        """
        told = re.match(r"\s*akcompressd_threads: (\d+)", text)
        return super().canonical(told[1] if told else text)


def _build(seen: Seen) -> Iterator[Knob]:
    if AKCOMPRESS in seen.files:
        yield Akcompress(
            "kcompressd", AKCOMPRESS, layout=LAYOUT, usual=1, most=MOST_THREADS,
            notes="up to 64 MiB wait uncompressed; swap-in of a waiting page needs no decompression",
        )  # fmt: skip


FAMILY = Family(
    key="akcompress",
    layout=LAYOUT,
    knobs={"kcompressd": f"off, on (1), 1 to {MOST_THREADS} threads"},
    where=AKCOMPRESS,
    off="0",
    proof=f"{PROOF['zram']} (in the file itself)",
    source="OPLUS hybridswap_akcompress.c, 2020-2022",
    questions=(batch.each(AKCOMPRESS),),
    build=_build,
)
