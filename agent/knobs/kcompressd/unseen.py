# SPDX-License-Identifier: Apache-2.0
"""kcompressd without a knob: it is told, and cannot be switched. Or with one that no known tree has: a risk.

dopaemon and sticpaper build it into zram with no parameter. Signs of it: threads by name (their absence proves nothing:
the published version makes them with kswapd's first write, MediaTek's end when idle) and /proc/config.gz.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.device import batch
from agent.knobs.activity import Activity, growth
from agent.knobs.base import FileKnob, Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import MIN_CPU_S, MIN_SWAPPED_PAGES, PARAMETERS, SYSCTLS
from agent.knobs.threads import KCOMPRESSD, THREADS
from reports.record import Proof

NAMES = batch.joined("/proc/[0-9]*/comm")
GREP = "zcat /proc/config.gz 2>/dev/null | grep KCOMPRESSD"
"""Exit status 1 where there is no such file, or no such line."""

CONFIG = batch.program("sh", "-c", GREP)

LAYOUT = "kcompressd without a knob"
STRANGE = "kcompressd files of no known tree"

_BUILDS = "make it two builds instead, a run each, then `reclaim compare RUN_A RUN_B`"


@dataclass(frozen=True)
class BuiltIn(FileKnob):
    """kcompressd that is simply there: `on`, always."""

    @property
    def on(self) -> str | None:
        """All it can be."""
        return "on"

    @property
    def proof(self) -> str:
        """What its threads did."""
        return "CPU time of its threads, while there are any"

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """Nothing: it cannot change."""
        return ()

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:  # noqa: ARG002 - nothing is asked
        """Return `on`."""
        return "on"

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by the threads' CPU time."""
        grown = growth(before, after)
        told = f"its threads used {grown.kcompressd_cpu_s:.2f} s of CPU while {grown.swapped_pages} pages went to swap"
        if self.canonical(value) != read_back:
            return Proof("not_taken", read_back, grown.evidence(), f"it cannot be {value}: {told}")
        if grown.kcompressd_cpu_s >= MIN_CPU_S:
            return Proof("taken", read_back, grown.evidence(), told)
        few = "raise the pressure" if grown.swapped_pages < MIN_SWAPPED_PAGES else "only a trace can tell"
        return Proof("not_exercised", read_back, grown.evidence(), f"{told}: {few}")


def _build(seen: Seen) -> Iterator[Knob]:
    if strange := sorted(seen.files):
        risk = "no known kernel has this file, so what a write to it does is not known"
        notes = f"also there: {' '.join(strange[1:])}" if strange[1:] else ""
        yield FileKnob("kcompressd", strange[0], risk, STRANGE, notes=notes)
        return
    names = (seen.said[NAMES].text if NAMES in seen.said else "").split("\n")
    threads = sorted({name for name in names if KCOMPRESSD.fullmatch(name)})
    config = seen.said.get(CONFIG)
    built = re.findall(r"^CONFIG_\w*KCOMPRESSD\w*=[ym]", config.text, re.MULTILINE) if config and config.ok else []
    if not threads and not built:
        return
    level = "mm" if any(THREADS["mm"].fullmatch(name) for name in threads) else "zram"
    signs = [f"threads {' '.join(threads)} ({level} level)"] * bool(threads) + built
    yield BuiltIn(
        "kcompressd", f"no file; seen: {', '.join(signs)}", layout=LAYOUT,
        fixed=f"this kernel has no switch for it; {_BUILDS}",
    )  # fmt: skip


FAMILY = Family(
    key="unseen",
    layout=LAYOUT,
    knobs={"kcompressd": "read only: on"},
    where="thread names, /proc/config.gz",
    off="no; builds as arms",
    proof="CPU time of its threads, while there are any",
    source="dopaemon zram-$(CONFIG_KCOMPRESSD); sticpaper CONFIG_ZRAM_KCOMPRESSD_OPT",
    questions=(PARAMETERS, SYSCTLS, NAMES, CONFIG),
    build=_build,
    fallback=True,
)
