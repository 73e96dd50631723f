# SPDX-License-Identifier: Apache-2.0
"""kcompressd as parameters of zram itself that are read at boot only.

azrim samsung_sm8250 (`CONFIG_KCOMPRESSD_ZRAM`): first 0644 plain numbers, which a write changes without any effect
but later memory errors (the array of threads is sized once); in a later version 0444, set by
`zram.nr_kcompressd=N` on the kernel command line. Neither can be switched while the phone runs.
"""

from collections.abc import Iterator

from agent.device import batch
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import PARAMETERS, PROOF, Kcompressd, Queue

FOLDER = "/sys/module/zram/parameters"
NR, QUEUE = f"{FOLDER}/nr_kcompressd", f"{FOLDER}/queue_size_per_kcompressd"
MODES = batch.program("stat", "-c", "%a", NR)
LAYOUT = "zram-level parameters of zram, boot-time only"

_BOOTS = (
    "make it two boots instead: zram.nr_kcompressd=N on the kernel command line, a run each, then "
    "`reclaim compare RUN_A RUN_B`"
)


def _build(seen: Seen) -> Iterator[Knob]:
    mode = seen.said.get(MODES)
    writable = mode is not None and mode.ok and mode.text.strip() == "644"
    what = "the file takes a write that has no effect but memory errors" if writable else "it is read at boot only"
    count = Kcompressd("kcompressd", NR, layout=LAYOUT, fixed=f"{what}; {_BOOTS}", usual=4, most=64, threads="stay")
    queue = Queue("kcompressd.queue", QUEUE, layout=LAYOUT, fixed=f"{what}; {_BOOTS}")
    yield from (knob for knob in (count, queue) if knob.where in seen.files)


FAMILY = Family(
    key="boot",
    layout=LAYOUT,
    knobs={"kcompressd": "read only", "kcompressd.queue": "read only"},
    where=f"{NR}, {QUEUE}",
    off="at boot: zram.nr_kcompressd on the kernel command line; boots as arms",
    proof=PROOF["zram"],
    source="azrim samsung_sm8250, CONFIG_KCOMPRESSD_ZRAM",
    questions=(PARAMETERS, MODES),
    build=_build,
)
