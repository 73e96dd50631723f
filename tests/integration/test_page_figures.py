# SPDX-License-Identifier: Apache-2.0
"""Every figure that a page shows is that of `reclaim compare --json`: both are read as text and walked side by side.

A figure on the page agrees when it is the JSON's, rounded to the digits shown, in the unit that stands behind it.
"""

import json
import re
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, TypeAlias

import pandas as pd
import pytest

from agent.cli import compare, report
from reports.store import RunStore
from tests.support.page_text import ENDS, WORDS, Cell, Table, Tables, agree, ratios_agree
from tests.support.synthetic_run import Shape, make_run

Json: TypeAlias = dict[str, Any]

ARMS = ("off-lz4", "on-lz4", "off-zstd", "on-zstd")
SETTINGS = {arm: {"kcompressd": "2" if "on" in arm else "off", "zram_algorithm": arm.split("-")[1]} for arm in ARMS}
SHAPES = {
    "two-arms": Shape(blocks=8, kills={4: 2, 9: 1}, killed_after={4: 3.0, 9: 5.0}, excluded={7: "too hot"}),
    "three-arms": Shape(blocks=6, arms=("off", "one", "two")),
    "factorial": Shape(blocks=8, arms=ARMS, settings=SETTINGS, times={"on-zstd": 0.6}),
    "few-blocks": Shape(blocks=2, noise=0.4),
    "one-arm": Shape(blocks=3, arms=("off",)),
}
PARTS = {"before_main": 0.2, "main_running": 0.5, "main_uninterruptible": 0.3}


@dataclass(frozen=True)
class Both:
    """A run's page, its report.json, and what compare says of the run."""

    page: Tables
    report: Json
    told: Json

    def tables(self, section: str, kind: str) -> list[Table]:
        return [each for each in self.page.found if (each.section, each.kind) == (section, kind)]


@pytest.fixture(scope="module", params=SHAPES)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("figures")
    run = with_parts(make_run(folder / "run", SHAPES[request.param]))
    told = StringIO()
    for command, words, out in (
        (compare, ["--json"], told),
        (report, ["--json-file", str(folder / "report.json")], StringIO()),
    ):
        parser = ArgumentParser()
        command.add(parser)
        command.main(parser.parse_args([str(run.path), *words]), out, StringIO())
    page = Tables(run.report_path.read_text())
    return Both(page, json.loads((folder / "report.json").read_text())["page"], json.loads(told.getvalue()))


def with_parts(run: RunStore) -> RunStore:
    """Every launch's time to display by cause besides, for what explains."""
    measures = run.measures()
    assert measures is not None
    shown = measures[measures["metric"] == "ttid"]
    parts = [shown.assign(metric=name, value=shown["value"] * share) for name, share in PARTS.items()]
    run.write_measures(pd.concat([measures, *parts], ignore_index=True))
    return run


def relative_agrees(text: str, row: Json) -> bool:
    return ratios_agree(text, [row[f"relative_{end}"] for end in ENDS])


def detectable_agrees(text: str, row: Json) -> bool:
    found = re.fullmatch(r"a change of (.+) would be seen 9 times in 10", text)
    if found is None:
        return False
    share = found[1].endswith("%")
    return agree(found[1], [row["detectable_90"] / (row["control_mean"] if share else 1)])


def wrong(cells: Sequence[Cell], row: Json) -> Iterator[str]:
    """Which cells of a row of effects do not tell what compare does."""
    _, control, arm, _, change, n, result = (each.texts for each in cells)
    kills = row["metric"] == "kills"
    checks = {
        "control": agree("".join(control), [row["control_mean"]]) or row["control_mean"] is None,
        "arm": agree("".join(arm), [row["arm_mean"]]) or row["arm_mean"] is None,
        "change": agree(change[-1], [row[f"difference_{end}"] for end in ENDS]),
        "relative": (len(change) == 1 and row["relative_value"] is None) or relative_agrees(change[0], row),
        "n": n == [str(row["n"])],
        "word": result[0] == WORDS[row["outcome"]],
        "seen": row["outcome"] != "same" or not row["detectable_90"] or detectable_agrees(result[1], row),
    }
    yield from (f"{row['metric']} {name}: {cells}" for name, held in checks.items() if not held and not kills)
    if kills and not (checks["n"] and checks["word"] and checks["control"] and checks["arm"]):
        yield f"kills: {cells}"


def arms_of(table: Table) -> tuple[str, str]:
    arm, control = table.caption.rpartition(": ")[2].split(" against ")
    return arm, control


def rows_of(table: Table) -> list[list[Cell]]:
    return [row for row in table.rows if len(row) == 7 and "plot" in row[3].kind and row[0].kind == "" and row[6].kind]


