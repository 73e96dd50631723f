# SPDX-License-Identifier: Apache-2.0
"""Two sets of launches against each other: which parts of their time grew or shrank, and what that explains."""
