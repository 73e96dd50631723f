# SPDX-License-Identifier: Apache-2.0
"""What a phone does by itself: its A/A noise floor, and what it costs to record a trace."""
