# SPDX-License-Identifier: Apache-2.0
"""One file to hand on: what a phone recorded, redacted, checked as a stranger's when it is opened."""
