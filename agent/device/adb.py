# SPDX-License-Identifier: Apache-2.0
"""The link to a phone over adb: the only place that talks to adb."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from agent.device import shell_v2
from agent.device.quoting import command_line
from agent.device.server import TWICE, Address, default_address, devices, ensure_running, join, parse_address
from agent.ports import Completed, Pulse
from workloads.errors import FinalError, InputError, StoreError, TransientError

if TYPE_CHECKING:
    from adbutils import AdbClient, AdbConnection, Sync

_MAX_REQUEST = (
    0xFFFF  # the length of a request to the adb server is four hex digits (packages/modules/adb OVERVIEW.TXT)
)


@dataclass
class _Silence:
    """Whether a phone let a time run out; until when (monotonic clock, s) it is not asked for a sign of life again."""

    kept: bool = False
    rests_until: float = 0.0


@dataclass(frozen=True)
class AdbTransport:
    """One phone behind an adb server; implements `agent.ports.Transport`. Holds no connection: each call makes one.

    Attributes:
        serial: adb serial; HOST:PORT for a phone on the network.
        server: the adb server.
        sync_timeout_s: seconds a file transfer may stand still.
        sign_s: seconds that a phone which let a time run out has to give a sign of life before it is asked for more:
            else each command of a long clean-up would wait in full on a link that is silent.
        rest_s: seconds after a sign that did not come in which the next command is not tried: a clean-up has a dozen.
    """

    serial: str
    server: Address
    sync_timeout_s: float = 30.0
    sign_s: float = 10.0
    rest_s: float = 5.0
    _silence: _Silence = field(default_factory=_Silence, compare=False, repr=False)

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        """Run a program on the phone; see `agent.ports.Transport.run`.

        Raises:
            InputError: the words cannot be passed on (a NUL, or more than 65 kB).
            TransientError: the link dropped or the time ran out.
            FinalError: the phone no longer trusts this computer.
        """
        request = f"shell,v2,raw:{command_line(argv)}".encode("utf-8", "surrogateescape")
        if len(request) > _MAX_REQUEST:
            raise InputError(f"{self.serial}: a command of {len(request)} bytes is too long for adb: {argv[0]} ...")
        if self._silence.kept and pulse is None:
            self._await_sign()
        with self._talk(argv[0]), self._connected(min(timeout_s, 30.0) if pulse else timeout_s) as link:
            _ask(link, request)
            try:
                output = shell_v2.converse(link.conn, stdin, timeout_s, pulse=pulse)
            except shell_v2.TimeOutError as error:
                self._silence.kept = True
                raise TransientError(_too_slow(self.serial, argv, timeout_s, error.seen)) from error
        return Completed(tuple(argv), output.code, _text(output.out), _text(output.err))

    def stream(self, argv: Sequence[str], *, silence_s: float) -> Iterator[str]:
        """Run a program and give its lines as they come; see `agent.ports.Streaming.stream`."""
        request = f"shell,v2,raw:{command_line(argv)}".encode("utf-8", "surrogateescape")
        with self._talk(argv[0]), self._connected(silence_s) as link:
            _ask(link, request)
            try:
                yield from map(_text, shell_v2.lines(link.conn, silence_s))
            except shell_v2.EndedError as error:
                told = f": {error.said.strip()}" if error.said.strip() else ""
                raise TransientError(f"{self.serial}: `{' '.join(argv)[:60]}` ended ({error}){told}") from error

    def push(self, data: bytes, remote: str, *, mode: int = 0o644) -> None:
        """Write a file on the phone as the shell user; it appears whole or not at all.

        Fed through standard input: adbutils' own push has no time limit and ignores short writes.

        Raises:
            TransientError: the link dropped, or the file did not arrive whole.
            FinalError: the phone refused it (no such folder, disk full, not permitted).
        """
        script = 'cat >"$1.part" && chmod "$2" "$1.part" && mv -f "$1.part" "$1" && wc -c <"$1"'
        limit = self.sync_timeout_s + len(data) / 500_000  # even Wi-Fi manages half a megabyte per second
        done = self.run(("sh", "-c", script, "sh", remote, f"{mode:o}"), stdin=data, timeout_s=limit)
        if done.code != 0:
            raise FinalError(f"{self.serial}: cannot write {remote}: {_reason(done)}")
        if done.out.strip() != str(len(data)):
            raise TransientError(f"{self.serial}: {remote} holds {done.out.strip()} of {len(data)} bytes")

    def pull(self, remote: str, local: Path) -> None:
        """Fetch a file; `local` appears whole or not at all, and only with the size the phone says it has.

        Raises:
            TransientError: the link dropped or stood still, or the sizes differ.
            FinalError: there is no such file, or it may not be read.
        """
        from adbutils import AdbDevice, Sync  # noqa: PLC0415 - imported late: 0.3 s that --help must not pay

        if self._silence.kept:
            self._await_sign()
        with self._talk(f"pull {remote}"):
            sync = Sync(AdbDevice(self._client(self.sync_timeout_s), serial=self.serial))
            expected = sync.stat(remote).size  # STAT tells the size in 32 bits
        try:
            with _appearing(local) as file:
                size = sum(file.write(chunk) for chunk in self._chunks(sync, remote))
                if size & 0xFFFFFFFF != expected:
                    raise TransientError(f"{self.serial}: {remote}: {size} of {expected} bytes came; try again")
        except OSError as error:
            raise StoreError(f"{local}: cannot write it: {error.strerror}") from error

    def _chunks(self, sync: "Sync", remote: str) -> Iterator[bytes]:
        with self._talk(f"pull {remote}"):
            yield from sync.iter_content(remote)

    def revive(self) -> None:
        """Start adb's server anew where that is ours to do, and connect to a phone on the network again.

        Raises:
            TransientError: the server does not answer, or cannot connect to the phone.
            SetupError: no server, and none could be started.
        """
        ensure_running(self.server)
        if devices(self.server).get(self.serial) != "device" and _on_network(self.serial):
            join(self.server, self.serial)

    def restart_as_root(self) -> str:
        """Ask adbd to restart as root (`adb root`), return its answer; only `id -u` afterwards tells whether it did."""
        with self._talk("adb root"), self._connected(10.0) as link:
            _ask(link, b"root:")
            return str(link.read_until_close()).strip()

    def features(self) -> frozenset[str]:
        """Return what this phone's adbd can do (`shell_v2` among it)."""
        with self._talk("features"), self._client(10.0).make_connection(timeout=10.0) as link:
            _ask(link, f"host-serial:{self.serial}:features".encode())
            return frozenset(link.read_string_block().split(","))

    def _await_sign(self) -> None:
        """Go on only with a phone that answers the smallest question; when it does, all is well again.

        Raises:
            TransientError: it is silent still.
        """
        why = f"{self.serial}: fell silent and gave no sign of life within {self.sign_s:g} s; is it still connected?"
        if time.monotonic() < self._silence.rests_until:
            raise TransientError(why)
        self._silence.kept = False
        try:
            self.run(("true",), timeout_s=self.sign_s)
        except TransientError as error:
            self._silence.kept, self._silence.rests_until = True, time.monotonic() + self.rest_s
            raise TransientError(why) from error

    def _client(self, timeout_s: float) -> "AdbClient":
        from adbutils import AdbClient  # noqa: PLC0415 - imported late: 0.3 s that --help must not pay

        self.server.require()
        return AdbClient(self.server.host, self.server.port, socket_timeout=timeout_s)

    @contextlib.contextmanager
    def _connected(self, timeout_s: float) -> Iterator["AdbConnection"]:
        with self._client(timeout_s).make_connection(timeout=max(timeout_s, 1.0)) as link:
            _ask(link, f"host:transport:{self.serial}".encode())
            yield link

    @contextlib.contextmanager
    def _talk(self, what: str) -> Iterator[None]:
        """Turn whatever adbutils and the socket raise into our own errors."""
        from adbutils import AdbError, AdbTimeout  # noqa: PLC0415 - imported late: 0.3 s that --help must not pay

        try:
            yield
        except (AdbTimeout, TimeoutError) as error:
            self._silence.kept = True
            raise TransientError(
                f"{self.serial}: no answer in time to {what}; is the phone still connected?"
            ) from error
        except (shell_v2.LinkClosedError, EOFError, OSError) as error:
            raise TransientError(f"{self.serial}: the link dropped during {what}: {error}") from error
        except AdbError as error:
            raise _refusal(self.serial, what, str(error.args[0] if error.args else error)) from error


