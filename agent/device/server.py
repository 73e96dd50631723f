# SPDX-License-Identifier: Apache-2.0
"""The adb server on this machine (or another): where it is, and which phones it sees."""

import contextlib
import os
import socket
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from workloads.errors import InputError, SetupError, TransientError

DEFAULT_PORT = 5037
_LAST_PORT = 65535


@dataclass(frozen=True)
class Address:
    """Where an adb server listens.

    Attributes:
        host: name or address.
        port: TCP port.
        given: True when the user named it; then it is never started, only used.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    given: bool = False

    def __str__(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"

    def reachable(self, timeout_s: float = 3.0) -> bool:
        """Return whether something listens there."""
        with contextlib.suppress(OSError), socket.create_connection((self.host, self.port), timeout=timeout_s):
            return True
        return False

    def require(self) -> None:
        """Make sure the server answers now; adbutils would start one of its own, on another port, without a word.

        Raises:
            TransientError: nothing listens there.
        """
        if not self.reachable():
            raise TransientError(f"no adb server answers at {self}; start it with `adb start-server`")


def parse_address(text: str) -> Address:
    """Read `HOST:PORT`, as `--adb-server` takes it.

    Raises:
        InputError: it is something else.
    """
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
        raise InputError(f"--adb-server: {text!r} is not HOST:PORT, as in 127.0.0.1:5037")
    return Address(host.strip("[]"), int(port), given=True)


def default_address(environ: Mapping[str, str] | None = None) -> Address:
    """Return the server that the adb program would use; the variables are those of `adb help`.

    Raises:
        InputError: a variable holds something that cannot be used.
    """
    env = os.environ if environ is None else environ
    spec = env.get("ADB_SERVER_SOCKET", "")
    if spec:
        kind, _, rest = spec.partition(":")
        if kind != "tcp" or not rest:
            raise InputError(f"ADB_SERVER_SOCKET={spec}: only tcp:HOST:PORT and tcp:PORT can be used")
        return parse_address(rest if ":" in rest else f"127.0.0.1:{rest}")
    port = env.get("ANDROID_ADB_SERVER_PORT", str(DEFAULT_PORT))
    if not (port.isascii() and port.isdigit()):
        raise InputError(f"ANDROID_ADB_SERVER_PORT={port} is not a port number")
    return Address(env.get("ANDROID_ADB_SERVER_ADDRESS", "127.0.0.1"), int(port))


def ensure_running(address: Address) -> None:
    """Start the user's usual adb server where none runs; one that was named explicitly must already be there.

    Raises:
        SetupError: no server, and none could be started.
    """
    if address.reachable():
        return
    if address.given or address.host not in ("127.0.0.1", "localhost"):
        raise SetupError(f"no adb server answers at {address}: start it there, or correct --adb-server")
    from adbutils import AdbError, adb_path  # noqa: PLC0415 - imported late: 0.3 s that --help must not pay

    try:
        command = [adb_path(), "-P", str(address.port), "start-server"]
        done = subprocess.run(command, capture_output=True, timeout=20, check=False)
    except (AdbError, OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(
            f"no adb server answers at {address} and none could be started ({error}): `apt install adb`"
        ) from error
    if not address.reachable():
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise SetupError(f"the adb server at {address} did not start: {reason[0]}")


TWICE = "there twice"
"""Our own state of a serial that two phones answer to, as boards do that were never given one."""


def devices(address: Address) -> dict[str, str]:
    """Return serial -> state as the server lists them: `device`, `offline`, `unauthorized`, `no` (no permissions) ...

    A serial that is listed more than once is `TWICE`: adb would take the one or refuse both.

    Raises:
        TransientError: the server does not answer.
    """
    from adbutils import AdbClient, AdbError  # noqa: PLC0415 - imported late: 0.3 s that --help must not pay

    address.require()
    try:
        listed = [(info.serial, info.state) for info in AdbClient(address.host, address.port, 10.0).list()]
    except (AdbError, OSError) as error:
        raise TransientError(f"the adb server at {address} did not list its phones: {error}") from error
    times = Counter(serial for serial, _ in listed)
    return {serial: state if times[serial] == 1 else TWICE for serial, state in listed}


def join(address: Address, serial: str, timeout_s: float = 15.0) -> str:
    """Ask the server to connect to a phone on the network (`adb connect HOST:PORT`) and return what it answers.

    It is disconnected first: of a phone that went offline adb would say `already connected`, and do nothing.

    Raises:
        TransientError: the server does not answer.
    """
    from adbutils import AdbClient, AdbError  # noqa: PLC0415 - imported late: 0.3 s that --help must not pay

    address.require()
    try:
        client = AdbClient(address.host, address.port, timeout_s)
        client.disconnect(serial)
        return client.connect(serial, timeout=timeout_s).strip()
    except (AdbError, OSError) as error:
        raise TransientError(f"{serial}: the adb server at {address} could not connect to it: {error}") from error
