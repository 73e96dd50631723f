# SPDX-License-Identifier: Apache-2.0
"""The page of several runs: the joint answer first, each phone beside it, and what is wrong in the first sentence."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from agent.cli import compare, report
from reports.page.forest import axis
from reports.page.many import read_several, render_several
from reports.page.model import Page
from reports.page.overlay import ALL_POINTS, FEWEST_POINTS, MOST_POINTS, Track, grid_of
from reports.page.several import SeveralPage
from reports.record import DeviceFacts
from reports.several.runs import gather_runs
from reports.statistics.paired import Estimate
from tests.support.synthetic_run import Shape, make_run
from workloads.errors import InputError

HOSTILE = "</script><script>alert(1)</script>\"'&\u202e<img src=x>"


def device(serial: str, model: str = "Pixel 6") -> Callable[[DeviceFacts], DeviceFacts]:
    return lambda found: replace(found, serial=serial, model=model, stand_in=None)


def runs(folder: Path, *shapes: Shape) -> list[Path]:
    return [make_run(folder / f"run{number}", shape).path for number, shape in enumerate(shapes, start=1)]


def page_of(paths: list[Path]) -> SeveralPage:
    page = read_several(gather_runs(paths))
    assert isinstance(page, SeveralPage)
    return page


def html_of(page: SeveralPage) -> str:
    return render_several(page, library="window.vegaEmbed = () => {};")


def first_sentence(html: str) -> str:
    return html.split("<h1", 1)[1].split(">", 1)[1].split("</h1>", 1)[0].strip()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two phones of very different levels, one of them with two runs."""
    return runs(
        tmp_path_factory.mktemp("three"),
        Shape(blocks=4, seed=1, device=device("A")),
        Shape(blocks=4, seed=2, level=3.0, device=device("B", HOSTILE), kills={4: 1}, killed_after={4: 2.5}),
        Shape(blocks=2, seed=3, device=device("A")),
    )


def test_the_effects_are_those_of_compare_json(three: list[Path]) -> None:
    out, parser = StringIO(), ArgumentParser()
    compare.add(parser)
    compare.main(parser.parse_args([*map(str, three), "--json"]), out, StringIO())
    told, table = json.loads(out.getvalue())["effects"], page_of(three).data.effects
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    over = [row for row in rows if row["phone"] is None]
    assert len(over) == len(told) > 20
    for row, each in zip(over, told, strict=True):
        for scale in ("difference", "ratio"):
            mean = each[scale]["mean"] if each[scale] else dict.fromkeys(("value", "low", "high"))
            assert [row[f"{scale}_{end}"] for end in ("value", "low", "high")] == [
                mean[end] for end in ("value", "low", "high")
            ]
        assert (row["outcome"], row["adjusted_p"]) == (each["outcome"], each["adjusted_p"])
        own = [found for found in rows if found["phone"] and found["metric"] == each["metric"]]
        assert [found["difference_value"] for found in own] == [one["difference_value"] for one in each["own"]]


def test_each_primary_metric_has_its_forest_of_phones_and_kills_stand_first(three: list[Path]) -> None:
    page = page_of(three)
    (table,) = page.by_phone
    assert table.groups[0].title.startswith("Processes killed")
    titles = [row.title for row in table.groups[1].rows]
    assert titles[:2] == ["Over 2 phones", "1 Pixel 6"]
    assert all(row.mark for group in table.groups[1:] for row in group.rows)
    assert page.killed
    assert page.kills[0].startswith("Phone 2: 1 process was killed")
    assert any("nobody killed in 3 of 4 trials" in line for line in page.phones[1].answers)


def test_every_trial_of_every_phone_has_its_point_under_a_name_of_its_own(three: list[Path]) -> None:
    data = page_of(three).data
    assert len(set(data.trials.name)) == len(data.trials.name) == 2 * 4 + 2 * 2 + 2 * 4
    assert data.trials.name[0].startswith("1/")
    kswapd = [each for each in data.points if each.shown.name == "kswapd_cpu"]
    assert sorted(place for each in kswapd for place in each.trial) == list(range(20))
    assert data.primary == 2 * 2
    assert {trace.trial for each in data.series for trace in each.traces} == set(range(20))
    assert {each.phone for each in data.series} == {1, 2}
    assert {each.phone for each in data.events if each.what == "kill"} == {2}


def test_hostile_names_are_text(three: list[Path]) -> None:
    html = html_of(page_of(three))
    assert "alert(1)</script>" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in html


