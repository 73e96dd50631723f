# SPDX-License-Identifier: Apache-2.0
"""From the store to Dask: what is left to do, as tasks. Pure but for reading the store.

A task's key says which attempt at which place it is, so that any number of processes may hand in the same list: Dask
takes each key once. Whoever hands it in next, after a scheduler was lost, hands in the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.farm.health import Attempt
from agent.farm.labels import Labels, matches, own, resources
from agent.farm.queue import Queue

_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 600.0


@dataclass(frozen=True)
class Wanted:
    """One task.

    Attributes:
        key: Dask's.
        job: its name.
        place: its name within the job.
        number: of attempts so far.
        asks: resources that a worker must have.
        priority: higher goes first.
    """

    key: str
    job: str
    place: str
    number: int
    asks: dict[str, float]
    priority: int


def wanted(
    queue: Queue, phones: Sequence[Labels], now_s: float, first_pause_s: float = _FIRST_PAUSE_S
) -> Iterator[Wanted]:
    """What is to be placed now, jobs handed in first first.

    Args:
        queue: the store.
        phones: labels of all phones that take work. So many places of each pool as have no phone yet: Dask gives all
            it gets to whom it has, and takes little of that back for those who come later.
        now_s: seconds since 1970.
        first_pause_s: before a place is tried again after it failed; twice as long each further time.

    Raises:
        StoreError: it cannot be read.
    """
    numbers: dict[str, int] = {}
    free = {pool: sum(matches(labels, dict(pool)) for labels in phones) for pool in _pools(queue)}
    for job, place in queue.open_places():
        name = place.folder.parents[1].name
        priority = -numbers.setdefault(name, len(numbers))
        bound, pool = place.bound(), tuple(sorted(job.pool.items()))
        if bound is None and not free[pool]:
            continue
        attempts = place.attempts()
        if now_s < due_s(attempts, first_pause_s):
            continue
        free[pool] -= bound is None
        number = len(attempts)
        asks = own(bound.phone) if bound else resources(job.pool)
        yield Wanted(f"place-{name}-{place.folder.name}-{number}", name, place.folder.name, number, asks, priority)


def _pools(queue: Queue) -> set[tuple[tuple[str, str], ...]]:
    return {tuple(sorted(job.pool.items())) for job in queue.jobs().values()}


def due_s(attempts: tuple[Attempt, ...], first_pause_s: float) -> float:
    """When a place may be tried again, seconds since 1970."""
    failed = 0
    for attempt in reversed(attempts):
        if attempt.ending not in ("failed", "refused"):
            break
        failed += 1
    if not failed:
        return 0.0
    pause: float = min(_LONGEST_PAUSE_S, first_pause_s * 2.0 ** (failed - 1))
    return datetime.fromisoformat(attempts[-1].at).timestamp() + pause
