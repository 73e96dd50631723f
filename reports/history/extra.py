# SPDX-License-Identifier: Apache-2.0
"""Packages that only the history needs: `pip install 'reclaim-agent[history]'`."""

from importlib import import_module
from types import ModuleType

from workloads.errors import SetupError


def need(name: str) -> ModuleType:
    """Import one of duckdb, fsspec, ruptures.

    Raises:
        SetupError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SetupError(
            f"a history needs the Python package {name}: {error}; run `pip install 'reclaim-agent[history]'`"
        ) from error
