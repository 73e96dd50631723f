# SPDX-License-Identifier: Apache-2.0
"""How a dose is found, as an experiment's `[titrate]` table says it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from workloads.titration import Adjustable, TargetMetric, Titration
from workloads.toml_file import Problem, TomlFile


class TitrateEntry(TomlFile):
    """Find the dose before the run, in the control arm; then every arm's trials demand that, to the byte."""

    metric: TargetMetric
    target: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    adjust: Adjustable = Titration.adjust
    within: Annotated[float, Field(ge=0.01, le=0.5)] = Titration.within
    tries: Annotated[int, Field(ge=2, le=50)] = Titration.tries

    def spec(self) -> Titration:
        """As a value."""
        return Titration(**self.model_dump())

    def misplaced(
        self, demanded: Mapping[str, float] | None, arms: Sequence[Mapping[str, float]], *, traced: bool
    ) -> Iterator[Problem]:
        """What keeps the dose from being found.

        Args:
            demanded: what the workload's `[pressure]` gives; None without one.
            arms: what each arm's `pressure` gives.
            traced: whether the control's trials record a trace.
        """
        if self.metric == "swap_fill_max" and self.target > 1:
            yield ("titrate", "target"), "is a share of all swap: give 0 to 1"
        if demanded is None:
            yield ("titrate",), "finds a dose, but the workload has no [pressure]"
            return
        if not traced:
            yield ("titrate",), "reads what its trials record, and the control records no trace"
        if any(given.get("hold_available_bytes") for given in (demanded, *arms)):
            yield ("titrate",), "finds a dose, and in hold mode (`hold_available_bytes`) the dose is an outcome"
        if self.adjust == "retouch_bytes_s" and not demanded.get("hot_share"):
            yield ("titrate", "adjust"), "re-touches nothing: the workload's [pressure] has no `hot_share`"
        for index, given in enumerate(arms):
            if self.adjust in given:
                yield ("arms", index, "pressure"), f"gives {self.adjust}, which is found by [titrate]"
