# SPDX-License-Identifier: Apache-2.0
"""kcompressd with a switch of its own, `kcompressd_enabled`, as sysctl and as module parameter of one variable.

sigmanature/common c9758bb1, drivers/block/zram/kcompressd.c: 0 or 1, 0 at boot; threads `kcompressd:0..3` stay, idle,
when it is off. It takes writes of any reclaim, direct reclaim too. The two parameters of the published version stand
beside it, defect and all: they are other knobs there, and the switch is what to compare.
"""

from collections.abc import Iterator

from agent.device import batch
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd import module
from agent.knobs.kcompressd.common import PARAMETERS, PROOF, SYSCTLS, Kcompressd

SYSCTL = "/proc/sys/vm/kcompressd_enabled"
PARAMETER = f"{module.FOLDER}/kcompressd_enabled"
LAYOUT = "zram-level switch kcompressd_enabled"


def _build(seen: Seen) -> Iterator[Knob]:
    # The sysctl fails to register in some kernels; its handler alone checks the range.
    where = next((path for path in (SYSCTL, PARAMETER) if path in seen.files), None)
    if where is None:
        return
    yield Kcompressd(
        "kcompressd", where, layout=LAYOUT, usual=1, most=1, unit="0 or 1", threads="stay",
        notes="on, direct reclaim's and madvise's pages are handed over too, not only kswapd's",
    )  # fmt: skip
    yield from module.parameters(seen, "kcompressd.threads")


FAMILY = Family(
    key="switch",
    layout=LAYOUT,
    knobs={"kcompressd": "off, on", "kcompressd.threads": "1 to 64", "kcompressd.queue": "1 to 1000000 entries"},
    where=f"{SYSCTL}, {PARAMETER}",
    off="0",
    proof=PROOF["zram"],
    source="sigmanature/common c9758bb1",
    questions=(PARAMETERS, SYSCTLS, batch.each(module.VERSION)),
    build=_build,
)
