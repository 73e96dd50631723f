# SPDX-License-Identifier: Apache-2.0
"""A farm of phones that only wait: jobs are done once each, whatever dies meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from distributed import Scheduler

from agent.farm.follow import look
from agent.farm.keeper import KEEPERS
from agent.farm.queue import Queue, open_queue
from agent.farm.status import status_lines
from tests.support.farming import Waiting, done, host, serving, submit, until


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return open_queue(tmp_path)


def farm(scenario: Callable[[str], Awaitable[None]]) -> None:
    """Run a scenario with a scheduler, whose address it gets."""

    async def main() -> None:
        async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
            await scenario(scheduler.address)

    asyncio.run(main())


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
