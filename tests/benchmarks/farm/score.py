# SPDX-License-Identifier: Apache-2.0
"""What a compressed night came to: from what phones noted, what the store holds, and what was killed when."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from agent.farm.labels import matches
from agent.farm.queue import Place, Queue, open_queue
from tests.benchmarks.farm.host import labels_of
from tests.benchmarks.farm.night import Log, Plan

Span = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """Shares, seconds and numbers.

    Attributes:
        took_s: from dusk until nothing was left to do.
        busy: share of the time that a phone is there and work waits in which it is at work.
        overhead: processor time of the farm as a share of phones' time at work.
        gap_s: from a run's end to the next one's begin on the same phone, median, where nothing had died.
        gap_99_s: the same, of 99 of 100.
        lost: runs that are not done.
        doubled: trials made twice, and runs done twice.
        broke_off: attempts that did not end done.
        hosts_killed: processes.
        phones_gone: for a while.
        schedulers_killed: processes.
    """

    took_s: float
    busy: float
    overhead: float
    gap_s: float
    gap_99_s: float
    lost: int
    doubled: int
    broke_off: int
    hosts_killed: int
    phones_gone: int
    schedulers_killed: int


def score(plan: Plan, log: Log, store: Path) -> Score:
    """Of one night."""
    queue = open_queue(store)
    places = [place for job in queue.jobs() for place in queue.places(job)]
    spans = {file.name: list(_spans(file, log)) for file in (store / "busy").iterdir()}
    dawns = {phone: _last_begin(phone, queue) for phone in _phones(plan)}
    work = sum(_within(spans.get(phone, []), (log.began, dawn)) for phone, dawn in dawns.items())
    there = sum(_there(phone, log, dawn, queue) for phone, dawn in dawns.items())
    gaps = sorted(after[0] - before[1] for each in spans.values() for before, after in pairwise(each)) or [0.0]
    at_work = sum(end - begin for each in spans.values() for begin, end in each)
    return Score(
        took_s=log.ended - log.began,
        busy=work / there,
        overhead=log.cpu_s / at_work,
        gap_s=statistics.median(gaps),
        gap_99_s=gaps[int(0.99 * (len(gaps) - 1))],
        lost=sum(not _whole(place, plan) for place in places),
        doubled=_doubled(store, places),
        broke_off=sum(attempt.ending != "done" for place in places for attempt in place.attempts()),
        hosts_killed=len(log.killed),
        phones_gone=len(log.gone),
        schedulers_killed=len(log.schedulers),
    )


def _phones(plan: Plan) -> Iterator[str]:
    return (f"host{host:02}-p{phone:02}" for host in range(plan.hosts) for phone in range(plan.phones))


def _whole(place: Place, plan: Plan) -> bool:
    ended = place.ended()
    return ended is not None and ended.done and len(list(place.run.glob("[0-9]*.json"))) == plan.trials


def _doubled(store: Path, places: Sequence[Place]) -> int:
    twice = store / "doubled"
    trials = len(twice.read_text().splitlines()) if twice.exists() else 0
    return trials + sum(sum(each.ending == "done" for each in place.attempts()) > 1 for place in places)


def _spans(file: Path, log: Log) -> Iterator[Span]:
    """When a phone was at work; a process that was killed noted no end: its death was."""
    begin = None
    host = file.name.partition("-")[0]
    for line in file.read_text().splitlines():
        what, at = line.split()
        if what == "begin":
            if begin is not None:
                yield begin, min(at_s for name, at_s in log.killed if name == host and at_s >= begin)
            begin = float(at)
        elif begin is not None:
            yield begin, float(at)
            begin = None


def _last_begin(phone: str, queue: Queue) -> float:
    """When the last run began that a phone could have had: until then work waited for it."""
    labels = labels_of(phone.partition("-")[2])
    jobs = [name for name, job in queue.jobs().items() if matches(labels, job.pool)]
    return max((place.folder / "bound.json").stat().st_mtime for job in jobs for place in queue.places(job))


def _within(spans: Sequence[Span], window: Span) -> float:
    return sum(max(0.0, min(end, window[1]) - max(begin, window[0])) for begin, end in spans)


def _there(phone: str, log: Log, dawn: float, queue: Queue) -> float:
    """Seconds from dusk until work no longer waited in which a phone was there: host up, not gone, not at rest."""
    host = phone.partition("-")[0]
    ups = sorted(float(file.read_text()) for file in (queue.root / "up").glob(f"{host}-*"))
    away = [log.gone[phone.replace("-", "/")]] if phone.replace("-", "/") in log.gone else []
    for name, killed in log.killed:
        if name == host:
            away.append((killed, next((up for up in ups if up > killed), dawn)))
    return dawn - log.began - _within(_united(away), (log.began, dawn))


def _united(spans: Sequence[Span]) -> list[Span]:
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found
