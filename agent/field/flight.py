# SPDX-License-Identifier: Apache-2.0
"""The flight recorder: Perfetto and the sampler on the phone, by themselves, whatever becomes of this computer's link.

Who ends it is the phone's own script (`agent.field.sampler.RECORD`): asked by a file, at a time, or when a condition
comes true, which it judges itself. Both live in the agent's folder and under its names, so that `reclaim restore`
finds what a computer that is gone has left.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from agent.capture import session
from agent.capture.capabilities import Capabilities, capabilities
from agent.capture.config import build_config, into_file
from agent.device import batch, parse
from agent.device.phone import BOOT_ID, Phone, said
from agent.field import sampler
from agent.field.when import Condition
from agent.knobs.undisturbed import undisturbed
from agent.ports import Clock
from agent.runner.comeback import await_phone
from agent.runner.workspace import Workspace
from workloads.errors import DeviceError, FinalError, TransientError
from workloads.spec import Capture

T = TypeVar("T")

START = 'cd "$1" || exit; shift; setsid sh run.sh "$@" >log 2>&1 </dev/null & echo $!'
"""Run as `sh -c START sh FOLDER WORD ...`. adbd's children inherit its oom_score_adj of -1000: here that is wanted."""

STOP = ': >"$1/stop"'
SHORT_S, LONG_S = 600.0, 8 * 3600.0
"""The most that is recorded where nobody says how long: all of it, or the newest in a ring."""
_PIECES = 1800
"""Samples (10 MB) after which older ones move aside: half an hour to an hour of them is kept."""
_MOST_BYTES = 1 << 30
_SLACK_S = 120.0
_LOST_S = 600.0
_SILENCE_S = 10.0
_GRACE_S = 5.0


@dataclass(frozen=True)
class Wanted:
    """What to record.

    Attributes:
        conditions: any of them ends it.
        ring: keep the newest when the buffer is full, instead of all in a file.
        most_s: seconds after which it ends by itself.
        after_s: seconds that it goes on after a condition has come true.
        capture: buffer and period.
    """

    conditions: tuple[Condition, ...] = ()
    ring: bool = False
    most_s: float = 0.0
    after_s: float = 2.0
    capture: Capture = field(default_factory=Capture)

    @property
    def length_s(self) -> float:
        """Seconds after which it ends by itself."""
        return self.most_s or (LONG_S if self.ring else SHORT_S)


@dataclass(frozen=True)
class Flight:
    """A recording under way.

    Attributes:
        phone: where.
        wanted: what was asked for.
        boot_id: of the phone's boot.
        folder: on the phone.
        pid: of the phone's script.
        trace: Perfetto's part; None where there is no Perfetto.
        token: what frames of the samples begin with.
        begun: the phone's clock at the start, as logcat takes it.
        why_no_trace: in one line, where there is none.
    """

    phone: Phone
    wanted: Wanted
    boot_id: str
    folder: str
    pid: int
    trace: session.TraceSession | None
    token: str
    begun: str
    why_no_trace: str | None = None

    def stop(self) -> None:
        """Ask the phone to end it; it takes a second, and Perfetto's own time.

        Raises:
            TransientError: the link dropped.
            FinalError: the phone refused.
        """
        self.phone.shell("sh", "-c", STOP, "sh", self.folder, check=True)

    def clear(self) -> None:
        """End what still runs and leave nothing on the phone.

        Raises:
            TransientError: the link dropped.
        """
        workspace = Workspace(self.phone)
        workspace.sweep()
        workspace.remove()


@contextlib.contextmanager
def flying(phone: Phone, wanted: Wanted) -> Iterator[Flight]:
    """Lend a recording; when the block ends, however it ends, nothing of it is left on the phone.

    Raises:
        FinalError: the phone refused to record.
        TransientError: the link dropped before it was under way.
    """
    workspace = Workspace(phone)
    try:
        workspace.sweep()
        yield _start(phone, workspace, wanted)
    finally:
        with undisturbed(_GRACE_S, asked=False), contextlib.suppress(DeviceError):
            workspace.sweep()
            workspace.remove()


