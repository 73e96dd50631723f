# SPDX-License-Identifier: Apache-2.0
"""One browser for the tests of a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browsing import CHROMIUM


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's, not one that a package fetches."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
