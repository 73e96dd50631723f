# SPDX-License-Identifier: Apache-2.0
"""QEMU's machine protocol (QMP): one JSON object per line over a Unix socket (docs/interop/qmp-spec.rst)."""

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.errors import FinalError, TransientError


def connect(path: Path, timeout_s: float) -> socket.socket:
    """Connect to a Unix socket whose path may be longer than the 107 bytes of sun_path (unix(7)).

    Raises:
        TransientError: nobody listens there.
    """
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    link.settimeout(timeout_s)
    try:
        link.connect(f"/proc/self/fd/{folder}/{path.name}")
    except OSError as error:
        link.close()
        raise TransientError(f"{path}: {error.strerror or error}; is the handheld running?") from error
    finally:
        os.close(folder)
    return link


@dataclass(frozen=True)
class Monitor:
    """The monitor of one handheld; each call opens the socket, since QEMU serves one client at a time."""

    path: Path
    timeout_s: float = 10.0

    def ask(self, command: str, **arguments: object) -> Any:  # noqa: ANN401 - QMP answers any JSON value
        """Run one command and return its answer.

        Raises:
            TransientError: QEMU does not listen or does not answer in time.
            FinalError: QEMU refused the command.
        """
        try:
            with connect(self.path, self.timeout_s) as link, link.makefile("rw") as lines:
                lines.readline()
                _say(lines, {"execute": "qmp_capabilities"})
                _answer(lines)
                _say(lines, {"execute": command, "arguments": arguments})
                answer = _answer(lines)
        except OSError as error:
            raise TransientError(f"QEMU does not answer {command} at {self.path}: {error}") from error
        if "error" in answer:
            raise FinalError(f"QEMU refused {command}: {answer['error'].get('desc', answer['error'])}")
        return answer["return"]

    def stop(self) -> None:
        """Freeze the guest."""
        self.ask("stop")

    def cont(self) -> None:
        """Let a frozen guest go on."""
        self.ask("cont")

    def system_reset(self) -> None:
        """Press the reset button: a reboot without a goodbye."""
        self.ask("system_reset")

    def set_link(self, *, up: bool) -> None:
        """Plug or unplug the network: a silent link, as bad Wi-Fi is; adb goes on saying `device`."""
        self.ask("set_link", name="nic0", up=up)

    def quit(self) -> None:
        """End QEMU."""
        self.ask("quit")

    def save(self, file: Path, wait_s: float = 60.0) -> None:
        """Write the frozen guest's state, compressed, to a file.

        Raises:
            FinalError: QEMU or zstd failed, or it took too long.
        """
        self.ask("migrate", uri=f"exec:zstd -q -1 -T0 -o '{file.name}'")  # QEMU runs in the folder of the file
        deadline = time.monotonic() + wait_s
        info: dict[str, Any] = {"status": "not started"}
        while time.monotonic() < deadline:
            info = self.ask("query-migrate")
            if info.get("status") == "completed":
                return
            if info.get("status") in {"failed", "cancelled"}:
                break
            time.sleep(0.05)
        raise FinalError(f"saving the handheld's state to {file} failed: {info.get('error-desc', info.get('status'))}")


def _say(lines: Any, message: dict[str, object]) -> None:  # noqa: ANN401 - a socket's text file has no public type
    lines.write(json.dumps(message) + "\n")
    lines.flush()


def _answer(lines: Any) -> dict[str, Any]:  # noqa: ANN401 - a socket's text file has no public type
    """The next answer; events come in between and are dropped."""
    while line := lines.readline():
        message: dict[str, Any] = json.loads(line)
        if "event" not in message:
            return message
    raise OSError("the monitor closed the connection")
