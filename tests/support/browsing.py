# SPDX-License-Identifier: Apache-2.0
"""A page as a user sees it, in Debian's Chromium with the network off."""

from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = "/usr/bin/chromium"


@dataclass
class Opened:
    """A page, what its console said, and what it asked of the network."""

    page: Page
    console: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def open_page(browser: Browser, file: Path, context: BrowserContext | None = None, width: int = 1280) -> Opened:
    """Open a file as a browser does that is handed it."""
    page = (context or browser.new_context(offline=True)).new_page()
    page.set_viewport_size({"width": width, "height": 900})
    opened = Opened(page)
    page.on("console", lambda message: opened.console.append(message.text))
    page.on("pageerror", lambda error: opened.console.append(str(error)))
    page.on("request", lambda request: opened.asked.append(request.url))
    page.goto(file.as_uri())
    return opened


def drawn(opened: Opened) -> Page:
    """The page once its pictures are there."""
    opened.page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    return opened.page


def serious(page: Page) -> list[tuple[str, str]]:
    """What axe finds serious with everything opened."""
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    found = Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in ("serious", "critical")]
