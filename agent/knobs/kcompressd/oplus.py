# SPDX-License-Identifier: Apache-2.0
"""OPLUS' kcompressd (OnePlus, OPPO): read-only parameters, and the only tree that counts full queues.

vendor/oplus/kernel/mm/hybridswap_zram/kcompressd.c, e.g. in
Hicores/android_kernel_modules_and_devicetree_oneplus_sm8750 c9e903b4: parameters 0444; one eager thread; shared
memory's pages stay with kswapd. Whether it runs at all is decided at boot by OPLUS' configuration or command line: then
/proc/oplus_mem/kcompressd_debug is there, and counts.
"""

from collections.abc import Iterator

from agent.device import batch
from agent.knobs.activity import OPLUS_DEBUG
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import PARAMETERS, PROOF, Kcompressd, Queue

FOLDER = "/sys/module/oplus_bsp_hybridswap_zram/parameters"
NR, QUEUE = f"{FOLDER}/nr_kcompressd", f"{FOLDER}/queue_size_per_kcompressd"
LAYOUT = "zram-level, OPLUS (read-only, counted)"

_FIXED = (
    "OPLUS decides it at boot, by its own configuration; make it two builds or boots instead, a run each, then "
    "`reclaim compare RUN_A RUN_B`"
)
_NOTES = "pages of shared memory never go through it (kcomp_write_ship_shmem_count)"


def _build(seen: Seen) -> Iterator[Knob]:
    if NR in seen.files:
        yield Kcompressd("kcompressd", NR, layout=LAYOUT, fixed=_FIXED, notes=_NOTES, usual=1, most=64, threads="stay")
    if QUEUE in seen.files:
        yield Queue("kcompressd.queue", QUEUE, layout=LAYOUT, fixed=_FIXED)


FAMILY = Family(
    key="oplus",
    layout=LAYOUT,
    knobs={"kcompressd": "read only", "kcompressd.queue": "read only"},
    where=f"{NR}, {QUEUE}, {OPLUS_DEBUG}",
    off="at boot, OPLUS' configuration; builds or boots as arms",
    proof=f"{PROOF['zram']}: kcomp_write_success_count, kcomp_write_fail_count (full)",
    source="oneplus_sm8750 c9e903b4 hybridswap_zram/kcompressd.c",
    questions=(PARAMETERS, batch.each(OPLUS_DEBUG)),
    build=_build,
)
