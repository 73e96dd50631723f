# SPDX-License-Identifier: Apache-2.0
"""What the fake phone's perfetto says of a config."""


def refusal(config: bytes) -> str:
    """Its words where it does not take one; empty where it does."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - imported late: few tests record
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TraceConfig  # noqa: PLC0415 - the same

    try:
        TraceConfig.FromString(config)
    except DecodeError:
        return "perfetto_cmd.cc:676 The trace config is invalid, bailing out.\n"
    return ""