@contextlib.contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes its name, whole and on disk, only when the block ends well."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _ask(link: "AdbConnection", request: bytes) -> None:
    link.conn.sendall(f"{len(request):04x}".encode() + request)
    link.check_okay()  # type: ignore[no-untyped-call]  # adbutils leaves this one untyped


def _refusal(serial: str, what: str, text: str) -> FinalError | TransientError:
    """Sort what adb said. `connect` has seen the phone, so one `not found` now may come back like one offline."""
    if "No such file" in text or "Permission denied" in text:
        return FinalError(f"{serial}: cannot {what}: {text.strip()}")
    line = f"{serial}: adb answered {text.strip()!r} to {what}; check the cable, `adb devices` and the phone's screen"
    return FinalError(line) if "unauthorized" in text else TransientError(line)


def _too_slow(serial: str, argv: Sequence[str], timeout_s: float, seen: str) -> str:
    tail = f"; it had printed: {seen.strip()[-200:]!r}" if seen.strip() else ""
    return f"{serial}: `{' '.join(argv)[:120]}` did not end within {timeout_s:g} s{tail}"


def _reason(done: Completed) -> str:
    return (done.err.strip() or done.out.strip() or f"exit status {done.code}").replace("\n", "; ")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def connect(serial: str | None = None, server: str | None = None, wait_s: float = 5.0) -> AdbTransport:
    """Find a phone and return a link to it.

    Args:
        serial: adb serial; None for the only phone there is. HOST:PORT is connected to when not listed.
        server: HOST:PORT of the adb server; None for the one that the adb program would use.
        wait_s: seconds a phone that has just been connected may take to come up.

    Raises:
        InputError: no phone, or several and no serial; all are listed.
        SetupError: no adb server, and none can be started.
        TransientError: the phone is offline, or on the network and not reachable.
        FinalError: no such phone, unauthorized, no permission, or older than Android 7.
    """
    address = parse_address(server) if server else default_address()
    ensure_running(address)
    found = devices(address)
    chosen = serial or _only(found, address)
    if found.get(chosen) in (None, "offline") and _on_network(chosen):
        answer = join(address, chosen)
        found = _wait_listed(address, chosen, wait_s)
        if chosen not in found:
            raise TransientError(f"{chosen}: adb says {answer!r}; is the phone on, and its debugging over Wi-Fi too?")
    _check_state(chosen, found, address)
    link = AdbTransport(chosen, address)
    if "shell_v2" not in link.features():
        raise FinalError(f"{chosen}: its adbd has no shell protocol 2, which needs Android 7 or newer")
    return link