BROKEN = {
    "broke-off": (Shape(blocks=4, seed=2, stop_after=7), "Phone 2: This run broke off after 7 of 10 trials."),
    "nothing": (Shape(blocks=4, seed=2, stop_after=0), "run2: No trial was recorded"),
    "nothing-measured": (Shape(blocks=4, seed=2, measured=False), "run2: Nothing was measured in 10 trials"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_run_among_others_that_is_not_whole_is_told_in_the_first_sentence(tmp_path: Path, name: str) -> None:
    shape, told = BROKEN[name]
    whole = [Shape(blocks=4, seed=1, device=device("A")), Shape(blocks=4, seed=3, device=device("C"))]
    paths = runs(tmp_path, whole[0], replace(shape, device=device("B")), whole[1])
    assert told in first_sentence(html_of(page_of(paths)))


def test_an_a_a_on_several_phones_is_called_one_first(tmp_path: Path) -> None:
    paths = runs(tmp_path, *(Shape(blocks=4, seed=n, effect=False, device=device(str(n))) for n in (1, 2)))
    assert first_sentence(html_of(page_of(paths))).startswith("Phone 1: This is an A/A run")


def test_runs_of_one_phone_are_the_page_of_one_run_with_all_their_blocks(tmp_path: Path) -> None:
    paths = runs(tmp_path, Shape(blocks=3, seed=1), Shape(blocks=2, seed=2), Shape(blocks=2, stop_after=0))
    page = read_several(gather_runs(paths))
    assert isinstance(page, Page)
    assert sorted(set(page.data.trials.block)) == [1, 2, 3, 4, 5]
    assert {trace.trial for each in page.data.series for trace in each.traces} == set(range(10))
    assert "run3: No trial was recorded" in page.troubles[-1]


def run(*words: str) -> tuple[str, str]:
    parser, out, err = ArgumentParser(), StringIO(), StringIO()
    report.add(parser)
    assert report.main(parser.parse_args(words), out, err) == 0
    return out.getvalue(), err.getvalue()


def test_the_command_writes_one_page_and_names_what_it_ignored(tmp_path: Path) -> None:
    paths = runs(tmp_path, Shape(blocks=2, device=device("A")), Shape(blocks=2, seed=2, device=device("B")))
    empty = make_run(tmp_path / "empty", Shape(blocks=2, stop_after=0)).path
    file = tmp_path / "page.html"
    out, err = run(*map(str, [*paths, empty]), "-o", str(file))
    assert (out, file.read_text().count("<h1")) == (f"{file}\n", 1)
    assert err.startswith(f"ignored {empty}: No trial was recorded")
    assert not (paths[0] / "report.html").exists()


def test_where_the_page_of_several_goes_must_be_said_and_rules_judge_one_run(tmp_path: Path) -> None:
    paths = [str(path) for path in runs(tmp_path, Shape(blocks=2), Shape(blocks=2, seed=2))]
    with pytest.raises(InputError, match=r"say where their page goes \(-o page\.html\)"):
        run(*paths)
    with pytest.raises(InputError, match="rules judge one run"):
        run(*paths, "-o", str(tmp_path / "page.html"), "--rules", "rules.toml")


def test_many_trials_get_fewer_points_each_and_the_page_says_how_many() -> None:
    track = Track([0.0, 1.0], [1.0, 2.0])
    few, many = {"a": {"on": [track] * 10}}, {"a": {"on": [track] * 4000}}
    assert grid_of([few]).most_points == MOST_POINTS
    assert grid_of([few, many]).most_points == ALL_POINTS // 4010
    assert grid_of([many, many, many]).most_points == FEWEST_POINTS


def test_differences_stand_on_a_linear_axis_with_better_to_the_right() -> None:
    worse = Estimate(2.0, 1.0, 4.0, 0.01, 5, "t")
    found = axis([worse, Estimate(-1.0, -3.0, 1.0, 0.5, 5, "t")], "lower", ("worse", "better"), "s")
    mark = found.mark(worse)
    assert mark is not None
    assert (mark.at, mark.low, mark.high) == (25.0, 0.0, 37.5)
    assert found.ticks[0].label == "4 s worse"
    assert axis([Estimate(0.0, 0.0, 0.0, 1.0, 5, "t")], "lower", ("worse", "better"), "s").mark(worse) is None


def test_two_builds_of_a_phone_are_a_page_of_what_they_differ_by(tmp_path: Path) -> None:
    paths = runs(
        tmp_path,
        *(
            Shape(blocks=4, seed=seed, effect=False, times=dict.fromkeys(("off", "on"), times), device=built(build))
            for seed, build, times in ((1, "b1", 1.0), (2, "b1", 1.0), (3, "<b2>", 3.0), (4, "<b2>", 3.0))
        ),
    )
    file = tmp_path / "page.html"
    run(*map(str, paths), "-o", str(file))
    html = file.read_text()
    assert "b1 in A, &lt;b2&gt; in B" in html
    assert "Worse: with B instead of A, time threads spent in direct reclaim rose by" in html
    assert "A/A" not in html
    assert "over 2 runs of each build at least" in html
    assert html.count('class="forest tone-bad"') >= 2
    assert "<script" not in html


def built(build: str) -> Callable[[DeviceFacts], DeviceFacts]:
    return lambda found: replace(found, serial="A", build=build)
