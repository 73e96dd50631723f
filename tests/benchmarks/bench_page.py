# SPDX-License-Identifier: Apache-2.0
"""How large pages are, how long `reclaim report` takes, and how soon Chromium paints one and answers to hands."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from playwright.sync_api import sync_playwright

from reports.record import DeviceFacts
from tests.support.synthetic_run import Shape, make_run

RECLAIM = str(Path(sys.executable).with_name("reclaim"))
CHROMIUM = "/usr/bin/chromium"
LARGEST = {"24 trials": 3e6, "480 trials": 12e6, "10 phones x 48 trials": 12e6}
LONGEST_S = {"24 trials": 3.0, "480 trials": 15.0, "10 phones x 48 trials": 15.0}
PAINTED_S, INTERACTIVE_S = 1.0, 2.5


def main(out: TextIO) -> int:
    over = 0
    with tempfile.TemporaryDirectory(prefix="reclaim-bench-") as folder:
        for name, runs in _runs(Path(folder)).items():
            page = Path(folder) / f"{len(runs)}-{runs[0].name}.html"
            begin = time.monotonic()
            command = [RECLAIM, "report", *map(str, runs), "-o", str(page)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            took, size = time.monotonic() - begin, page.stat().st_size
            print(f"page of {name}: {size / 1e6:.2f} MB, may be {LARGEST[name] / 1e6:.0f}", file=out)
            print(f"  report {took:.2f} s with start-up, may be {LONGEST_S[name]:.0f}", file=out)
            painted, drawn = _opened(page)
            print(
                f"  Chromium: first paint {painted:.2f} s, every picture drawn {drawn:.2f} s",
                file=out,
            )
            small = name == "24 trials"
            over |= size > LARGEST[name] or took > LONGEST_S[name]
            over |= small and (painted > PAINTED_S or drawn > INTERACTIVE_S)
    return int(over)


def _runs(folder: Path) -> dict[str, list[Path]]:
    """Synthetic runs, series sampled every 0.2 s."""
    phones = [Shape(blocks=24, warm_ups=0, seed=number, device=_phone(number)) for number in range(10)]
    return {
        "24 trials": [make_run(folder / "small", Shape(blocks=12, warm_ups=0)).path],
        "480 trials": [make_run(folder / "large", Shape(blocks=240, warm_ups=0)).path],
        "10 phones x 48 trials": [make_run(folder / f"p{at}", shape).path for at, shape in enumerate(phones)],
    }


def _phone(number: int) -> Callable[[DeviceFacts], DeviceFacts]:
    return lambda device: replace(device, serial=f"S{number}", model=f"Phone {number}")


def _opened(page: Path) -> tuple[float, float]:
    """Seconds from the request until something is painted, and until every picture stands."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_context(offline=True).new_page()
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-drawn]", state="attached", timeout=120_000)
        drawn = tab.evaluate("performance.now()") / 1000
        painted = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
        browser.close()
    return painted, drawn


if __name__ == "__main__":
    sys.exit(main(sys.stdout))
