# SPDX-License-Identifier: Apache-2.0
"""One attempt at a place: `reclaim run`, or `reclaim resume` where its run has begun, in a process of its own.

What that process prints goes to `log.txt` beside the run. When this process is killed, the other finds its standard
error closed at the next trial, and ends clean (`agent.runner.beside`); until then it holds the phone's lock.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from agent.farm.health import Attempt, Ending
from agent.farm.queue import Job, Place, Queue, now
from agent.runner.beside import Errand, Running, ask_to_end, start
from agent.runner.resume import remaining, settings_open
from reports.atomic import unwritable
from reports.exclusions import exclusion
from reports.ledger import rules_in_force
from reports.noise.store import known
from reports.printable import printable
from reports.store import RunStore
from workloads.errors import ReclaimError

_INTERRUPTED = 130
_HEAT = frozenset({"battery-hot", "thermal-status"})
_LONGEST_WHY = 300


@dataclass
class Runs:
    """Makes attempts on this host's phones.

    Attributes:
        queue: the store.
        program: how `reclaim` is called.
        adb_server: HOST:PORT of the adb server; named, so that no run starts one of its own.
        under_way: phone -> its process, for those that are at work.
    """

    queue: Queue
    program: Sequence[str]
    adb_server: str = ""
    under_way: dict[str, Running] = field(default_factory=dict)
    _ending: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attempt(self, job: Job, place: Place, phone: str) -> Attempt:
        """Go as far as it goes; wait for the end.

        Args:
            job: what is asked.
            place: where; bound to the phone.
            phone: HOST/SERIAL.

        Raises:
            StoreError: the log cannot be written.
        """
        began, begun = time.monotonic(), has_begun(place)
        serial = phone.partition("/")[2]
        words = ["resume", str(place.run)] if begun else self._run(job, place, serial)
        words += ["--adb-server", self.adb_server] if self.adb_server else []
        code, last = self._process(phone, (*self.program, *words), place.folder / "log.txt")
        return judged(place, phone, code, last, time.monotonic() - began)

    def _run(self, job: Job, place: Place, serial: str) -> list[str]:
        experiment = place.folder.parents[1] / job.experiment
        words = ["run", str(experiment), "-s", serial, "-o", str(place.run)]
        return [*words, "--blocks", str(job.blocks)] if job.blocks else words

    def _process(self, phone: str, argv: tuple[str, ...], log: Path) -> tuple[int, str]:
        """Run it to its end; its exit status and the last line in which it said why."""
        with _appended(log) as write, start(Errand(phone, argv)) as process:
            running = Running(Errand(phone, argv), process)
            with self._lock:
                self.under_way[phone] = running
                if self._ending:
                    ask_to_end(process)
            try:
                for thread in running.follow(lambda _name, line: write(line)):
                    thread.join()
                code = process.wait()
            finally:
                with self._lock:
                    del self.under_way[phone]
        said = [line.removeprefix("reclaim: ") for line in running.lines if line.startswith("reclaim: ")]
        return code, printable(said[0], _LONGEST_WHY) if said else f"exit {code}"

    def end_all(self) -> None:
        """Ask every run under way to end, and those that begin from now on."""
        with self._lock:
            self._ending = True
            for running in self.under_way.values():
                ask_to_end(running.process)


def has_begun(place: Place) -> bool:
    """Whether its run directory holds a run."""
    return (place.run / "plan.json").exists()


def judged(place: Place, phone: str, code: int, last: str, took_s: float) -> Attempt:
    """What an attempt came to, by what it left in the run directory."""
    plain = Attempt(phone, now(), round(took_s, 1), "failed", last)
    if not has_begun(place):
        return replace(plain, ending="interrupted" if code == _INTERRUPTED else "refused")
    try:
        store = RunStore.open(place.run)
        done = code == 0 and not remaining(store)
        ending: Ending = "done" if done else "interrupted" if code == _INTERRUPTED else "failed"
        why = "" if done else last
        return replace(plain, ending=ending, why=why, dirty=settings_open(store), hot=_hot(store), noise=_noise(store))
    except ReclaimError as error:
        return replace(plain, why=printable(str(error), _LONGEST_WHY))


def _hot(store: RunStore) -> float:
    """Share of the trials left out for heat."""
    rules, records = rules_in_force(store.plan), store.records()
    found = [exclusion(rules, record) for record in records]
    return sum(each is not None and each.code in _HEAT for each in found) / len(found) if found else 0.0


def _noise(store: RunStore) -> float | None:
    """The phone's noise floor of the experiment's primary metrics: the median of their spreads, shares of the level."""
    experiment = store.experiment()
    floor = known(store.device, experiment.workload).floor
    spreads = [
        noise.relative_spread
        for metric in (experiment.primary if floor else ())
        if floor and (noise := floor.of(metric)) and noise.relative_spread is not None
    ]
    return median(spreads) if spreads else None


@contextlib.contextmanager
def _appended(log: Path) -> Iterator[Callable[[str], None]]:
    try:
        with log.open("a", encoding="utf-8", errors="replace") as file:
            yield lambda line: print(line, file=file, flush=True)
    except OSError as error:
        raise unwritable(log, error) from error
