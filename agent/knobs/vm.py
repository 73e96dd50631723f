# SPDX-License-Identifier: Apache-2.0
"""Sysctls that shape reclaim, by name and with their ranges: `vm.swappiness`, watermarks and their like.

Ranges are those of the newest kernel looked at (kernel/sysctl.c, mm/*.c, Documentation/admin-guide/sysctl/vm.rst); an
older one refuses more, and its refusal is told. Any other sysctl is `sysctl:NAME`.
"""

from collections.abc import Iterator

from agent.device import batch
from agent.knobs.base import INT_MAX, Knob, NumberKnob
from agent.knobs.family import Family, Seen

FOLDER = "/proc/sys/vm"
_EXTRA = (
    "Android writes it again: ActivityManager sets sys.sysctl.extra_free_kbytes, and /system/bin/extra_free_kbytes.sh "
    "makes a watermark_scale_factor of it (init.rc)"
)

KNOBS = (
    NumberKnob("vm.swappiness", f"{FOLDER}/swappiness", most=200, default=60, notes="before 5.8 the most is 100"),
    NumberKnob("vm.page-cluster", f"{FOLDER}/page-cluster", most=31, default=3, unit="as power of 2"),
    NumberKnob("vm.vfs_cache_pressure", f"{FOLDER}/vfs_cache_pressure", most=INT_MAX, default=100, unit="%"),
    NumberKnob(
        "vm.watermark_scale_factor", f"{FOLDER}/watermark_scale_factor", least=1, most=3000, default=10,
        unit="ten-thousandths of memory between watermarks", notes=_EXTRA,
    ),
    NumberKnob(
        "vm.watermark_boost_factor", f"{FOLDER}/watermark_boost_factor", most=INT_MAX, default=15000,
        unit="ten-thousandths of the high watermark",
    ),
    NumberKnob(
        "vm.min_free_kbytes", f"{FOLDER}/min_free_kbytes", least=1, most=INT_MAX, unit="KiB",
        notes="all watermarks of all zones are computed anew from it",
    ),
    NumberKnob("vm.extra_free_kbytes", f"{FOLDER}/extra_free_kbytes", most=INT_MAX, unit="KiB", notes=_EXTRA),
    NumberKnob(
        "vm.compaction_proactiveness", f"{FOLDER}/compaction_proactiveness", most=100, default=20,
        notes="a write above 0 starts a compaction at once",
    ),
)  # fmt: skip


def _build(seen: Seen) -> Iterator[Knob]:
    yield from (knob for knob in KNOBS if knob.where in seen.files)


FAMILY = Family(
    key="sysctl",
    layout="sysctl",
    knobs={knob.name: knob.values for knob in KNOBS},
    where=f"{FOLDER}/*",
    source="Documentation/admin-guide/sysctl/vm.rst",
    questions=tuple(batch.each(knob.where) for knob in KNOBS),
    build=_build,
)
