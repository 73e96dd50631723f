# SPDX-License-Identifier: Apache-2.0
"""Property tests have no time limit of their own: a busy machine is no bug. What tests remember is not the user's."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")

_numbers = count()


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state folder that nobody has written to, and no metrics of the user's own, for every test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECLAIM_STATE", str(tmp_path_factory.getbasetemp() / f"state-{next(_numbers)}"))
        empty = tmp_path_factory.getbasetemp() / "no-metrics"
        empty.mkdir(exist_ok=True)
        patch.setenv("RECLAIM_METRICS", str(empty))
        yield
