# SPDX-License-Identifier: Apache-2.0
"""Kernels of fake phones, part by part: files that behave, one small class per form that public trees have."""
