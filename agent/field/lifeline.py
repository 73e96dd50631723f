# SPDX-License-Identifier: Apache-2.0
"""The proof that a phone can put its settings back by itself: the dead-man lives on when adbd is restarted.

One is armed whose only setting has been given its own value already and whose command does nothing, in a folder of its
own, so that no run's journal is touched. Then adbd is ended as init would end it, and the same process must still run.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agent.device import batch
from agent.device.phone import BOOT_ID, Phone
from agent.field.finding import Finding
from agent.knobs.deadman import FOLDER, DeadMan, Terms
from agent.knobs.deadman_scripts import ALIVE
from agent.ports import Clock, Revivable
from workloads.errors import DeviceError, FinalError, TransientError

TERMS = Terms(silence_s=60.0, folder=f"{FOLDER}-doctor")

RESTART = """\
trap '' HUP
for g; do { echo $$ >"$g"; } 2>/dev/null; done
sleep 0.2
for p in $(pidof adbd); do kill -9 "$p"; done
"""
"""Run as `sh -c RESTART sh GROUP ...`, as root and without a terminal: the group as the dead-man's, so that it gets to
its end. init starts adbd again and kills all that is left in its group, whatever made it end (AOSP system/core
init/service.cpp, Service::Reap and KillProcessGroup)."""

TOPIC = "dead-man"
_BACK_S = 25.0
_LOOK_S = 0.5


@dataclass(frozen=True)
class Ports:
    """Where adbd listens, as its properties say (packages/modules/adb, daemon/main.cpp and daemon/tls_server).

    Attributes:
        tls: `service.adb.tls.port`, of wireless debugging: another one after each start. Some vendors do not set it.
        tcp: `service.adb.tcp.port`, of `adb tcpip`: the same after each start, until the phone is rebooted.
    """

    tls: str | None
    tcp: str | None

    def come_back(self, serial: str) -> bool:
        """Whether a phone of this serial is there under it again when adbd was restarted."""
        host, _, port = serial.rpartition(":")
        if "._adb-tls" in serial:
            return False
        return not host or (port != self.tls and (self.tcp or "0") not in ("", "0", "-1"))


@dataclass(frozen=True)
class Proof:
    """One attempt.

    Attributes:
        phone: where; with root.
        clock: what waits for adbd.
        terms: of the dead-man that is armed.
    """

    phone: Phone
    clock: Clock
    terms: Terms = field(default=TERMS)

    def finding(self) -> Finding:
        """Arm, restart adbd, look, and leave nothing.

        Raises:
            TransientError: adbd did not come back.
        """
        dead_man = DeadMan(self.phone, "reclaim doctor", replace(self.terms))
        try:
            return self._tried(dead_man)
        except FinalError as error:
            told = str(error).removeprefix(f"{self.phone.serial}: ")
            return Finding(TOPIC, "no", told, "no run is made while it cannot be armed", needed=True)
        finally:
            with contextlib.suppress(DeviceError):  # without a link it ends by itself, and its command does nothing
                dead_man.close()

    def _tried(self, dead_man: DeadMan) -> Finding:
        boot, where = self.phone.read_text(BOOT_ID), f"{self.terms.folder}/host"
        dead_man.hold(boot, ("nothing", where, ""), ("true",))
        before, born, _alive = self._look()
        if not before:
            return Finding(TOPIC, "part", "it can be armed; no adbd was found to restart, so nothing is proven")
        self.phone.spawn(("sh", "-c", RESTART, "sh", *self.terms.groups), "/dev/null", as_root=True)
        after, same, alive = self._await(before)
        if alive and same == born:
            return Finding(TOPIC, "yes", f"lived on when adbd was restarted (adbd: pid {before}, then {after})")
        cure = "run on USB and keep the cable in; settings that stay changed are found by the next run"
        return Finding(TOPIC, "part", "it was killed when adbd was restarted", cure)

    def _await(self, before: str) -> tuple[str, str, bool]:
        deadline = self.clock.now() + _BACK_S
        for seen in self._looks(deadline):
            if seen[0] not in ("", before):
                return seen
        raise TransientError(f"{self.phone.serial}: adbd was ended and did not come back within {_BACK_S:g} s")

    def _looks(self, deadline: float) -> Iterator[tuple[str, str, bool]]:
        while self.clock.now() < deadline:
            self.clock.sleep(_LOOK_S)
            with contextlib.suppress(DeviceError):  # adbd is on its way down or up
                if isinstance(self.phone.transport, Revivable):
                    self.phone.transport.revive()
                yield self._look()

    def _look(self) -> tuple[str, str, bool]:
        """The pid of adbd, pid and birth of the dead-man, and whether that lives."""
        folder = self.terms.folder
        (adbd,), (born,), (alive,) = self.phone.ask(
            batch.program("pidof", "adbd"),
            batch.file(f"{folder}/deadman"),
            batch.program("sh", "-c", ALIVE, "sh", folder),
            timeout_s=10,
        )
        return adbd.text.strip() if adbd.ok else "", born.text.strip(), alive.ok


def unproven(phone: Phone, *, busy: bool, ports: Ports, wanted: bool) -> Finding | None:
    """Say why no proof is made on this phone; None when one can be.

    Args:
        phone: the phone.
        busy: somebody is at work on it, whose link must not be cut.
        ports: where its adbd listens.
        wanted: whether the user lets adbd be restarted.
    """
    if phone.root.kind == "none":
        told = "without root it would end with adbd; but without root there is no setting to put back either"
        return Finding(TOPIC, "part", told)
    if busy:
        return Finding(TOPIC, "part", "not tried: a run is under way")
    if not wanted:
        return Finding(TOPIC, "part", "not tried, as --no-restart asks")
    if not ports.come_back(phone.serial):
        told = "not tried: over wireless debugging adbd would come back on another port"
        return Finding(TOPIC, "part", told, "plug it in by USB, or `adb tcpip 5555`, and ask again")
    return None
