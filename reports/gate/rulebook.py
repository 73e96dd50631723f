# SPDX-License-Identifier: Apache-2.0
"""What a gate judges by: rules, where each is written, waivers. Pure; `reports.gate.rulefile` reads files."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from reports.comparison import KILLS
from reports.metrics import METRICS
from workloads.spec import Experiment, Rule

EACH_APP = "*"
DEFAULT_MARGIN = 0.05
DEFAULT_RULES = "default: no more kills, no primary metric worse by more than 5 %"
_PACKAGE = re.compile(r"[A-Za-z]\w*(\.\w+)*", re.ASCII)


@dataclass(frozen=True)
class Place:
    """Where something is written.

    Attributes:
        file: as the user named it.
        line: 1-based; None where no line says it.
    """

    file: str
    line: int | None = None

    def __str__(self) -> str:
        """`FILE:LINE`, as compilers write it."""
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True)
class StatedRule:
    """A rule and where it is written."""

    rule: Rule
    place: Place


@dataclass(frozen=True)
class Waiver:
    """A failure that somebody answers for, until a day.

    Attributes:
        metric: of the rule that may fail.
        owner: who answers for it.
        reason: why it may fail.
        expires: the last day on which it holds.
        place: where it is written.
        arm: the arm it is for; empty: any.
        app: the app it is for; empty: any, and the median over all launches.
    """

    metric: str
    owner: str
    reason: str
    expires: date
    place: Place
    arm: str = ""
    app: str = ""

    def covers(self, metric: str, arm: str, app: str) -> bool:
        """Whether it is for this metric, arm and app."""
        return self.metric == metric and self.arm in ("", arm) and self.app in ("", app)


@dataclass(frozen=True)
class Rulebook:
    """Everything a gate judges by.

    Attributes:
        rules: in the order written.
        source: where they come from, for people: a file, or `DEFAULT_RULES`.
        waivers: failures that somebody answers for.
        today: the day waivers are held against; None without waivers.
    """

    rules: tuple[StatedRule, ...]
    source: str
    waivers: tuple[Waiver, ...] = ()
    today: date | None = None


def rulebook(experiment: Experiment, place: Place, lines: Sequence[int | None] = ()) -> Rulebook:
    """The rules an experiment states, else the default ones.

    By default nobody may be killed because of an arm, and no primary metric may worsen by `DEFAULT_MARGIN`.

    Args:
        experiment: its rules count, and its primary metrics.
        place: the experiment's file.
        lines: of its rules, in their order; shorter where they are not known.
    """
    known = dict(enumerate(lines))
    if experiment.rules:
        stated = (StatedRule(rule, Place(place.file, known.get(i))) for i, rule in enumerate(experiment.rules))
        return Rulebook(tuple(stated), place.file)
    rules = [Rule(KILLS, "not-worsen", 0.0, relative=False)]
    rules += [Rule(name, "not-worsen", DEFAULT_MARGIN) for name in experiment.primary if _by_default(name)]
    return Rulebook(tuple(StatedRule(rule, place) for rule in rules), DEFAULT_RULES)


def with_kills(book: Rulebook) -> Rulebook:
    """A rulebook for a run in which an arm surely kills more, or processes died in trials that are left out.

    One that names no kills asks about them all the same.
    A killed process makes every other figure look better, so no gate may pass over it.
    """
    if not book.rules or any(stated.rule.metric == KILLS for stated in book.rules):
        return book
    asked = StatedRule(Rule(KILLS, "not-worsen", 0.0, relative=False), Place(book.rules[0].place.file))
    return replace(book, rules=(*book.rules, asked))


def _by_default(name: str) -> bool:
    return name != KILLS and name in METRICS and METRICS[name].better != "none"


def metric_problem(name: str) -> str:
    """Why no rule can be about a metric; empty when one can."""
    if name not in METRICS:
        return f"{name!r} is no metric; `reclaim list metrics` shows them"
    if METRICS[name].better == "none":
        return f"neither way of {name} is better, so no rule can judge it; take a metric that has a better way"
    return ""


def app_problem(metric: str, app: str) -> str:
    """Why a rule cannot be about an app's launches; empty when it can, or is about none."""
    if app in ("", EACH_APP):
        known = True
    elif "/" in app:
        return f"{app!r} is a component: write the package alone, {app.partition('/')[0]!r}"
    else:
        known = _PACKAGE.fullmatch(app) is not None
    if not known:
        return f"{app!r} is no package: write one such as 'com.example.app', or '*' for each app"
    if app and metric in METRICS and METRICS[metric].window == "trial":
        return f"{metric} is measured once per trial, not per app: leave `app` out"
    return ""


def problems(book: Rulebook, arms: Iterable[str], apps: Iterable[str]) -> Iterator[str]:
    """What in a rulebook does not fit a run, one line each, `FILE:LINE: text`.

    Args:
        book: what would be judged by.
        arms: of the run, its controls left out.
        apps: packages it launched or was to launch.
    """
    judged, launched = tuple(arms), tuple(apps)
    for stated in book.rules:
        rule = stated.rule
        text = metric_problem(rule.metric) or app_problem(rule.metric, rule.app) or _launched(rule.app, launched)
        if text:
            yield f"{stated.place}: {text}"
    for waiver in book.waivers:
        if waiver.arm and waiver.arm not in judged:
            yield f"{waiver.place}: no arm that is judged is called {waiver.arm!r}; there is {', '.join(judged)}"
        text = _launched(waiver.app, launched)
        if text:
            yield f"{waiver.place}: {text}"


def _launched(app: str, apps: Sequence[str]) -> str:
    if app in ("", EACH_APP, *apps):
        return ""
    return f"no launch of this run is of {app!r}; it launches {', '.join(apps) or 'nothing'}"
