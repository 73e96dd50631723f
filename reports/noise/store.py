# SPDX-License-Identifier: Apache-2.0
"""Noise floors and prices of tracing, kept from run to run: one file per phone and workload under `state_dir()/noise`.

A stand-in's serial is a port that changes with every start, so it is known by its model and size instead. A workload is
known by what it does, not by its name alone: another dose makes other noise.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, TypeVar

import msgspec

from reports.analysis import Analysis
from reports.atomic import write_bytes
from reports.comparison import FEW_BLOCKS
from reports.encoding import decode, encode
from reports.folders import state_dir
from reports.noise.floor import NoiseFloor
from reports.noise.known import Known
from reports.noise.tracing import TracingPrice
from reports.printable import printable
from reports.record import SCHEMA_VERSION, DeviceFacts
from workloads.errors import StoreError
from workloads.spec import Workload

_Kept = TypeVar("_Kept", NoiseFloor, TracingPrice)
_SIZE_STEP = 64 << 20
"""A guest's MemTotal differs a little from kernel to kernel."""


@dataclass(frozen=True)
class Memory:
    """What one file holds: the newest of each build."""

    floors: tuple[NoiseFloor, ...] = ()
    prices: tuple[TracingPrice, ...] = ()
    schema: int = SCHEMA_VERSION


def known(device: DeviceFacts, workload: Workload) -> Known:
    """What earlier runs of this phone with this workload have told; a file that cannot be read is told, not raised."""
    path = _path(device, workload)
    try:
        memory = _read(path)
    except StoreError as error:
        return Known(trouble=str(error))
    return Known(_best(memory.floors, device), _best(memory.prices, device))


def remember(analysis: Analysis, err: TextIO) -> None:
    """Keep what a run of `FEW_BLOCKS` or more tells: an A/A run's noise floor, an untraced arm's price of tracing.

    Args:
        analysis: of the run.
        err: gets one line when it cannot be kept; that is no failure.
    """
    floor, device = analysis.floor, analysis.run.device
    prices = [price for price in analysis.prices if price.blocks >= FEW_BLOCKS and price.what == "tracing"]
    if not floor and not prices:
        return
    path = _path(device, analysis.run.experiment.workload)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = _read(path)
        after = Memory(_newest([*before.floors, *([floor] if floor else [])]), _newest([*before.prices, *prices[:1]]))
        if after != before:
            write_bytes(path, encode(after))
    except (StoreError, OSError) as error:
        told = error if isinstance(error, StoreError) else f"{path.parent}: cannot be made: {error.strerror}"
        print(f"reclaim: what this run tells of the phone's noise is not kept: {printable(str(told))}", file=err)


def _read(path: Path) -> Memory:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Memory()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}; set RECLAIM_STATE to another folder") from error
    return decode(data, Memory, path)


def _path(device: DeviceFacts, workload: Workload) -> Path:
    size = f"{device.cpus} {round(device.memory_bytes / _SIZE_STEP)}"
    identity = [device.model, size if device.stand_in else device.serial]
    digest = hashlib.sha256(msgspec.json.encode([*identity, workload])).hexdigest()[:16]
    words = re.sub(r"[^A-Za-z0-9]+", "-", f"{device.model} {workload.name}")[:60].strip("-")
    return state_dir() / "noise" / f"{words}-{digest}.json"


def _best(kept: Iterable[_Kept], device: DeviceFacts) -> _Kept | None:
    """The newest of the phone's present build, else the newest of all."""
    return max(kept, key=lambda each: (each.origin.same_build(device), _time(each)), default=None)


def _newest(kept: Iterable[_Kept]) -> tuple[_Kept, ...]:
    """One per build; of two equally old ones the later in the list, so that a run measured anew replaces itself."""
    found: dict[tuple[str, str], _Kept] = {}
    for each in sorted(kept, key=_time):
        found[each.origin.build, each.origin.kernel] = each
    return tuple(found.values())


def _time(each: NoiseFloor | TracingPrice) -> datetime:
    try:
        return datetime.fromisoformat(each.origin.at).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
