# SPDX-License-Identifier: Apache-2.0
"""One host of the benchmark's farm, a process: fake phones, whose runs only wait, served by the real farm code.

A fake phone is gone while a file names it under STORE/gone. Its run keeps each trial by link(2), so that a trial made
twice is seen, and what it did when goes to STORE/busy.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from distributed import Security

from agent.farm.attempt import has_begun
from agent.farm.health import Attempt
from agent.farm.queue import Job, Place, Queue, now, open_queue
from agent.farm.worker import Host, Terms
from reports.atomic import write_bytes
from workloads.errors import StoreError

STEP_S = 0.25
MODELS = ("Alder", "Birch", "Cedar", "Drift")


@dataclass(frozen=True)
class Shape:
    """What a fake run is.

    Attributes:
        trials: in it.
        trial_s: seconds each takes.
        look_s: seconds between a host's looks.
    """

    trials: int
    trial_s: float
    look_s: float


@dataclass(frozen=True)
class WaitingRuns:
    """Runs that wait, trial by trial."""

    queue: Queue
    shape: Shape

    def attempt(self, job: Job, place: Place, phone: str) -> Attempt:
        """Go on at the first trial that is not there; fail where the phone is gone."""
        del job
        began = time.time()
        with locked(self.queue.root, phone), noted(self.queue.root, phone):
            if not has_begun(place):
                place.run.mkdir(exist_ok=True)
                write_bytes(place.run / "plan.json", b"{}")
            for number in range(self.shape.trials):
                if not (place.run / f"{number:03}.json").exists() and not self._trial(place, phone, number):
                    return Attempt(phone, now(), time.time() - began, "failed", "the link dropped")
        return Attempt(phone, now(), time.time() - began, "done")

    def _trial(self, place: Place, phone: str, number: int) -> bool:
        ends = time.monotonic() + self.shape.trial_s
        while (left := ends - time.monotonic()) > 0:
            if is_gone(self.queue.root, phone):
                return False
            time.sleep(min(STEP_S, left))
        try:
            write_bytes(place.run / f"{number:03}.json", json.dumps({"phone": phone}).encode(), exclusive=True)
        except StoreError:
            (self.queue.root / "doubled").open("a").write(f"{place.name}/{number}\n")
        return True


@contextlib.contextmanager
def locked(store: Path, phone: str) -> Iterator[None]:
    """The lock of the phone's own host, as `agent.device.lock` takes it."""
    with (store / "locks" / phone.replace("/", "-")).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def noted(store: Path, phone: str) -> Iterator[None]:
    """Keep from when to when a phone was at work; of a process that was killed, the beginning alone."""
    with (store / "busy" / phone.replace("/", "-")).open("a") as file:
        print("begin", time.time(), file=file, flush=True)
        try:
            yield
        finally:
            print("end", time.time(), file=file, flush=True)


def labels_of(serial: str) -> dict[str, str]:
    """Labels of a fake phone, p00 to pNN."""
    return {"pool": "night", "model": MODELS[int(serial[1:]) % len(MODELS)]}


def is_gone(store: Path, phone: str) -> bool:
    """Whether a phone is not there now."""
    return (store / "gone" / phone.replace("/", "-")).exists()


def main(name: str, store: Path, scheduler: str, phones: int, shape: Shape) -> None:
    """Serve until killed."""
    queue = open_queue(store)
    serials = [f"p{number:02}" for number in range(phones)]

    def ready() -> dict[str, dict[str, str]]:
        there = [serial for serial in serials if not is_gone(queue.root, f"{name}/{serial}")]
        return {serial: labels_of(serial) for serial in there}

    def tell(line: str) -> None:
        sys.stderr.write(f"{time.time():.1f} {name}: {line}\n")

    terms = Terms(look_s=shape.look_s, first_pause_s=shape.look_s, first_rest_s=10 * shape.trial_s)
    host = Host(name, queue, ready, WaitingRuns(queue, shape), tell, terms)
    (queue.root / "up").mkdir(exist_ok=True)
    (queue.root / "up" / f"{name}-{os.getpid()}").write_text(str(time.time()))
    asyncio.run(host.serve(scheduler, Security()))


if __name__ == "__main__":
    _name, _store, _scheduler, _phones, _trials, _trial_s, _look_s = sys.argv[1:]
    main(_name, Path(_store), _scheduler, int(_phones), Shape(int(_trials), float(_trial_s), float(_look_s)))
