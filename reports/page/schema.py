# SPDX-License-Identifier: Apache-2.0
"""The JSON Schema of report.json, made from the very values that pages are made from."""

from typing import Any

import msgspec

from reports.page.builds import BuildsPage
from reports.page.model import Page
from reports.page.report import VERSION, Form
from reports.page.several import SeveralPage
from reports.page.single import TracePage
from workloads.schema import DIALECT

FORMS: tuple[type[Form], ...] = (Page, SeveralPage, BuildsPage, TracePage)


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12; descriptions are those of the values, units among them."""
    references, parts = msgspec.json.schema_components(FORMS, ref_template="#/$defs/{name}")
    for part in parts.values():
        part["required"] = list(part["properties"])
        for field in part["properties"].values():
            field.pop("default", None)  # whatever it is, the value is written down
    forms = [
        {"properties": {"form": {"const": form.form}, "page": reference}}
        for form, reference in zip(FORMS, references, strict=True)
    ]
    return {
        "$schema": DIALECT,
        "title": "What a page of reclaim shows: `reclaim report --json-file`",
        "type": "object",
        "required": ["schema", "form", "page"],
        "properties": {
            "schema": {"const": VERSION},
            "form": {"enum": [form.form for form in FORMS]},
            "page": {"type": "object"},
        },
        "oneOf": forms,
        "$defs": parts,
    }
