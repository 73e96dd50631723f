# SPDX-License-Identifier: Apache-2.0
"""Names from phones, traces and files as text that cannot steer a terminal or a page. Pure."""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that do not show or that change how others show: controls, bidi overrides, surrogates."""


def printable(text: str, limit: int = 2000) -> str:
    r"""The text with every invisible character spelt out (`\x1b`, `\u202e`), cut at `limit` characters.

    Line feeds and tabs become spaces. Source of the categories: Unicode Standard Annex 44, General_Category.
    """
    kept = text[:limit].replace("\n", " ").replace("\t", " ")
    shown = "".join(_spelt(char) if unicodedata.category(char) in _INVISIBLE else char for char in kept)
    return shown if len(text) <= limit else f"{shown}… ({len(text):,} characters)"


def _spelt(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
