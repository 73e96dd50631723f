# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, from file:// with the network off: it draws, answers to hands, and stays silent."""

import csv
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from reports.page.many import write_several
from reports.page.render import write_page
from reports.page.trace import write_trace
from tests.support.browsing import drawn, open_page, serious
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder

pytestmark = pytest.mark.browser

TWO_ARMS = Shape(blocks=6, kills={4: 2}, killed_after={4: 3.0}, excluded={7: "too hot"})
SHAPES = {
    "two-arms": TWO_ARMS,
    "three-arms": Shape(blocks=3, arms=("off", "one", "two")),
    "six-arms": Shape(blocks=3, arms=("off", "one", "two", "three", "four", "five")),
    "one-arm": Shape(blocks=3, arms=("off",)),
    "broken-off": Shape(blocks=6, stop_after=5),
    "nothing": Shape(blocks=2, stop_after=0),
}


def file_of(folder: Path, shape: Shape) -> Path:
    store = make_run(folder / "run", shape)
    write_page(store, store.report_path)
    return store.report_path


@pytest.fixture(scope="module")
def two_arms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return file_of(tmp_path_factory.mktemp("two-arms"), TWO_ARMS)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several")
    shapes = (TWO_ARMS, Shape(blocks=3, seed=2, level=2.0, device=lambda device: replace(device, serial="B")))
    paths = [make_run(folder / f"run{number}", shape).path for number, shape in enumerate(shapes)]
    write_several(paths, folder / "page.html")
    return folder / "page.html"


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    builder = TraceBuilder().launches(1.2, 1.8, "com.example.mail")
    for second in range(6):
        builder.sample(
            second, vmstat={"pgsteal_anon": 900 * second, "nr_writeback": second}, meminfo={"mem_available": 5}
        )
    file = builder.write(tmp_path_factory.mktemp("trace") / "phone.pftrace")
    write_trace(file, file.with_suffix(".html"))
    return file.with_suffix(".html")


@pytest.mark.parametrize("name", SHAPES)
def test_every_picture_is_drawn_the_console_is_silent_and_nothing_is_asked_of_the_network(
    tmp_path: Path, chromium: Browser, name: str
) -> None:
    opened = open_page(chromium, file_of(tmp_path, SHAPES[name]))
    page = opened.page if name == "nothing" else drawn(opened)
    assert page.locator(".chart").count() == page.locator(".chart svg.marks").count()
    assert (page.locator(".chart").count() == 0) == (name == "nothing")
    assert opened.console == []
    assert [url for url in opened.asked if not url.startswith("file:")] == []


def test_every_trial_has_its_mark_and_those_that_do_not_count_are_hollow(two_arms: Path, chromium: Browser) -> None:
    page = drawn(open_page(chromium, two_arms))
    marks = page.locator('[data-points="0"] .mark-symbol path')
    fills = [mark.get_attribute("fill") for mark in marks.all()]
    assert len(fills) == 12
    assert fills.count("var(--card)") == 4


def test_on_a_page_of_several_phones_every_trial_of_each_has_its_mark(several: Path, chromium: Browser) -> None:
    opened = open_page(chromium, several)
    page = drawn(opened)
    assert opened.console == []
    assert page.locator(".chart").count() == page.locator(".chart svg.marks").count() > 10
    marks = [page.locator(f'[data-points="{number}"] .mark-symbol path').count() for number in range(4)]
    assert marks == [12, 6, 12, 6]
    crosses = [
        page.locator(f'[data-series="{number}"] .mark-text text', has_text="\N{MULTIPLICATION X}").count()
        for number in (0, 1)
    ]
    assert crosses == [2, 0]


def test_the_page_of_a_trace_draws_its_curves(trace: Path, chromium: Browser) -> None:
    opened = open_page(chromium, trace)
    page = drawn(opened)
    assert opened.console == []
    assert page.locator(".chart").count() == page.locator(".chart svg.marks").count() > 0
    page.locator("#time").focus()
    page.keyboard.press("ArrowRight")
    assert (page.locator("#time-readout").text_content() or "").startswith("at ")


