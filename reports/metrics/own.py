# SPDX-License-Identifier: Apache-2.0
"""Metrics of others: from a folder of SQL files, or from a package.

A folder: every `*.sql` in `RECLAIM_METRICS`, else in `metrics` of the user's configuration folder, is one metric. Its
first comment lines say what is known of it, in any order; window and needs may be left out:

    -- metric  gpu_memory_peak
    -- unit    bytes
    -- better  lower
    -- title   Most memory the GPU held
    -- source  Perfetto counter_track 'GPU Memory'
    -- needs   vmstat nr_zspages

A package: an entry point of the group `reclaim.metrics` that names a `Topic`:

    [project.entry-points."reclaim.metrics"]
    acme = "acme_metrics:TOPIC"

The SQL selects `metric, value, note`, or, of each launch, `launch, window, metric, value, note`; it may read what
`reports/traces/sql/shared.sql`, `startup.sql` and `running.sql` make. What is broken is told and never stops a run.
"""

import functools
import os
import re
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from reports.metrics.metric import Better, Metric, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GROUP = "reclaim.metrics"
ENVIRONMENT = "RECLAIM_METRICS"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LINE = re.compile(r"-- (metric|unit|better|window|title|source|needs) +(\S.*)")
_REQUIRED = ("metric", "unit", "better", "title", "source")


@dataclass(frozen=True)
class Topic:
    """Metrics that one query gives.

    Attributes:
        name: who brought it: a file, or a package and its entry point.
        metrics: what the query may give; a row of any other metric is not taken.
        sql: PerfettoSQL; the last statement selects.
    """

    name: str
    metrics: tuple[Metric, ...]
    sql: str


@dataclass(frozen=True)
class Own:
    """Every topic of others, and one line per topic that cannot be used."""

    topics: tuple[Topic, ...]
    troubles: tuple[str, ...]

    @property
    def metrics(self) -> dict[str, Metric]:
        """Their metrics, by name."""
        return {metric.name: metric for topic in self.topics for metric in topic.metrics}


def own_metrics(taken: frozenset[str]) -> Own:
    """Find the metrics of others; looked for once in a process, and again where the folder is another one.

    Args:
        taken: names that are ours.
    """
    place = folder()
    found = _found(place, taken)
    if os.environ.get(ENVIRONMENT) and not place.is_dir():
        absent = f"{ENVIRONMENT} names {place}, which is no folder: no metric of yours is used; correct or unset it"
        return replace(found, troubles=(*found.troubles, absent))
    return found


def folder() -> Path:
    """`RECLAIM_METRICS`, else `metrics` in the user's configuration folder (`XDG_CONFIG_HOME`)."""
    named = os.environ.get(ENVIRONMENT)
    if named:
        return Path(named)
    from platformdirs import user_config_path  # noqa: PLC0415 - imported late: only who asks for other metrics needs it

    return user_config_path("reclaim") / "metrics"


@functools.cache
def _found(place: Path, taken: frozenset[str]) -> Own:
    topics: list[Topic] = []
    troubles: list[str] = []
    names = set(taken)
    for name, load in _candidates(place):
        try:
            topic = _checked(load(), name, names)
        except Exception as error:  # noqa: BLE001 - whatever others do wrong, a run without their metric goes on
            told = " ".join(str(error).split())[:200]
            troubles.append(f"metric plug-in {name} is not used: {type(error).__name__}: {told}; mend or remove it")
        else:
            topics.append(topic)
            names |= {metric.name for metric in topic.metrics}
    return Own(tuple(topics), tuple(troubles))


def _candidates(place: Path) -> "Iterator[tuple[str, Callable[[], object]]]":
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield f"{entry.name} ({_package(entry)}: {entry.value})", entry.load
    for file in sorted(place.glob("*.sql")):
        yield str(file), functools.partial(parse, file)


def parse(file: Path) -> Topic:
    """Read one metric from a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it does not say what the metric is.
    """
    text = file.read_text(encoding="utf-8")
    said = {match[1]: match[2].strip() for line in text.splitlines() if (match := _LINE.fullmatch(line))}
    missing = [key for key in _REQUIRED if key not in said]
    if missing:
        raise ValueError(f"it has no line {', '.join(f'-- {key} ...' for key in missing)}")
    needs = tuple(need.strip() for need in said.get("needs", "").split(",") if need.strip())
    better, window = said["better"], said.get("window", "trial")
    metric = Metric(said["metric"], said["unit"], better, window, said["title"], said["source"], needs)  # type: ignore[arg-type]  # `_checked` refuses other words
    return Topic(str(file), (metric,), text)


def _checked(topic: object, name: str, taken: set[str]) -> Topic:
    if not isinstance(topic, Topic):
        raise TypeError(f"it is a {type(topic).__name__}, not a reports.metrics.own.Topic")
    for metric in topic.metrics:
        if not _NAME.fullmatch(metric.name):
            raise ValueError(f"{metric.name!r} is no name: small letters, digits and _")
        if metric.name in taken:
            raise ValueError(f"there is a metric {metric.name} already")
        if metric.better not in get_args(Better) or metric.window not in get_args(Window):
            raise ValueError(f"{metric.name}: better is lower, higher or none, and window trial or launch")
    return replace(topic, name=name)


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown package"
