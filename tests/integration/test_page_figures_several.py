# SPDX-License-Identifier: Apache-2.0
"""The figures of several phones, and of two builds, on their page and in `reclaim compare --json`."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from agent.cli import compare, report
from reports.record import DeviceFacts
from tests.support.page_text import ENDS, WORDS, agree, ratios_agree
from tests.support.synthetic_run import Shape, make_run

Json: TypeAlias = dict[str, Any]


def device(**facts: str) -> Callable[[DeviceFacts], DeviceFacts]:
    return lambda found: replace(found, **facts)  # type: ignore[arg-type] # texts alone


def both(folder: Path, *shapes: Shape) -> tuple[Json, Json]:
    """What the page shows and what compare says."""
    runs = [str(make_run(folder / f"run{number}", shape).path) for number, shape in enumerate(shapes)]
    shown, told = folder / "report.json", StringIO()
    to_page = ["-o", str(folder / "page.html"), "--json-file", str(shown)]
    for command, words, out in ((compare, ["--json"], told), (report, to_page, StringIO())):
        parser = ArgumentParser()
        command.add(parser)
        command.main(parser.parse_args([*runs, *words]), out, StringIO())
    return json.loads(shown.read_text())["page"], json.loads(told.getvalue())


def rows(tables: list[Json]) -> Iterator[tuple[str, str, Json]]:
    """Arm, the metric that a group is about, row; a row without a metric is about that of the row above."""
    for table in tables:
        for group in table["groups"]:
            metric = ""
            for row in group["rows"]:
                metric = row["metric"] or metric
                yield table["arm"], metric, row


def shown(row: Json, scale: str, figures: list[float | None]) -> bool:
    """Whether a row shows an effect on its scale."""
    if None in figures:
        return row["relative"] in ("", "-") and row["absolute"] in ("", "-")
    known = [each for each in figures if each is not None]
    return ratios_agree(row["relative"], known) if scale == "ratio" else agree(row["absolute"], known)


def test_effects_over_phones_and_of_each_phone_are_those_of_compare(tmp_path: Path) -> None:
    shapes = (Shape(blocks=4, seed=n, level=1.0 + n, device=device(serial=f"S{n}")) for n in range(4))
    page, told = both(tmp_path, *shapes, Shape(blocks=4, seed=9, kills={4: 2}, device=device(serial="S9")))
    found, walked = {(each["arm"], each["metric"]): each for each in told["effects"]}, []
    for arm, metric, row in rows(page["by_phone"] + page["tables"]):
        each = found[arm, metric]
        mean = (each[each["scale"]] or {}).get("mean") or dict.fromkeys(ENDS)
        if row["title"] == "One phone more":
            figures = [mean["value"], *each[each["scale"]]["new_phone"]]
        elif row["metric"]:
            figures = [mean[end] for end in ENDS]
            assert (row["n"], row["word"]) == (each["phones"], WORDS[each["outcome"]])
        else:
            (own,) = (one for one in each["own"] if one["phone"] == int(row["title"].split()[0]))
            figures = [own[f"{each['scale']}_{end}"] for end in ENDS]
            assert (row["n"], row["word"]) == (own["n"], WORDS[own["outcome"]])
            assert agree(row["control"], [own["control_mean"]])
            assert agree(row["arm"], [own["arm_mean"]])
        assert shown(row, each["scale"], figures), row
        walked.append((arm, metric, row["title"]))
    assert {(arm, metric) for arm, metric, _ in walked} == found.keys()
    own_rows = [title for _, _, title in walked if title[0].isdigit()]
    assert len(own_rows) == 5 * sum(each["family"] in ("kills", "primary") for each in told["effects"])
    assert any(title == "One phone more" for _, _, title in walked)


def test_effects_of_two_builds_are_those_of_compare(tmp_path: Path) -> None:
    builds = [Shape(blocks=5, seed=n, level=1.0 + 0.3 * (n // 2), device=device(build=f"b{n // 2}")) for n in range(4)]
    page, told = both(tmp_path, *builds)
    found = {(each["arm"], each["metric"]): each for each in told["effects"]}
    walked = set()
    for arm, metric, row in rows(page["tables"]):
        each = found[arm.removeprefix("B, "), metric]
        assert shown(row, "difference", [(each["difference"] or dict.fromkeys(ENDS))[end] for end in ENDS]), row
        assert (row["n"], row["word"]) == (each["n"], WORDS[each["outcome"]])
        for side in ("control", "arm") if each["control_mean"] is not None else ():
            assert agree(row[side], [each[f"{side}_mean"]])
        walked.add((arm.removeprefix("B, "), metric))
    assert walked == found.keys()