def test_every_row_of_the_effects_is_that_of_compare(both: Both) -> None:
    found = {(each["arm"], each["control"], each["metric"]): each for each in both.told["comparisons"]}
    walked = set()
    for table in both.tables("effects", "effects"):
        if table.caption.startswith("By app"):
            continue
        for row in rows_of(table):
            key = (*arms_of(table), row[0].texts[-1])
            assert list(wrong(row, found[key])) == []
            walked.add(key)
    assert walked == found.keys()


def test_every_row_of_an_app_is_that_of_compare(both: Both) -> None:
    found = {(each["arm"], each["control"], each["metric"], each["app"]): each for each in both.told["by_app"]}
    walked, titles = set(), {each["shown"]["title"]: each["shown"]["name"] for each in both.report["data"]["points"]}
    for table in both.tables("effects", "effects"):
        heading = ""
        for row in table.rows if table.caption.startswith("By app") else ():
            if len(row) != 7:
                heading = row[0].texts[0]
            elif row[6].kind:
                key = (*arms_of(table), titles[heading], row[0].texts[0])
                assert list(wrong(row, found[key])) == []
                walked.add(key)
    assert walked == found.keys()


def test_every_row_that_explains_is_that_of_compare(both: Both) -> None:
    found = {(each["arm"], each["control"], each["metric"]): each for each in both.told["causes"]}
    walked = {
        (*arms_of(table), row[0].texts[-1]): row for table in both.tables("why", "effects") for row in rows_of(table)
    }
    assert [told for key, row in walked.items() for told in wrong(row, found[key])] == []
    assert walked.keys() == found.keys()
    assert {metric for _, _, metric in walked} == (set(PARTS) if both.told["comparisons"] else set())


def test_every_bar_of_a_launchs_time_is_made_of_the_means_of_compare(both: Both) -> None:
    rows = [row for table in both.report["causes"] for group in table["groups"] for row in group["rows"]]
    metrics = {row["title"]: row["metric"] for row in rows}
    means = {}
    for each in both.told["causes"]:
        means[each["arm"], each["metric"]] = each["arm_mean"]
        means.setdefault((each["control"], each["metric"]), each["control_mean"])
    bars = [bar for each in both.report["breakdowns"] if "launch" in each["title"] for bar in each["stacks"]]
    assert len(bars) == len({arm for arm, _ in means})
    for bar in bars:
        of_bar = [means[bar["arm"], metrics[part["title"]]] for part in bar["segments"]]
        assert agree(bar["total"], [sum(of_bar)])
        assert all(agree(part["told"], [mean]) for part, mean in zip(bar["segments"], of_bar, strict=True))


def test_arms_side_by_side_are_those_of_compare(both: Both) -> None:
    tables = both.tables("arms", "effects")
    assert bool(tables) == (len({each["arm"] for each in both.told["comparisons"]}) > 1)
    wanted = {
        (
            f"{each['arm']} against {each['control']}",
            each["n"],
            each["outcome"],
        )
        for each in both.told["comparisons"]
        if each["family"] in ("kills", "primary")
    }
    shown = {(row[0].texts[0], int(row[5].texts[0]), row[6].texts[0]) for table in tables for row in rows_of(table)}
    if tables:
        assert {(title, n, WORDS[outcome]) for title, n, outcome in wanted} == shown


def test_every_value_of_a_pair_of_trials_is_that_of_compare(both: Both) -> None:
    data, walked = both.report["data"], 0
    places = {
        (data["trials"]["block"][place], data["arms"][data["trials"]["arm"][place]], each["shown"]["name"]): value
        for each in data["points"]
        for place, value in zip(each["trial"], each["value"], strict=True)
        if not data["trials"]["told"][place].startswith("too hot")
    }
    for each in both.told["comparisons"]:
        for pair in each["pairs"] if each["metric"] != "kills" else ():
            for side in ("control", "arm"):
                value = places[pair["block"], each[side], each["metric"]]
                assert value == pytest.approx(pair[side], rel=1e-5)
                walked += 1
    assert (walked > 40) == bool(both.told["comparisons"])


def test_values_told_to_who_sees_no_picture_are_the_points(both: Both) -> None:
    data = both.report["data"]
    tables = both.tables("points", "values")
    assert len(tables) == data["primary"]
    for table, each in zip(tables, data["points"], strict=False):
        size = each["shown"]["factor"]
        shown = {
            (int(row[0].texts[0]), arm): cell.texts[0]
            for row in table.rows[1:]
            for arm, cell in enumerate(row[1:])
            if cell.texts != ["-"]
        }
        trials = data["trials"]
        wanted = {
            (trials["block"][place], trials["arm"][place]): (value / size, trials["counts"][place])
            for place, value in zip(each["trial"], each["value"], strict=True)
        }
        assert shown.keys() == wanted.keys()
        for key, (value, counts) in wanted.items():
            assert agree(shown[key].strip("()"), [value])
            assert shown[key].startswith("(") == (not counts)


