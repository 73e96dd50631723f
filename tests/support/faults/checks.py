# SPDX-License-Identifier: Apache-2.0
"""What must hold after every run, whatever befell it: the phone as it was, nothing lost, nothing half-written."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from agent.handheld.machine import VM_FILES
from tests.support.faults.bench import FaultBench

_KCOMPRESSD = "/sys/module/kcompressd/parameters/"
SETTINGS = (*VM_FILES, f"{_KCOMPRESSD}nr_kcompressd", f"{_KCOMPRESSD}queue_size_per_kcompressd")
"""Read on the handheld itself, whether an experiment changes them or not."""

_LEFT = (
    "ls -d /data/local/tmp/reclaim* /data/misc/perfetto-traces/reclaim-* 2>/dev/null;"
    " for n in perfetto pressure; do pidof $n >/dev/null && echo running $n; done; true"
)


def settings(bench: FaultBench) -> dict[str, str]:
    """File -> what it reads now."""
    words = " ".join(SETTINGS)
    said = bench.sh(f"su 0 sh -c 'for f in {words}; do echo $f $(cat $f); done'")
    return {path: value for path, _, value in (line.partition(" ") for line in said.splitlines())}


def changed(bench: FaultBench, first: Mapping[str, str]) -> Iterator[str]:
    """Say what has not its first value."""
    now = settings(bench)
    for path, value in first.items():
        if now.get(path) != value:
            yield f"{path} was {value} and is {now.get(path)}"


def left_behind(bench: FaultBench) -> Iterator[str]:
    """Say what a run has left on the phone: files, processes."""
    for line in bench.sh(_LEFT).splitlines():
        yield f"left on the phone: {line.strip()}"


def records(run: Path) -> dict[str, bytes]:
    """Trial -> its record, byte by byte, of the trials that have ended."""
    return {path.parent.name: path.read_bytes() for path in run.glob("trials/*/record.json")}


def lost(run: Path, before: Mapping[str, bytes]) -> Iterator[str]:
    """Say which trials that had ended are gone or not what they were."""
    now = records(run)
    for trial, text in before.items():
        if now.get(trial) != text:
            yield f"trial {trial} had ended and is {'changed' if trial in now else 'gone'}"


def half_written(run: Path) -> Iterator[str]:
    """Say which files of a run are no whole ones."""
    for path in sorted(path for path in run.rglob("*") if path.is_file()):
        if path.name.startswith(".") or path.suffix in {".part", ".tmp"}:
            yield f"half-made file {path.relative_to(run)}"
        elif why := _broken(path):
            yield f"{path.relative_to(run)}: {why}"


def _broken(path: Path) -> str | None:
    try:
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".jsonl":
            for line in path.read_bytes().splitlines():
                json.loads(line)
        elif path.suffix == ".parquet":
            from pandas import read_parquet  # noqa: PLC0415 - heavy, and few files need it

            read_parquet(path)
    except (OSError, ValueError) as error:
        return str(error).splitlines()[0]
    return None
