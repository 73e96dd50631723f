# SPDX-License-Identifier: Apache-2.0
"""A gate's rule as TOML holds it, in an experiment or in a file of rules."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from workloads.spec import Must, Rule
from workloads.toml_file import Problem, TomlFile


class RuleEntry(TomlFile):
    """One `[[rules]]` table: the margin is `margin_percent` of the control's level, or `margin` in the base unit."""

    metric: str
    must: Must = "not-worsen"
    margin_percent: Annotated[float | None, Field(strict=True, ge=0, le=1000, allow_inf_nan=False)] = None
    margin: Annotated[float | None, Field(strict=True, ge=0, allow_inf_nan=False)] = None
    app: str = ""

    @model_validator(mode="after")
    def _one_margin(self) -> "RuleEntry":
        if (self.margin is None) == (self.margin_percent is None):
            raise ValueError("give either `margin_percent` or `margin` (in the metric's base unit)")
        return self

    def spec(self) -> Rule:
        """As a value."""
        if self.margin is not None:
            return Rule(self.metric, self.must, self.margin, relative=False, app=self.app)
        return Rule(self.metric, self.must, (self.margin_percent or 0.0) / 100, relative=True, app=self.app)


def repeated(entries: Sequence[RuleEntry]) -> Iterator[Problem]:
    """Rules that ask of a metric what an earlier one asks already: judged twice, they would cost each other power."""
    first: dict[tuple[str, str, str], int] = {}
    for index, entry in enumerate(entries):
        before = first.setdefault((entry.metric, entry.must, entry.app), index)
        if before != index:
            yield ("rules", index), f"asks the same of {entry.metric} as rules[{before}]; keep the margin that is meant"
