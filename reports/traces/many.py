# SPDX-License-Identifier: Apache-2.0
"""Many traces, several at once: a process per trace at a time, and no trace can take the others' answers with it.

concurrent.futures' pool is not used: a process that the kernel kills for its memory breaks the pool, which loses every
trace that still waits and cannot tell which one it was.
"""

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Self, TypeAlias, TypeVar

from reports.traces.measure import TraceMeasures, measure_trace
from workloads.errors import ReclaimError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess


@dataclass(frozen=True)
class Failed:
    """A trace without an answer; `why` is one line that names it."""

    why: str


DEFECT = "not measured, by a defect of reclaim"

_WORTH_BYTES = 40 << 20

Outcome: TypeAlias = TraceMeasures | Failed

_Found = TypeVar("_Found")

Ask: TypeAlias = Callable[..., _Found]
"""What is asked of a trace: called with its path, and the engine as `engine`; a function of a module."""


def usable_cpus() -> int:
    """How many processes can run at once here."""
    return len(os.sched_getaffinity(0))


def measure_many(
    paths: Sequence[Path], *, engine: Path | None = None, jobs: int | None = None
) -> Iterator[tuple[int, Outcome]]:
    """Measure traces: `ask_many` for `measure_trace`."""
    return ask_many(measure_trace, paths, engine=engine, jobs=jobs)


def ask_many(
    ask: Ask[_Found], paths: Sequence[Path], *, engine: Path | None = None, jobs: int | None = None
) -> Iterator[tuple[int, _Found | Failed]]:
    """Ask the same of traces, each loaded once, and say what became of each as soon as it is known.

    Args:
        ask: what is asked.
        paths: the traces.
        engine: as for `measure_trace`.
        jobs: how many at once, sharing the memory out among them; None: as many as there are CPUs, or one where
            all traces together are read sooner than processes start.

    Yields:
        Place in `paths`, and the answer or why there is none.
    """
    at_once = min(jobs or (usable_cpus() if _worth_it(paths) else 1), len(paths))
    if at_once > 1:
        with _Crew(at_once, ask, engine) as crew:
            yield from crew.measure(paths)
    else:
        yield from ((place, attempt(ask, path, engine)) for place, path in enumerate(paths))


def _worth_it(paths: Sequence[Path]) -> bool:
    """Whether there is more to read than a process takes to start: about a second, or 20 MB."""
    sizes = (path.stat().st_size for path in paths if path.is_file())
    return sum(sizes) > _WORTH_BYTES


def attempt(ask: Ask[_Found], path: Path, engine: Path | None = None) -> _Found | Failed:
    """Ask one trace; whatever is wrong with it becomes one line."""
    try:
        return ask(path, engine=engine)
    except ReclaimError as error:
        return Failed(str(error))
    except MemoryError:
        return Failed(f"{path}: needs more memory than there is: measure it alone (-j 1)")
    except Exception as error:  # noqa: BLE001 - a defect that one trace brings out must not cost the others their answer
        told = " ".join(str(error).split())[:200]
        return Failed(f"{path}: {DEFECT} ({type(error).__name__}: {told}): report it with the trace")


@dataclass
class _Worker:
    """A process, the line to it, and the trace it has (its place; None while it has none)."""

    process: "SpawnProcess"
    link: "Connection"
    place: int | None = None


class _Crew(Generic[_Found]):
    """So many processes; one that dies is replaced."""

    def __init__(self, size: int, ask: Ask[_Found], engine: Path | None) -> None:
        """Keep the figures; `__enter__` starts the processes."""
        self._size, self._ask, self._engine = size, ask, engine
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        self._workers = [self._start() for _ in range(self._size)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)

    def measure(self, paths: Sequence[Path]) -> Iterator[tuple[int, _Found | Failed]]:
        """Give every worker a trace, and the next one when it answers or dies."""
        from multiprocessing.connection import wait  # noqa: PLC0415 - imported late: one trace needs none of it

        waiting = deque(enumerate(paths))
        for worker in self._workers:
            self._next(worker, waiting)
        while busy := [worker for worker in self._workers if worker.place is not None]:
            ready = wait([worker.link for worker in busy])
            for worker in (one for one in busy if one.link in ready):
                place = worker.place or 0
                yield place, self._answer(worker, paths[place])
                if worker not in self._workers:  # it died
                    worker = self._workers[-1]  # noqa: PLW2901 - its successor goes on in its stead
                self._next(worker, waiting)

    def _answer(self, worker: _Worker, path: Path) -> _Found | Failed:
        try:
            outcome: _Found | Failed = worker.link.recv()
        except (EOFError, OSError):
            self._end(worker)
            self._workers.remove(worker)
            self._workers.append(self._start())
            return Failed(f"{path}: {_death(worker.process.exitcode)}; measure it alone (-j 1)")
        return outcome

    def _next(self, worker: _Worker, waiting: deque[tuple[int, Path]]) -> None:
        worker.place = None
        if waiting:
            worker.place, path = waiting.popleft()
            # A process that died at once is found by its silence.
            with contextlib.suppress(OSError):
                worker.link.send(path)

    def _start(self) -> _Worker:
        from multiprocessing import get_context  # noqa: PLC0415 - imported late: one trace needs none of it

        # Spawned, not forked: wasmtime's threads and compiled code do not survive a fork.
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, self._ask, self._engine, self._size), daemon=True)
        process.start()
        theirs.close()  # so that its death closes the line
        return _Worker(process, ours)

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.link.close()
        worker.process.kill()
        worker.process.join()


def _death(status: int | None) -> str:
    if status == -signal.SIGKILL:
        return "the process that read it was killed, perhaps because memory ran out"
    return f"the process that read it ended with status {status}"


def _work(link: "Connection", ask: Ask[object], engine: Path | None, sharers: int) -> None:
    """Ask what comes along the line until it is closed."""
    from reports.traces import wasm  # noqa: PLC0415 - imported late: see `measure_many`

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started this process is asked, and ends it
    wasm.share_memory(sharers)
    with contextlib.suppress(EOFError, OSError):
        while True:
            link.send(attempt(ask, link.recv(), engine))
