# SPDX-License-Identifier: Apache-2.0
"""What can be chosen about a virtual handheld, as one frozen value."""

import re
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, cast, get_args

from workloads.errors import InputError

Build: TypeAlias = Literal["user", "userdebug"]
Layout: TypeAlias = Literal["zram", "v1", "mm", "none"]
Acceleration: TypeAlias = Literal["auto", "kvm", "tcg"]

MIB = 1 << 20
ALGORITHMS = ("lz4", "lz4hc", "zstd", "deflate")
"""What zram of Debian's 6.12 cloud kernel offers (`/sys/block/zram0/comp_algorithm`, seen on 6.12.107)."""

_MIN_MEMORY = 384 * MIB
_UNITS = {"": 1, "k": 1 << 10, "m": MIB, "g": 1 << 30}


@dataclass(frozen=True)
class HandheldOptions:
    """One handheld.

    Attributes:
        memory_bytes: RAM of the guest.
        cpus: virtual CPUs.
        zram_bytes: size of the zram swap disk, as uncompressed bytes. The default is three quarters of memory: five
            eaters of 160 MB leave 150 MB of it free; of 512 MiB only 58 MB, which low-memory killers call low.
        algorithm: zram's compressor, one of `ALGORITHMS`.
        build: as `ro.build.type`; `userdebug` has `su`, `user` has not.
        kcompressd: which module is loaded at boot; `none` is the stock kernel.
        acceleration: `auto` takes KVM where a probe finds that it works, else emulation (TCG).
    """

    memory_bytes: int = 768 * MIB
    cpus: int = 2
    zram_bytes: int = 576 * MIB
    algorithm: str = "lz4"
    build: Build = "userdebug"
    kcompressd: Layout = "zram"
    acceleration: Acceleration = "auto"

    def checked(self) -> "HandheldOptions":
        """Return itself when every value can work.

        Raises:
            InputError: with every problem found.
        """
        problems = [text for wrong, text in self._checks() if wrong]
        if problems:
            raise InputError(*problems)
        return self

    def _checks(self) -> tuple[tuple[bool, str], ...]:
        return (
            (self.memory_bytes < _MIN_MEMORY, f"memory: {self.memory_bytes} bytes is too little, give 384M or more"),
            (self.memory_bytes % MIB != 0, f"memory: {self.memory_bytes} bytes is not a whole number of MiB"),
            (not 1 <= self.cpus <= 16, f"cpus: {self.cpus} is out of range, give 1 to 16"),  # noqa: PLR2004 - the range is named in the message
            (self.zram_bytes < MIB, f"zram: {self.zram_bytes} bytes is too little, give 1M or more"),
            (self.algorithm not in ALGORITHMS, f"algorithm: {self.algorithm!r} is none of {', '.join(ALGORITHMS)}"),
            (self.build not in get_args(Build), f"build: {self.build!r} is neither user nor userdebug"),
            (self.kcompressd not in get_args(Layout), f"kcompressd: {self.kcompressd!r} is none of zram, v1, mm, none"),
            (self.acceleration not in get_args(Acceleration), f"acceleration: {self.acceleration!r} is unknown"),
        )

    def kernel_words(self) -> tuple[str, ...]:
        """The words of the kernel command line that the guest's init reads."""
        return (
            f"reclaim.kcompressd={self.kcompressd}",
            f"reclaim.build={self.build}",
            f"reclaim.zram={self.zram_bytes}",
            f"reclaim.algorithm={self.algorithm}",
        )

    def as_dict(self) -> dict[str, str | int]:
        """The options by name, for records and keys."""
        return cast("dict[str, str | int]", asdict(self))


def parse_bytes(text: str) -> int:
    """Bytes from `805306368`, `768M` or `2G` (binary units, as QEMU's).

    Raises:
        InputError: not a size.
    """
    match = re.fullmatch(r"(\d+)([kmg]?)(?:i?b)?", text.strip().lower())
    if match is None:
        raise InputError(f"{text!r} is not a size: write bytes, or a number with K, M or G, as in 768M")
    return int(match[1]) * _UNITS[match[2]]
