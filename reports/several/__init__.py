# SPDX-License-Identifier: Apache-2.0
"""Several runs as one answer: more blocks of one phone, or several phones, the phone being a random effect."""
