# SPDX-License-Identifier: Apache-2.0
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.device import shell_v2
from agent.device.shell_v2 import (
    CLOSE_STDIN,
    EXIT,
    STDERR,
    STDIN,
    STDOUT,
    LinkClosedError,
    TimeOutError,
    converse,
    encode,
    encode_stdin,
    split,
)
from agent.ports import Pulse

PACKETS = st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=50)), max_size=8)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@given(PACKETS, st.integers(1, 20))
def test_packets_survive_any_cut_of_the_stream(packets: list[tuple[int, bytes]], cut: int) -> None:
    stream = b"".join(encode(kind, data) for kind, data in packets)
    buffer, seen = bytearray(), []
    for at in range(0, len(stream), cut):
        buffer += stream[at : at + cut]
        seen += list(split(buffer))
    assert seen == packets
    assert not buffer


def test_output_error_and_exit_status_come_apart(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(encode(STDOUT, b"out") + encode(STDERR, b"err") + encode(STDOUT, b"put") + encode(EXIT, b"\x07"))
    assert converse(ours, b"", 5) == shell_v2.Output(7, b"output", b"err")


def test_stdin_is_sent_in_pieces_and_then_closed() -> None:
    stream = bytearray(encode_stdin(b"x" * 40000))
    kinds = [(kind, len(data)) for kind, data in split(stream)]
    assert kinds == [(0, 16384), (0, 16384), (0, 7232), (4, 0)]


def test_a_command_that_ends_without_reading_its_stdin_is_no_error(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(encode(EXIT, b"\0"))
    assert converse(ours, b"x" * 5_000_000, 5).code == 0


def test_a_link_that_closes_early_is_told(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(encode(STDOUT, b"half"))
    theirs.close()
    with pytest.raises(LinkClosedError, match="before the command's exit status"):
        converse(ours, b"", 5)


def test_a_time_out_keeps_what_was_printed(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(encode(STDOUT, b"working on it"))
    ticks = iter([0.0, 0.1, 9.0])
    with pytest.raises(TimeOutError) as caught:
        converse(ours, b"", 5, now=lambda: next(ticks))
    assert caught.value.seen == "working on it"


def test_a_phone_that_never_stops_printing_is_cut_off(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(encode(STDOUT, b"x" * 11))
    with pytest.raises(LinkClosedError, match="printed more than"):
        converse(ours, b"", 5, max_output=10)


def test_a_pulse_sends_a_line_when_one_is_due_and_closes_the_input_when_it_ends(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    end, ends = socket.socketpair()
    ticks = iter([0.0, 0.0, 4.0, 10.0, 11.0, 12.0])
    seen: list[tuple[int, bytes]] = []

    def now() -> float:
        time_s = next(ticks)
        if time_s == 11.0:
            end.close()
        if time_s == 12.0:
            seen.extend(split(bytearray(theirs.recv(4096))))
            theirs.sendall(encode(EXIT, b"\0"))
        elif time_s:
            theirs.sendall(encode(STDOUT, b"heard"))
        return time_s

    with ends:
        assert converse(ours, b"", 100, now=now, pulse=Pulse(10.0, ends)).out == b"heard" * 3
    assert seen == [(STDIN, b"0.000000\n"), (STDIN, b"10.000000\n"), (CLOSE_STDIN, b"")]
