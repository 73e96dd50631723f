# SPDX-License-Identifier: Apache-2.0
"""The farm's store: jobs, their places, who has them, how each attempt ended. A folder that all hosts see.

    STORE/  jobs/20261201-213000-kcompressd-4f2a/  job.json            what was asked
                                                   *.toml, apks        the experiment, and what it names beside itself
                                                   places/001/         one phone's part of it
                                                       bound.json      the phone that has it; made once, by link(2)
                                                       attempts.jsonl  how each attempt ended
                                                       ended.json      once nothing is left to do
                                                       run/            the run directory
            phones/HOST/SERIAL.json                what became of the phone's last runs, and its rest

Whatever places work (Dask here) may forget everything: all of it is found again from these files. A place is one
phone's from `bound.json` on, and a phone is one process's by its own host's lock, so that no run is ever made twice.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TypeVar
from urllib.parse import quote, unquote

import msgspec

from agent.farm.health import Attempt, Health
from reports.atomic import append_line, unwritable, write_bytes
from reports.encoding import decode, encode
from reports.record import SCHEMA_VERSION
from workloads.errors import InputError, StoreError

_T = TypeVar("_T")
_JOB = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")


@dataclass(frozen=True)
class Job:
    """What was asked of the farm.

    Attributes:
        experiment: file name within the job's folder.
        pool: labels that a phone must have.
        phones: how many phones are to run it.
        blocks: instead of the experiment's own; 0: its own.
        submitted: ISO time.
        command: as typed.
    """

    experiment: str
    pool: Mapping[str, str]
    phones: int
    blocks: int
    submitted: str
    command: str
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Bound:
    """Whose a place is.

    Attributes:
        phone: HOST/SERIAL.
        at: ISO time.
    """

    phone: str
    at: str
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Ended:
    """How a place ended.

    Attributes:
        done: whether its run is complete; else it was given up.
        why: one line.
        at: ISO time.
    """

    done: bool
    why: str
    at: str
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Place:
    """One phone's part of a job, on disk.

    Attributes:
        folder: `STORE/jobs/JOB/places/NNN`.
    """

    folder: Path

    @property
    def name(self) -> str:
        """JOB/NNN."""
        return f"{self.folder.parent.parent.name}/{self.folder.name}"

    @property
    def run(self) -> Path:
        """The run directory."""
        return self.folder / "run"

    def bound(self) -> Bound | None:
        """Whose it is; None before it is anyone's."""
        return _read(self.folder / "bound.json", Bound)

    def bind(self, phone: str) -> bool:
        """Make it a phone's; whether it is that phone's now. Of two hosts that ask at once one wins (link(2))."""
        with suppress(StoreError):
            write_bytes(self.folder / "bound.json", encode(Bound(phone, now())), exclusive=True)
        bound = self.bound()
        return bound is not None and bound.phone == phone

    def release(self) -> None:
        """Make it anyone's again: by the phone that has it, before its run has begun."""
        (self.folder / "bound.json").unlink(missing_ok=True)

    def attempts(self) -> tuple[Attempt, ...]:
        """How each attempt ended, oldest first."""
        return _lines(self.folder / "attempts.jsonl", Attempt)

    def add_attempt(self, attempt: Attempt) -> None:
        """Keep how an attempt ended."""
        append_line(self.folder / "attempts.jsonl", msgspec.json.encode(attempt))

    def ended(self) -> Ended | None:
        """How it ended; None as long as something is left to do."""
        return _read(self.folder / "ended.json", Ended)

    def end(self, why: str, *, done: bool) -> None:
        """Nothing is left to do here."""
        write_bytes(self.folder / "ended.json", encode(Ended(done, why, now())))


