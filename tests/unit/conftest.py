# SPDX-License-Identifier: Apache-2.0
"""Units by themselves: no device, no network, no process, no whole run."""

from tests.support.isolation import own_state

__all__ = ["own_state"]
