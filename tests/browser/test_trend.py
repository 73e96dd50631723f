# SPDX-License-Identifier: Apache-2.0
"""The page of a history in a real browser, from file:// with the network off."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.history.changes import follow
from reports.history.page import trend_page
from reports.history.series import gather
from tests.support.planted import planted

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser) -> Page:
    return chromium.new_context(offline=True).new_page()


def test_every_series_is_drawn_the_console_is_silent_and_a_dot_opens_its_report(tmp_path: Path, page: Page) -> None:
    report, said = tmp_path / "report.html", list[str]()
    report.write_text("<title>the report</title>")
    rows = planted(1, builds=60, runs=2, shifts=2).rows
    shown = [follow(series) for series in gather([replace(row, path=str(tmp_path)) for row in rows])]
    file = tmp_path / "trend.html"
    file.write_text(trend_page([*shown, *shown], "history"))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    assert page.locator(".chart svg.marks").count() == 2
    assert page.locator(".mark-symbol path").count() == 2 * 120
    assert said == []
    page.locator(".mark-symbol path").first.click()
    expect(page).to_have_title("the report")
