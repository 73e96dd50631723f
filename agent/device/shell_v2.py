# SPDX-License-Identifier: Apache-2.0
"""adb's shell protocol v2: real exit status, standard error by itself, and standard input.

adbutils speaks it without standard input, hence these few lines. Source: packages/modules/adb shell_protocol.h (ids; a
header of one byte id and four bytes little-endian length) and SERVICES.TXT (`shell,v2,raw:COMMAND`, Android 7 up).
"""

import math
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.ports import Pulse

STDIN, STDOUT, STDERR, EXIT, CLOSE_STDIN = 0, 1, 2, 3, 4
_HEADER = struct.Struct("<BI")
_CHUNK = 16 * 1024
_MAX_LINE = 1024 * 1024
_MAX_OUTPUT = 256 * 1024 * 1024


class LinkClosedError(Exception):
    """The other side closed, or sent what this protocol does not have, before the exit status came."""


class EndedError(Exception):
    """A command that was to go on has ended with a status that is not 0; `said` is its standard error."""

    def __init__(self, code: int, said: str) -> None:
        """Keep what it left as evidence."""
        super().__init__(f"exit status {code}")
        self.said = said


class TimeOutError(Exception):
    """The command did not end in time; `seen` is what it had printed so far."""

    def __init__(self, seen: str) -> None:
        """Keep the output so far as evidence."""
        super().__init__("time out")
        self.seen = seen


@dataclass(frozen=True)
class Output:
    """What a command left: exit status 0..255 (128 + signal when killed), and the bytes it printed."""

    code: int
    out: bytes
    err: bytes


def encode(packet: int, data: bytes = b"") -> bytes:
    """Return one packet."""
    return _HEADER.pack(packet, len(data)) + data


def encode_stdin(data: bytes) -> bytes:
    """Return the packets that feed `data` and then close standard input."""
    chunks = (data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK))
    return b"".join(encode(STDIN, chunk) for chunk in chunks) + encode(CLOSE_STDIN)


def split(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take every whole packet off the front of `buffer`; a part of one stays there."""
    while len(buffer) >= _HEADER.size:
        packet, length = _HEADER.unpack_from(buffer)
        end = _HEADER.size + length
        if len(buffer) < end:
            return
        data = bytes(buffer[_HEADER.size : end])
        del buffer[:end]
        yield packet, data


def converse(
    sock: socket.socket,
    stdin: bytes,
    timeout_s: float,
    now: Callable[[], float] = time.monotonic,
    max_output: int = _MAX_OUTPUT,
    pulse: Pulse | None = None,
) -> Output:
    """Feed `stdin`, or the lines of `pulse`; read until the exit status comes.

    Both directions are served together: a command that prints while it is fed cannot block the exchange.

    Raises:
        LinkClosedError: the connection ended first, or more than `max_output` bytes came.
        TimeOutError: `timeout_s` seconds passed.
        OSError: the socket failed.
    """
    deadline, feed = now() + timeout_s, _Feed(b"" if pulse else encode_stdin(stdin), pulse)
    outbox, inbox = memoryview(b""), bytearray()
    streams: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray()}
    sock.settimeout(0)
    while (left := deadline - (time_s := now())) > 0:
        outbox = outbox or memoryview(feed.due(time_s))
        reads, writes = ([sock], [sock]) if outbox else ([sock, *feed.watched], [])
        ready = select.select(reads, writes, [], min(left, feed.wait_s(time_s)))
        if ready[1]:
            outbox = outbox[_send(sock, outbox) :]
        if sock in ready[0]:
            inbox += _receive(sock)
            for packet, data in split(inbox):
                if packet == EXIT:
                    return Output(data[0] if data else 255, bytes(streams[STDOUT]), bytes(streams[STDERR]))
                _store(streams, packet, data, max_output)
    raise TimeOutError((streams[STDOUT] + streams[STDERR])[-2000:].decode("utf-8", "replace"))


def lines(sock: socket.socket, silence_s: float) -> Iterator[bytes]:
    """Close standard input, then give each line that is printed as it comes, without its line feed.

    Ends when the command ends with status 0.

    Raises:
        EndedError: it ended with another status.
        LinkClosedError: the connection ended first, or a line is longer than 1 MiB.
        TimeoutError: nothing came for so many seconds.
        OSError: the socket failed.
    """
    sock.settimeout(silence_s)
    sock.sendall(encode(CLOSE_STDIN))
    inbox, text, err = bytearray(), bytearray(), bytearray()
    while True:
        inbox += _receive(sock)
        for packet, data in split(inbox):
            if packet == EXIT:
                if code := data[0] if data else 255:
                    raise EndedError(code, bytes(err[-2000:]).decode("utf-8", "replace"))
                return
            if packet == STDERR:
                err = (err + data)[-4000:]
            elif packet == STDOUT:
                *whole, rest = (text + data).split(b"\n")
                text = bytearray(rest)
                yield from map(bytes, whole)
        if max(len(text), len(inbox)) > _MAX_LINE:
            raise LinkClosedError(f"a line of more than {_MAX_LINE} bytes came")


@dataclass
class _Feed:
    """What is sent, when it is due.

    Attributes:
        packets: due at once.
        pulse: due now and then; None when there is none, or no longer.
        next_s: when its next line is due.
    """

    packets: bytes
    pulse: Pulse | None
    next_s: float = 0.0

    @property
    def watched(self) -> list[socket.socket]:
        return [self.pulse.ends] if self.pulse else []

    def wait_s(self, time_s: float) -> float:
        return max(0.0, self.next_s - time_s) if self.pulse else math.inf

    def due(self, time_s: float) -> bytes:
        packets, self.packets = self.packets, b""
        if self.pulse is None:
            return packets
        if select.select(self.watched, [], [], 0)[0]:
            self.pulse = None
            return encode(CLOSE_STDIN)
        if time_s < self.next_s:
            return b""
        self.next_s = time_s + self.pulse.every_s
        return encode(STDIN, f"{time_s:.6f}\n".encode())


def _store(streams: dict[int, bytearray], packet: int, data: bytes, most: int) -> None:
    if packet in streams:
        streams[packet] += data
        if len(streams[packet]) > most:
            raise LinkClosedError(f"the command printed more than {most} bytes")


def _send(sock: socket.socket, data: memoryview) -> int:
    try:
        return sock.send(data[:_CHUNK])
    except BlockingIOError:
        return 0
    except (BrokenPipeError, ConnectionResetError):
        return len(
            data
        )  # a command may end, and its link close, before it has read everything: its exit status decides


def _receive(sock: socket.socket) -> bytes:
    try:
        data = sock.recv(65536)
    except BlockingIOError:
        return b""
    if not data:
        raise LinkClosedError("the link closed before the command's exit status came")
    return data
