# SPDX-License-Identifier: Apache-2.0
"""Lines of a terminal: at most 80 columns, nothing from outside that could steer it. Pure."""

import re
import textwrap

from reports.printable import printable

WIDTH = 80
_TOGETHER = re.compile(r" (?=%)|(?<=\bp) (?=[<\d])|(?<=\bp <) ")
"""A figure and its sign stay on one line."""


def wrap(text: str, indent: str = "", first: str = "") -> list[str]:
    """A paragraph as lines.

    Args:
        text: the paragraph.
        indent: before every line but the first.
        first: before the first.
    """
    kept = _TOGETHER.sub("\N{NO-BREAK SPACE}", printable(text))
    lines = textwrap.wrap(kept, WIDTH, initial_indent=first, subsequent_indent=indent)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]
