# SPDX-License-Identifier: Apache-2.0
"""Nothing private is left in a trace, in whichever field of whichever message it stood."""

import zlib
from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from reports.bundle.messages import FRAME_TIMELINE, packet_class
from reports.bundle.names import Names
from reports.bundle.trace import plain_trace, redact_trace
from tests.support.secrets import PLANTED, TEXT, found
from tests.support.traces import TraceBuilder, message
from workloads.errors import TraceError

STRING, BYTES = 9, 12
Path = tuple[Any, ...]


def paths() -> Iterator[tuple[Path, Any]]:
    """Every field of text or bytes of every kind of message below TracePacket, and one way to it."""
    start = packet_class().DESCRIPTOR
    waiting: deque[tuple[Any, Path]] = deque([(start, ())])
    seen = {start.full_name}
    while waiting:
        kind, path = waiting.popleft()
        for field in kind.fields:
            if field.type in (STRING, BYTES):
                yield path, field
            elif field.message_type is not None and field.message_type.full_name not in seen:
                seen.add(field.message_type.full_name)
                waiting.append((field.message_type, (*path, field)))


def planted(path: Path, field: Any, text: str) -> bytes:  # noqa: ANN401 - descriptors have no type to name
    packet = packet_class()(timestamp=1)
    at = packet
    for step in path:
        if step.message_type.GetOptions().map_entry:
            return bytes(packet.SerializeToString()) + _mapped(path, text)
        at = getattr(at, step.name).add() if step.is_repeated else getattr(at, step.name)
        at.SetInParent()
    value = text.encode() if field.type == BYTES else text
    if field.is_repeated:
        getattr(at, field.name).append(value)
    else:
        setattr(at, field.name, value)
    return bytes(packet.SerializeToString())


def _mapped(path: Path, text: str) -> bytes:
    """The same by the numbers of the fields: a map has no `add`."""
    told = message({1: text.encode(), 2: text.encode()})
    for step in reversed(path):
        told = message({step.number: told})
    return told


def trace(*packets: bytes) -> bytes:
    return b"".join(message({1: packet}) for packet in packets)


def redacted(data: bytes) -> bytes:
    return b"".join(redact_trace(data, Names(), "trace"))


def test_no_field_of_any_message_lets_a_secret_through() -> None:
    every = [(path, field) for path, field in paths() if "compressed_packets" not in field.name]
    assert len(every) > 600
    leaking = [
        ".".join(step.name for step in (*path, field))
        for path, field in every
        if found(redacted(trace(planted(path, field, TEXT))))
    ]
    assert leaking == []


@pytest.mark.parametrize("secret", PLANTED)
@pytest.mark.parametrize("form", ["B|1|{}", "C|1|{}|5", "C|1|mem|{}", "S|1|{}|{}", "{}", "I|1|launchingActivity#1:{}"])
def test_lines_of_trace_marker_are_taken_apart(form: str, secret: str) -> None:
    line = form.replace("{}", secret)
    assert found(redacted(TraceBuilder().prints(1, 1, line).data)) == []


def test_compressed_packets_are_opened() -> None:
    inner = TraceBuilder().process(1, "com.alice.diary").prints(1, 1, "B|1|bindApplication").data
    told = redacted(trace(message({50: zlib.compress(inner)})))
    assert found(told) == []
    assert b"bindApplication" in told


@pytest.mark.parametrize("before", [{}, {8: 1}, {999: b"x" * 80}])
def test_compressed_packets_are_found_wherever_in_a_packet_they_stand(before: dict[int, int | bytes]) -> None:
    inner = TraceBuilder().prints(1, 1, "B|1|bindApplication").data
    told = redacted(trace(message({**before, 50: zlib.compress(inner)})))
    assert b"bindApplication" in told


def test_what_the_descriptors_do_not_know_is_dropped() -> None:
    known = planted(*next((path, field) for path, field in paths() if field.name == "android_build_fingerprint"), "x")
    assert found(redacted(trace(known + message({999: TEXT.encode(), 1999: TEXT.encode()})))) == []


def test_the_frame_timeline_keeps_its_numbers() -> None:
    frame = message({4: message({1: 7, 2: 8, 4: 9, 5: b"TX - com.alice.diary#9"})})
    told = packet_class().FromString(redacted(trace(message({FRAME_TIMELINE: frame})))[2:])
    shown = told.frame_timeline_event.frame4
    assert (shown.f1, shown.f2, shown.f4) == (7, 8, 9)
    assert found(shown.f5.encode()) == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"TRACE:\nkswapd0-1 [000] 1.0: x\n", "not a Perfetto trace"),
        (b'{"traceEvents": []}', "not a Perfetto trace"),
        (message({1: b"\xff\xff\xff"}), "cannot be read"),
        (trace(message({50: b"no zlib"})), "a compressed packet is broken"),
        (trace(message({50: zlib.compress(bytes(65 << 20))})), "opens to more than"),
        (trace(message({133: b"zstd"})), "compressed by zstd"),
        (trace(message({50: zlib.compress(trace(message({50: zlib.compress(b"")})))})), "packed twice"),
    ],
)
def test_a_trace_that_cannot_be_redacted_is_refused_in_one_line(data: bytes, told: str) -> None:
    with pytest.raises(TraceError, match=told) as refused:
        redacted(data)
    assert "\n" not in str(refused.value)


def test_unredacted_only_compressed_packets_are_opened() -> None:
    inner = TraceBuilder().process(1, "com.alice.diary").data
    data = trace(message({999: b"kept"}), message({50: zlib.compress(inner)}))
    assert b"".join(plain_trace(data, "trace")) == trace(message({999: b"kept"})) + inner


def test_a_name_that_was_cut_within_a_letter_is_a_name_like_any() -> None:
    switch = message({1: "com.alice.diary é".encode()[:-1], 2: 7})
    told = redacted(trace(message({1: message({2: message({1: 1, 4: switch})})})))
    assert found(told) == []
    assert packet_class().FromString(told[2:]).ftrace_events.event[0].sched_switch.prev_pid == 7


def test_a_last_packet_that_was_cut_off_is_left_out() -> None:
    whole = TraceBuilder().prints(1, 1, "B|1|bindApplication").data
    assert redacted(whole + whole[:-3]) == redacted(whole)
