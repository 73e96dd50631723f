# SPDX-License-Identifier: Apache-2.0
"""One virtual handheld for all guest tests, and a state folder of their own beside the user's."""

import sys
from collections.abc import Iterator

import pytest

from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions


def say(text: str) -> None:
    """What is seen with `pytest -s`, or beside a test that fails."""
    sys.stderr.write(f"{text}\n")


@pytest.fixture(scope="session", autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Handhelds of the tests are neither listed nor stopped by the user's commands, nor the user's by the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECLAIM_STATE", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def handheld(_own_state: None) -> Iterator[Handheld]:
    """The default handheld: userdebug, kcompressd's zram module; tests leave it as they found it."""
    with Handheld.start(HandheldOptions(), progress=say) as guest:
        yield guest