def _start(phone: Phone, workspace: Workspace, wanted: Wanted) -> Flight:
    caps = capabilities(phone)
    (date,), (boot,), (vmstat,), (psi,) = phone.ask(
        batch.program("date", "+%m-%d %H:%M:%S.%N"),
        batch.file(BOOT_ID),
        batch.file("/proc/vmstat"),
        batch.file("/proc/pressure/memory"),
    )
    _check(phone, wanted.conditions, parse.vmstat(vmstat.text) if vmstat.ok else {}, psi=psi.ok)
    token, since = secrets.token_hex(8), parse.log_time(date.text)
    folder = workspace.begin(f"0-record-{token}", sampler.RECORD, {})
    trace, why = _trace(phone, caps, wanted)
    words = (
        *sampler.common_words(token, [each.word for each in wanted.conditions]),
        str(trace.pid) if trace else "",
        str(round(wanted.length_s * 100)),
        str(round(wanted.after_s * 100)),
        str(_PIECES),
        since,
        *sampler.logcat_words(since, caps.sdk),
    )
    done = phone.shell("sh", "-c", START, "sh", folder, *words, as_root=True)
    if not done.out.strip().isdigit():
        raise FinalError(f"{phone.serial}: cannot start to record: {said(done)}")
    return Flight(phone, wanted, boot.text.strip(), folder, int(done.out), trace, token, since, why)


def _check(phone: Phone, conditions: tuple[Condition, ...], vmstat: dict[str, int], *, psi: bool) -> None:
    """Refuse a condition that this phone can never show."""
    root = "" if phone.root.kind != "none" else " without root"
    for each in conditions:
        if each.kind == "psi" and not psi:
            raise FinalError(f"{phone.serial}: --when {each.text!r}: /proc/pressure/memory may not be read{root}")
        if each.kind == "vmstat" and each.what not in vmstat:
            why = f"there is no {each.what} in /proc/vmstat" if vmstat else f"/proc/vmstat may not be read{root}"
            raise FinalError(f"{phone.serial}: --when {each.text!r}: {why}")


def _trace(phone: Phone, caps: Capabilities, wanted: Wanted) -> tuple[session.TraceSession | None, str | None]:
    if not caps.present:
        return None, "trace: there is no perfetto on this phone"
    config = build_config(caps, wanted.capture, wanted.length_s + _SLACK_S)
    try:
        return session.start(phone, caps, config if wanted.ring else into_file(config, _MOST_BYTES)), None
    except FinalError as error:
        return None, f"trace: {error}"


def follow(flight: Flight, clock: Clock, beat: Callable[[], None] = lambda: None) -> float:
    """Wait until the phone has ended the recording; return the seconds without a link.

    Args:
        flight: the recording.
        clock: what waits.
        beat: called about once a second as long as there is a link.

    Raises:
        FinalError: the phone did not come back, has rebooted, or its script died; the trace may still be there.
    """
    lost_s = 0.0
    while True:
        last = clock.now()
        try:
            for line in flight.phone.stream(
                "sh", "-c", sampler.FOLLOW, "sh", flight.folder, str(flight.pid), silence_s=_SILENCE_S
            ):
                last = clock.now()
                if line == "done":
                    return lost_s
                if line:
                    raise FinalError(f"{flight.phone.serial}: the recorder died on the phone: {_log(flight)}")
                beat()
        except TransientError:
            await_phone(flight.phone, flight.boot_id, max(_LOST_S, flight.wanted.length_s), clock)
            lost_s += clock.now() - last


def persist(flight: Flight, clock: Clock, action: Callable[[], T]) -> T:
    """Do something that needs the link, again when it drops meanwhile; raises what `await_phone` raises."""
    while True:
        try:
            return action()
        except TransientError:
            await_phone(flight.phone, flight.boot_id, _LOST_S, clock)


def _log(flight: Flight) -> str:
    return Workspace(flight.phone).read(flight.folder, "log").strip().replace("\n", "; ")[-300:] or "it said nothing"
