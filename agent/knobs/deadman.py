# SPDX-License-Identifier: Apache-2.0
"""The dead-man: the phone's own copy of the undo journal, and a process there that acts on it when we fall silent.

A computer can be gone in three ways, and only the phone can tell: its process is killed or it loses power (the link
closes), the cable is pulled (the link closes, perhaps late), or data stops while the connection seems open (Wi-Fi out
of reach, a frozen host). So nothing on the phone may take an open connection for a sign of life. The sign is a line
that this computer sends every few seconds down one shell that stays open for the whole run; a loop there, which sleeps
in `read`, writes it into a file, and the dead-man looks whether the file has changed. In the measured window that is
one packet of some 20 bytes per ten seconds and no program started.

What a restart of adbd would kill, the dead-man leaves as far as it may (`GROUPS`); where it may not (no root) it dies
with adbd, its journal stays, and the next run finds it.
"""

import contextlib
import os
import platform
import select
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.device.phone import Phone, said
from agent.knobs.deadman_scripts import ADD, ALIVE, ARM, BEAT, DEADMAN, DISARM
from agent.ports import Completed, Pulse
from workloads.errors import FinalError, ReclaimError, TransientError
from workloads.spec import Limits

FOLDER = "/data/local/tmp/reclaim-undo"
"""Where Android lets the shell user, and root, write; made by root where there is root, readable for all."""

GROUPS = (
    "/sys/fs/cgroup/cgroup.procs",
    "/acct/cgroup.procs",
    "/dev/memcg/cgroup.procs",
    "/dev/cpuset/cgroup.procs",
    "/dev/cpuctl/cgroup.procs",
    "/dev/blkio/cgroup.procs",
)
"""Root groups to move to. init kills every process in the group of a service that ends: uid_N/pid_N under the first one
since Android 12, under /acct or /dev/memcg before (AOSP system/core libprocessgroup, processgroup.cpp)."""

SWEEP = "0000"
"""Number of what is no setting: it stands before all of them, so that it comes last."""

_SLOW_S = 120.0  # sync, on a phone with much to write
_BEAT_SHELL_S = 600.0  # the beating shell is started anew now and then, should its stream alone have died unseen


def here() -> str:
    """Name this computer and user, as phones are told."""
    return f"{platform.node()} (uid {os.getuid()})"


@dataclass(frozen=True)
class Terms:
    """How a dead-man works; tests choose their own.

    Attributes:
        silence_s: seconds without a sign of life after which it acts.
        folder: its journal on the phone.
        groups: files that take its pid.
        clock: file whose first word is the time, in seconds with two decimals.
        look_s: seconds between two looks, at most; a tenth of the silence when that is less.
        grace_s: seconds that putting back may still take when this computer's user has asked twice to end.
        sweep: a command that the phone runs when it has put everything back: it ends what trials have left running.
    """

    silence_s: float = Limits.dead_man_s
    folder: str = FOLDER
    groups: tuple[str, ...] = GROUPS
    clock: str = "/proc/uptime"
    look_s: float = 3.0
    grace_s: float = 5.0
    sweep: tuple[str, ...] = ()

    @property
    def beat_s(self) -> float:
        """Seconds between two signs of life."""
        return min(10.0, self.silence_s / 5)


def words(terms: Terms) -> tuple[str, ...]:
    """Return what follows the folder among the dead-man's arguments."""
    return (
        str(round(terms.silence_s * 100)),
        f"{min(terms.look_s, terms.silence_s / 10):g}",
        terms.clock,
        *terms.groups,
    )


