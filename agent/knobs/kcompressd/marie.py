# SPDX-License-Identifier: Apache-2.0
"""kcompressd of the Marie LRU (firelzrd/lru_marie): a signed number in sysfs.

0 off; 1 to 100 pages in the queue, but only while Marie itself is on, which is decided at boot; -1 to -100 the same
depth whether Marie is on or not. 24 at boot. Threads `kcompressd0`, `kcompmari` in later versions.
"""

from collections.abc import Iterator

from agent.device import batch
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import PROOF, Kcompressd

FOLDER = "/sys/kernel/mm/lru_marie"
FILE = f"{FOLDER}/kcompressd"
MOST = 100
USUAL = 24
LAYOUT = "mm-level, Marie LRU"


def _build(seen: Seen) -> Iterator[Knob]:
    if FILE not in seen.files:
        return
    asleep = seen.text(f"{FOLDER}/enabled") in ("0", "N")
    yield Kcompressd(
        "kcompressd", FILE, layout=LAYOUT, level="mm", usual=-USUAL if asleep else USUAL, least=-MOST, most=MOST,
        unit="pages in the queue (negative: although Marie is off)", threads="stay",
        notes=f"positive numbers do nothing while {FOLDER}/enabled is 0; the number is the queue",
    )  # fmt: skip


FAMILY = Family(
    key="marie",
    layout=LAYOUT,
    knobs={"kcompressd": f"off, on ({USUAL}, or -{USUAL} where Marie is off), -{MOST} to {MOST} pages in the queue"},
    where=FILE,
    off="0",
    proof=PROOF["mm"],
    source="firelzrd/lru_marie, mm/lru_marie.c",
    questions=(batch.each(f"{FOLDER}/*"),),
    build=_build,
)
