# SPDX-License-Identifier: Apache-2.0
"""Strings from outside at every place of the page: shown as text, never run, and the page keeps its shape."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from reports.page.render import write_page
from reports.page.trace import write_trace
from reports.printable import printable
from reports.record import Caveat
from tests.support.browsing import drawn, open_page
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder
from workloads.spec import Experiment, Launch

pytestmark = pytest.mark.browser

STRINGS = {
    "script": "</script><script>document.title = 'owned'; console.log('owned')</script>",
    "attribute": "\" onload=console.log(1) x='<img src=x onerror=console.log(2)>",
    "long": "x" * 10_000,
    "right to left": "\u202eabc\u2066\u05d0\u05d1",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600",
    "NUL": "a\0b\x1b[2J",
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
}


def shape(text: str) -> Shape:
    """A run in which whatever is told from outside is that text."""

    def asked(made: Experiment) -> Experiment:
        steps = tuple(
            replace(step, app=f"{text}/.Main") if isinstance(step, Launch) else step for step in made.workload.steps
        )
        return replace(made, question=text, workload=replace(made.workload, title=text, steps=steps))

    return Shape(
        blocks=3,
        excluded={3: text},
        caveats={4: (Caveat("planted", text, text),)},
        device=lambda device: replace(
            device, model=text, build=text, kernel=text, stand_in=text, vm={text[:200]: text}, serial=text[:200]
        ),
        experiment=asked,
    )


@pytest.mark.parametrize("kind", STRINGS)
@pytest.mark.parametrize("width", [360, 1280])
def test_a_run_full_of_it(tmp_path: Path, chromium: Browser, kind: str, width: int) -> None:
    store = make_run(tmp_path / "run", shape(STRINGS[kind]))
    write_page(store, store.report_path)
    opened = open_page(chromium, store.report_path, width=width)
    page = drawn(opened)
    assert not page.title().startswith("owned")
    assert opened.console == []
    assert [url for url in opened.asked if not url.startswith("file:")] == []
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    assert page.locator("html").evaluate("each => each.scrollWidth") <= width
    assert (page.locator(".question").text_content() or "").strip() == printable(STRINGS[kind], limit=20_000)


@pytest.mark.parametrize("kind", [kind for kind in STRINGS if kind not in ("NUL", "long")])
def test_a_trace_and_a_folder_called_so(tmp_path: Path, chromium: Browser, kind: str) -> None:
    text = STRINGS[kind].replace("/", "\u2215")
    folder = tmp_path / text
    folder.mkdir()
    builder = TraceBuilder().launches(1.2, 1.8, text)
    for second in range(3):
        builder.sample(second, vmstat={"pgsteal_anon": 900 * second}, meminfo={"mem_available": 5})
    file = builder.write(folder / f"{text[:100]}.pftrace")
    write_trace(file, tmp_path / "page.html")
    opened = open_page(chromium, tmp_path / "page.html")
    assert not drawn(opened).title().startswith("owned")
    assert opened.console == []
