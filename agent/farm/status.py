# SPDX-License-Identifier: Apache-2.0
"""The whole farm in one screen, and as JSON. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from agent.farm.health import Attempt, Health, ranked
from agent.farm.labels import words
from agent.farm.queue import Bound, Ended, Job
from agent.farm.seen import Seen
from reports.printable import printable
from reports.units import count, share


@dataclass(frozen=True)
class PlaceState:
    """One phone's part of a job.

    Attributes:
        name: NNN.
        bound: whose it is; None before it is anyone's.
        attempts: how each ended.
        ended: how it ended; None as long as something is left to do.
    """

    name: str
    bound: Bound | None
    attempts: tuple[Attempt, ...]
    ended: Ended | None


@dataclass(frozen=True)
class FarmState:
    """What the store holds.

    Attributes:
        store: where it is.
        now_s: seconds since 1970.
        jobs: name -> what was asked, and its places.
        hosts: what each sees.
        healths: HOST/SERIAL -> what became of its last runs.
    """

    store: str
    now_s: float
    jobs: Mapping[str, tuple[Job, tuple[PlaceState, ...]]]
    hosts: tuple[Seen, ...]
    healths: Mapping[str, Health]

    @property
    def at_work(self) -> dict[str, str]:
        """JOB/NNN -> the phone at work on it."""
        heard = (seen for seen in self.hosts if seen.heard(self.now_s))
        return {each.place: phone for seen in heard for phone, each in seen.phones.items() if each.place}


def status_lines(state: FarmState) -> Iterator[str]:
    """One screen: jobs with what is left of them, what went wrong, then hosts and phones, the quietest first."""
    open_jobs = {name: each for name, each in state.jobs.items() if any(place.ended is None for place in each[1])}
    phones = sum(len(seen.phones) for seen in state.hosts)
    where = f"{count(phones, 'phone')} on {count(len(state.hosts), 'host')}"
    yield f"{printable(state.store)}: {count(len(open_jobs), 'job')} to do of {len(state.jobs)}, {where}"
    for name, (job, places) in state.jobs.items():
        yield from _job_lines(state, name, job, places)
    for seen in state.hosts:
        yield from _host_lines(state, seen)


def _job_lines(state: FarmState, name: str, job: Job, places: Sequence[PlaceState]) -> Iterator[str]:
    done = sum(place.ended is not None and place.ended.done for place in places)
    given_up = [place for place in places if place.ended is not None and not place.ended.done]
    working = [place for place in places if place.ended is None and f"{name}/{place.name}" in state.at_work]
    left = len(places) - done - len(given_up) - len(working)
    parts = {"done": done, "at work": len(working), "waiting": left, "given up": len(given_up)}
    told = ", ".join(f"{number} {what}" for what, number in parts.items() if number)
    yield f"{name}  {printable(words(job.pool))}  {told} of {count(len(places), 'phone')}"
    for place in given_up:
        yield f"    {place.name}  {printable(place.ended.why if place.ended else '', 200)}"
    for place in places:
        last = place.attempts[-1] if place.attempts else None
        if place.ended is None and last and last.ending in ("failed", "refused"):
            yield f"    {place.name}  {printable(last.phone)}  {last.ending}, tried again: {printable(last.why, 200)}"


def _host_lines(state: FarmState, seen: Seen) -> Iterator[str]:
    silent = state.now_s - seen.at_s
    heard = seen.heard(state.now_s)
    yield f"{printable(seen.host)}  {count(len(seen.phones), 'phone')}" + (
        "" if heard else f", not heard of for {silent:.0f} s"
    )
    healths = {phone: state.healths.get(phone, Health()) for phone in seen.phones}
    for phone in ranked(healths):
        each, health = seen.phones[phone], healths[phone]
        noise = "" if health.noise is None else f", noise floor {share(health.noise)}"
        doing = _doing(health, each.place, state.now_s, ready=each.ready and heard)
        labels = words({name: label for name, label in each.labels.items() if name != "host"})
        yield f"    {printable(phone.partition('/')[2])}  {printable(labels)}  {printable(doing, 250)}{noise}"


def _doing(health: Health, place: str, now_s: float, *, ready: bool) -> str:
    if place:
        return f"at work: {place}"
    if health.rests_at(now_s):
        until = datetime.fromtimestamp(health.until_s).astimezone()
        return f"rests until {until:%Y-%m-%d %H:%M}: {health.why}"
    return "idle" if ready else "gone"


def status_document(state: FarmState) -> dict[str, Any]:
    """The same and more, as JSON: every attempt of every place, every phone."""
    jobs = {
        name: {**asdict(job), "places": [asdict(place) for place in places]}
        for name, (job, places) in state.jobs.items()
    }
    return {
        "store": state.store,
        "jobs": jobs,
        "at_work": state.at_work,
        "hosts": [asdict(seen) for seen in state.hosts],
        "phones": {phone: asdict(health) for phone, health in state.healths.items()},
        "ranked": ranked(state.healths),
    }
