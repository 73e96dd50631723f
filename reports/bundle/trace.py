# SPDX-License-Identifier: Apache-2.0
"""A Perfetto trace without what is private: allowed kinds of packets, allowed fields, and known words in every string.

Every packet is read with Perfetto's own descriptors and written anew. What they do not know, packets of other kinds and
bytes that are no names are dropped; numbers stay, because launches and reclaim are measured by them. Compressed packets
are opened first (TracePacket.compressed_packets, zlib; google/perfetto, protos/perfetto/trace/trace_packet.proto).
"""

import re
import zlib
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import TYPE_CHECKING

from reports.bundle.messages import packet_class
from reports.bundle.names import Names
from reports.private import IMEI, numberless
from workloads.errors import TraceError

if TYPE_CHECKING:
    from reports.bundle.messages import Message

Rule = Callable[[str], str]
Visit = Callable[["Message"], None]

ALLOWED = frozenset(
    {
        "battery",
        "clock_snapshot",
        "cpu_info",
        "frame_timeline_event",
        "ftrace_events",
        "ftrace_stats",
        "gpu_mem_total_event",
        "graphics_frame_event",
        "packages_list",
        "perf_sample",
        "power_rails",
        "process_descriptor",
        "process_stats",
        "process_tree",
        "service_event",
        "sys_stats",
        "system_info",
        "thread_descriptor",
        "trace_config",
        "trace_stats",
        "track_descriptor",
        "track_event",
    }
)
"""Kinds of packets that are kept: those that launches and reclaim are measured by, and how the recording went."""

_BESIDE = frozenset({"interned_data", "trace_packet_defaults"})
_CUT = frozenset({"debug_annotations", "log_message", "screenshot", "source_locations", "log_message_body"})
"""Fields that are cleared wherever they stand: what an app tells of itself."""

_COMMS = re.compile(r"(?:prev_|next_|old|new|parent_|child_)?comm")
_ATRACE = re.compile(r"([A-Z])\|(\d{1,10})(\|.*)?", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,19}")
_LAUNCHED = re.compile(rb"(?:launching: |completed(?:-\w+)?:|performCreate:|Start proc: ?)([A-Za-z]\w*(?:\.\w+)+)")
_STRING, _BYTES, _MESSAGE = 9, 12, 11
_PACKET = 0x0A
_PACKED_TAGS = re.compile(rb"\x92[\x03\x83]|\xaa[\x08\x88]")
"""How tags of compressed_packets (50) and zstd_compressed_packets (133) begin, needlessly long ones, too."""
_LONGEST = 5
"""Bytes of a number: readers that keep 64 bits would see another size in longer ones, and packets that we do not."""

_MOST_OPENED = 64 << 20
"""Bytes of one compressed packet when it is opened; traced makes them of 512 kB at most."""


def redact_trace(data: bytes, names: Names, where: object) -> Iterator[bytes]:
    """The trace's packets, one by one, each ready to be written.

    Args:
        data: a trace, plain or of compressed packets; gunzip it first.
        names: the bundle's stand-ins; packages that the trace knows are learnt.
        where: what errors name, usually the file.

    Raises:
        TraceError: not a Perfetto trace that can be read packet by packet.
    """
    packets = [*_packets(data, where)]
    _learn(packets, names, where)
    visitor = _Visitor(names)
    for raw in packets:
        packet = _parsed(raw, where)
        visitor.packet(packet)
        yield _sealed(packet.SerializeToString())


def plain_trace(data: bytes, where: object) -> Iterator[bytes]:
    """The trace's packets as they were recorded, but for compressed ones, which are opened.

    Raises:
        TraceError: as for `redact_trace`.
    """
    for raw in _packets(data, where):
        yield _sealed(raw)


def check_plain(data: bytes | mmap, where: object) -> None:
    """Pass a trace of packets none of which is compressed: the trace processor would open those without limit.

    Raises:
        TraceError: another trace, or no trace.
    """
    if not data[:1] == bytes([_PACKET]) or any(_packed(value, where) is not None for _, value in _fields(data, where)):
        raise TraceError(f"{where}: is no trace of packets that are not compressed")


