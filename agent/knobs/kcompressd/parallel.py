# SPDX-License-Identifier: Apache-2.0
"""parallel-swapper, Kcompressd-Unofficial's 0.1 and 0.2: work queues instead of a thread (firelzrd, README).

`vm.parallel_swap`: most workers at a time, 1 at boot; `vm.parallel_swap_factor`: times the workers makes the queue,
6 at boot, 256 folios at most. Workers are kernel workers like any other, so no thread's CPU time tells them apart.
"""

from collections.abc import Iterator

from agent.device import batch
from agent.knobs.activity import Activity, growth
from agent.knobs.base import INT_MAX, Knob, NumberKnob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import MIN_SWAPPED_PAGES, Kcompressd
from reports.record import Proof

SYSCTL = "/proc/sys/vm/parallel_swap"
FACTOR = "/proc/sys/vm/parallel_swap_factor"
MOST_WORKERS = 256
LAYOUT = "mm-level workers (parallel-swapper, Kcompressd-Unofficial 0.1 and 0.2)"
_PROOF = "read-back while pages went to swap; its workers cannot be told from others"


class Workers(Kcompressd):
    """How many workers swap out side by side; `off` is 0."""

    @property
    def proof(self) -> str:
        """Read-back only."""
        return _PROOF

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by read-back, and by whether there was anything to do."""
        wanted, grown = self.canonical(value), growth(before, after)
        if read_back != wanted:
            return Proof("not_taken", read_back, grown.evidence(), f"set to {wanted}, but read {read_back} afterwards")
        if grown.swapped_pages < MIN_SWAPPED_PAGES:
            why = f"only {grown.swapped_pages} pages went to swap, too few to tell; raise the pressure"
            return Proof("not_exercised", read_back, grown.evidence(), why)
        why = f"{self.where} read {read_back} while {grown.swapped_pages} pages went to swap; nothing shows its workers"
        return Proof("taken", read_back, grown.evidence(), why)


def _build(seen: Seen) -> Iterator[Knob]:
    if SYSCTL in seen.files:
        yield Workers(
            "kcompressd", SYSCTL, layout=LAYOUT, level="mm", usual=1, most=MOST_WORKERS, unit="workers", threads="stay",
            notes="that 0 means synchronous is in the range of its README, not tried",
        )  # fmt: skip
    if FACTOR in seen.files:
        yield NumberKnob(
            "kcompressd.queue", FACTOR, layout=LAYOUT, least=1, most=INT_MAX, default=6,
            unit="times the number of workers", notes="256 folios are the most, whatever the product",
        )  # fmt: skip


FAMILY = Family(
    key="parallel",
    layout=LAYOUT,
    knobs={"kcompressd": f"off, on (1), 1 to {MOST_WORKERS} workers", "kcompressd.queue": "times the workers"},
    where=f"{SYSCTL}, {FACTOR}",
    off="0, not tried",
    proof=_PROOF,
    source="firelzrd/parallel-swapper README; Kcompressd-Unofficial 0.1/0.2",
    questions=(batch.each("/proc/sys/vm/parallel_swap*"),),
    build=_build,
)
