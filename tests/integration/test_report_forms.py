# SPDX-License-Identifier: Apache-2.0
"""The report elsewhere: report.json is what the page shows, the Markdown is its gist, and names stay names in both."""

import io
import json
import re
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from agent.cli import report
from reports.analysis import analyse
from reports.page.build import Extras, build_page
from reports.page.elsewhere import Also, forms
from reports.page.gist import gist
from reports.page.markdown import markdown
from reports.page.pictures import forest, palette, points
from reports.page.render import static
from reports.page.report import drawn
from reports.record import Caveat, DeviceFacts
from tests.support.report_schema import PLACE
from tests.support.synthetic_run import Shape, make_run, run_values
from tests.support.traces import TraceBuilder
from workloads.errors import InputError, SetupError

SMALL = Shape(blocks=6, warm_ups=1)
HOSTILE = "- a|b`c``<img src=x> @all #1 [x](http://e.example) \x1b[2J\u202e\0\n\n# big\n    code"


def run(*words: str | Path) -> str:
    parser, out = ArgumentParser(), io.StringIO()
    report.add(parser)
    assert report.main(parser.parse_args([str(word) for word in words]), out, io.StringIO()) == 0
    return out.getvalue()


def device(**facts: str | None) -> Callable[[DeviceFacts], DeviceFacts]:
    return lambda found: replace(found, **facts)  # type: ignore[arg-type] # texts alone


def sources(folder: Path, form: str) -> list[Path]:
    """What the command is given for a page of each form."""
    if form == "trace":
        return [TraceBuilder().launches(1.2, 1.8, "com.example.mail").write(folder / "phone.pftrace")]
    second = {"run": {}, "phones": {"serial": "B"}, "builds": {"build": "other/build"}}[form]
    level = 3.0 if form == "builds" else 1.0
    shapes = [replace(SMALL, kills={4: 1}), replace(SMALL, seed=2, level=level, device=device(**second))]
    return [make_run(folder / f"run{n}", shape).path for n, shape in enumerate(shapes)][: 1 if form == "run" else 2]


