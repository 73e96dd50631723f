# SPDX-License-Identifier: Apache-2.0
"""Clocks for tests."""

from dataclasses import dataclass


@dataclass
class QuickClock:
    """Time that passes when somebody waits."""

    seconds: float = 0.0

    def now(self) -> float:
        """Seconds so far."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.seconds += seconds
