# SPDX-License-Identifier: Apache-2.0
"""An adb server of our own, so that the user's phones are neither listed nor touched, and 5037 stays theirs."""

import random
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from agent.handheld import guard
from workloads.errors import SetupError, TransientError

LOWEST_PORT = 20000
HIGHEST_PORT = 32000
"""Above adb's own 5037 and the 5555-5585 every adb server scans, below Linux's range for outgoing connections."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens now.

    Raises:
        SetupError: none of many is free.
    """
    for _ in range(200):
        port = random.randrange(LOWEST_PORT, HIGHEST_PORT)  # noqa: S311 - spread, not secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SetupError(f"no free port between {LOWEST_PORT} and {HIGHEST_PORT} on 127.0.0.1")


def environment(port: int, home: Path) -> dict[str, str]:
    """What adb is told: our port, and not to look for any device by itself (adb's client/main.cpp reads these).

    Args:
        port: where it listens.
        home: gets adb's keys, so that the user's own stay untouched; the guest asks for none.
    """
    return {
        "ANDROID_ADB_SERVER_PORT": str(port),
        "ADB_USB": "0",
        "ADB_EMU": "0",
        "ADB_MDNS": "0",
        "ADB_MDNS_OPENSCREEN": "0",
        "ADB_MDNS_AUTO_CONNECT": "0",
        "ADB_REJECT_KILL_SERVER": "1",
        "HOME": str(home),
    }


@dataclass(frozen=True)
class AdbServer:
    """A running server; `address` is what adb's -L or ANDROID_ADB_SERVER_PORT need."""

    port: int
    process: guard.Guarded

    @property
    def address(self) -> str:
        """HOST:PORT of the server."""
        return f"127.0.0.1:{self.port}"


def start(folder: Path) -> AdbServer:
    """Start a server that writes `adb.log` and `adb.pid` into `folder`, and wait until it listens.

    Raises:
        SetupError: no adb, or it does not come up.
    """
    port = free_port()
    argv = [adb_path(), "-L", f"tcp:{port}", "server", "nodaemon"]
    server = AdbServer(port, guard.start(argv, folder, "adb", env=environment(port, folder)))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if _listens(port):
            return server
        time.sleep(0.02)
    server.process.end()
    raise SetupError(f"adb did not start a server on port {port}: {(folder / 'adb.log').read_text()[-300:].strip()}")


def adb_path() -> str:
    """The adb that came with adbutils, else the one on PATH."""
    from adbutils import adb_path as bundled  # noqa: PLC0415 - imported late: 0.27 s that `reclaim --help` must not pay

    return str(bundled())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(address: str, request: str, timeout_s: float = 5.0) -> str:
    """Send one request to a server and return its answer; never starts a server, as adb's own client would.

    Args:
        address: HOST:PORT of the server.
        request: as in OVERVIEW.TXT and SERVICES.TXT of AOSP's packages/modules/adb, `host:connect:127.0.0.1:20001`.
        timeout_s: for each step.

    Raises:
        TransientError: no answer, or a refusal.
    """
    try:
        with _dial(address, timeout_s) as link:
            _request(link, request)
            return _receive(link, int(_receive(link, 4), 16))
    except (OSError, ValueError) as error:
        raise TransientError(f"the adb server at {address} does not answer {request!r}: {error}") from error


def shell(address: str, serial: str, command: str, timeout_s: float = 5.0) -> str:
    """Run a shell command on a device and return all it printed; for probes whose words are fixed, not for user text.

    Raises:
        TransientError: the device is not there or does not answer.
    """
    try:
        with _dial(address, timeout_s) as link:
            _request(link, f"host:transport:{serial}")
            _request(link, f"shell:{command}")
            return b"".join(iter(lambda: link.recv(65536), b"")).decode(errors="replace")
    except OSError as error:
        raise TransientError(f"{serial} does not answer {command!r}: {error}") from error


def _dial(address: str, timeout_s: float) -> socket.socket:
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout_s)


def _request(link: socket.socket, text: str) -> None:
    data = text.encode()
    link.sendall(f"{len(data):04x}".encode() + data)
    status = _receive(link, 4)
    if status != "OKAY":
        raise OSError(_receive(link, int(_receive(link, 4), 16)) if status == "FAIL" else f"answered {status!r}")


def _receive(link: socket.socket, count: int) -> str:
    data = b""
    while len(data) < count:
        part = link.recv(count - len(data))
        if not part:
            raise OSError("connection closed")
        data += part
    return data.decode(errors="replace")