def embedded(page: Path) -> dict[str, Any]:
    """What the page's script draws from; {} where it draws nothing."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    return dict(json.loads(found[1])) if found else {}


@pytest.mark.parametrize("form", ["run", "phones", "builds", "trace"])
def test_report_json_fits_its_schema_and_holds_what_the_page_is_drawn_from(tmp_path: Path, form: str) -> None:
    page, file = tmp_path / "page.html", tmp_path / "report.json"
    assert run(*sources(tmp_path, form), "-o", page, "--json-file", file) == f"{page}\n{file}\n"
    told = json.loads(file.read_text())
    assert list(Draft202012Validator(json.loads(PLACE.read_text())).iter_errors(told)) == []
    assert told["form"] == form
    shown = unescape(page.read_text())
    assert f"<title>{told['page']['title']}</title>" in shown
    assert {name: told["page"][name] for name in embedded(page)} == embedded(page)
    assert bool(embedded(page)) == (form != "builds") or not told["page"]["data"]["series"]


def test_every_sentence_of_report_json_stands_on_the_page(tmp_path: Path) -> None:
    page, file = tmp_path / "page.html", tmp_path / "report.json"
    shape = replace(SMALL, kills={4: 2}, killed_after={4: 3.0}, excluded={7: HOSTILE}, device=device(model=HOSTILE))
    run(make_run(tmp_path / "run", shape).path, "-o", page, "--json-file", file)
    told, shown = json.loads(file.read_text())["page"], unescape(page.read_text())
    trust, first = told["trust"], told["answers"][0]
    sentences = [told["question"], told["kills"], told["summary"], *told["survival"], *first["costs"], *first["gains"]]
    sentences += [note["what"] for note in trust["notes"]] + [row["reason"] for row in trust["trials"]]
    sentences += [*trust["methods"], *(row["why"] for row in told["rulings"]), told["again"]["experiment"]]
    assert len(sentences) > 30
    plain = str.maketrans({"\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x", "\N{NARROW NO-BREAK SPACE}": " "})
    assert [text for text in sentences if text[1:] not in shown.translate(plain)] == []
    assert "\u202e" not in file.read_text() + shown


@pytest.mark.parametrize("form", ["run", "phones", "builds"])
def test_markdown_tells_the_answer_and_its_pictures_stand_beside_it(tmp_path: Path, form: str) -> None:
    text = tmp_path / "my answer.md"
    named = json.loads(run(*sources(tmp_path, form), "-o", tmp_path / "page.html", "--markdown", text, "--json"))
    assert named == {"report": str(tmp_path / "page.html"), "markdown": str(text)}
    told = text.read_text()
    assert "1 process was killed" in told
    row = "Over 2 phones `kswapd_cpu`" if form == "phones" else "CPU time of kswapd `kswapd_cpu`"
    assert re.search(rf"^\| {row} .*\*\*(?:better|worse)\*\* \|$", told, re.MULTILINE)
    pictures = [unquote(name) for name in re.findall(r"^!\[.+\]\((\S+)\)$", told, re.MULTILINE)]
    wanted = ["my answer-effects.png", "my answer-trials.png"]
    assert pictures == (wanted[:1] if form == "builds" else wanted)
    for name in pictures:
        with Image.open(tmp_path / name) as image:
            assert image.width > 800
            assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 20


def told_of(shape: Shape) -> str:
    page = build_page(analyse(run_values(shape)), Extras("", "reclaim 0"))
    return markdown(gist(page), {})


def test_markdown_says_first_what_must_be_known_then_the_answer_the_doubts_the_figures_and_the_cost() -> None:
    told = told_of(replace(SMALL, kills={4: 2}, experiment=lambda each: replace(each, primary=("allocstall",))))
    order = ["### ", "Does handing", "2 processes were killed", "**Better.**", "kernel 6.12", "**Not a phone:**"]
    order += ["caveats**", "| Metric | `off` | `on` |", "**What the verdict is about**", "`allocstall`"]
    order += ["**Gains and costs besides**", "**What it cost", "**What else got better"]
    places = [told.find(part) for part in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "~" not in told


def test_of_what_the_verdict_does_not_rest_on_only_what_moved_stands_in_the_table() -> None:
    rows = [line for line in told_of(SMALL).splitlines() if line.startswith("| ")]
    metrics = [row for row in rows if "`" in row and "Metric" not in row]
    still = [row for row in metrics if "no detectable difference" in row or "cannot be judged" in row]
    assert 5 < len(metrics) < 20
    assert all("kills" in row or "nobody" in row for row in still)


def test_a_run_that_compares_nothing_tells_what_each_arm_measured() -> None:
    told = told_of(replace(SMALL, arms=("off",)))
    assert "This run has one arm only" in told
    assert re.search(r"^\| CPU time of kswapd `kswapd_cpu` \| `off` \|", told, re.MULTILINE)


def test_names_cannot_become_markup_links_or_mentions_in_markdown() -> None:
    caveat = Caveat("odd", HOSTILE, HOSTILE)
    told = told_of(
        replace(
            SMALL,
            caveats={3: (caveat,)},
            device=device(model=HOSTILE, stand_in=HOSTILE, kernel=HOSTILE),
            experiment=lambda each: replace(each, name=HOSTILE, question=HOSTILE),
        )
    )
    outside = re.sub(r"(`+) ?.+? ?\1(?!`)", "", told)
    assert told.count("big") >= 5
    assert not re.search(r"(?<!\\)[<>](?!!-- -->)(?<!-->)", outside)
    assert not re.search(r"@all|#1|(?<!\\)\[x|https?:", outside)
    assert not re.search(r"^(# |    |- a)", told, re.MULTILINE)
    assert not {"\x1b", "\u202e", "\0"} & set(told)
    heads = {line.replace("\\|", "").count("|") for line in told.splitlines() if line.startswith("| ")}
    assert heads == {7}


def test_pictures_hold_every_trial_in_the_pages_own_colours_and_what_does_not_count_is_known() -> None:
    page = build_page(
        analyse(run_values(replace(SMALL, excluded={7: "hot"}, arms=("off", "one", "two")))), Extras("", "")
    )
    picture = points(drawn(page), palette(static("page.css")))
    assert picture is not None
    charts = picture.specification["concat"]
    rows = charts[0]["data"]["values"]
    assert [len(chart["data"]["values"]) for chart in charts] == [18, 18]
    of = page.data.points[0]
    assert [row["value"] for row in rows] == [value / of.shown.factor for value in of.value]
    assert [row["counts"] for row in rows].count(False) == sum(not each for each in page.data.trials.counts)
    assert "var(--" not in json.dumps(picture.specification)


def test_the_picture_of_effects_holds_every_row_of_the_table_in_its_place() -> None:
    short = gist(build_page(analyse(run_values(SMALL)), Extras("", "")))
    picture = forest(short.tables, palette(static("page.css")))
    assert picture is not None
    groups = [group for group in short.tables[0].groups if any(row.mark for row in group.rows)]
    drawn_rows = [chart["data"]["values"] for chart in picture.specification["concat"]]
    assert [[row.get("at") for row in rows] for rows in drawn_rows] == [
        [row.mark and row.mark.at for row in group.rows] for group in groups
    ]
    assert "var(--" not in json.dumps(picture.specification)


def test_nothing_measured_is_markdown_without_pictures(tmp_path: Path) -> None:
    page = build_page(analyse(run_values(replace(SMALL, stop_after=0))), Extras("", "reclaim 0"))
    made = forms(page, "", tmp_path / "page.html", Also(markdown=tmp_path / "a.md"))
    assert [path.name for path in made] == ["page.html", "a.md"]
    assert "No trial was recorded" in made[tmp_path / "a.md"].decode()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--json-file", "page.html"], "is named twice"),
        (["--json-file", "a.md", "--markdown", "a.md"], "is named twice"),
        (["--json-file", "run/plan.json"], "is a part of a run"),
        (["--markdown", "/dev/null"], "pictures are to stand beside it"),
    ],
)
def test_a_file_that_must_not_be_written_is_one_line_and_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], told: str
) -> None:
    make_run(tmp_path / "run", replace(SMALL, blocks=2))
    plan = (tmp_path / "run" / "plan.json").read_bytes()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=told):
        run("run", "-o", "page.html", *words)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert (tmp_path / "run" / "plan.json").read_bytes() == plan


def test_markdown_of_a_trace_and_json_over_it_are_refused(tmp_path: Path) -> None:
    (trace,) = sources(tmp_path, "trace")
    before = trace.read_bytes()
    with pytest.raises(InputError, match="a trace has no effects to tell"):
        run(trace, "--markdown", tmp_path / "a.md")
    with pytest.raises(InputError, match="is named twice"):
        run(trace, "--json-file", trace)
    assert trace.read_bytes() == before


def test_without_what_draws_pictures_the_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.page.elsewhere.find_spec", lambda _name: None)
    with pytest.raises(SetupError, match=r"pip install 'reclaim-agent\[pictures\]'"):
        Also(markdown=tmp_path / "a.md").check(tmp_path / "page.html")
