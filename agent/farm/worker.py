# SPDX-License-Identifier: Apache-2.0
"""A host of the farm: a Dask worker per phone, the phone's labels as its resources; and what is left to do, handed in.

Dask places tasks and nothing else. Every host hands in the whole list from the store, by keys that say which attempt at
which place each is, so that it takes no leader: Dask takes each key once, and when the scheduler is lost the hosts wait
for one and hand in what is left.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.farm.health import FIRST_REST_S, Health
from agent.farm.keeper import KEEPERS, Attempts, Keeper, attempt_place
from agent.farm.labels import Labels, own, resources
from agent.farm.phones import Pause
from agent.farm.placing import Wanted, wanted
from agent.farm.queue import Queue
from agent.farm.seen import Seen, SeenPhone, hosts
from workloads.errors import ReclaimError

if TYPE_CHECKING:
    from distributed import Client, Future, Security, Worker

LOOK_S = 5.0
_CONFIG = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.comm.timeouts.connect": "10s",
    "distributed.scheduler.allowed-failures": 1000,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
}
"""A phone's worker waits for a process: it needs no profile of itself and spills nothing."""


@dataclass(frozen=True)
class Terms:
    """How often and how long.

    Attributes:
        look_s: seconds between two looks at phones and store.
        first_pause_s: before a place is tried again after it failed.
        first_rest_s: length of a phone's first rest.
    """

    look_s: float = LOOK_S
    first_pause_s: float = 10.0
    first_rest_s: float = FIRST_REST_S


