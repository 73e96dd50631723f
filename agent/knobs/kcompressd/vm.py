# SPDX-License-Identifier: Apache-2.0
"""kcompressd in the memory management, one thread `kcompressd0` per node: `vm.kcompressd`, pages that may wait.

Kcompressd-Unofficial 0.5 (firelzrd b6f2306009bd; 6.12.44 to 7.1-rc1): 0 to 256, 24 at boot, 0 swaps out synchronously
as an unpatched kernel does. The thread always exists. A page that waits is locked and not yet under writeback. When the
queue is full kswapd writes the oldest page itself and queues the new one. The android13-5.15 port (sailboat/ABK) has
the same file and counts: kcompressd_enqueued, kcompressd_swapped, kcompressd_sync.
"""

from collections.abc import Iterator

from agent.knobs.activity import VM_COUNTERS
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import PROOF, SYSCTLS, Kcompressd

SYSCTL = "/proc/sys/vm/kcompressd"
MOST = 256
USUAL = 24
LAYOUT = "mm-level sysctl (vm.kcompressd)"
COUNTED = "mm-level sysctl (vm.kcompressd), with counters (android13-5.15 port)"


def _build(seen: Seen) -> Iterator[Knob]:
    if SYSCTL in seen.files:
        yield Kcompressd(
            "kcompressd", SYSCTL, layout=COUNTED if VM_COUNTERS[0] in seen.files else LAYOUT, level="mm",
            usual=USUAL, most=MOST, unit="pages in the queue", threads="stay",
            notes="the number is the queue: there is no kcompressd.queue; waiting pages are locked and scanned again",
        )  # fmt: skip


FAMILY = Family(
    key="vm",
    layout=LAYOUT,
    knobs={"kcompressd": f"off, on ({USUAL}), 1 to {MOST} pages in the queue"},
    where=SYSCTL,
    off="0",
    proof=f"{PROOF['mm']}; kcompressd_enqueued where the port counts",
    source="Kcompressd-Unofficial 0.5, firelzrd b6f2306009bd; android13-5.15 sailboat/ABK port",
    questions=(SYSCTLS,),
    build=_build,
)
