# SPDX-License-Identifier: Apache-2.0
"""Where this user's reclaim remembers what outlives a run."""

import os
from pathlib import Path


def state_dir() -> Path:
    """`RECLAIM_STATE`, else the user's state folder (XDG Base Directory Specification, `XDG_STATE_HOME`)."""
    from platformdirs import user_state_dir  # noqa: PLC0415 - imported late: `reclaim --help` needs none of it

    return Path(os.environ.get("RECLAIM_STATE") or user_state_dir("reclaim"))
