# SPDX-License-Identifier: Apache-2.0
"""A farm of phones that only wait."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from distributed import Security

from agent.farm.health import Attempt
from agent.farm.queue import Job, Place, Queue, now
from agent.farm.worker import Host, Terms

TERMS = Terms(look_s=0.1, first_pause_s=0.0, first_rest_s=3600.0)
FEW = 30.0


@dataclass
class Waiting:
    """Runs that take a moment; what is to go wrong is planted by phone.

    Attributes:
        seconds: a run takes.
        failing: phone -> how many of its next attempts fail.
        held: while it is clear, runs that have begun do not end.
        log: phone and place of every attempt, in the order of their beginnings.
        at_once: phones at work now.
    """

    seconds: float = 0.05
    failing: dict[str, int] = field(default_factory=dict)
    held: threading.Event = field(default_factory=threading.Event)
    log: list[tuple[str, str]] = field(default_factory=list)
    at_once: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.held.set()

    def attempt(self, job: Job, place: Place, phone: str) -> Attempt:
        """A run: its directory first, then a moment, then its end."""
        del job
        assert phone not in self.at_once, "two runs on one phone"
        self.at_once.add(phone)
        try:
            self.log.append((phone, place.name))
            place.run.mkdir(exist_ok=True)
            (place.run / "plan.json").touch()
            time.sleep(self.seconds)
            self.held.wait()
        finally:
            self.at_once.discard(phone)
        if self.failing.get(phone, 0):
            self.failing[phone] -= 1
            return Attempt(phone, now(), self.seconds, "failed", "planted")
        return Attempt(phone, now(), self.seconds, "done")


def submit(queue: Queue, phones: int, **pool: str) -> str:
    """A job for so many phones with these labels; return its name."""
    file = queue.root / "x.toml"
    file.write_text("")
    return queue.submit(Job(file.name, pool, phones, 0, now(), "reclaim farm run x.toml"), {file.name: file})


def host(queue: Queue, runs: Waiting, name: str, phones: int, **labels: str) -> Host:
    """A host with phones `p0`, `p1`, ... of the pool `night`."""
    serials = {f"p{number}": {"pool": "night", **labels} for number in range(phones)}
    return Host(name, queue, lambda: serials, runs, lambda _line: None, TERMS)


@contextlib.asynccontextmanager
async def serving(address: str, *hosts: Host, shown: Security | None = None) -> AsyncIterator[None]:
    """Hosts at work; they end with the block."""
    tasks = [asyncio.create_task(each.serve(address, shown or Security())) for each in hosts]
    try:
        yield
    finally:
        for each in hosts:
            each.end()
        await asyncio.gather(*tasks)


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; half a minute at most."""
    deadline = time.monotonic() + FEW
    while not holds():
        assert time.monotonic() < deadline, "it does not come to pass"
        await asyncio.sleep(0.02)


def done(queue: Queue, job: str) -> int:
    """Places of a job that are done."""
    return sum((ended := place.ended()) is not None and ended.done for place in queue.places(job))
