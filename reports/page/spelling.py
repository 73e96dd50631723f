# SPDX-License-Identifier: Apache-2.0
"""How a page writes its texts: what does not show is spelt out, figures as print sets them. Pure."""

import re
from collections.abc import Callable

from reports.printable import printable

_NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")
_CELSIUS = re.compile(r"(?<=[\d)\]]) C\b")
_MICROSECONDS = re.compile(r"(?<=[\d)\]]) us\b")
_TIMES = re.compile(r"(?<!\w)x(?=\d)")


def figure(text: str) -> str:
    """A figure as print sets it: a true minus, a true multiplication sign, no break before its unit."""
    signed = _TIMES.sub("\N{MULTIPLICATION SIGN}", _NEGATIVE.sub("\N{MINUS SIGN}", text))
    signed = _MICROSECONDS.sub(" \N{MICRO SIGN}s", _CELSIUS.sub(" \N{DEGREE SIGN}C", signed))
    return signed.replace(" %", "\N{NARROW NO-BREAK SPACE}%")


def capital(text: str) -> str:
    """With a capital to begin with; a figure stays as it is."""
    return text[:1].upper() + text[1:]


def shown(text: str) -> str:
    """A text of a page: every invisible character spelt out but line feeds; a line is cut at 20,000 characters."""
    return "\n".join(printable(line, limit=20_000) for line in text.split("\n"))


def spelt(value: object, spell: Callable[[str], str] = printable) -> object:
    """JSON-like values with every text in them spelt out, by default as a name on one line."""
    if isinstance(value, str):
        return spell(value)
    if isinstance(value, dict):
        return {key: spelt(each, spell) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [spelt(each, spell) for each in value]
    return value