@pytest.mark.parametrize("form", ["several", "trace"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_other_pages_and_they_fit_a_phone(
    request: pytest.FixtureRequest, chromium: Browser, form: str, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(offline=True, color_scheme=scheme)
    page = drawn(open_page(chromium, request.getfixturevalue(form), context, width=360))
    assert page.locator("html").evaluate("each => each.scrollWidth") <= 360
    assert serious(page) == []


def test_how_soon_processes_were_killed_is_drawn_a_line_per_arm(two_arms: Path, chromium: Browser) -> None:
    page = drawn(open_page(chromium, two_arms))
    assert page.locator("#survived-chart .mark-line path").count() == 2
    assert page.locator("#survived-chart .mark-area path").count() == 2
    assert "nobody killed in 5 of 6 trials" in (page.locator("#survival").text_content() or "")


def axis_labels(page: Page) -> list[str]:
    return sorted(page.locator("[data-series] .role-axis-label text").all_text_contents())


def test_dragging_zooms_every_picture_over_time_and_a_double_click_shows_the_whole(
    two_arms: Path, chromium: Browser
) -> None:
    page = drawn(open_page(chromium, two_arms))
    readout, whole = page.locator("#time-readout"), page.locator("#time-whole")
    assert readout.text_content() == "0 s to 13.8 s"
    assert whole.is_disabled()
    labels = axis_labels(page)
    chart = page.locator('[data-series="1"]')
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    page.mouse.move(0, 0)
    first, last = (float(text) for text in re.findall(r"[\d.]+", readout.text_content() or ""))
    assert first == pytest.approx(3.6, abs=0.6)
    assert last == pytest.approx(8.0, abs=0.6)
    assert axis_labels(page) != labels
    chart.dblclick()
    page.mouse.move(0, 0)
    assert readout.text_content() == "0 s to 13.8 s"
    assert axis_labels(page) == labels


def test_one_cursor_stands_in_all_pictures_over_time_and_reads_their_values(two_arms: Path, chromium: Browser) -> None:
    page = drawn(open_page(chromium, two_arms))
    page.locator("#time").focus()
    for key in ("ArrowRight", "Shift+ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator("#time-readout").text_content() == "at 1.1 s"
    readouts = page.locator("[data-readout]").all_text_contents()
    assert len(readouts) == 4
    assert all(re.fullmatch(r"off [\d.]+on [\d.]+", text) for text in readouts)
    rules = page.locator("[data-series] svg.marks .role-mark line")
    at = {line.get_attribute("transform") for line in rules.all() if line.get_attribute("opacity") == "0.6"}
    assert len(at) == 1
    page.keyboard.press("Escape")
    assert page.locator("[data-readout]").all_text_contents() == ["", "", "", ""]


def test_keys_and_buttons_zoom_as_the_pointer_does(two_arms: Path, chromium: Browser) -> None:
    page = drawn(open_page(chromium, two_arms))
    readout = page.locator("#time-readout")
    page.locator("#time").focus()
    page.keyboard.press("+")
    assert readout.text_content() == "3.45 s to 10.4 s"
    page.keyboard.press("PageDown")
    assert readout.text_content() == "6.9 s to 13.8 s"
    page.locator("#time-wider").click()
    assert readout.text_content() == "0 s to 13.8 s"
    page.locator("#time-closer").click()
    page.keyboard.press("0")
    assert readout.text_content() == "0 s to 13.8 s"


def test_single_trials_are_laid_behind_the_lines(two_arms: Path, chromium: Browser) -> None:
    page = drawn(open_page(chromium, two_arms))
    lines = page.locator('[data-series="0"] .mark-line path')
    page.locator("#time-traces").select_option("every")
    page.wait_for_selector('[data-series="0"] .mark-line path >> nth=12', state="attached")
    every = lines.count()
    page.locator("#time-traces").select_option(label="006-b2-off")
    page.wait_for_selector('[data-series="0"] .mark-line path >> nth=12', state="detached")
    assert lines.count() < every - 8


def test_another_metric_and_another_measure_of_launches_are_drawn_when_chosen(
    two_arms: Path, chromium: Browser
) -> None:
    page = drawn(open_page(chromium, two_arms))
    page.locator("#more-metric").select_option(label="Lowest MemAvailable, MiB")
    expect(page.locator("#more-note")).to_contain_text("MemAvailable")
    expect(page.locator("#launch-note")).to_contain_text("android.startup.time_to_display")
    page.locator("#launch-metric").select_option(label="TotalTime as am start-activity -W printed it")
    expect(page.locator("#launch-note")).to_contain_text("am start-activity -W")
    assert page.locator("#launch-chart .mark-symbol path").count() == 12 * 6


def saved(page: Page, name: str) -> list[list[str]]:
    with page.expect_download() as download:
        page.locator(f'button[data-csv="{name}"]').click()
    assert download.value.suggested_filename == f"run-{name}.csv"
    return list(csv.reader(StringIO(download.value.path().read_text())))


def test_tables_are_saved_as_csv_and_no_name_becomes_a_formula(tmp_path: Path, chromium: Browser) -> None:
    hostile = '=HYPERLINK("http://evil.example","x")'
    page = drawn(open_page(chromium, file_of(tmp_path, replace(TWO_ARMS, excluded={7: hostile}))))
    head, *rows = saved(page, "effects")
    assert head[:3] == ["metric", "unit", "better"]
    assert {len(row) for row in rows} == {len(head)}
    kswapd = next(row for row in rows if row[0] == "kswapd_cpu")
    assert float(kswapd[head.index("difference_low")]) < float(kswapd[head.index("difference_value")]) < 0
    values = saved(page, "values")
    assert next(row[3] for row in values if row[0] == "007-b3-off") == "'" + hostile
    assert len(saved(page, "launches")) == 1 + 12 * 6 * 2
    assert saved(page, "series")[0][:4] == ["series", "unit", "arm", "t_s"]
    assert len(saved(page, "trials")) == 1 + 14


def test_without_javascript_every_table_and_figure_is_there_and_no_dead_button(
    two_arms: Path, chromium: Browser
) -> None:
    context = chromium.new_context(offline=True, java_script_enabled=False)
    page = open_page(chromium, two_arms, context).page
    assert page.locator("h1").text_content() is not None
    assert page.locator("svg.forest").count() > 20
    assert page.locator("table.values td").count() == 2 * 6 * 2
    assert not any(button.is_visible() for button in page.locator("button, select").all())
    assert not any(chart.is_visible() for chart in page.locator(".chart").all())


@pytest.mark.parametrize("width", [360, 768, 1280, 3840])
def test_nothing_stands_out_beyond_the_edge_of_the_screen(tmp_path: Path, chromium: Browser, width: int) -> None:
    page = drawn(open_page(chromium, file_of(tmp_path, SHAPES["three-arms"]), width=width))
    assert page.locator("html").evaluate("each => each.scrollWidth") <= width
    charts = [chart.bounding_box() for chart in page.locator(".chart svg.marks").all()]
    assert all(box is not None and box["x"] + box["width"] <= width for box in charts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(two_arms: Path, chromium: Browser, scheme: Literal["light", "dark"]) -> None:
    context = chromium.new_context(offline=True, color_scheme=scheme)
    page = drawn(open_page(chromium, two_arms, context))
    assert serious(page) == []


def test_a_script_in_a_name_does_not_run(tmp_path: Path, chromium: Browser) -> None:
    hostile = "</script><script>document.title = 'owned'; console.log('owned')</script>"
    shape = replace(
        TWO_ARMS,
        excluded={7: hostile},
        device=lambda device: replace(device, model=hostile, vm={"<img src=x>": hostile}),
    )
    opened = open_page(chromium, file_of(tmp_path, shape))
    assert not drawn(opened).title().startswith("owned")
    assert opened.console == []


def test_a_script_smuggled_into_the_file_is_stopped_by_the_pages_own_policy(tmp_path: Path, chromium: Browser) -> None:
    file = file_of(tmp_path, Shape(blocks=2))
    file.write_text(file.read_text().replace("</main>", "<script>document.title = 'owned'</script></main>"))
    opened = open_page(chromium, file)
    assert not drawn(opened).title().startswith("owned")
    assert any("Content Security Policy" in line for line in opened.console)
