# SPDX-License-Identifier: Apache-2.0
"""Into the trace: Perfetto's own UI, served to this computer alone, at the moment a launch began."""
