# SPDX-License-Identifier: Apache-2.0
"""Many runs over months: kept as one data set, followed from build to build. Needs the extra `history`."""
