# SPDX-License-Identifier: Apache-2.0
"""kcompressd as parameters of a module of its own: how many threads take kswapd's writes, how long their queues are.

Layout of the first published version (linux-mm, 7 March 2025, <20250307120141.1566673-3-qun-wei.lin@mediatek.com>), of
the trees that carry it, and of the virtual handheld's module. The published one has a defect: its setter tests `!ret`
the wrong way round, so a valid write stores the value, answers EINVAL and leaves kcompressd off; it may also crash the
kernel. MediaTek's own of 2025 (`kfifo_size_per_kcompressd`) keeps the defect, and its threads end when idle. A tree
that repaired the setter (MirahSyakilla xiaomi_lisa 845cdf43: 0 answers EINVAL, so there is no off) shows the very same
files. Hence: no trust in the file's content alone, and no write at all where nothing tells the trees apart, unless the
user insists.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.device import batch
from agent.knobs.base import FileKnob, Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import PARAMETERS, PROOF, Kcompressd, Queue

FOLDER = "/sys/module/kcompressd/parameters"
VERSION = "/sys/module/kcompressd/version"
OURS = "reclaim"
"""MODULE_VERSION of the virtual handheld's module begins so; its setter does what it says."""

MAX_THREADS = 64  # no tree that was seen takes more than 8

RISK = (
    "this is the layout of the first published kcompressd, whose setter answers EINVAL, leaves kcompressd off and may "
    "crash the kernel; nothing on this phone shows that it was repaired"
)
NOTES = "a kernel built with the published patches swaps out asynchronously even when it is off: off is not unpatched"

_ENABLED = f"{FOLDER}/kcompressd_enabled"
_V1 = "zram-level module parameters (v1)"
_MEDIATEK = "zram-level module parameters (MediaTek 2025)"
_HANDHELD = "zram-level module parameters (virtual handheld)"


@dataclass(frozen=True, kw_only=True)
class Count(Kcompressd):
    """How many threads: `off` (0 in the file) or a number."""

    def _rejected(self, refusal: str, wanted: str) -> str:
        if wanted != "off":
            return super()._rejected(refusal, wanted)
        return (
            f"{refusal}: this tree takes no 0, so kcompressd cannot be switched off while it runs; compare numbers of "
            "threads, or a build without it (`reclaim compare RUN_A RUN_B`)"
        )

    def _lie(self, refusal: str, wanted: str) -> str:
        return (
            f"{refusal}; yet {self.where} now reads {self.spell(wanted)}: the first published kcompressd's defect, "
            "which is off after every valid write; this kernel cannot be compared until its setter is repaired"
        )


def parameters(seen: Seen, name: str) -> Iterator[FileKnob]:
    """Yield the published version's two parameters, if they are there; the number of threads is called `name`."""
    ours = (seen.text(VERSION) or "").startswith(OURS)
    kfifo = next((path for path in seen.files if path.endswith("/kfifo_size_per_kcompressd")), None)
    folder = kfifo.rpartition("/")[0] if kfifo else FOLDER
    risk, layout = (None, _HANDHELD) if ours else (RISK, _MEDIATEK if kfifo else _V1)
    count = Count(
        name, f"{folder}/nr_kcompressd", risk, layout, usual=2 if ours else 4, most=MAX_THREADS,
        notes="" if ours else NOTES, threads="quit" if kfifo else "end",
    )  # fmt: skip
    queue = Queue(
        "kcompressd.queue", kfifo or f"{folder}/queue_size_per_kcompressd", risk, layout,
        notes="writing it restarts the threads", unit="pages" if ours else "entries",
    )  # fmt: skip
    yield from (knob for knob in (count, queue) if knob.where in seen.files)


def _build(seen: Seen) -> Iterator[Knob]:
    if _ENABLED not in seen.files and "/proc/sys/vm/kcompressd_enabled" not in seen.files:
        yield from parameters(seen, "kcompressd")


FAMILY = Family(
    key="module",
    layout=_V1,
    knobs={
        "kcompressd": f"off, on, 1 to {MAX_THREADS} threads; refused as unsafe but on the virtual handheld",
        "kcompressd.queue": "1 to 1000000 entries per thread; the same",
    },
    where=f"{FOLDER}/{{nr_kcompressd,queue_size_per_kcompressd}}, .../kfifo_size_per_kcompressd",
    off="0, where the setter takes it; written with --allow-unsafe-knob only, but on the virtual handheld",
    proof=PROOF["zram"],
    source="<20250307120141.1566673-3-qun-wei.lin@mediatek.com>; MediaTek kcompressd.c 2025",
    questions=(PARAMETERS, batch.each("/proc/sys/vm/kcompressd_enabled"), batch.each(VERSION)),
    build=_build,
)
