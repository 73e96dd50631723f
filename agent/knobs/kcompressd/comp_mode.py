# SPDX-License-Identifier: Apache-2.0
"""MediaTek's zram: `comp_mode` says who compresses, hardware or software, and whether kcompressd does.

zram_drv.c of MediaTek's 6.12 zram/hwzram: `hybrid hwonly swonly kcompressd:hw kcompressd [ndc:hybrid ndc:hwonly]`, the
chosen one in brackets. Only before disksize (else EBUSY), mempool_size first, and a reset goes back to the default, so
it is switched by zram's dance. A word the kernel does not know sets the default and answers success; a kernel of other
than 4 KiB pages falls back to swonly; hence the read-back afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.device import batch, parse
from agent.knobs.activity import Activity, growth
from agent.knobs.base import Knob
from agent.knobs.family import Family, Seen
from agent.knobs.kcompressd.common import MIN_CPU_S
from agent.knobs.zram.knobs import NOTES, SetUpKnob
from agent.knobs.zram.state import DISK
from reports.record import Proof
from workloads.errors import InputError

FILE = f"{DISK}/comp_mode"
OFF, ON = "swonly", "kcompressd"
LAYOUT = "zram-level mode (MediaTek comp_mode)"


@dataclass(frozen=True, kw_only=True)
class Mode(SetUpKnob):
    """Who compresses: `off` is swonly, `on` is kcompressd (both in software), or a mode's own name.

    Attributes:
        known: the modes this kernel lists.
    """

    known: tuple[str, ...]

    @property
    def values(self) -> str:
        """The modes this kernel lists."""
        return f"off ({OFF}), on ({ON}), or {' '.join(self.known)}"

    @property
    def off(self) -> str | None:
        """Software, in kswapd itself."""
        return OFF

    @property
    def on(self) -> str | None:
        """Software, in kcompressd's threads."""
        return ON

    def canonical(self, text: str) -> str:
        """Take the chosen word of the list, or a mode's name; `on` and `off` are modes in software.

        Raises:
            InputError: no mode that this kernel lists.
        """
        word = parse.chosen(text) or text.strip()
        word = {"off": OFF, "on": ON}.get(word, word)
        if word not in self.known:
            raise InputError(f"{self.name}: {word!r} is none of off on {' '.join(self.known)}")
        return word

    def prove(self, value: str, read_back: str, before: Activity, after: Activity) -> Proof:
        """Judge by read-back while there was swapping; threads at work although the mode has none speak against it."""
        proof, grown = super().prove(value, read_back, before, after), growth(before, after)
        proof = replace(proof, evidence=grown.evidence())
        if self.canonical(value).startswith(ON) or grown.kcompressd_cpu_s < MIN_CPU_S:
            return proof
        why = f"set to {value}, but kcompressd's threads used {grown.kcompressd_cpu_s:.2f} s of CPU"
        return replace(proof, outcome="not_taken", why=why)


def _build(seen: Seen) -> Iterator[Knob]:
    if FILE in seen.files:
        yield Mode(
            "kcompressd", FILE, layout=LAYOUT, known=parse.choices(seen.text(FILE) or ""),
            notes=f"off and on compress in software; {OFF} alone makes the disk synchronous; {NOTES}",
        )  # fmt: skip


FAMILY = Family(
    key="mode",
    layout=LAYOUT,
    knobs={"kcompressd": f"off ({OFF}), on ({ON}), hybrid, hwonly, kcompressd:hw, ..."},
    where=f"{FILE}, {DISK}/mempool_size, by swapoff, reset, mkswap, swapon",
    off=f"{OFF}, by swapoff and reset",
    proof="its own read-back, and pages written to swap since; no CPU time of kcompressd:N when it has none",
    source="MediaTek zram_drv.c, 6.12",
    questions=(batch.each(FILE),),
    build=_build,
)
