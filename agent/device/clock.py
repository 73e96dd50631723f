# SPDX-License-Identifier: Apache-2.0
"""Real time."""

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class SystemClock:
    """Implements `agent.ports.Clock`."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)
