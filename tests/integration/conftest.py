# SPDX-License-Identifier: Apache-2.0
"""Parts together: a trace engine, a child process, whole runs and commands on the fake phone; still no device."""

from tests.support.isolation import own_state

__all__ = ["own_state"]
