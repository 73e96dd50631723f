# SPDX-License-Identifier: Apache-2.0
"""zram0 as the phone's swap: what it is, and the one dance by which its algorithm, size and mode can be changed."""
