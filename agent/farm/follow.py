# SPDX-License-Identifier: Apache-2.0
"""A farm seen from a terminal: what the store holds now, a job to its end, and a farm of this computer alone."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from agent.device.lock import locked
from agent.farm.queue import Queue
from agent.farm.seen import hosts
from agent.farm.status import FarmState, PlaceState
from agent.farm.worker import Host
from reports.folders import state_dir
from reports.units import count


def look(queue: Queue) -> FarmState:
    """What the store holds.

    Raises:
        StoreError: it cannot be read.
    """
    jobs = {
        name: (
            job,
            tuple(
                PlaceState(each.folder.name, each.bound(), each.attempts(), each.ended()) for each in queue.places(name)
            ),
        )
        for name, job in queue.jobs().items()
    }
    return FarmState(str(queue.root), time.time(), jobs, hosts(queue.root), queue.health())


def follow(queue: Queue, job: str, tell: Callable[[str], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when nothing of a job is left to do; tell each attempt as it ends.

    Args:
        queue: the store.
        job: its name.
        tell: takes a line.
        sleep: waits so many seconds.

    Raises:
        InputError: there is no such job.
        StoreError: the store cannot be read.
    """
    queue.job(job)
    told: dict[str, int] = {}
    while True:
        left = 0
        for place in queue.places(job):
            ended, attempts = place.ended(), place.attempts()
            left += ended is None
            for attempt in attempts[told.get(place.name, 0) :]:
                why = f": {attempt.why}" if attempt.why else ""
                tell(f"{place.folder.name}  {attempt.phone}  {attempt.ending} after {attempt.took_s:.0f} s{why}")
            told[place.name] = len(attempts)
        if not left:
            return
        sleep(2.0)


@contextlib.contextmanager
def only_one(server: str) -> Iterator[None]:
    """Of this user's processes one serves the phones of an adb server; the kernel lets go when it ends (flock(2)).

    Raises:
        TransientError: another one does.
        SetupError: the state folder cannot be written.
    """
    with locked(state_dir() / "farm" / f"{quote(server, safe='')}.lock", f"the phones of the adb server {server}"):
        yield


@contextlib.contextmanager
def embedded(host: Host, end_runs: Callable[[], None]) -> Iterator[None]:
    """A farm of this computer alone while the block runs: a scheduler and this host's phones, on loopback.

    Args:
        host: the phones.
        end_runs: asks runs under way to end; called when the block ends early.
    """
    loop_of: list[asyncio.AbstractEventLoop] = []
    ready = threading.Event()

    async def serve() -> None:
        from distributed import Scheduler, Security  # noqa: PLC0415 - of the extra `farm`

        loop_of.append(asyncio.get_running_loop())
        ready.set()
        async with Scheduler(host="127.0.0.1", port=0, dashboard=False) as scheduler:
            await host.serve(scheduler.address, Security())

    def run() -> None:
        try:
            asyncio.run(serve())
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="farm")
    thread.start()
    try:
        yield
    except BaseException:
        end_runs()
        raise
    finally:
        ready.wait()
        with contextlib.suppress(IndexError, RuntimeError):  # it never began, or has ended by itself
            loop_of[0].call_soon_threadsafe(host.end)
        thread.join()


def answered(state: FarmState, job: str) -> str:
    """How many phones of a job finished, in words."""
    places = state.jobs[job][1]
    done = sum(place.ended is not None and place.ended.done for place in places)
    return f"{done} of {count(len(places), 'phone')} done"
