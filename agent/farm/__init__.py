# SPDX-License-Identifier: Apache-2.0
"""Many phones on many hosts. The store holds the queue and is the one durable truth; Dask only places work."""
