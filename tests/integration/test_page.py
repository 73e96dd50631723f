# SPDX-License-Identifier: Apache-2.0
"""The page: the same figures as the terminal, hostile names as text, one file that loads nothing."""

import base64
import gzip
import hashlib
import json
import re
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest

from agent.cli import compare
from reports.analysis import Analysis, analyse
from reports.page import forest
from reports.page.build import Extras, build_page
from reports.page.model import Page
from reports.page.overlay import MOST_POINTS, Track, curves, grid_step, series
from reports.page.render import read_page
from reports.page.render import render as render_whole
from reports.page.spelling import figure
from reports.questions.answers import answers
from reports.record import Caveat
from reports.statistics.paired import Estimate
from reports.survival import survival
from reports.wording import effect_text, relative_text
from tests.support import page_library
from tests.support.synthetic_run import Shape, make_run, run_values

SMALL = Shape(blocks=6, warm_ups=1)
HOSTILE = "</script><script>alert(1)</script>\"'&\u202e\0<img src=http://evil.example/x onerror=alert(2)>"


class Document(HTMLParser):
    """Every tag with its attributes, the text a reader sees, and the scripts."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's signature
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside == "style":
            self.styles.append(data)
        else:
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


def render(page: Page) -> str:
    """The page with a library that is quicker to make and to parse; the browser's tests use the real one."""
    return render_whole(page, library="window.vegaEmbed = () => {};")


def page_of(shape: Shape) -> tuple[Analysis, Page]:
    analysis = analyse(run_values(shape))
    tracks = {"pgsteal_anon_rate": {"off": [Track([0.0, 1.0], [1.0, 2.0])], "on": [Track([0.0, 1.0], [2.0, 1.0])]}}
    return analysis, build_page(analysis, Extras("name = 'x'\n", "reclaim 0", tracks=tracks))


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_figures_are_those_of_the_comparisons() -> None:
    analysis, page = page_of(SMALL)
    (table,) = page.tables
    rows = {row.metric: row for group in table.groups for row in group.rows}
    assert len(rows) == len(analysis.comparisons) > 20
    for each in analysis.comparisons:
        row = rows[each.metric.name]
        assert row.absolute == effect_text(each)
        assert row.relative == ("" if each.relative is None else relative_text(each))
        assert row.n == each.n


