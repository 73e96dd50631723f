# SPDX-License-Identifier: Apache-2.0
"""The forms in which public trees have kcompressd, one file each; experiments say `kcompressd` whatever the form."""
