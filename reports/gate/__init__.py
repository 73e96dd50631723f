# SPDX-License-Identifier: Apache-2.0
"""Rules laid on a run: what they ask, what was found, what is ruled, and whether the gate would have seen it."""
