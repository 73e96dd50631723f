# SPDX-License-Identifier: Apache-2.0
"""A trace_processor_shell of this machine: found, started on loopback, and always ended.

The `perfetto` package would download one at first use; here only what is already on the disk is used.
"""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports.traces import rpc
from workloads.errors import SetupError

ENVIRONMENT = "RECLAIM_TRACE_PROCESSOR"
_START_TIMEOUT_S = 20.0
_POLL_S = 0.02


def named(explicit: Path | None = None) -> Path | None:
    """Return the trace processor that the user named: `explicit`, else the environment's RECLAIM_TRACE_PROCESSOR.

    Raises:
        SetupError: it is not a program.
    """
    value = os.environ.get(ENVIRONMENT)
    shell = explicit or (Path(value) if value else None)
    if shell is not None and (not os.access(shell, os.X_OK) or shell.is_dir()):
        raise SetupError(f"{shell}: not a program: name a trace_processor_shell")
    return shell


def find() -> Path | None:
    """Return the trace processor this machine happens to have: on PATH, or where the `perfetto` package keeps its own.

    Scripts are passed over: Perfetto's wrapper of the same name would download.
    """
    on_path = shutil.which("trace_processor_shell")
    kept = Path.home().glob(".local/share/perfetto/prebuilts/trace_processor_shell*")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(kept, key=lambda file: file.stat().st_mtime, reverse=True)
    return next((file for file in candidates if _is_binary(file)), None)


@contextlib.contextmanager
def start(shell: Path) -> Iterator[rpc.Processor]:
    """Start the shell without a trace, on a free port of loopback.

    Raises:
        SetupError: it does not start.
    """
    from perfetto.trace_processor.http import TraceProcessorHttp  # noqa: PLC0415 - imported late: costs 0.5 s

    port = _free_port()
    process = subprocess.Popen(
        [str(shell), "-D", "--http-port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    processor: Any = TraceProcessorHttp(f"127.0.0.1:{port}", rpc.messages())
    try:
        _wait_until_it_answers(process, shell, port)
        yield processor
    finally:
        processor.close()
        # Its own session: a wrapper's children end with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_binary(file: Path) -> bool:
    try:
        with file.open("rb") as data:
            return data.read(2) != b"#!" and os.access(file, os.X_OK)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", shell: Path, port: int) -> None:
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SetupError(f"{shell}: ended at once with status {process.returncode}: name another trace processor")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/status")
            connection.getresponse().read()
            return
        time.sleep(_POLL_S)
    raise SetupError(f"{shell}: did not answer on 127.0.0.1:{port} within {_START_TIMEOUT_S:.0f} s")
