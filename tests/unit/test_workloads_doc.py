# SPDX-License-Identifier: Apache-2.0
from dataclasses import fields
from pathlib import Path

from workloads.schema import schema
from workloads.spec import Pressure

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "workloads.md").read_text()


def test_the_page_about_workloads_names_every_step_and_every_field_of_a_pressure() -> None:
    steps = schema("workload")["properties"]["steps"]["items"]["discriminator"]["mapping"]  # type: ignore[index]  # JSON
    assert [name for name in steps if f"| `{name}` |" not in TEXT] == []
    assert [field.name for field in fields(Pressure) if f"`{field.name}`" not in TEXT] == []
