# SPDX-License-Identifier: Apache-2.0
"""An adb server with phones that are this machine: the protocol is real, programs run in the host's shell.

Speaks as SERVICES.TXT and SYNC.TXT of packages/modules/adb say: devices, connect, features, shell,v2, RECV, STAT.
"""

import contextlib
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from agent.device.shell_v2 import CLOSE_STDIN, EXIT, STDERR, STDOUT, encode, split


@dataclass
class FakeAdbServer:
    """What the server has and does; change it while it runs.

    Attributes:
        phones: serial -> state.
        twins: serials that are listed once more: two phones have them.
        network: serials that `adb connect` brings up.
        features: of every phone.
        drop_at: services whose connection is closed as soon as they are asked for.
        mute: phones are listed and never answer: the link is silent.
        lie_about_size: added to the size that STAT tells.
        path: PATH of what runs in the shell; empty for this process's own.
    """

    phones: dict[str, str] = field(default_factory=dict)
    twins: tuple[str, ...] = ()
    network: set[str] = field(default_factory=set)
    features: str = "shell_v2,cmd,stat_v2"
    drop_at: set[str] = field(default_factory=set)
    mute: bool = False
    lie_about_size: int = 0
    path: str = ""
    address: str = ""

    def talk(self, link: socket.socket) -> None:
        """Serve one connection."""
        with link, contextlib.suppress(OSError, EOFError):
            while request := _request(link):
                if any(word in request for word in self.drop_at) or not self._serve(link, request):
                    return

    def _serve(self, link: socket.socket, request: str) -> bool:
        """Answer one request; True when another may follow on this connection."""
        if self.mute and request.startswith(("shell", "sync")):
            link.recv(1)  # until the other side gives up
            return False
        services: dict[str, Callable[[str], bool]] = {
            "host:devices": lambda _: _say(link, self._listing()),
            "host:disconnect:": lambda serial: _say(link, self._disconnect(serial)),
            "host:connect:": lambda serial: _say(link, self._connect(serial)),
            "host-serial:": lambda _: _say(link, self.features),
            "host:version": lambda _: _say(link, "0029"),
            "host:transport:": lambda serial: self._choose(link, serial, b""),
            "host:tport:serial:": lambda serial: self._choose(link, serial, bytes(8)),
            "shell,v2,raw:": lambda command: _okay(link) and _shell(link, command, self.path),
            "sync:": lambda _: _okay(link) and self._sync(link),
        }
        for prefix, serve in services.items():
            if request.startswith(prefix):
                return serve(request.removeprefix(prefix))
        return _fail(link, "closed")

    def _listing(self) -> str:
        names = (*self.phones, *self.twins)
        return "".join(f"{name}\t{self.phones[name]}\n" for name in names)

    def _choose(self, link: socket.socket, serial: str, transport: bytes) -> bool:
        if self.phones.get(serial) != "device":
            return _fail(link, f"device '{serial}' not found")
        link.sendall(b"OKAY" + transport)
        return True

    def _disconnect(self, serial: str) -> str:
        return f"disconnected {serial}" if self.phones.pop(serial, None) else f"no such device '{serial}'"

    def _connect(self, serial: str) -> str:
        if serial in self.phones:
            return f"already connected to {serial}"
        if serial not in self.network:
            return f"failed to connect to '{serial}': Connection refused"
        self.phones[serial] = "device"
        return f"connected to {serial}"

    def _sync(self, link: socket.socket) -> bool:
        name, length = struct.unpack("<4sI", _exactly(link, 8))
        path = Path(_exactly(link, length).decode())
        if name == b"STAT":
            size = path.stat().st_size + self.lie_about_size if path.exists() else 0
            link.sendall(b"STAT" + struct.pack("<III", 0o100644, size, 1))
        elif not path.exists():
            text = b"open failed: No such file or directory"
            link.sendall(b"FAIL" + struct.pack("<I", len(text)) + text)
        else:
            data = path.read_bytes()
            for at in range(0, len(data), 65536):
                part = data[at : at + 65536]
                link.sendall(b"DATA" + struct.pack("<I", len(part)) + part)
            link.sendall(b"DONE" + struct.pack("<I", 0))
        return False


@contextlib.contextmanager
def adb_server(**state: object) -> Iterator[FakeAdbServer]:
    """Lend a server that listens on a free loopback port."""
    server = FakeAdbServer(**state)  # type: ignore[arg-type]  # tests name its own attributes
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.address = f"127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=_accept, args=(listener, server), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, server: FakeAdbServer) -> None:
    with contextlib.suppress(OSError):
        while True:
            link, _ = listener.accept()
            threading.Thread(target=server.talk, args=(link,), daemon=True).start()


def _shell(link: socket.socket, command: str, path: str) -> bool:
    """Feed what comes to a real shell as it comes, and send what it prints as it prints it."""
    environment = os.environ | {"PATH": path or os.environ["PATH"]}
    pipe, argv = subprocess.PIPE, ["sh", "-c", command]
    with subprocess.Popen(argv, env=environment, stdin=pipe, stdout=pipe, stderr=pipe) as program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        outputs = ((STDOUT, program.stdout), (STDERR, program.stderr))
        sending = threading.Lock()
        pumps = [threading.Thread(target=_pump, args=(link, sending, *output), daemon=True) for output in outputs]
        for pump in pumps:
            pump.start()
        with contextlib.suppress(BrokenPipeError):
            for data in _input(link):
                program.stdin.write(data)
                program.stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            program.stdin.close()
        program.wait()
        for pump in pumps:
            pump.join(timeout=5)
    link.sendall(encode(EXIT, bytes([program.returncode % 256])))
    return False


def _pump(link: socket.socket, sending: threading.Lock, kind: int, source: IO[bytes]) -> None:
    """Hand on what is printed; when nobody takes it any more, the program is told as by a closed pipe."""
    with source, contextlib.suppress(OSError):
        while data := os.read(source.fileno(), 65536):
            with sending:
                link.sendall(encode(kind, data))


def _input(link: socket.socket) -> Iterator[bytes]:
    """What a program is fed, until its standard input is closed or the link is."""
    buffer = bytearray()
    while data := link.recv(65536):
        buffer += data
        for kind, content in split(buffer):
            if kind == CLOSE_STDIN:
                return
            yield content


def _request(link: socket.socket) -> str:
    size = link.recv(4, socket.MSG_WAITALL)
    return _exactly(link, int(size, 16)).decode("utf-8", "surrogateescape") if size else ""


def _exactly(link: socket.socket, count: int) -> bytes:
    data = link.recv(count, socket.MSG_WAITALL) if count else b""
    if len(data) < count:
        raise EOFError
    return data


def _okay(link: socket.socket) -> bool:
    link.sendall(b"OKAY")
    return True


def _say(link: socket.socket, text: str) -> bool:
    link.sendall(b"OKAY" + f"{len(text):04x}".encode() + text.encode())
    return False


def _fail(link: socket.socket, text: str) -> bool:
    link.sendall(b"FAIL" + f"{len(text):04x}".encode() + text.encode())
    return False
