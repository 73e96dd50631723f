# SPDX-License-Identifier: Apache-2.0
"""Perfetto's own UI, served by `reclaim trace open`: the view is at the launch, and nobody else is asked."""

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Request, expect

from reports.page.render import write_page
from reports.viewer.place import launches, shelf_of
from reports.viewer.server import Viewer, serve, ui_files
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder

pytestmark = pytest.mark.browser

NAME = "phone.pftrace"
PALE = 40
"""Saturation of 255 up to which a pixel is background."""


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    builder = TraceBuilder().launches(1.2, 1.8, "com.example.mail")
    for second in range(6):
        builder.sample(second, meminfo={"mem_available": 5000 - second})
    made = Viewer(shelf_of(builder.write(tmp_path_factory.mktemp("viewer") / NAME)), ui_files())
    with serve(made, 0) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.05))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def test_the_trace_opens_at_the_launch_and_no_other_server_is_reached(
    chromium: Browser, viewer: Viewer, tmp_path: Path
) -> None:
    page = chromium.new_context(viewport={"width": 1400, "height": 900}).new_page()
    reached: list[str] = []
    refused: list[Request] = []

    def note(request: Request) -> None:
        refused.append(request)

    page.on("requestfinished", lambda request: reached.append(request.url))
    page.on("requestfailed", note)
    page.goto(f"{viewer.origin}{viewer.ui_path(NAME, '1')}")
    expect(page.get_by_text("Android App Startups").first).to_be_visible(timeout=90_000)
    elsewhere = [url for url in reached if not url.startswith((viewer.origin, "blob:", "data:"))]
    assert elsewhere == []
    assert {request.failure for request in refused if urlsplit(request.url).netloc not in viewer.origin} <= {"csp"}
    (launch,) = launches(viewer.shelf.traces[NAME])[1]
    wanted = launch.span.widened()
    share = (launch.span.end - launch.span.begin) / (wanted.end - wanted.begin)
    left, right = drawn_in(page, "Android App Startups", tmp_path / "ui.png")
    assert (left, right) == pytest.approx(((1 - share) / 2, (1 + share) / 2), abs=0.02)


def drawn_in(page: Page, track: str, file: Path) -> tuple[float, float]:
    """Where colour begins and ends in a track, as shares of its width: the UI draws on a canvas."""
    row = page.locator(".pf-track__header", has_text=track).first.locator(".pf-track__canvas").bounding_box()
    assert row is not None
    page.wait_for_timeout(1000)  # the canvas is drawn after the names
    page.screenshot(path=file)
    with Image.open(file) as picture:
        x, y, width = (round(row[name]) for name in ("x", "y", "width"))
        saturation = picture.convert("HSV").crop((x, y + 12, x + width, y + 13)).getchannel("S").tobytes()
    coloured = [place for place, strength in enumerate(saturation) if strength > PALE]
    assert coloured, "nothing is drawn"
    return coloured[0] / width, coloured[-1] / width


def test_a_page_that_is_served_links_into_its_traces(chromium: Browser, tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=3, warm_ups=0))
    record = store.records()[0]
    TraceBuilder().launches(1.2, 1.8, "com.example.mail").write(store.trial_dir(record.trial) / "trace.pftrace")
    store.write_trial(replace(record, trace="trace.pftrace"))
    made = Viewer(shelf_of(store.path), ui_files())
    with serve(made, 0) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.05))
        thread.start()
        page = chromium.new_page()
        page.goto(made.origin + made.start)
        link = page.locator("table.trials code.opens a").first
        expect(link).to_have_text(f"reclaim trace open run/{record.trial.name}")
        with page.context.expect_page() as opened:
            page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
            link.click()
        expect(opened.value.get_by_text("Android App Startups").first).to_be_visible(timeout=90_000)
        server.shutdown()
        thread.join()


def test_a_page_in_a_file_names_the_command_and_links_to_nothing(chromium: Browser, tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=6))
    write_page(store, store.report_path)
    page = chromium.new_page()
    page.goto(store.report_path.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    page.locator("#launch-chart svg .mark-symbol path").first.click(force=True)
    expect(page.locator("#launches .picked code")).to_have_text(
        re.compile(r"reclaim trace open run/\d+-b\d+-\w+ --at \d")
    )
    page.locator('[data-points="0"] .mark-symbol path').first.click(force=True)
    expect(page.locator("#points .picked code")).to_have_text(re.compile(r"reclaim trace open run/\d+-b\d+-\w+"))
    assert page.locator("code.opens a, .picked a").count() == 0
