# SPDX-License-Identifier: Apache-2.0
"""Property tests have no time limit of their own: a busy machine is no bug."""

from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