def test_verdict_costs_kills_rulings_and_doubts_are_the_words_of_compare(both: Both) -> None:
    verdict, page = both.told["verdict"], both.report
    assert page["troubles"] == verdict["troubles"]
    assert (page["kills"], page["question"], page["gate"]) == (verdict["kills"], verdict["question"], verdict["gate"])
    for answer, arm in zip(page["answers"], verdict["arms"], strict=True):
        assert (answer["costs"], answer["gains"]) == (arm["costs"], arm["gains"])
        assert arm["sentence"] in (answer["rest"], f"{answer['lead']}: {answer['rest']}")
    assert [(row["why"].lower().rstrip("."), row["name"]) for row in page["rulings"]] == [
        (each["why"].lower().rstrip("."), f"{each['rule']['metric']} of {each['arm']}") for each in verdict["rulings"]
    ]
    doubts = [*verdict["caveats"], *(each["caveat"] for each in both.told["doubts"])]
    assert {each["code"] for each in doubts} <= {note["code"] for note in page["trust"]["notes"]}


def test_every_card_of_the_first_screen_is_that_of_compare(both: Both) -> None:
    found = {(each["arm"], each["metric"]): each for each in both.told["comparisons"]}
    groups = [group for table in both.report["tables"] for group in table["groups"]]
    titles = {row["title"]: row["metric"] for group in groups for row in group["rows"]} | {"Processes killed": "kills"}
    for answer in both.report["answers"]:
        for card in answer["cards"]:
            row = found[answer["arm"], titles[card["label"]]]
            if row["metric"] == "kills":
                sides = [sum(pair[f"{side}_kills"] for pair in row["pairs"]) for side in ("control", "arm")]
                assert card["figure"] == ("0" if sum(sides) == 0 else f"{sides[0]} / {sides[1]}")
                continue
            if row["relative_value"] is None:
                assert agree(card["figure"], [row["difference_value"]])
            else:
                assert ratios_agree(card["figure"], [row["relative_value"]])
            assert card["detail"].endswith(f", n = {row['n']}")
            assert card["word"] == WORDS[row["outcome"]]


def test_what_depends_on_another_setting_is_that_of_compare(both: Both) -> None:
    found = {(each["metric"]["name"], each["contrast"]["level"]): each for each in both.told["interactions"]}
    rows = [(table, row) for table in both.report["interactions"] for row in table["rows"]]
    assert {(row["metric"], table["level"]) for table, row in rows} == found.keys()
    for table, row in rows:
        each = found[row["metric"], table["level"]]
        assert each["scale"] == "ratio"
        assert row["n"] == each["n"]
        assert agree(row["between"], [each["ratio"][end] for end in ENDS])
        for side in ("at_level", "at_base"):
            assert ratios_agree(row[side], [each[side]["value"]])


def test_how_soon_processes_were_killed_is_that_of_compare(both: Both) -> None:
    data = both.report["data"]
    shown = {data["arms"][each["arm"]]: each for each in data["survived"]}
    assert shown.keys() == {each["arm"] for each in both.told["survival"] if each["trials"]}
    for each in both.told["survival"]:
        told = next(line for line in both.report["survival"] if line.startswith(f"{each['arm']}: "))
        assert f"nobody killed in {each['trials'] - each['killed']} of {each['trials']} trials" in told
        names = ("after_s", "share", "low", "high")
        points = zip(*(shown[each["arm"]][name] for name in names), strict=True)
        assert list(points) == [tuple(point[name] for name in names) for point in each["curve"]]


def test_the_reviewers_questions_are_answered_in_the_words_of_compare(both: Both) -> None:
    told = {each["question"]: each for each in both.told["questions"]}
    for asked in both.report["asked"]:
        each = told[asked["question"]]
        assert asked["open"] == (each["status"] == "open")
        assert asked["open"] or asked["lines"] == each["answer"]
        assert asked["command"] == each["command"]


def test_every_trial_in_the_list_is_that_of_compare(both: Both) -> None:
    names = ("status", "rule", "reason")
    shown = [(row["name"], *(row[name] for name in names)) for row in both.report["trust"]["trials"]]
    assert shown == [(each["trial"], *(each[name] for name in names)) for each in both.told["trials"]]
    for row, each in zip(both.report["trust"]["trials"], both.told["trials"], strict=True):
        assert row["kills"].partition(":")[0] == (str(each["kills"]) if each["kills"] else "")


@pytest.mark.parametrize(
    ("text", "wanted", "told"),
    [
        ("-1.25 [-1.90, -0.60] s", [-1.2549, -1.9, -0.6], True),
        ("-1.25 [-1.90, -0.60] s", [-1.256, -1.9, -0.6], False),
        ("61,000 pages/s", [61_000.4], True),
        ("6.1 k pages/s", [6_160.0], False),
        ("250 ms", [0.25], True),
        ("250 s", [0.25], False),
        ("-", [None], True),
        ("0", [None], False),
    ],
)
def test_a_figure_agrees_only_as_rounded_and_in_its_unit(text: str, wanted: list[float | None], told: bool) -> None:  # noqa: FBT001 - parametrized
    assert agree(text, wanted) is told
