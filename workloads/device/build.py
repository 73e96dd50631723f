# SPDX-License-Identifier: Apache-2.0
"""Builds the static programs for the phone with `ziglang` (PyPI), once per ABI, source and compiler."""

import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from workloads.errors import InputError, SetupError

TARGETS = {
    "x86_64": "x86_64-linux-musl",
    "arm64-v8a": "aarch64-linux-musl",
    "armeabi-v7a": "arm-linux-musleabihf",
}
"""Android ABI name (https://developer.android.com/ndk/guides/abis) -> zig target."""

_FLAGS = ("-static", "-O2", "-s", "-std=gnu17", "-Wall", "-Wextra", "-Werror")
_SOURCES = Path(__file__).parent


def pressure(abi: str) -> Path:
    """The `pressure` program for an ABI, built when it is not in the cache.

    Raises:
        InputError: an ABI that is not in `TARGETS`.
        SetupError: the compiler is missing or failed; carries its last line.
    """
    if abi not in TARGETS:
        raise InputError(f"ABI {abi!r}: no `pressure` program for it; known: {', '.join(TARGETS)}")
    folder = cache_path() / "device" / f"pressure-{_key()}"
    target = folder / abi / "pressure"
    if not target.exists():
        _build(abi, target)
    return target


def cache_path() -> Path:
    """Where built things are kept: `RECLAIM_CACHE`, else the user's cache folder."""
    override = os.environ.get("RECLAIM_CACHE")
    return Path(override) if override else user_cache_path("reclaim")


def _key() -> str:
    """What a cached binary depends on: every source, the flags and the compiler's version."""
    digest = hashlib.sha256(" ".join((*_FLAGS, version("ziglang"))).encode())
    for source in sorted((*_SOURCES.glob("*.c"), *_SOURCES.glob("*.h"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _build(abi: str, target: Path) -> None:
    """Compile beside the target and rename, so that an interrupted build leaves nothing that looks finished."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "pressure"
        argv = [sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[abi], *_FLAGS, "-o", str(made)]
        sources = [str(source) for source in sorted(_SOURCES.glob("*.c"))]
        done = subprocess.run([*argv, *sources], capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise SetupError(f"building `pressure` for {abi} failed: {last}")
        made.replace(target)