@dataclass
class DeadMan:
    """The phone's side of a `Guard`.

    Attributes:
        phone: the phone.
        run: whose settings: a run directory, for people.
        terms: how it works.
        numbers: knob -> number of its setting on the phone; in the order of the first writes.
    """

    phone: Phone
    run: str
    terms: Terms = field(default_factory=Terms)
    numbers: dict[str, str] = field(default_factory=dict)
    _held: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _begun: bool = False
    _hush: Callable[[], None] | None = None

    def holds(self, knob: str) -> bool:
        """Whether this run has written that setting into the phone's journal."""
        return self.numbers.get(knob) in self._held

    def hold(self, boot_id: str, setting: Sequence[str], command: Sequence[str]) -> None:
        """Write a setting into the phone's journal, before its first write; the first one arms the dead-man.

        Args:
            boot_id: of the phone's boot.
            setting: knob, file, first value.
            command: what puts it back, word by word, run by the phone alone.

        Raises:
            FinalError: the phone cannot keep it, or the dead-man does not start; then nothing may be changed.
            TransientError: the link dropped.
        """
        self._arm_once(boot_id)
        number = self.numbers.setdefault(setting[0], f"{max(map(int, self.numbers.values()), default=0) + 1:04d}")
        self._add(number, (*setting, *command))

    def check(self, boot_id: str) -> None:
        """Make sure that it still runs: it may have acted while we were silent, or been killed; then arm it anew.

        Raises:
            FinalError: it does not start.
            TransientError: the link dropped.
        """
        if self._hush is None or self._run(ALIVE).code == 0:
            return
        self._arm(boot_id)
        for number, words in tuple(self._held.items()):
            self._add(number, words)

    def close(self, stuck: Sequence[str] = ()) -> None:
        """End it and remove its journal but for the knobs that are stuck.

        Raises:
            FinalError: the phone refused.
            TransientError: the link dropped; it will act, then end by itself.
        """
        self.hush()
        if self._begun or self.numbers:
            self.forget([self.numbers[knob] for knob in stuck if knob in self.numbers])

    def hush(self) -> None:
        """Give no more signs of life."""
        if self._hush:
            self._hush()
            self._hush = None

    def forget(self, left: Sequence[str] = ()) -> None:
        """Remove the phone's journal, whosoever it is, but for the settings of these numbers. Raises as `close`."""
        try:
            done = self._run(DISARM, *left)
        except TransientError:  # a link that drops once, at the very last command
            done = self._run(DISARM, *left)
        self._must(done, "remove the undo journal")

    def _arm_once(self, boot_id: str) -> None:
        if self._hush is None:
            self._begun = True
            self._arm(boot_id)
            if self.terms.sweep:
                self._add(SWEEP, ("", "", "", *self.terms.sweep))
            self._hush = beat(self.phone, self.terms)

    def _arm(self, boot_id: str) -> None:
        terms = self.terms
        who = (boot_id, self.run, here(), f"{terms.silence_s:g}")
        self._must(self._run(ARM, *who, DEADMAN, *words(terms)), "start the process that would put its settings back")

    def _add(self, number: str, words: tuple[str, ...]) -> None:
        what = f"the first value of {words[0]}" if words[0] else "how to end trials"
        self._must(self._run(ADD, number, *words), f"write down {what}")
        self._held[number] = words

    def _run(self, script: str, *words: str) -> Completed:
        argv = ("sh", "-c", script, "sh", self.terms.folder, *words)
        return self.phone.shell(*argv, as_root=True, timeout_s=_SLOW_S)

    def _must(self, done: Completed, what: str) -> None:
        if done.code:
            raise FinalError(f"{self.phone.serial}: cannot {what} in {self.terms.folder}: {said(done)}")


def beat(phone: Phone, terms: Terms) -> Callable[[], None]:
    """Let the phone hear from us until the function that is returned is called.

    A thread of its own, because the main one may wait long: for a trial, a trace to come, its measures. When the shell
    ends, the link was lost or adb started anew: it is opened again, whatever the main thread meets meanwhile.
    """
    ours, ends = socket.socketpair()

    def keep_on() -> None:
        with ends:
            while True:
                with contextlib.suppress(ReclaimError):  # a link that is gone is what the dead-man is for
                    argv, pulse = ("sh", "-c", BEAT, "sh", terms.folder), Pulse(terms.beat_s, ends)
                    phone.transport.run(argv, timeout_s=_BEAT_SHELL_S, pulse=pulse)
                if select.select([ends], [], [], terms.beat_s / 5)[0]:
                    return

    thread = threading.Thread(target=keep_on, name="beat", daemon=True)
    thread.start()

    def hush() -> None:
        ours.close()
        thread.join(timeout=2.0)

    return hush
