# SPDX-License-Identifier: Apache-2.0
"""ruptures' optimal partitioning, without waiting for the rest of ruptures.

`import ruptures` brings scipy.stats, 1.4 s: half of a trend over 2,000 runs. So the compiled function that `KernelCPD`
calls is loaded from its file, in 1 ms. That file is a private interface, hence the upper bound in pyproject.toml; where
it is not as expected, the public class answers, and a test holds both against each other.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from reports.history.extra import need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    _Path: TypeAlias = Callable[[NDArray[np.float64], float, int], Sequence[int]]

_FILE = "ruptures.detection._detection.ekcpd"


def optimal_cuts(values: "NDArray[np.float64]", price: float, shortest: int) -> list[int]:
    """Where to cut, so that squares around the pieces' means plus `price` per cut come to the least.

    Args:
        values: shape (n,).
        price: of a cut, above 0, in the square of the values' unit.
        shortest: fewest values of a piece; `values` has at least twice as many.

    Returns:
        Indices at which a new piece begins, growing; () for none.

    Raises:
        SetupError: ruptures is not installed.
    """
    path = _compiled()
    if path is None:
        return by_the_public_class(values, price, shortest)
    before, cuts, end = path(values.reshape(-1, 1), price, shortest), list[int](), len(values)
    while end > 0:
        end = int(before[end])
        cuts.append(end)
    return cuts[-2::-1]


def by_the_public_class(values: "NDArray[np.float64]", price: float, shortest: int) -> list[int]:
    """The same by `ruptures.KernelCPD`."""
    engine = need("ruptures").KernelCPD(kernel="linear", min_size=shortest)
    return [int(cut) for cut in engine.fit(values.reshape(-1, 1)).predict(pen=price)[:-1]]


@cache
def _compiled() -> "_Path | None":
    """From where `before[end]` is the beginning of the last piece of the first `end` values."""
    package = find_spec("ruptures")
    folders = [str(Path(folder) / "detection" / "_detection") for folder in _folders(package)]
    found = PathFinder.find_spec(_FILE, folders)
    if found is None or found.loader is None:
        return None
    try:
        module = module_from_spec(found)
        found.loader.exec_module(module)
    except ImportError:
        return None
    path: _Path | None = getattr(module, "ekcpd_pelt_L2", None)
    return path


def _folders(package: object) -> Sequence[str]:
    folders: Sequence[str] | None = getattr(package, "submodule_search_locations", None)
    return folders or ()
