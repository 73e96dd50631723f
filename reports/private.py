# SPDX-License-Identifier: Apache-2.0
"""What is about one phone or its owner, found in any text by its form. Pure; patterns are bounded, for speed."""

import ipaddress
import re

MAC = re.compile(r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}\b")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?![\w:])")
MAIL = re.compile(r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}")
IMEI = re.compile(r"(?<!\d)\d{15}(?!\d)")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
BUILDER = re.compile(r"(?<=/)([^/\s:]{1,100})(?=:(?:user|userdebug|eng)/)")
"""The part of a build's fingerprint that whoever built it names."""

INCREMENTAL = re.compile(r"[0-9A-Z.]+|[0-9a-f]{6,16}")
"""What a builder's machine makes up; a build of one's own has the user's name in it (`eng.alice.20230101`)."""


def addressless(text: str) -> str:
    """The text without MAC, IP and mail addresses, and without who built a build."""
    for pattern, instead in ((MAC, "00:00:00:00:00:00"), (IPV4, "0.0.0.0"), (MAIL, "user@example.org")):  # noqa: S104 - no address to bind to
        text = pattern.sub(instead, text)
    text = IPV6.sub(_no_address, text)
    return BUILDER.sub(lambda match: match[0] if INCREMENTAL.fullmatch(match[0]) else "USER", text)


def numberless(text: str) -> str:
    """The text without IMEIs; not for files of the kernel, where 15 digits are a counter."""
    return IMEI.sub(lambda match: "0" * 15 if _luhn(match[0]) else match[0], text)


def _no_address(match: re.Match[str]) -> str:
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:
        return match[0]
    return "::"


def _luhn(digits: str) -> bool:
    """The check digit of an IMEI (3GPP TS 23.003, annex B)."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(sum(divmod(number, 10)) for number in doubled) % 10 == 0
