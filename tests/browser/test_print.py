# SPDX-License-Identifier: Apache-2.0
"""The page on paper, and its looks for a person to look at."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from reports.page.render import write_page
from tests.support.browsing import drawn, open_page
from tests.support.synthetic_run import Shape, make_run

pytestmark = pytest.mark.browser

LOOKS = {"light": (1280, "light"), "dark": (1280, "dark"), "phone": (360, "light"), "4k": (3840, "light")}
"""Name -> width in CSS pixels, colour scheme."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = make_run(tmp_path_factory.mktemp("looks") / "run", Shape(blocks=6, kills={4: 2}, excluded={7: "too hot"}))
    write_page(store, store.report_path)
    return store.report_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures are left: the folder `RECLAIM_LOOKS`, else pytest's own (`ls /tmp/pytest-of-*/*current`)."""
    named = os.environ.get("RECLAIM_LOOKS")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("look", LOOKS)
def test_a_picture_of_each_look_is_left_for_a_person(report: Path, kept: Path, chromium: Browser, look: str) -> None:
    width, scheme = LOOKS[look]
    context = chromium.new_context(offline=True, color_scheme="dark" if scheme == "dark" else "light")
    page = drawn(open_page(chromium, report, context, width=width))
    file = kept / f"{look}.png"
    page.screenshot(path=file, full_page=True)
    assert file.stat().st_size > 50_000


def test_on_paper_nothing_is_folded_away_dark_or_cut_off(report: Path, kept: Path, chromium: Browser) -> None:
    context = chromium.new_context(offline=True, color_scheme="dark")
    page = drawn(open_page(chromium, report, context))
    page.emulate_media(media="print", color_scheme="dark")
    paper = page.locator("body").evaluate("each => getComputedStyle(each).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 within margins of a centimetre
    assert page.locator("html").evaluate("each => each.scrollWidth") <= 718
    folded = page.locator("details > :not(summary)").all()
    assert folded
    assert [each.evaluate("each => each.outerHTML.slice(0, 80)") for each in folded if not each.is_visible()] == []
    page.pdf(path=kept / "print.pdf", format="A4")
    assert (kept / "print.pdf").read_bytes().startswith(b"%PDF")
