# SPDX-License-Identifier: Apache-2.0
"""What only a farm needs: `pip install 'reclaim-agent[farm]'`."""

from importlib.util import find_spec

from workloads.errors import SetupError


def need() -> None:
    """Pass where Dask distributed is installed.

    Raises:
        SetupError: it is not.
    """
    if find_spec("distributed") is None:
        raise SetupError("a farm needs Dask distributed: run `pip install 'reclaim-agent[farm]'`")
