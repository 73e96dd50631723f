# SPDX-License-Identifier: Apache-2.0
"""Takes the pictures of README and docs anew, of a real run's page: `make gallery RUN=...`.

As a user sees it: the page is written, and opened from its file in Debian's Chromium with the network off.
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from reports.bundle.sources import write_report
from reports.outputs.files import write_named
from workloads.errors import InputError, ReclaimError

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHROMIUM = "/usr/bin/chromium"
_MARGIN = 20
_TALLEST = 1100
"""CSS pixels of a section that are shown: a reader of docs wants a look, not the whole."""


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        section: id of the section that is shown; empty: the first screen.
        width: of the window, CSS pixels.
        height: of the window.
        scheme: light or dark.
    """

    section: str = ""
    width: int = 1280
    height: int = 1040
    scheme: Literal["light", "dark"] = "light"


SHOTS: Mapping[str, Shot] = {
    "report.png": Shot(),
    "gallery/effects.png": Shot("effects"),
    "gallery/trials.png": Shot("points"),
    "gallery/over-time.png": Shot("over-time"),
    "gallery/dark.png": Shot(scheme="dark"),
    "gallery/phone.png": Shot(width=360, height=780),
}
"""File below docs/ -> what it shows; docs/forms.md tells them."""


def gallery(run: Path, docs: Path = DOCS) -> list[Path]:
    """Take every picture.

    Args:
        run: whose page is shown.
        docs: where the pictures go.

    Returns:
        The files.

    Raises:
        ReclaimError: the run cannot be read, or a picture cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="reclaim-gallery-") as made, sync_playwright() as playwright:
        page = write_report(run, Path(made) / "report.html", None)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        taken = {docs / name: _small(_take(browser, page, shot)) for name, shot in SHOTS.items()}
        browser.close()
    (docs / "gallery").mkdir(exist_ok=True)
    write_named(taken)
    return list(taken)


def _take(browser: Browser, file: Path, shot: Shot) -> bytes:
    scale = 2 if shot.width < 600 else 1
    context = browser.new_context(offline=True, color_scheme=shot.scheme, device_scale_factor=scale)
    page = context.new_page()
    page.set_viewport_size({"width": shot.width, "height": shot.height})
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    taken = _section(page, shot.section) if shot.section else page.screenshot()
    context.close()
    return taken


def _section(page: Page, name: str) -> bytes:
    """A section from its heading on; the bar that sticks to the top of the window is out of the way."""
    page.locator("nav").evaluate("each => { each.style.position = 'static'; }")
    box = page.locator(f"#{name}").bounding_box()
    if box is None:
        raise InputError(f"the page has no section {name}: take a run that was measured and compared")
    left, top = box["x"] - _MARGIN, box["y"] - _MARGIN
    width, height = box["width"] + 2 * _MARGIN, min(box["height"], _TALLEST) + 2 * _MARGIN
    return page.screenshot(full_page=True, clip={"x": left, "y": top, "width": width, "height": height})


def _small(png: bytes) -> bytes:
    """256 colours: a third of the size, and nobody sees it."""
    buffer = BytesIO()
    with Image.open(BytesIO(png)) as image:
        image.convert("RGB").quantize(256).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def newest(folder: Path = Path("runs")) -> Path:
    """The demo's newest run.

    Raises:
        InputError: there is none.
    """
    found = sorted(plan.parent for plan in folder.glob("kcompressd-*/plan.json"))
    if not found:
        raise InputError(f"{folder}: holds no run of the demo; `make demo` first, or name one: make gallery RUN=...")
    return found[-1]


def main(words: list[str]) -> int:
    """Take the pictures of the run that is named, or of the newest one of the demo."""
    try:
        files = gallery(Path(words[0]) if words else newest())
    except ReclaimError as error:
        sys.stderr.write(f"gallery: {error}\n")
        return 2
    sys.stdout.writelines(f"{file}\n" for file in files)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
