# SPDX-License-Identifier: Apache-2.0
"""A farm of phones that only wait: jobs are done once each, whatever dies meanwhile."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from distributed import Scheduler, Security

from agent.farm.follow import look
from agent.farm.health import Attempt
from agent.farm.keeper import KEEPERS
from agent.farm.queue import Job, Place, Queue, now, open_queue
from agent.farm.status import status_lines
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


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return open_queue(tmp_path)


def submit(queue: Queue, phones: int, **pool: str) -> str:
    file = queue.root / "x.toml"
    file.write_text("")
    return queue.submit(Job(file.name, pool, phones, 0, now(), "reclaim farm run x.toml"), {file.name: file})


def host(queue: Queue, runs: Waiting, name: str, phones: int, **labels: str) -> Host:
    serials = {f"p{number}": {"pool": "night", **labels} for number in range(phones)}
    return Host(name, queue, lambda: serials, runs, lambda _line: None, TERMS)


def farm(scenario: Callable[[str], Awaitable[None]]) -> None:
    """Run a scenario with a scheduler, whose address it gets."""

    async def main() -> None:
        async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
            await scenario(scheduler.address)

    asyncio.run(main())


@contextlib.asynccontextmanager
async def serving(address: str, *hosts: Host) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each.serve(address, Security())) for each in hosts]
    try:
        yield
    finally:
        for each in hosts:
            each.end()
        await asyncio.gather(*tasks)


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + FEW
    while not holds():
        assert time.monotonic() < deadline, "it does not come to pass"
        await asyncio.sleep(0.02)


def done(queue: Queue, job: str) -> int:
    return sum((ended := place.ended()) is not None and ended.done for place in queue.places(job))


def test_every_place_of_a_job_is_run_once_on_phones_that_have_its_labels(queue: Queue) -> None:
    runs = Waiting()
    job = submit(queue, 6, pool="night", model="X")

    async def scenario(address: str) -> None:
        hosts = (host(queue, runs, "a", 2, model="X"), host(queue, runs, "b", 2, model="X"), host(queue, runs, "c", 2))
        async with serving(address, *hosts):
            await until(lambda: done(queue, job) == 6)

    farm(scenario)
    assert sorted(place for _, place in runs.log) == [f"{job}/{number:03}" for number in range(1, 7)]
    assert {phone[0] for phone, _ in runs.log} == {"a", "b"}
    assert any(line.endswith("6 done of 6 phones") for line in status_lines(look(queue)))


def test_a_run_that_failed_goes_on_with_its_own_phone(queue: Queue) -> None:
    runs = Waiting(failing={"a/p0": 2})
    job = submit(queue, 1, pool="night")

    async def scenario(address: str) -> None:
        first = host(queue, runs, "a", 1)
        async with serving(address, first, host(queue, runs, "b", 0)):
            await until(lambda: done(queue, job) == 1)

    farm(scenario)
    assert runs.log == [("a/p0", f"{job}/001")] * 3


def test_a_phone_that_fails_and_fails_rests_and_its_place_waits_for_it(queue: Queue) -> None:
    runs = Waiting(failing={"a/p0": 3})
    job = submit(queue, 1)

    async def scenario(address: str) -> None:
        async with serving(address, host(queue, runs, "a", 1)):
            await until(lambda: queue.health_of("a/p0").rests == 1)
            await asyncio.sleep(0.3)

    farm(scenario)
    assert len(runs.log) == 3
    assert done(queue, job) == 0
    assert any("rests until" in line and "flaky" in line for line in status_lines(look(queue)))


def test_a_scheduler_that_is_lost_ends_no_run_and_its_follower_goes_on(queue: Queue) -> None:
    runs = Waiting()
    runs.held.clear()
    job = submit(queue, 2)

    async def scenario() -> None:
        first = await Scheduler(host="127.0.0.1", port=0, dashboard=False)
        port = int(first.address.rpartition(":")[2])
        async with serving(first.address, host(queue, runs, "a", 1)):
            await until(lambda: len(runs.log) == 1)
            await first.close()
            async with Scheduler(host="127.0.0.1", port=port, dashboard=False):
                await asyncio.sleep(0.5)
                runs.held.set()
                await until(lambda: done(queue, job) == 2)

    asyncio.run(scenario())
    assert len(runs.log) == 2, "no run was made twice"


def test_a_host_that_is_lost_leaves_its_place_to_its_phone_alone(queue: Queue) -> None:
    runs = Waiting()
    runs.held.clear()
    job = submit(queue, 1)

    async def scenario(address: str) -> None:
        lost = host(queue, runs, "a", 1)
        async with serving(address, lost):
            await until(lambda: len(runs.log) == 1)
            keeper = KEEPERS.pop((str(queue.root), "a/p0"))  # as if its process had been killed
            runs.at_once.clear()
            await lost._close(["a/p0"])  # noqa: SLF001 - what a death looks like to Dask
            async with serving(address, host(queue, runs, "b", 1)):
                await until(
                    lambda: any(each.ending == "moved" for place in queue.places(job) for each in place.attempts())
                )
                runs.held.set()
                keeper.wait()
                await until(lambda: done(queue, job) == 1)

    farm(scenario)
    assert {phone for phone, _ in runs.log} == {"a/p0"}
