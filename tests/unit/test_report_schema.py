# SPDX-License-Identifier: Apache-2.0
"""What is published about report.json is what pages are made from."""

import json

from jsonschema import Draft202012Validator

from reports.page.schema import schema
from tests.support.report_schema import PLACE


def test_the_published_schema_is_that_of_the_pages() -> None:
    assert json.loads(PLACE.read_text()) == schema(), "run `python -m tests.support.report_schema`"


def test_it_is_a_schema_that_names_every_field_of_every_form() -> None:
    published = json.loads(PLACE.read_text())
    Draft202012Validator.check_schema(published)
    assert [form["properties"]["form"]["const"] for form in published["oneOf"]] == ["run", "phones", "builds", "trace"]
    assert {"title", "answers", "tables", "data", "trust"} <= set(published["$defs"]["Page"]["required"])
    assert "besides" in published["$defs"]["EffectGroup"]["required"]
    assert "base units" in published["$defs"]["Points"]["description"]
