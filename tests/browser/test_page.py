# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser: every picture is drawn from file://, and the console stays silent."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from reports.page.render import write_page
from tests.support.synthetic_run import Shape, make_run

pytestmark = pytest.mark.browser

SHAPES = {
    "two-arms": Shape(blocks=6, kills={4: 2}, excluded={7: "too hot"}),
    "three-arms": Shape(blocks=3, arms=("off", "one", "two")),
    "one-arm": Shape(blocks=3, arms=("off",)),
    "broken-off": Shape(blocks=6, stop_after=5),
    "nothing": Shape(blocks=2, stop_after=0),
}


def open_in_chromium(page: Path, profile: Path) -> subprocess.CompletedProcess[str]:
    """Load a page as a user would and return its DOM on stdout, its console on stderr; every host name fails."""
    command = [
        "chromium",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--enable-logging=stderr",
        "--log-level=0",
        f"--user-data-dir={profile}",
        "--window-size=1280,9000",
        "--virtual-time-budget=15000",
        "--dump-dom",
        page.as_uri(),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("name", SHAPES)
def test_every_picture_is_drawn_and_the_console_is_silent(tmp_path: Path, name: str) -> None:
    store = make_run(tmp_path / "run", SHAPES[name])
    write_page(store, store.report_path)
    seen = open_in_chromium(store.report_path, tmp_path / "profile")
    assert [line for line in seen.stderr.splitlines() if "CONSOLE" in line] == []
    wanted = len(re.findall(r'<div class="chart"', store.report_path.read_text()))
    assert len(re.findall(r'<svg [^>]*class="marks"', seen.stdout)) == wanted


def test_a_script_in_a_name_does_not_run(tmp_path: Path) -> None:
    hostile = "</script><script>document.title = 'owned'; console.log('owned')</script>"
    shape = Shape(blocks=2, device=lambda device: replace(device, model=hostile, vm={"<img src=x>": hostile}))
    store = make_run(tmp_path / "run", shape)
    write_page(store, store.report_path)
    seen = open_in_chromium(store.report_path, tmp_path / "profile")
    assert "CONSOLE" not in seen.stderr
    assert "<title>owned" not in seen.stdout


def test_a_script_smuggled_into_the_file_is_stopped_by_the_pages_own_policy(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2))
    write_page(store, store.report_path)
    html = store.report_path.read_text()
    store.report_path.write_text(html.replace("</main>", "<script>document.title = 'owned'</script></main>"))
    seen = open_in_chromium(store.report_path, tmp_path / "profile")
    assert "Content Security Policy" in seen.stderr
    assert "<title>owned" not in seen.stdout
