# SPDX-License-Identifier: Apache-2.0
"""Names of the kernel's reclaim threads. Pure."""

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["zram", "mm"]
"""Where pages wait for their thread: inside zram, under writeback; or before it, locked (mm/page_io.c)."""

THREADS: Mapping[Level, re.Pattern[str]] = {
    "zram": re.compile(r"a?kcompressd:\d+"),
    "mm": re.compile(r"kcompressd\d+|kcompmari\d*"),
}
"""Names of the threads: `kcompressd:0` at zram level, `akcompressd:0` OPLUS' first; `kcompressd0` per node at mm level,
`kcompmari` in later Marie LRU (firelzrd/lru_marie)."""

KCOMPRESSD = re.compile("|".join(names.pattern for names in THREADS.values()))
KSWAPD = re.compile(r"kswapd\d+")