def test_the_figures_behind_the_page_are_those_of_compare_json(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", replace(SMALL, kills={4: 1}))
    told, parser = StringIO(), ArgumentParser()
    compare.add(parser)
    compare.main(parser.parse_args([str(store.path), "--json"]), told, StringIO())
    effects = json.loads(Document(render(read_page(store))).scripts[0])["data"]["effects"]
    rows = [dict(zip(effects["columns"], row, strict=True)) for row in effects["rows"]]
    wanted = json.loads(told.getvalue())["comparisons"]
    assert len(rows) == len(wanted) > 20
    for row, each in zip(rows, wanted, strict=True):
        assert row == {name: each[name] for name in row}
    assert {"difference_low", "relative_value", "adjusted_p", "outcome", "n"} <= rows[0].keys()


def test_kills_come_first_on_the_page() -> None:
    _, page = page_of(replace(SMALL, kills={4: 2}))
    assert page.killed
    assert page.answers[0].cards[0].label == "Processes killed"
    assert page.tables[0].groups[0].rows[0].metric == "kills"
    html = render(page)
    assert html.index("2 processes were killed") < html.index("Better") < html.index('class="card"')


def left_out(page: Page) -> set[tuple[int, str]]:
    trials = page.data.trials
    return {
        (block, told)
        for block, counts, told in zip(trials.block, trials.counts, trials.told, strict=True)
        if not counts
    }


def test_a_point_that_does_not_count_is_drawn_with_its_reason() -> None:
    _, page = page_of(replace(SMALL, kills={4: 2}, excluded={8: "too hot"}))
    assert {told for _, told in left_out(page)} == {
        "left out: 2 processes were killed in this block",
        "left out: no partner in this block",
        "too hot",
    }


def test_a_point_whose_partner_is_missing_is_drawn_with_that_reason() -> None:
    _, page = page_of(replace(SMALL, stop_after=9))
    assert left_out(page) == {(4, "left out: no partner in this block")}


def test_who_sees_no_picture_reads_every_trials_value_what_does_not_count_in_brackets() -> None:
    _, page = page_of(replace(SMALL, blocks=2, warm_ups=0, excluded={3: "too hot"}))
    (first, second) = page.values[0].rows
    assert first[0] == "1"
    assert not any(text.startswith("(") for text in first)
    assert [text.startswith("(") for text in second] == [False, True, True]


def test_hostile_names_are_shown_as_text_and_never_run() -> None:
    caveat = Caveat("odd", HOSTILE, HOSTILE)
    shape = replace(
        SMALL,
        caveats={3: (caveat,)},
        excluded={5: HOSTILE},
        device=lambda device: replace(
            device, model=HOSTILE, stand_in=HOSTILE, vm={HOSTILE: HOSTILE}, knobs={HOSTILE: HOSTILE}
        ),
        experiment=lambda experiment: replace(experiment, question=HOSTILE),
    )
    analysis = analyse(run_values(shape))
    html = render(build_page(analysis, Extras(HOSTILE, HOSTILE)))
    document = Document(html)
    assert not {"\u202e", "\0"} & set(html)
    assert "img" not in {tag for tag, _ in document.tags}
    assert not [name for _, attrs in document.tags for name in attrs if name.startswith("on")]
    assert "</script><script>alert(1)</script>" in document.text
    assert r"\u202e\x00" in document.text
    assert len(document.scripts) == 5
    assert json.loads(document.scripts[0])


def test_only_the_pages_own_scripts_and_style_may_run() -> None:
    document = Document(render(page_of(SMALL)[1]))
    content = next(attrs["content"] for _, attrs in document.tags if "http-equiv" in attrs)
    rules = dict(rule.split(" ", 1) for rule in str(content).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split() == [hash_of(script) for script in document.scripts[1:]]
    assert rules["style-src"].split() == [hash_of(style) for style in document.styles]
    assert not re.search(r"unsafe|https?:|\*", str(content))


def test_nothing_is_loaded_from_anywhere() -> None:
    document = Document(render(page_of(SMALL)[1]))
    assert document.attributes("src") == []
    assert all(target.startswith("#") for target in document.attributes("href"))
    assert "url(" not in "".join(document.styles)
    assert "@import" not in "".join(document.styles)
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in document.tags}
    assert not any("style" in attrs for _, attrs in document.tags)


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        (replace(SMALL, stop_after=0), "No trial was recorded"),
        (replace(SMALL, stop_after=7), "This run broke off after 7 of 14 trials."),
        (replace(SMALL, measured=False), "Nothing was measured in 14 trials"),
        (replace(SMALL, arms=("off",)), "This run has one arm only (off)"),
        (replace(SMALL, excluded=dict.fromkeys(range(3, 15), "hot")), "Nothing can be compared"),
        (replace(SMALL, effect=False), "This is an A/A run"),
        (replace(SMALL, kills={3: 1}), "1 process was killed: "),
    ],
    ids=["nothing", "broken-off", "unmeasured", "one-arm", "all-excluded", "a-a", "kills"],
)
def test_the_first_sentence_says_what_is_wrong(shape: Shape, first: str) -> None:
    html = render(page_of(shape)[1])
    verdict = html[html.index('class="verdict') :]
    assert verdict[verdict.index(">") + 1 :].lstrip().startswith(first)


def test_what_is_no_phone_is_labelled_where_it_is_read_first_and_where_it_is_described() -> None:
    html = render(page_of(SMALL)[1])
    assert html.count("Not a phone.") == 2
    assert html.index("Not a phone.") < html.index('class="cards"')


def test_a_run_without_any_picture_carries_no_script() -> None:
    page = build_page(analyse(run_values(replace(SMALL, stop_after=0))), Extras("", "reclaim 0"))
    assert "<script" not in render(page)


def test_the_page_of_a_stored_run_holds_its_time_series_its_launches_and_its_kills(tmp_path: Path) -> None:
    page = read_page(make_run(tmp_path / "run", replace(SMALL, blocks=2, kills={4: 1})))
    data = json.loads(Document(render(page)).scripts[0])["data"]
    series = {each["shown"]["name"]: each for each in data["series"]}
    assert list(series) == ["pgsteal_anon_rate", "nr_writeback", "mem_available", "swap_used"]
    for curve in series["pgsteal_anon_rate"]["curves"]:
        drawn = [each for each in zip(curve["low"], curve["middle"], curve["high"], strict=True) if each[1] is not None]
        assert drawn
        assert all(low <= middle <= high for low, middle, high in drawn)
    assert [(each["what"], each["t_s"], each["told"]) for each in data["events"][1:3]] == [
        ("launch", 8.1, "launch 2 org.reclaim.maps"),
        ("launch", 9.4, "launch 3 org.reclaim.camera"),
    ]
    assert [each["told"] for each in data["events"] if each["what"] == "kill"] == ["killed in 004-b1-on"]