@dataclass
class Host:
    """One host's part of the farm.

    Attributes:
        name: of the host; with a serial it is a phone's name.
        queue: the store.
        ready: serial -> labels of the phones that are ready now.
        runs: makes attempts.
        tell: takes a line.
        terms: how often and how long.
    """

    name: str
    queue: Queue
    ready: Callable[[], Mapping[str, Mapping[str, str]]]
    runs: Attempts
    tell: Callable[[str], None]
    terms: Terms = Terms()
    _workers: dict[str, "Worker"] = field(default_factory=dict)
    _futures: dict[str, "Future[str]"] = field(default_factory=dict)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Take no more work, and return from `serve` once what is under way has ended."""
        self._ended.set()

    async def serve(self, scheduler: str, security: "Security") -> None:
        """Work for a scheduler until `end`; wait for one whenever there is none.

        Args:
            scheduler: its address.
            security: what both ends must show.
        """
        import dask  # noqa: PLC0415 - of the extra `farm`

        pause = Pause(self.terms.look_s / 5, 6 * self.terms.look_s)
        with dask.config.set(_CONFIG):
            while not self._ended.is_set():
                try:
                    await self._connected(scheduler, security, pause)
                except Exception as error:  # noqa: BLE001 - Dask asserts as well when its scheduler goes at a bad moment
                    pause.failed(time.monotonic())
                    self.tell(
                        f"{scheduler}: no scheduler answers ({str(error) or type(error).__name__}); waiting for one"
                    )
                await self._sleep(max(0.0, pause.until_s - time.monotonic()))
        await asyncio.to_thread(self._wait_for_runs)

    async def _connected(self, scheduler: str, security: "Security", pause: Pause) -> None:
        """Until the scheduler is lost, or this is to end."""
        from distributed import Client  # noqa: PLC0415 - of the extra `farm`

        async with Client(scheduler, security=security, asynchronous=True, set_as_default=False) as client:
            pause.worked()
            self.tell(f"{scheduler}: connected")
            try:
                first = True
                while not self._ended.is_set() and client.status == "running" and not self._lost():
                    left = await self._look(scheduler, security)
                    if not first:  # all phones that a lost scheduler had are there by now
                        await self._hand_in(client, {each.key: each for each in left})
                    first = False
                    await self._sleep(self.terms.look_s)
            finally:
                self._futures.clear()
                await self._close(list(self._workers))

    async def _look(self, scheduler: str, security: "Security") -> list[Wanted]:
        """Workers for the phones that are ready; return what is left to do."""
        now_s = time.time()
        try:
            ready = await asyncio.to_thread(self.ready)
            healths = await asyncio.to_thread(self.queue.health)
            phones = await asyncio.to_thread(self._awake, healths, now_s)
            left = await asyncio.to_thread(lambda: list(wanted(self.queue, phones, now_s, self.terms.first_pause_s)))
        except ReclaimError as error:
            self.tell(str(error))
            return []
        named = {f"{self.name}/{serial}": labels for serial, labels in ready.items()}
        awake = {phone: labels for phone, labels in named.items() if not healths.get(phone, Health()).rests_at(now_s)}
        kept = {*awake, *(phone for phone in self._workers if self._keeper(phone).place)}
        await self._close([phone for phone in self._workers if phone not in kept])
        for phone, labels in awake.items():
            self._keeper(phone).labels = {**labels, "host": self.name}
            self._keeper(phone).clear()
            if phone not in self._workers:
                await self._open(phone, scheduler, security)
        await asyncio.to_thread(self._told, named)
        return left

    def _awake(self, healths: Mapping[str, Health], now_s: float) -> list[Labels]:
        """Labels of all phones of the farm that take work, as their hosts told last."""
        heard = [seen for seen in hosts(self.queue.root) if seen.heard(now_s)]
        ready = {phone: each.labels for seen in heard for phone, each in seen.phones.items() if each.ready}
        return [labels for phone, labels in ready.items() if not healths.get(phone, Health()).rests_at(now_s)]

    def _keeper(self, phone: str) -> Keeper:
        made = Keeper(phone, {}, self.queue, self.runs, self.terms.first_rest_s)
        return KEEPERS.setdefault((str(self.queue.root), phone), made)

    async def _open(self, phone: str, scheduler: str, security: "Security") -> None:
        from distributed import Worker  # noqa: PLC0415 - of the extra `farm`

        offered = {**resources(self._keeper(phone).labels), **own(phone)}
        self._workers[phone] = await Worker(
            scheduler,
            name=phone,
            nthreads=1,
            resources=offered,
            security=security,
            host=None if scheduler.startswith("tls://") else "127.0.0.1",
            dashboard=False,
            memory_limit=0,
            validate=False,
        )

    async def _close(self, phones: list[str]) -> None:
        """Without waiting for runs: they go on, and a new worker of the same phone joins them."""
        for phone in phones:
            worker = self._workers.pop(phone)
            self._keeper(phone).close()
            with contextlib.suppress(OSError, TimeoutError):
                await worker.close(timeout=2, executor_wait=False, nanny=False)

    async def _hand_in(self, client: "Client", left: Mapping[str, Wanted]) -> None:
        for key in [key for key in self._futures if key not in left]:
            del self._futures[key]  # Dask forgets what nobody holds
        for key, each in left.items():
            future = self._futures.get(key)
            if future is None:
                self._futures[key] = client.submit(
                    attempt_place,
                    str(self.queue.root),
                    each.job,
                    each.place,
                    each.number,
                    key=key,
                    resources=each.asks,
                    priority=each.priority,
                    pure=False,
                )
            elif future.status == "error":  # its worker was lost oftener than Dask puts up with
                await client.retry([future])
            elif future.status in ("cancelled", "lost"):
                del self._futures[key]  # the next look hands it in again

    def _told(self, phones: Mapping[str, Mapping[str, str]]) -> None:
        """Keep what this host sees, for `farm status`."""
        seen = {
            phone: SeenPhone({**self._keeper(phone).labels}, self._keeper(phone).place, ready=phone in phones)
            for phone in sorted({*phones, *self._workers})
        }
        with contextlib.suppress(ReclaimError):  # the next look tells it again
            Seen.now(self.name, seen).write(self.queue.root)

    def _lost(self) -> bool:
        """Whether a worker has lost the scheduler, and closed itself."""
        from distributed.core import Status  # noqa: PLC0415 - of the extra `farm`

        return any(worker.status in (Status.closed, Status.closing, Status.failed) for worker in self._workers.values())

    def _wait_for_runs(self) -> None:
        for (store, _), keeper in list(KEEPERS.items()):
            if store == str(self.queue.root):
                keeper.wait()

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), seconds)