def _only(found: dict[str, str], address: Address) -> str:
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise InputError(f"no phone is connected to the adb server at {address}; `adb devices` shows what it sees")
    listing = ", ".join(f"{serial} ({state})" for serial, state in sorted(found.items()))
    raise InputError(f"{len(found)} phones are connected: choose one with -s SERIAL: {listing}")


def _on_network(serial: str) -> bool:
    host, _, port = serial.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit()


def _wait_listed(address: Address, serial: str, wait_s: float) -> dict[str, str]:
    """Poll until the server lists the phone as ready; after `adb connect` it is offline or connecting for a moment."""
    deadline = time.monotonic() + wait_s
    found = devices(address)
    while found.get(serial) != "device" and time.monotonic() < deadline:
        time.sleep(0.1)
        found = devices(address)
    return found


def _check_state(serial: str, found: dict[str, str], address: Address) -> None:
    state = found.get(serial)
    if state is None:
        seen = ", ".join(sorted(found)) or "none"
        raise FinalError(f"{serial}: no such phone at the adb server {address}; it sees: {seen}")
    if state == TWICE:
        raise FinalError(f"{serial}: two phones answer to this serial; disconnect one of them")
    if state == "unauthorized":
        raise FinalError(f"{serial}: unauthorized: unlock the phone and allow USB debugging from this computer")
    if state == "no":
        raise FinalError(
            f"{serial}: this user may not use the USB device: install android-sdk-platform-tools-common (udev rules)"
        )
    if state != "device":
        raise TransientError(f"{serial}: the phone is {state}, not ready; reconnect it, or wait until it has started")