def _packets(data: bytes, where: object, *, inside: bool = False) -> Iterator[bytes]:
    """Each packet's bytes, those of compressed packets in their place; a last one that was cut off is left out."""
    for number, value in _fields(data, where):
        if number != 1:
            raise TraceError(f"{where}: not a Perfetto trace of packets, so it cannot be bundled; record one")
        packed = _packed(value, where)
        if packed is None:
            yield value
        elif inside:
            raise TraceError(f"{where}: has packets that are packed twice; not a usual trace")
        else:
            yield from _packets(_opened(packed, where), where, inside=True)


def _packed(value: bytes, where: object) -> bytes | None:
    """What a packet of packed packets holds; None where it is no such packet."""
    if not _PACKED_TAGS.search(value):
        return None
    packet = _parsed(value, where)
    if packet.HasField("zstd_compressed_packets"):
        raise TraceError(f"{where}: has packets compressed by zstd, which cannot be opened; record without")
    return bytes(packet.compressed_packets) if packet.HasField("compressed_packets") else None


def _opened(packed: bytes, where: object) -> bytes:
    unpack = zlib.decompressobj()
    try:
        whole = unpack.decompress(packed, _MOST_OPENED)
    except zlib.error as error:
        raise TraceError(f"{where}: a compressed packet is broken ({error}); copy the trace again") from None
    if unpack.unconsumed_tail:
        raise TraceError(f"{where}: a compressed packet opens to more than {_MOST_OPENED >> 20} MiB; not a usual trace")
    return whole


def _fields(data: bytes | mmap, where: object) -> Iterator[tuple[int, bytes]]:
    """Length-delimited fields of a Trace; every other wire type is not one."""
    place = 0
    while place < len(data):
        try:
            key, start = _read_varint(data, place)
            size, start = _read_varint(data, start)
        except IndexError:
            return
        except OverflowError:
            raise TraceError(f"{where}: has a packet of a size that no packet has; not a usual trace") from None
        if key & 7 != 2:  # noqa: PLR2004 - wire type of messages
            raise TraceError(f"{where}: not a Perfetto trace of packets, so it cannot be bundled; record one")
        place = start + size
        if place <= len(data):
            yield key >> 3, data[start:place]


def _parsed(raw: bytes, where: object) -> "Message":
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - imported late: `--help` needs none of it

    try:
        return packet_class().FromString(raw)
    except DecodeError:
        raise TraceError(f"{where}: a packet of it cannot be read; copy the trace again") from None


def _learn(packets: list[bytes], names: Names, where: object) -> None:
    """Find the names of packages: a thread may be called by the last letters of one."""
    found: set[str] = set()
    for raw in packets:
        found.update(match.decode() for match in _LAUNCHED.findall(raw))
        if raw[:1] == b"\x0a":  # ftrace_events, field 1
            continue
        packet = _parsed(raw, where)
        found.update(_str(each.name) for each in packet.packages_list.packages)
        lines = [_str(each.cmdline[0]) for each in packet.process_tree.processes if each.cmdline]
        found.update(line.partition(":")[0] for line in lines if "." in line and "/" not in line and " " not in line)
    names.learn_packages(sorted(found))


