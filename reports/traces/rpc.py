# SPDX-License-Identifier: Apache-2.0
"""The trace processor's RPC protocol (google/perfetto, protos/perfetto/trace_processor/trace_processor.proto).

Both engines answer with the same messages, and both must speak a version of the protocol that is understood here.
"""

import functools
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from workloads.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import pandas as pd

Message: TypeAlias = Any
"""A message of the protocol: its class is made at run time from a descriptor, so it has no type to name."""

OLDEST_API = 14
"""Oldest TraceProcessorApiVersion accepted: that of Perfetto 52, the oldest the queries were tried with."""


class Processor(Protocol):
    """A running trace processor; the same four calls as `perfetto.trace_processor.http.TraceProcessorHttp`."""

    def parse(self, chunk: bytes) -> Message:
        """Take the next bytes of the trace; answers an AppendTraceDataResult."""
        ...

    def notify_eof(self) -> Message:
        """No more bytes; answers a FinalizeDataResult, or bytes of nothing."""
        ...

    def execute_query(self, query: str) -> Message:
        """Answers one QueryResult with every batch in it."""
        ...

    def status(self) -> Message:
        """Answers a StatusResult."""
        ...


@functools.cache
def messages() -> Message:
    """The protocol's message classes, from the `perfetto` package's own descriptors."""
    from perfetto.trace_processor.platform import PlatformDelegate  # noqa: PLC0415 - imported late: costs 0.5 s
    from perfetto.trace_processor.protos import ProtoFactory  # noqa: PLC0415 - imported late: costs 0.5 s

    return ProtoFactory(PlatformDelegate())


def newest_api() -> int:
    """The protocol version the installed `perfetto` package speaks."""
    versions = messages().descriptor_pool.FindEnumTypeByName("perfetto.protos.TraceProcessorApiVersion")
    return int(versions.values_by_name["TRACE_PROCESSOR_CURRENT_API_VERSION"].number)


def check_version(status: Message, name: str) -> str:
    """Return the engine's own version, if its protocol is one that is understood.

    Raises:
        SetupError: its protocol is older than `OLDEST_API` or newer than the `perfetto` package's.
    """
    api, newest = int(status.api_version), newest_api()
    if not OLDEST_API <= api <= newest:
        raise SetupError(
            f"{name}: speaks protocol {api} of the trace processor, understood are {OLDEST_API} to {newest}: "
            "update the perfetto package, or name another engine"
        )
    return f"Perfetto {status.version_code}"


def to_frame(result: Message) -> "pd.DataFrame":
    """Turn a QueryResult into a DataFrame; integers with NULLs become Int64, so that nanoseconds stay exact."""
    from pandas import DataFrame  # noqa: PLC0415 - imported late: costs 0.6 s
    from perfetto.common.query_result_iterator import QueryResultIterator  # noqa: PLC0415 - imported late: loads pandas

    rows = QueryResultIterator(result.column_names, result.batch)
    cells = rows.cells.reshape((rows.row_count, rows.column_count))
    return DataFrame({name: _column(cells[:, index]) for index, name in enumerate(rows.column_names)})


def _column(cells: "np.ndarray") -> "pd.Series":
    from pandas import Series  # noqa: PLC0415 - imported late: costs 0.6 s

    kinds = {type(cell) for cell in cells}
    column = Series(cells, dtype="object")
    if kinds == {int, type(None)}:
        return column.astype("Int64")
    if float in kinds and kinds <= {int, float, type(None)}:
        return column.astype("float64")
    return column.infer_objects()


def merged(replies: "Iterable[Message]") -> Message:
    """Join the streamed replies to one query into one QueryResult."""
    whole = messages().QueryResult()
    for reply in replies:
        whole.MergeFrom(reply.query_result)
    return whole