@dataclass(frozen=True)
class Queue:
    """The store.

    Every method raises `StoreError`, one line that names the file, where it cannot be read or written.

    Attributes:
        root: its folder.
    """

    root: Path
    _over: set[str] = field(default_factory=set, compare=False)

    def submit(self, job: Job, files: Mapping[str, Path]) -> str:
        """Put a job into the queue, whole or not at all; return its name.

        Args:
            job: what is asked.
            files: what the experiment needs, by its place in the job's folder.
        """
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{Path(job.experiment).stem}-{token_hex(2)}"
        draft = self.root / "jobs" / f".{name}.part"
        try:
            for number in range(1, job.phones + 1):
                (draft / "places" / f"{number:03}").mkdir(parents=True)
            for place, file in files.items():
                (draft / place).parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if file.is_dir() else shutil.copyfile
                copy(file, draft / place)
            write_bytes(draft / "job.json", encode(job))
            draft.rename(draft.with_name(name))
        except OSError as error:
            raise unwritable(Path(error.filename or draft), error) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return name

    def jobs(self) -> dict[str, Job]:
        """All jobs by name, oldest first; what is no job's folder is passed over."""
        folders = sorted((self.root / "jobs").glob("*/job.json"))
        found = {file.parent.name: _read(file, Job) for file in folders if _JOB.fullmatch(file.parent.name)}
        return {name: job for name, job in found.items() if job is not None}

    def job(self, name: str) -> Job:
        """One job.

        Raises:
            InputError: there is none of that name.
        """
        job = _read(self.root / "jobs" / name / "job.json", Job) if _JOB.fullmatch(name) else None
        if job is None:
            raise InputError(f"{self.root}: holds no job {name!r}; `reclaim farm status` lists them")
        return job

    def folder(self, name: str) -> Path:
        """Where a job's files lie."""
        return self.root / "jobs" / name

    def places(self, name: str) -> tuple[Place, ...]:
        """A job's places in order."""
        return tuple(Place(folder) for folder in sorted((self.folder(name) / "places").glob("[0-9]*")))

    def open_places(self) -> Iterator[tuple[Job, Place]]:
        """Every place with something left to do, of the oldest job first."""
        for name, job in self.jobs().items():
            if name not in self._over:
                left = [place for place in self.places(name) if not self._is_over(place)]
                yield from ((job, place) for place in left)
                if not left:
                    self._over.add(name)

    def _is_over(self, place: Place) -> bool:
        """Whether a place has ended; that is final, so it is looked up once."""
        if place.name not in self._over and (place.folder / "ended.json").exists():
            self._over.add(place.name)
        return place.name in self._over

    def health(self) -> dict[str, Health]:
        """HOST/SERIAL -> what became of its last runs."""
        files = sorted((self.root / "phones").glob("*/*.json"))
        names = {f"{unquote(file.parent.name)}/{unquote(file.stem)}": file for file in files}
        return {name: health for name, file in names.items() if (health := _read(file, Health)) is not None}

    def health_of(self, phone: str) -> Health:
        """One phone's; a healthy one's where nothing is known."""
        return _read(self._health_file(phone), Health) or Health()

    def write_health(self, phone: str, health: Health) -> None:
        """Keep a phone's; only its own host does."""
        file = self._health_file(phone)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(file, error) from error
        write_bytes(file, encode(health))

    def _health_file(self, phone: str) -> Path:
        host, _, serial = phone.partition("/")
        return self.root / "phones" / quote(host, safe="") / f"{quote(serial, safe='')}.json"


def open_queue(root: Path) -> Queue:
    """The store at a folder, made where there is none.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        (root / "jobs").mkdir(parents=True, exist_ok=True)
        (root / "phones").mkdir(exist_ok=True)
    except OSError as error:
        raise unwritable(root, error) from error
    return Queue(root)


def now() -> str:
    """ISO time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(path: Path, kind: type[_T]) -> _T | None:
    try:
        return decode(path.read_bytes(), kind, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error


def _lines(path: Path, kind: type[_T]) -> tuple[_T, ...]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    found = []
    for line in lines:
        with suppress(msgspec.DecodeError):  # cut off by a crash
            found.append(msgspec.json.decode(line, type=kind))
    return tuple(found)