def test_a_trials_own_line_is_cut_down_without_losing_a_peak_or_a_trough() -> None:
    times, values = [index / 10 for index in range(2000)], [float(index % 7) for index in range(2000)]
    values[777], values[1234] = 900.0, -5.0
    tracks = {"a": {"on": [Track(times, values, "001-b1-on")]}}
    ((line,),) = (each.traces for each in series(tracks, ["on"], {"001-b1-on": 0}, {}))
    assert len(line.value) <= MOST_POINTS
    assert {(77.7, 900.0), (123.4, -5.0)} <= set(zip(line.t_s, line.value, strict=True))
    assert list(line.t_s) == sorted(line.t_s)


def test_a_trials_own_line_breaks_where_nothing_was_sampled() -> None:
    tracks = {"a": {"on": [Track([0.0, 1.0, 9.0, 9.5], [1.0, 2.0, 3.0, 4.0], "t")]}}
    ((line,),) = (each.traces for each in series(tracks, ["on"], {"t": 0}, {}))
    assert line.value == (1.0, 2.0, None, 3.0, 4.0)


def test_figures_are_set_as_print_sets_them() -> None:
    minus, times = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
    assert figure("-55 [-59, -51] %") == f"{minus}55 [{minus}59, {minus}51]\u202f%"
    assert figure("x314 [x250, x410]") == f"{times}314 [{times}250, {times}410]"
    assert figure("25 (24 to 26) C, 3 [1, 4] us") == "25 (24 to 26) \N{DEGREE SIGN}C, 3 [1, 4] \N{MICRO SIGN}s"
    assert figure("2 users use zstd") == "2 users use zstd"
    assert figure("am start-activity -W in 2026-11") == "am start-activity -W in 2026-11"


def estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, 0.01, 6, "test")


def test_no_change_stands_in_the_middle_and_opposite_ratios_mirror_each_other() -> None:
    assert [tick.at for tick in forest.ticks(4.0, ("less", "more"))] == [0.0, 25.0, 50.0, 75.0, 100.0]
    mark = forest.mark(estimate(1.0, 0.5, 2.0), 4.0)
    assert mark is not None
    assert (mark.low, mark.at, mark.high) == (25.0, 50.0, 75.0)


def test_better_is_to_the_right_whichever_way_a_metric_is_better() -> None:
    fell = estimate(0.5, 0.25, 1.0)
    lower, higher = forest.mark(fell, 4.0, "lower", 1.25), forest.mark(fell, 4.0, "higher", 0.8)
    assert lower is not None
    assert higher is not None
    assert (lower.low, lower.at, lower.high) == (50.0, 75.0, 100.0)
    assert (higher.low, higher.at, higher.high) == (0.0, 25.0, 50.0)
    assert lower.margin == higher.margin
    assert lower.margin is not None
    assert 25.0 < lower.margin < 50.0


def test_an_effect_beyond_the_axis_is_cut_and_says_so() -> None:
    mark = forest.mark(estimate(300.0, 1.0, 400.0), 4.0)
    assert mark is not None
    assert (mark.low, mark.at, mark.high, mark.beyond_left, mark.beyond_right) == (50.0, 100.0, 100.0, False, True)
    mark = forest.mark(estimate(300.0, 1.0, 400.0), 4.0, "lower")
    assert mark is not None
    assert (mark.low, mark.at, mark.high, mark.beyond_left, mark.beyond_right) == (0.0, 0.0, 50.0, True, False)


def test_rules_lay_their_margins_into_the_forest_plot() -> None:
    _, page = page_of(SMALL)
    rows = {row.metric: row for group in page.tables[0].groups for row in group.rows}
    assert rows["kswapd_cpu"].rule == "Must not worsen by more than 5 %."
    assert rows["kswapd_cpu"].mark is not None
    assert rows["kswapd_cpu"].mark.margin is not None
    assert rows["pgsteal_anon_rate"].rule == ""


def test_every_app_is_told_by_itself_and_all_of_a_metric_are_judged_together() -> None:
    analysis, page = page_of(SMALL)
    ttid, total = page.app_tables[0].groups
    assert [row.title for row in ttid.rows] == list(page.data.apps)
    assert {row.metric for row in total.rows} == {"am_total_time"}
    assert len(ttid.rows) == len({row.app for row in analysis.run.measures if row.app}) == 6


def test_the_odd_large_effect_does_not_stretch_the_axis_unless_the_verdict_is_about_it() -> None:
    usual, odd = [estimate(0.9, 0.8, 1.1)] * 12, estimate(3.0, 2.5, 3.9)
    assert forest.reach([*usual, odd]) == 1.25
    assert forest.reach([*usual, odd], [odd]) == 4.0


