# SPDX-License-Identifier: Apache-2.0
"""Programs that run on the phone, and how they are built: one static binary per ABI, by zig's C compiler."""
