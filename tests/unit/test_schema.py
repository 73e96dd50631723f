# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of experiment and workload files."""

import io
import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from agent.cli.main import main
from workloads import load
from workloads.schema import NAMES, schema

TOP = Path(__file__).resolve().parents[2]
FOLDERS = {"experiment": "experiments", "workload": "catalogue"}


@pytest.mark.parametrize("name", NAMES)
def test_the_published_schema_is_the_one_that_files_are_read_by(name: str) -> None:
    published = json.loads((TOP / "docs" / "schema" / f"{name}.schema.json").read_text())
    assert published == schema(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_fits_its_schema(name: str) -> None:
    check = Draft202012Validator(schema(name))
    for shipped in load.names(FOLDERS[name]):
        text = (TOP / "workloads" / FOLDERS[name] / f"{shipped}.toml").read_text()
        assert list(check.iter_errors(tomllib.loads(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        'steps = [{ do = "fly" }]',
        'steps = [{ do = "repeat", times = 0, steps = [{ do = "home" }] }]',
        'steps = [{ do = "home" }]\nunknown = 1',
        'steps = [{ do = "home", unknown = 1 }]',
        'steps = [{ do = "fill" }]\npressure = { processes = 1, bytes_each = 4096, hot_share = 2 }',
    ],
)
def test_what_is_refused_does_not_fit_it(text: str) -> None:
    document = tomllib.loads(f'title = "t"\napps = []\n{text}')
    assert list(Draft202012Validator(schema("workload")).iter_errors(document))


def test_the_command_prints_it_and_says_which_lists_have_none() -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main(["list", "workloads", "--schema"], out, err) == 0
    assert json.loads(out.getvalue()) == schema("workload")
    assert main(["list", "metrics", "--schema"], out, err) == 2
    assert "metrics are no files" in err.getvalue()