def grid(middle: Sequence[float | None], step: float) -> dict[float, float]:
    return {round(at * step, 3): value for at, value in enumerate(middle) if value is not None}


def test_curves_of_trials_become_their_median_as_far_as_half_of_them_reach() -> None:
    ends = ((2.0, 0.0, 2.0), (1.0, 2.0, 4.0), (1.5, 9.0, 9.0))
    tracks = {"a": {"on": [Track([0.0, last], [first, second]) for last, first, second in ends]}}
    (curve,) = curves(tracks["a"], ["off", "on"], grid_step(tracks))
    drawn = grid(curve.middle, grid_step(tracks))
    assert curve.arm == 1
    assert max(drawn) == pytest.approx(1.5)
    assert drawn[0.0] == 2.0


def test_no_line_is_drawn_through_a_time_without_samples() -> None:
    track = Track([0.0, 0.5, 1.0, 9.0, 9.5], [1.0, 1.0, 1.0, 5.0, 5.0])
    (curve,) = curves({"on": [track]}, ["on"], 0.5)
    assert grid(curve.middle, 0.5) == {0.0: 1.0, 0.5: 1.0, 1.0: 1.0, 9.0: 5.0, 9.5: 5.0}


def test_a_doubt_about_a_primary_figure_stands_on_its_card() -> None:
    analysis = analyse(run_values(SMALL))
    doubted = tuple(
        replace(each, caveats=(Caveat("scale-matters", "a few large blocks decide", "look at them"),))
        if each.metric.name == "kswapd_cpu"
        else each
        for each in analysis.comparisons
    )
    cards = build_page(replace(analysis, comparisons=doubted), Extras("", "reclaim 0")).answers[0].cards
    assert {card.label: card.doubts for card in cards if card.doubts} == {
        "CPU time of kswapd": ("A few large blocks decide.",)
    }


def test_the_library_of_pages_is_what_vl_convert_bundles_names_its_licences_and_is_small() -> None:
    kept = gzip.decompress(page_library.PLACE.read_bytes()).decode()
    assert kept == page_library.library()
    assert kept.startswith("/*! Vega")
    assert "BSD-3-Clause" in kept[:400]
    assert len(kept) <= 1_200_000


def test_what_reviewers_asked_is_answered_on_the_page_as_compare_answers_it() -> None:
    analysis, page = page_of(SMALL)
    found = {each.question: each for each in page.asked}
    for answer in answers(analysis):
        shown = found[answer.question.asked]
        assert shown.open == (answer.status == "open")
        assert set(answer.sentences) <= set(shown.lines)
    assert sum(each.open for each in page.asked) > 3
    assert page_of(replace(SMALL, effect=False))[1].asked == ()


def test_survival_curves_are_those_of_the_comparison() -> None:
    shape = Shape(blocks=4, warm_ups=0, kills={1: 1, 4: 3}, killed_after={1: 2.0, 4: 6.0})
    analysis, page = page_of(shape)
    off, on = page.data.survived
    assert (page.data.arms[off.arm], off.after_s, off.share, off.watched_s) == ("off", (2.0, 6.0), (0.75, 0.5), 10.0)
    assert (on.after_s, on.share) == ((), ())
    assert [[*each.low, *each.high] for each in page.data.survived] == [
        [point.low for point in each.curve] + [point.high for point in each.curve] for each in survival(analysis)
    ]
    assert page.survival[0].startswith("off: nobody killed in 2 of 4 trials")
    assert page_of(SMALL)[1].survival == ()


def test_several_arms_stand_side_by_side_on_one_axis_with_their_settings() -> None:
    arms = ("off-lz4", "on-lz4", "off-zstd", "on-zstd")
    settings = {name: dict(zip(("kcompressd", "zram.algorithm"), name.split("-"), strict=True)) for name in arms}
    analysis, page = page_of(Shape(blocks=6, arms=arms, settings=settings))
    (table,) = page.by_arm
    compared = [arm.arm for arm in analysis.verdict.arms]
    for group in table.groups:
        assert [row.title.split()[0] for row in group.rows] == compared
    assert "zram.algorithm zstd" in table.groups[1].rows[-1].under
    rows = {(row.title.split()[0], group.title): row for group in table.groups for row in group.rows}
    for each in analysis.comparisons:
        if each.metric.name in analysis.run.experiment.primary:
            assert rows[each.arm, each.metric.title].relative == relative_text(each)
    assert page_of(SMALL)[1].by_arm == ()
