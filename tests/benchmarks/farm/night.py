# SPDX-License-Identifier: Apache-2.0
"""A compressed night: hosts and a scheduler as processes, a queue full of jobs, and what dies in it when."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agent.farm.queue import Job, Queue, now, open_queue
from agent.farm.seen import hosts
from tests.benchmarks.farm.host import MODELS

_Process = subprocess.Popen[bytes]
_HOSTS_KILLED, _PHONES_GONE = 0.1, 0.05
_BACK_AFTER_TRIALS = 2
_LIMIT_OF_IDEAL = 4.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Plan:
    """The size of a night.

    Attributes:
        hosts: processes.
        phones: of each.
        jobs: handed in at dusk.
        per_job: phones that each job wants.
        trials: of a run.
        trial_s: seconds a trial takes.
        look_s: seconds between a host's looks.
    """

    hosts: int
    phones: int
    jobs: int
    per_job: int
    trials: int
    trial_s: float
    look_s: float

    @property
    def ideal_s(self) -> float:
        """Seconds without any pause or loss."""
        return self.jobs * self.per_job / (self.hosts * self.phones) * self.trials * self.trial_s


@dataclass
class Log:
    """What happened when, seconds since 1970.

    Attributes:
        began: when the night began.
        ended: when nothing was left to do.
        killed: host -> when its process was killed.
        gone: phone -> from when to when it was gone.
        schedulers: when they were killed.
        cpu_s: processor time of all processes of the farm.
    """

    began: float = 0.0
    ended: float = 0.0
    killed: list[tuple[str, float]] = field(default_factory=list)
    gone: dict[str, tuple[float, float]] = field(default_factory=dict)
    schedulers: list[float] = field(default_factory=list)
    cpu_s: float = 0.0


@dataclass
class Night:
    """One night; `pass_by` lives through it."""

    plan: Plan
    store: Path
    draw: random.Random
    log: Log = field(default_factory=Log)
    _processes: dict[str, _Process] = field(default_factory=dict)
    _port: int = 0

    def pass_by(self, tell: Callable[[str], None]) -> Log:
        """Start all, kill some, wait until nothing is left to do."""
        for folder in ("gone", "busy", "locks", "up"):
            (self.store / folder).mkdir()
        queue = open_queue(self.store)
        self._port = _free_port()
        try:
            self._start("scheduler")
            for number in range(self.plan.hosts):
                self._start(f"host{number:02}")
            while sum(len(seen.phones) for seen in hosts(self.store)) < self.plan.hosts * self.plan.phones:
                time.sleep(0.1)
            self._submit(queue)
            self.log.began = time.time()
            self._live(queue, sorted(self._dying()), tell)
            self.log.ended = time.time()
        finally:
            for name in list(self._processes):
                self._kill(name)
        return self.log

    def _submit(self, queue: Queue) -> None:
        (self.store / "x.toml").touch()
        for number in range(self.plan.jobs):
            pool = {"pool": "night"} | ({"model": MODELS[number % len(MODELS)]} if number % 3 == 0 else {})
            queue.submit(Job("x.toml", pool, self.plan.per_job, 0, now(), ""), {"x.toml": self.store / "x.toml"})

    def _live(self, queue: Queue, dying: list[tuple[float, str, str]], tell: Callable[[str], None]) -> None:
        limit = time.time() + _LIMIT_OF_IDEAL * self.plan.ideal_s + 60
        told = 0.0
        while (left := sum(1 for _ in queue.open_places())) and time.time() < limit:
            while dying and time.time() >= self.log.began + dying[0][0]:
                _, what, name = dying.pop(0)
                tell(f"{time.time() - self.log.began:6.1f} s  {what} {name}")
                self._befall(what, name)
            if time.time() - told > 10 * self.plan.look_s:
                told = time.time()
                tell(f"{told - self.log.began:6.1f} s  {left} runs left")
            time.sleep(0.2)

    def _dying(self) -> Iterator[tuple[float, str, str]]:
        """(seconds after dusk, what happens, to whom)."""
        hosts = [f"host{number:02}" for number in range(self.plan.hosts)]
        phones = [f"{host}/p{number:02}" for host in hosts for number in range(self.plan.phones)]
        until, pause = 0.8 * self.plan.ideal_s, _BACK_AFTER_TRIALS * self.plan.trial_s
        for host in self.draw.sample(hosts, max(1, round(_HOSTS_KILLED * len(hosts)))):
            at = self.draw.uniform(0, until)
            yield from ((at, "kill", host), (at + pause, "start", host))
        for phone in self.draw.sample(phones, max(1, round(_PHONES_GONE * len(phones)))):
            at = self.draw.uniform(0, until)
            yield from ((at, "gone", phone), (at + self.draw.uniform(1, 6) * pause, "back", phone))
        at = self.draw.uniform(0, until)
        yield from ((at, "kill", "scheduler"), (at + self.plan.trial_s / 2, "start", "scheduler"))

    def _befall(self, what: str, name: str) -> None:
        mark = self.store / "gone" / name.replace("/", "-")
        if what == "kill":
            (self.log.schedulers if name == "scheduler" else []).append(time.time())
            if name != "scheduler":
                self.log.killed.append((name, time.time()))
            self._kill(name)
        elif what == "start":
            self._start(name)
        elif what == "gone":
            self.log.gone[name] = (time.time(), time.time())
            mark.touch()
        else:
            self.log.gone[name] = (self.log.gone[name][0], time.time())
            mark.unlink()

    def _start(self, name: str) -> None:
        plan, address = self.plan, f"tcp://127.0.0.1:{self._port}"
        if name == "scheduler":
            words = [
                "distributed.cli.dask_scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                str(self._port),
                "--no-dashboard",
            ]
        else:
            figures = (plan.phones, plan.trials, plan.trial_s, plan.look_s)
            words = ["tests.benchmarks.farm.host", name, str(self.store), address, *map(str, figures)]
        with (self.store / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", *words]
            self._processes[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name)
        self.log.cpu_s += _cpu_s(process.pid)
        process.kill()
        process.wait()


def _cpu_s(pid: int) -> float:
    """User and system time of a process, seconds (proc(5), fields 14 and 15 of stat)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
