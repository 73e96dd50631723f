# SPDX-License-Identifier: Apache-2.0
"""What kcompressd's reviewers asked, and what a run answers of it. Pure."""
