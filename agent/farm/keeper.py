# SPDX-License-Identifier: Apache-2.0
"""A phone of this host as Dask's tasks meet it: takes one place at a time, and outlives Dask's workers.

Dask's workers end when their scheduler does. A run that is under way then goes on, and the same place given again by a
new scheduler joins it. Every attempt leaves a line in the store, whatever came of it: what is placed next is told by
that alone.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from agent.farm.attempt import has_begun
from agent.farm.health import FIRST_REST_S, Attempt, after, labelled, noisy
from agent.farm.labels import Labels
from agent.farm.queue import Job, Place, Queue, now
from reports.printable import printable
from workloads.errors import ReclaimError

MOST_ATTEMPTS = 8
"""Of one place: what failed so often is given up, and its run kept as it is."""

_MOST_REFUSALS = 3
"""Of a place by phones: what so many refuse is refused by all."""


class Attempts(Protocol):
    """Makes an attempt at a place."""

    def attempt(self, job: Job, place: Place, phone: str) -> Attempt:
        """Go as far as it goes; wait for the end."""
        ...


@dataclass
class Keeper:
    """One phone.

    Attributes:
        phone: HOST/SERIAL.
        labels: what it is chosen by.
        queue: the store.
        runs: makes the attempts.
        first_rest_s: length of a phone's first rest.
        clock: seconds since 1970.
        place: what it is at work on; empty when it is idle.
    """

    phone: str
    labels: Labels
    queue: Queue
    runs: Attempts
    first_rest_s: float = FIRST_REST_S
    clock: Callable[[], float] = time.time
    place: str = ""
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _looked: threading.Condition = field(default_factory=threading.Condition)
    _doubtful: bool = False
    _closings: int = 0

    def take(self, job_name: str, place_name: str, number: int) -> str:
        """Make one attempt at a place, after what is under way; return in a word what came of it.

        Args:
            job_name: name of the job.
            place_name: name of the place within it.
            number: of attempts so far, as whoever placed this saw them: else it is no longer wanted.
        """
        place = Place(self.queue.folder(job_name) / "places" / place_name)
        with self._busy:
            if not self._cleared():
                return "closed"
            if place.ended() or len(place.attempts()) != number:
                return "stale"
            if not place.bind(self.phone):
                place.add_attempt(Attempt(self.phone, now(), 0.0, "moved", "it is another phone's"))
                return "moved"
            self.place = place.name
            try:
                return self._attempt(self.queue.job(job_name), place)
            finally:
                self.place = ""

    def clear(self) -> None:
        """The phone was looked at and is ready: it takes work, also after a failure."""
        with self._looked:
            self._doubtful = False
            self._looked.notify_all()

    def close(self) -> None:
        """Its Dask worker is closed: what waits there for a look is placed elsewhere."""
        with self._looked:
            self._closings += 1
            self._looked.notify_all()

    def _cleared(self) -> bool:
        """After a failure wait for a look, lest a phone that is gone fail all that is placed on it; False: closed."""
        with self._looked:
            closings = self._closings
            self._looked.wait_for(lambda: not self._doubtful or self._closings != closings)
            return not self._doubtful

    def wait(self) -> None:
        """Until nothing is under way."""
        self.close()
        with self._busy:
            pass

    def _attempt(self, job: Job, place: Place) -> str:
        began = self.clock()
        try:
            attempt = self.runs.attempt(job, place, self.phone)
        except Exception as error:  # noqa: BLE001 - a bug costs an attempt, never the farm
            bug = "" if isinstance(error, ReclaimError) else f"a bug: {type(error).__name__}: "
            why = printable(f"{bug}{error}", 300)
            attempt = Attempt(self.phone, now(), self.clock() - began, "failed", why)
        with self._looked:
            self._doubtful = attempt.ending != "done"
        self._judge(place, attempt)
        return attempt.ending

    def _judge(self, place: Place, attempt: Attempt) -> None:
        """Keep what came of it; the attempt's line last, for it is what the next placing looks at."""
        self._health(attempt)
        attempts = (*place.attempts(), attempt)
        refused = len({each.phone for each in attempts if each.ending == "refused"})
        counted = sum(each.ending in ("failed", "refused") for each in attempts)
        if attempt.ending == "done":
            place.end("", done=True)
        elif refused >= _MOST_REFUSALS or counted >= MOST_ATTEMPTS:
            place.end(f"given up after {len(attempts)} attempts: {attempt.why}", done=False)
        elif not has_begun(place):
            place.release()
        place.add_attempt(attempt)

    def _health(self, attempt: Attempt) -> None:
        at = self.clock()
        health = after(self.queue.health_of(self.phone), attempt, at, self.first_rest_s)
        health = labelled(health, self.labels)
        if attempt.noise is not None:
            health = noisy(self.phone, {**self.queue.health(), self.phone: health}, at, self.first_rest_s)
        self.queue.write_health(self.phone, health)


KEEPERS: dict[tuple[str, str], Keeper] = {}
"""(store, phone) -> its keeper, in this process."""


def attempt_place(store: str, job: str, place: str, number: int) -> str:
    """Dask's task: make an attempt on the phone whose worker this is; see `Keeper.take`.

    Args:
        store: its folder.
        job: name of the job.
        place: name of the place within it.
        number: of attempts so far.
    """
    from distributed import get_worker  # noqa: PLC0415 - of the extra `farm`

    return KEEPERS[store, str(get_worker().name)].take(job, place, number)
