# SPDX-License-Identifier: Apache-2.0
"""The extra `reclaim-agent[field]`: what draws the live view in a terminal."""

from importlib.util import find_spec

from workloads.errors import SetupError


def check_textual() -> None:
    """Pass when the live view can be drawn.

    Raises:
        SetupError: textual is not installed.
    """
    if find_spec("textual") is None:
        raise SetupError(
            "the live view needs textual: pip install 'reclaim-agent[field]'; `reclaim watch --csv -` goes without"
        )
