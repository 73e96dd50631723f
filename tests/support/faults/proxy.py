# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy between adb's server and a phone: it can drop the link, or go silent, as a cable and Wi-Fi do."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_PIECE = 65536


@dataclass
class Proxy:
    """Stands on 127.0.0.1:`port` for a target; made by `proxy`.

    Attributes:
        target: host and port of the phone's adbd.
        port: where adb's server is to connect.
    """

    target: tuple[str, int]
    port: int = 0
    _flowing: threading.Event = field(default_factory=threading.Event)
    _listener: socket.socket | None = None
    _links: set[socket.socket] = field(default_factory=set)

    @property
    def serial(self) -> str:
        """What adb calls the phone behind it."""
        return f"127.0.0.1:{self.port}"

    def drop(self) -> None:
        """Close every connection and take no new one: a cable that is pulled."""
        if listener := self._listener:
            self._listener = None
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for link in tuple(self._links):
            self._end(link)
        self._flowing.set()

    def silence(self) -> None:
        """Pass no byte on and close nothing: Wi-Fi out of reach. What was sent arrives once it is over, as with TCP."""
        self._flowing.clear()

    def mend(self) -> None:
        """Let everything through again."""
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        self._links.add(near)
        try:
            far = socket.create_connection(self.target, timeout=10)
        except OSError:
            self._end(near)
            return
        far.settimeout(None)
        self._links.add(far)
        threading.Thread(target=self._pump, args=(near, far), daemon=True).start()
        self._pump(far, near)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                self._flowing.wait()
                sink.sendall(data)
        self._end(source)
        self._end(sink)

    def _end(self, link: socket.socket) -> None:
        self._links.discard(link)
        with contextlib.suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)
        link.close()


@contextlib.contextmanager
def proxy(serial: str) -> Iterator[Proxy]:
    """Lend a proxy before the phone of an adb serial HOST:PORT; it lets everything through at first."""
    host, _, port = serial.rpartition(":")
    made = Proxy((host, int(port)))
    made.mend()
    try:
        yield made
    finally:
        made.drop()
