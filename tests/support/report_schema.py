# SPDX-License-Identifier: Apache-2.0
"""Writes the schema of report.json anew: `python -m tests.support.report_schema`, after a page has got a new field."""

from pathlib import Path

from reports.encoding import encode
from reports.page.schema import schema

PLACE = Path(__file__).resolve().parents[2] / "docs" / "schema" / "report.schema.json"


if __name__ == "__main__":
    PLACE.write_bytes(encode(schema()))
