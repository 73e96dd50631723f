# SPDX-License-Identifier: Apache-2.0
"""Perfetto's messages as classes, with the frame timeline, which the `perfetto` package leaves to extensions."""

from functools import cache
from typing import Any, TypeAlias

Message: TypeAlias = Any
"""A message or a class of messages: made at run time from descriptors, so it has no type to name."""

FRAME_TIMELINE = 76
_DISPLAY, _SURFACE = (1, 2), (3, 4)
_LAYER_NAME = 5
_NUMBERS = 16


@cache
def packet_class() -> Message:
    """The class of one TracePacket (google/perfetto, protos/perfetto/trace/trace_packet.proto)."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415 - imported late: 0.3 s
    from perfetto.protos.perfetto.trace import perfetto_trace_pb2  # noqa: PLC0415 - the same

    file = descriptor_pb2.FileDescriptorProto()
    perfetto_trace_pb2.DESCRIPTOR.CopyToProto(file)
    packet = next(each for each in file.message_type if each.name == "TracePacket")
    if all(field.number != FRAME_TIMELINE for field in packet.field):
        kept = [each for each in packet.extension_range if not each.start <= FRAME_TIMELINE < each.end]
        del packet.extension_range[:]
        packet.extension_range.extend(kept)
        packet.field.add(
            name="frame_timeline_event", number=FRAME_TIMELINE, label=1, type=11, oneof_index=0
        ).type_name = f".{file.package}.ReclaimFrameTimeline"
        _frame_timeline(file)
    pool = descriptor_pool.DescriptorPool()
    for needed in perfetto_trace_pb2.DESCRIPTOR.dependencies:
        pool.AddSerializedFile(needed.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.TracePacket"))


def _frame_timeline(file: Message) -> None:
    """Numbers, and one string: the layer's name (google/perfetto, frame_timeline_event.proto)."""
    whole = file.message_type.add(name="ReclaimFrameTimeline")
    for number in (*_DISPLAY, *_SURFACE, 5):
        name = f"Frame{number}"
        field = whole.field.add(name=f"frame{number}", number=number, label=1, type=11)
        field.type_name = f".{file.package}.ReclaimFrameTimeline.{name}"
        frame = whole.nested_type.add(name=name)
        for each in range(1, _NUMBERS + 1):
            text = each == _LAYER_NAME and number in _SURFACE
            frame.field.add(name=f"f{each}", number=each, label=1, type=9 if text else 3)
