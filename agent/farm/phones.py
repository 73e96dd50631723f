# SPDX-License-Identifier: Apache-2.0
"""The phones of this host: which are ready, what they are called, and a hand for those that do not answer.

One adb server serves all of them, so nobody else may start it: this process does, at growing intervals, and its runs
name it (`--adb-server`). A phone that is gone is given a hand by the host's own command, at growing intervals too.
"""

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from agent.device import batch
from agent.device.adb import connect
from agent.device.phone import attach
from agent.device.server import Address, devices, ensure_running
from reports.printable import printable
from workloads.errors import ReclaimError

_READY = "device"
_HOOK_LIMIT_S = 120.0


@dataclass
class Pause:
    """Twice as long after every failure, up to a limit, so that what fails is not tried in a storm.

    Attributes:
        first_s: the first.
        longest_s: the limit.
        failures: in a row.
        until_s: nothing is tried before.
    """

    first_s: float
    longest_s: float
    failures: int = 0
    until_s: float = 0.0

    def due(self, now_s: float) -> bool:
        """Whether it may be tried."""
        return now_s >= self.until_s

    def failed(self, now_s: float) -> None:
        """It failed, now."""
        self.until_s = now_s + min(self.longest_s, self.first_s * 2**self.failures)
        self.failures += 1

    def worked(self) -> None:
        """It worked."""
        self.failures, self.until_s = 0, 0.0


@dataclass
class HostPhones:
    """Looks at the adb server, never oftener than it is asked to.

    Attributes:
        server: the one adb server of this host.
        only: serials that are meant; () for all.
        labels: what the host says of all its phones.
        hook: a command for a phone that does not answer; () for none. Its environment has RECLAIM_SERIAL and
            RECLAIM_STATE_SEEN, the state adb told, `gone` where it told none.
        tell: takes a line.
        clock: monotonic seconds.
    """

    server: Address
    only: tuple[str, ...]
    labels: Mapping[str, str]
    hook: tuple[str, ...]
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _server: Pause = field(default_factory=lambda: Pause(5.0, 300.0))
    _known: dict[str, dict[str, str]] = field(default_factory=dict)
    _away: dict[str, Pause] = field(default_factory=dict)

    def ready(self) -> dict[str, dict[str, str]]:
        """Serial -> labels of each phone that answers; {} while there is no server."""
        states = self._states()
        found = {serial: state for serial, state in states.items() if not self.only or serial in self.only}
        ready = [serial for serial, state in found.items() if state == _READY]
        labelled = {serial: labels for serial in ready if (labels := self._labels(serial)) is not None}
        if states:
            self._lend_a_hand({serial: found.get(serial, "gone") for serial in self._missing(labelled)})
        for serial in labelled:
            self._away.pop(serial, None)
        return labelled

    def _missing(self, ready: Iterable[str]) -> list[str]:
        """Phones that were there once, or were named, and are not ready."""
        return sorted({*self._known, *self.only} - set(ready))

    def _states(self) -> dict[str, str]:
        if not self._server.due(self.clock()):
            return {}
        try:
            ensure_running(self.server)
            states = devices(self.server)
        except ReclaimError as error:
            self._server.failed(self.clock())
            self.tell(str(error))
            return {}
        self._server.worked()
        return states

    def _labels(self, serial: str) -> dict[str, str] | None:
        """None when it does not answer; asked once, and again after it was away: it may have another build then."""
        if serial in self._known and serial not in self._away:
            return self._known[serial]
        pause = self._away.setdefault(serial, Pause(10.0, 600.0))
        if not pause.due(self.clock()):
            return None
        try:
            self._known[serial] = {**asked(serial, self.server), **self.labels}
        except ReclaimError as error:
            pause.failed(self.clock())
            self.tell(str(error))
            return None
        return self._known[serial]

    def _lend_a_hand(self, away: Mapping[str, str]) -> None:
        for serial, state in away.items():
            pause = self._away.setdefault(serial, Pause(10.0, 600.0))
            if not self.hook or not pause.due(self.clock()):
                continue
            self.tell(f"{printable(serial)}: {printable(state)}: {call(self.hook, serial, state)}")
            pause.failed(self.clock())


def asked(serial: str, server: Address) -> dict[str, str]:
    """What a phone says it is.

    Raises:
        DeviceError: it does not answer.
    """
    names = {"model": "ro.product.model", "build": "ro.build.version.incremental"}
    phone = attach(connect(serial, str(server)))
    answers = phone.ask(*(batch.program("getprop", name) for name in names.values()), as_root=False)
    texts = [answer.text.strip() if answer.ok else "" for (answer,) in answers]
    return {label: printable(text, 100) for label, text in zip(names, texts, strict=True) if text}


def call(hook: tuple[str, ...], serial: str, state: str) -> str:
    """Run the host's own command for a phone; say how it ended."""
    words = shlex.join(hook)
    try:
        env = {**os.environ, "RECLAIM_SERIAL": serial, "RECLAIM_STATE_SEEN": state}
        done = subprocess.run(
            hook, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=_HOOK_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`{words}` failed: {error}"
    return f"`{words}` ended with {done.returncode}"