class _Visitor:
    """Rewrites messages in place; what to do with a kind of message is worked out once."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._visits: dict[str, Visit | None] = {}

    def packet(self, packet: "Message") -> None:
        packet.DiscardUnknownFields()
        for field, value in packet.ListFields():
            if field.message_type is None:
                if field.type in (_STRING, _BYTES):
                    packet.ClearField(field.name)
            elif field.name not in ALLOWED and field.name not in _BESIDE:
                packet.ClearField(field.name)
            elif (visit := self._visit(field.message_type)) is not None:
                visit(value)

    def _visit(self, kind: "Message") -> Visit | None:
        """What rewrites a kind of message; None where nothing below it can hold text."""
        if kind.full_name not in self._visits:
            self._visits[kind.full_name] = self._whole  # before its fields are looked at: a kind may hold itself
            if not _holds_text(kind, frozenset()):
                self._visits[kind.full_name] = None
            elif kind.name == "FtraceEvent":
                self._visits[kind.full_name] = self._event
            elif all(field.type not in (_BYTES, _MESSAGE) and not field.is_repeated for field in kind.fields):
                self._visits[kind.full_name] = self._flat(kind)
        return self._visits[kind.full_name]

    def _flat(self, kind: "Message") -> Visit:
        """The quick way for most events of ftrace: numbers and a few single strings."""
        texts = [(field.name, self._rule(kind.name, field.name)) for field in kind.fields if field.type == _STRING]

        def visit(message: "Message") -> None:
            for name, rule in texts:
                text = getattr(message, name)
                new = rule(_str(text)) if text else text
                if new != text:
                    setattr(message, name, new)

        return visit

    def _event(self, event: "Message") -> None:
        name = event.WhichOneof("event")
        if name is not None:
            message = getattr(event, name)
            visit = self._visit(message.DESCRIPTOR)
            if visit is not None:
                visit(message)

    def _whole(self, message: "Message") -> None:
        for field, value in message.ListFields():
            if field.name in _CUT:
                message.ClearField(field.name)
            elif field.message_type is not None:
                self._below(message, field, value)
            elif field.type == _STRING or (field.type == _BYTES and message.DESCRIPTOR.name == "InternedString"):
                self._text(message, field, value)
            elif field.type == _BYTES:
                message.ClearField(field.name)

    def _below(self, message: "Message", field: "Message", value: "Message") -> None:
        if field.message_type.GetOptions().map_entry:
            message.ClearField(field.name)
            return
        visit = self._visit(field.message_type)
        if visit is not None:
            for each in value if field.is_repeated else (value,):
                visit(each)

    def _text(self, message: "Message", field: "Message", value: "Message") -> None:
        rule = self._rule(message.DESCRIPTOR.name, field.name)
        if field.is_repeated:
            kept = value[:1] if field.name == "cmdline" else value
            new = [rule(_str(each)) for each in kept]
            del value[:]
            value.extend(new)
        elif field.type == _BYTES:
            setattr(message, field.name, rule(_str(value)).encode())
        else:
            setattr(message, field.name, rule(_str(value)))

    def _rule(self, kind: str, field: str) -> Rule:
        if _COMMS.fullmatch(field) or (kind, field) == ("Thread", "name") or field == "intern_table":
            return self._names.comm
        return self._atrace if field == "buf" else self._names.words

    def _atrace(self, text: str) -> str:
        """A line of trace_marker: `B|pid|name`, `C|pid|name|value`, `S|pid|name|cookie` (AOSP libcutils)."""
        marked = _ATRACE.fullmatch(text)
        if marked is None:
            return self._names.words(text)
        letter, pid, rest = marked.groups()
        if rest is None:
            return text
        parts = rest[1:].rstrip("\n").split("|")
        kept = "|".join([self._names.words(parts[0]), *map(self._part, parts[1:])])
        return f"{letter}|{pid}|{kept}" + ("\n" if text.endswith("\n") else "")

    def _part(self, text: str) -> str:
        if _NUMBER.fullmatch(text):
            return numberless(text) if IMEI.fullmatch(text) else text
        return self._names.words(text)


def _str(text: str | bytes) -> str:
    """Strings of proto2 that are no UTF-8, such as a thread's name that was cut within a letter, come as bytes."""
    return text if isinstance(text, str) else text.decode(errors="replace")


def _holds_text(kind: "Message", above: frozenset[str]) -> bool:
    if kind.full_name in above:
        return False
    beside = above | {kind.full_name}
    return any(
        field.type in (_STRING, _BYTES) or (field.message_type is not None and _holds_text(field.message_type, beside))
        for field in kind.fields
    )


def _sealed(packet: bytes) -> bytes:
    return bytes([_PACKET]) + _varint(len(packet)) + packet


def _read_varint(data: bytes | mmap, place: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 7 * _LONGEST:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, place
        shift += 7
    raise OverflowError


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
