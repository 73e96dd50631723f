# SPDX-License-Identifier: Apache-2.0
"""What is planted into bundles, and must not come out."""

import re

PLANTED = (
    "alice.miller@example.com",
    "R58M123ABCD",
    "356938035643809",
    "com.alice.diary",
    "AliceHome5G",
    "+49 170 1234567",
    "aa:bb:cc:dd:ee:01",
    "192.168.7.9",
    "fe80::1ff:fe23:4567:890a",
    "Alice Miller",
)
TEXT = ", ".join(PLANTED)
_TRACES = re.compile(
    rb"alice(?!blue)|miller|R58M|356938|\bdiary|Home5G|170 1234567|aa:bb:cc|192\.168|fe80::1ff", re.IGNORECASE
)
"""Parts of them that show; CSS's colour aliceblue is in the script of pages."""


def found(data: bytes) -> list[bytes]:
    """Parts of what was planted that are in the data."""
    return _TRACES.findall(data)
