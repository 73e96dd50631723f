# SPDX-License-Identifier: Apache-2.0
"""What a browser would give the trace processor: a clock, a heap that grows, and a place for its words.

The functions are those that Emscripten's runtime imports (emscripten-core/emscripten, src/lib/libcore.js, libwasi.js,
libtime.js); everything about files answers "no such system call", so a trace can never reach the host.
"""

import calendar
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from wasmtime import Memory, Store

Number: TypeAlias = int | float
HostFunction: TypeAlias = Callable[..., Number | None]

PAGE_BYTES = 65536
_ENOSYS = 52  # WASI's number, which Emscripten's libc shares
_WORDS_KEPT = 8192
_GROW_MOST = 96 << 20  # Emscripten's own bound on growing ahead


class Aborted(Exception):  # noqa: N818 - an event inside the module, not an error shown to a user
    """The module gave up: an assertion, a C++ exception, or no memory left."""


class Host:
    """The imports of one instance; `attach` it to the instance's memory before the first call.

    Args:
        pointer_bytes: 4, or 8 for a memory64 module.
        limit_bytes: the heap never grows past this.
    """

    def __init__(self, pointer_bytes: int, limit_bytes: int) -> None:
        """Keep the two figures; memory comes with `attach`."""
        self._pointer = "<I" if pointer_bytes == 4 else "<Q"  # noqa: PLR2004 - wasm has two pointer sizes
        self._pointer_bytes = pointer_bytes
        self._limit = limit_bytes
        self._words = bytearray()
        self._memory: Memory | None = None
        self._store: Store | None = None
        self.out_of_memory = False

    def attach(self, store: "Store", memory: "Memory") -> None:
        """Give the host the memory it reads and writes."""
        self._store, self._memory = store, memory

    @property
    def last_words(self) -> str:
        """The last line the module wrote to stderr, or nothing."""
        said = self._words.decode(errors="replace").strip().splitlines()
        # A failed check is framed: -----BEGIN PERFETTO PRE-CRASH LOG----- and the like.
        lines = [line for line in said if line.strip() and not line.startswith("-----")]
        return lines[-1].strip() if lines else ""

    def function(self, name: str, *, returns: bool) -> HostFunction:
        """Return the import called `name`; one that is not offered answers ENOSYS."""
        refusal = _ENOSYS if name.startswith("fd_") else -_ENOSYS
        return self._offered().get(name, lambda *_: refusal if returns else None)

    def _offered(self) -> dict[str, HostFunction]:
        return {
            "emscripten_get_now": self._now_ms,
            "emscripten_date_now": self._date_ms,
            "emscripten_err": self._err,
            "emscripten_get_heap_max": self._heap_max,
            "emscripten_resize_heap": self._resize_heap,
            "clock_time_get": self._clock_time_get,
            "environ_get": self._environ,
            "environ_sizes_get": self._environ_sizes,
            "fd_write": self._fd_write,
            "__assert_fail": self._assert_fail,
            "_abort_js": self._abort,
            "_gmtime_js": self._gmtime,
            "_localtime_js": self._gmtime,  # the module lives in UTC
            "_timegm_js": self._timegm,
            "_tzset_js": self._tzset,
        }

    def read(self, address: int, size: int) -> bytes:
        """Copy `size` bytes out of the module's memory."""
        store, memory = self._attached()
        return bytes(memory.read(store, address, address + size))

    def write(self, address: int, data: bytes) -> None:
        """Copy bytes into the module's memory."""
        store, memory = self._attached()
        memory.write(store, bytearray(data), address)

    def _attached(self) -> "tuple[Store, Memory]":
        if self._store is None or self._memory is None:
            raise Aborted("called before its memory was there")
        return self._store, self._memory

    def _text(self, address: int, most: int = 4096) -> bytes:
        return self.read(address, most).partition(b"\0")[0]

    def _say(self, words: bytes) -> None:
        self._words += words
        del self._words[:-_WORDS_KEPT]

    def _now_ms(self) -> float:
        return time.monotonic() * 1000

    def _date_ms(self) -> float:
        return time.time() * 1000

    def _clock_time_get(self, clock: int, _precision: int, result: int) -> int:
        self.write(result, struct.pack("<q", time.monotonic_ns() if clock else time.time_ns()))
        return 0

    def _fd_write(self, _fd: int, vectors: int, count: int, written: int) -> int:
        width = self._pointer_bytes
        total = 0
        for index in range(count):
            start, size = struct.unpack(
                self._pointer[0] + self._pointer[1] * 2, self.read(vectors + index * 2 * width, 2 * width)
            )
            self._say(self.read(start, size))
            total += size
        self.write(written, struct.pack(self._pointer, total))
        return 0

    def _err(self, text: int) -> None:
        self._say(self._text(text) + b"\n")

    def _abort(self) -> None:
        raise Aborted(self.last_words or "it aborted")

    def _assert_fail(self, condition: int, file: int, line: int, _function: int) -> None:
        where = f"{self._text(file).decode(errors='replace')}:{line}"
        raise Aborted(f"{self._text(condition).decode(errors='replace')} at {where}")

    def _heap_max(self) -> int:
        return self._limit

    def _resize_heap(self, wanted: int) -> int:
        store, memory = self._attached()
        size = memory.data_len(store)
        if wanted > self._limit:
            self.out_of_memory = True
            return 0
        ahead = min(max(wanted, min(size + size // 5, wanted + _GROW_MOST)), self._limit)
        pages = -(-ahead // PAGE_BYTES) - size // PAGE_BYTES
        try:
            memory.grow(store, pages)
        except Exception:  # noqa: BLE001 - wasmtime's own error type; whatever it is, the heap did not grow
            self.out_of_memory = True
            return 0
        return 1

    def _environ_sizes(self, count: int, size: int) -> int:
        for address in (count, size):
            self.write(address, struct.pack(self._pointer, 0))
        return 0

    def _environ(self, _vector: int, _text: int) -> int:
        return 0

    def _tzset(self, timezone: int, daylight: int, standard: int, summer: int) -> None:
        self.write(timezone, struct.pack(self._pointer, 0))
        self.write(daylight, struct.pack("<i", 0))
        for name in (standard, summer):
            self.write(name, b"UTC\0")

    def _gmtime(self, seconds: int, result: int) -> None:
        at = time.gmtime(seconds)
        fields = (at.tm_sec, at.tm_min, at.tm_hour, at.tm_mday, at.tm_mon - 1, at.tm_year - 1900)
        self.write(result, struct.pack("<8i", *fields, (at.tm_wday + 1) % 7, at.tm_yday - 1))

    def _timegm(self, broken_down: int) -> int:
        second, minute, hour, day, month, year = struct.unpack("<6i", self.read(broken_down, 24))
        return calendar.timegm((year + 1900, month + 1, day, hour, minute, second))
