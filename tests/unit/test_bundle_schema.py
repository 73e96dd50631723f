# SPDX-License-Identifier: Apache-2.0
"""What is published about bundles is what they are read by."""

import json
from pathlib import Path

import msgspec

from agent.cli.main import COMMANDS
from reports.bundle.manifest import Manifest, belongs
from reports.encoding import encode
from tests.support.bundles import FILES, manifest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_published_schema_is_the_one_that_manifests_are_read_by() -> None:
    told = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Manifest)}
    assert json.loads((DOCS / "schema" / "bundle.schema.json").read_text()) == told


def test_a_manifest_fits_its_schema() -> None:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - only here

    schema = json.loads((DOCS / "schema" / "bundle.schema.json").read_text())
    assert list(Draft202012Validator(schema).iter_errors(json.loads(encode(manifest(FILES))))) == []


def test_commands_of_the_page_exist() -> None:
    words = [
        line.split()[1] for line in (DOCS / "bundle.md").read_text().splitlines() if line.startswith("    reclaim")
    ]
    assert words
    assert set(words) <= set(COMMANDS)


def test_what_belongs_to_a_bundle_depends_on_what_was_bundled() -> None:
    assert belongs("trials/001-b1-on/trace.pftrace", "run")
    assert not belongs("trials/001-b1-on/trace.pftrace", "recording")
    assert not belongs("trials/../trace.sh", "run")
    assert not belongs("undo.json", "run")
