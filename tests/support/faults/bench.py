# SPDX-License-Identifier: Apache-2.0
"""A virtual handheld whose link, adb server and agent can be made to fail, seen besides over a link of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.handheld import adbserver, registry, waking
from agent.handheld.machine import Handheld
from tests.support.faults.proxy import Proxy, proxy
from workloads.errors import TransientError

_PROGRAM = """\
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from agent.cli.main import run
run()
"""
RECLAIM = (sys.executable, "-P", "-c", _PROGRAM)
"""`reclaim` as a user starts it: a test that runs in the background or under nohup has these signals ignored."""

DATA = Path(__file__).parents[2] / "data"
EXPERIMENT, WORKLOAD = DATA / "short-trials.toml", DATA / "one-launch.toml"
_BACK_S = 120.0


@dataclass(frozen=True)
class FaultBench:
    """What a test of faults stands on; made by `fault_bench`.

    Attributes:
        guest: the virtual handheld.
        link: the proxy that the agent's link goes through.
        adb_port: of the adb server that the agent uses; killed and started anew at will.
    """

    guest: Handheld
    link: Proxy
    adb_port: int

    def sh(self, command: str, timeout_s: float = 30.0) -> str:
        """Ask the handheld itself, past proxy and agent."""
        return sh(self.guest, command, timeout_s)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `reclaim`, its phone behind the proxy; both streams are kept in pipes."""
        argv = [*RECLAIM, *words, "-s", self.link.serial]
        return subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment()
        )

    def kill_adb(self) -> None:
        """End the adb server that the agent uses; fine when none runs."""
        argv = [adbserver.adb_path(), "-P", str(self.adb_port), "kill-server"]
        subprocess.run(argv, check=False, timeout=20, capture_output=True, env=self._environment())

    def recover(self) -> None:
        """Make everything whole again and wait until the handheld answers.

        Raises:
            TransientError: it does not.
        """
        self.link.mend()
        self.guest.monitor.set_link(up=True)
        self.guest.monitor.cont()
        with contextlib.suppress(TransientError):  # a link from before a reboot would be taken for one that is there
            adbserver.ask(self.guest.adb_server, f"host:disconnect:{self.guest.serial}")
        self.answers()

    def answers(self) -> None:
        """Wait until the handheld answers, past proxy and agent.

        Raises:
            TransientError: it does not.
        """
        (machine,) = (entry.qemu for entry in registry.running() if entry.name == self.guest.name)
        waking.answer(self.guest.adb_server, self.guest.serial, machine, _BACK_S)

    def _environment(self) -> dict[str, str]:
        ours = adbserver.environment(self.adb_port, Path.home())
        del ours["ADB_REJECT_KILL_SERVER"]
        return {**os.environ, **ours}


@contextlib.contextmanager
def fault_bench(guest: Handheld) -> Iterator[FaultBench]:
    """Lend a bench around a running handheld, whole again afterwards."""
    with proxy(guest.serial) as link:
        bench = FaultBench(guest, link, adbserver.free_port())
        try:
            yield bench
        finally:
            bench.kill_adb()
            with contextlib.suppress(TransientError):
                bench.recover()


def sh(guest: Handheld, command: str, timeout_s: float = 30.0) -> str:
    """Run a command on a handheld, over a link of our own."""
    return adbserver.shell(guest.adb_server, guest.serial, command, timeout_s=timeout_s).strip()


def until(true: Callable[[], bool], seconds: float = 90.0) -> None:
    """Wait for something; an assertion fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.3)


def ended(agent: subprocess.Popen[str], seconds: float) -> tuple[str, bool]:
    """Wait for the agent's end; return its standard error, and whether it ended in time or had to be killed."""
    try:
        return agent.communicate(timeout=seconds)[1], True
    except subprocess.TimeoutExpired:
        agent.kill()
        return agent.communicate()[1], False


def interrupt(agent: subprocess.Popen[str], signals: Sequence[signal.Signals], pause_s: float = 0.5) -> None:
    """Send signals to the agent, one after the other, as long as it lives."""
    for number in signals:
        if agent.poll() is None:
            agent.send_signal(number)
            time.sleep(pause_s)
