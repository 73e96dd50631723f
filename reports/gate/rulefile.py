# SPDX-License-Identifier: Apache-2.0
"""A gate's rules and waivers from TOML, every problem at once and named by file and line.

Example::

    [[rules]]
    metric = "ttid"          # a name from `reclaim list metrics`
    must = "not-worsen"      # or "improve"
    margin_percent = 5       # of the control's level; or `margin`, in the metric's base unit
    app = "*"                # each app by itself; a package; left out: the median over all launches

    [[waivers]]
    metric = "kills"
    owner = "kernel-team"
    reason = "one known kill of the game, fix in review"
    expires = 2026-12-31     # the last day on which it holds
    arm = "on"               # left out: any arm; `app` likewise

Without `[[rules]]` a file's waivers join the rules that are stated already.
"""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints, model_validator

from reports.gate.rulebook import Place, Rulebook, StatedRule, Waiver, app_problem, metric_problem, rulebook
from reports.store import RunStore
from workloads.lines import key_lines
from workloads.rules import RuleEntry, repeated
from workloads.spec import Experiment
from workloads.toml_file import Problem, TomlFile, parse, read


def _judgeable(metric: str) -> str:
    problem = metric_problem(metric)
    if problem:
        raise ValueError(problem)
    return metric


def _day(value: object) -> object:
    """A day as TOML writes it; a number would be taken for seconds since 1970."""
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise ValueError("write a day: expires = 2026-12-31")  # noqa: TRY004 - pydantic reports a ValueError with its line
    return value


_Metric = Annotated[str, AfterValidator(_judgeable)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Rule(RuleEntry):
    metric: _Metric

    @model_validator(mode="after")
    def _an_app_that_can_be(self) -> "_Rule":
        problem = app_problem(self.metric, self.app)
        if problem:
            raise ValueError(problem)
        return self


class _Waiver(TomlFile):
    metric: _Metric
    owner: _Text
    reason: _Text
    expires: Annotated[date, BeforeValidator(_day)]
    arm: str = ""
    app: str = ""

    def spec(self, place: Place) -> Waiver:
        """As a value."""
        return Waiver(self.metric, self.owner, self.reason, self.expires, place, arm=self.arm, app=self.app)


class RulesFile(TomlFile):
    """A file of rules and waivers."""

    rules: tuple[_Rule, ...] = ()
    waivers: tuple[_Waiver, ...] = ()

    def problems(self) -> Iterator[Problem]:
        """A file that says nothing, or the same twice."""
        if not self.rules and not self.waivers:
            yield (), "holds neither [[rules]] nor [[waivers]]"
        yield from repeated(self.rules)


def load(path: Path, stated: Rulebook, today: date) -> Rulebook:
    """What a file of rules asks; without rules of its own its waivers join those that are stated already.

    Args:
        path: the file.
        stated: the rules of the experiment.
        today: the day waivers are held against.

    Raises:
        InputError: it cannot be read, or every problem of it, `FILE:LINE: text`.
    """
    text = read(path)
    model = parse(path, text, RulesFile)
    lines = key_lines(text)

    def place(kind: str, index: int) -> Place:
        return Place(str(path), lines.get((kind, index)))

    rules = tuple(StatedRule(rule.spec(), place("rules", i)) for i, rule in enumerate(model.rules))
    waivers = tuple(waiver.spec(place("waivers", i)) for i, waiver in enumerate(model.waivers))
    source = str(path) if rules else f"{stated.source}, waivers of {path}"
    return Rulebook(rules or stated.rules, source, waivers, today)


def stated_rules(store: RunStore, experiment: Experiment) -> Rulebook:
    """The rules stated before a run, each with its line in the experiment's file, else the default ones.

    Raises:
        StoreError: the run cannot be read.
    """
    file = store.path / "experiment.toml"
    lines = key_lines(store.experiment_text())
    return rulebook(experiment, Place(str(file)), [lines.get(("rules", i)) for i in range(len(experiment.rules))])
