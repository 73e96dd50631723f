# SPDX-License-Identifier: Apache-2.0
"""Units by themselves: no device, no network, no process, no whole run."""

from tests.support.isolation import interruptible, own_state

__all__ = ["interruptible", "own_state"]
