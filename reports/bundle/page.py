# SPDX-License-Identifier: Apache-2.0
"""The page of a recording or of a trace: figures and happenings as tables, what is missing told first."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from reports.encoding import decode
from reports.metrics import METRICS
from reports.page.render import document
from reports.record import DeviceFacts
from reports.traces.measure import TraceMeasures
from reports.traces.needs import NOTHING
from reports.units import count, quantity
from workloads.errors import StoreError

_MOST_ROWS, _MOST_COLUMNS = 1000, 12
"""Of one table; the files beside the page hold them all."""


@dataclass(frozen=True)
class Table:
    """Rows under headings, and lines above them; columns by number that are never broken into lines."""

    title: str
    headings: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    notes: Sequence[str] = ()
    narrow: tuple[int, ...] = ()


def recording_page(folder: Path, name: str, measures: TraceMeasures | None) -> str:
    """The HTML of what lies in a folder.

    Args:
        folder: of `reclaim record`, or with a trace alone.
        name: what it is called.
        measures: of its trace; None where there is none.

    Raises:
        StoreError: a file in it is broken, or a newer program's.
    """
    tables = [*_device(folder), *_happenings(folder), *_figures(measures)]
    shown = [table for table in tables if table.rows or table.notes]
    return document("recording.html.j2", (), None, name=name, told=list(_told(folder, measures)), tables=shown)


def _told(folder: Path, measures: TraceMeasures | None) -> Iterator[str]:
    if measures is not None:
        yield f"The trace spans {quantity(measures.duration_s, 's')}."
    else:
        yield "There is no trace, so there are no figures."
    meta = _json(folder / "meta.json")
    if isinstance(why := meta.get("why"), str):
        yield f"The recording ended because: {why}."
    if isinstance(lost := meta.get("lost_s"), int | float) and lost > 0:
        yield f"The link to the phone was lost for {quantity(float(lost), 's')}."
    missing = meta.get("missing")
    yield from (f"Missing: {line}" for line in (missing if isinstance(missing, list) else ()))


def _json(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StoreError(f"{file}: is not readable: {error}; make the bundle again") from None


def _device(folder: Path) -> Iterator[Table]:
    file = folder / "device.json"
    if not file.is_file():
        return
    facts = decode(file.read_bytes(), DeviceFacts, file)
    rows = [
        ("model", facts.model),
        ("build", facts.build),
        ("Android", f"{facts.android} (SDK {facts.sdk})"),
        ("kernel", facts.kernel),
        ("memory", quantity(float(facts.memory_bytes), "bytes")),
        ("swap", quantity(float(facts.swap_bytes), "bytes")),
        ("root", facts.root),
        *facts.knobs.items(),
    ]
    notes = [f"Not a phone: {facts.stand_in}"] if facts.stand_in else []
    yield Table("The device", ("fact", "value"), rows, notes)


def _happenings(folder: Path) -> Iterator[Table]:
    file = folder / "happenings.csv"
    if not file.is_file():
        return
    try:
        header, *rows = csv.reader(file.read_text("utf-8").splitlines())
    except (ValueError, csv.Error) as error:
        raise StoreError(f"{file}: is not readable: {error}; make the bundle again") from None
    header = header[:_MOST_COLUMNS]
    wide = [(*row, *[""] * len(header))[: len(header)] for row in rows[:_MOST_ROWS]]
    notes = [f"The first {_MOST_ROWS} of {len(rows):,}."] if len(rows) > _MOST_ROWS else []
    yield Table("What happened", tuple(header), wide, notes, narrow=(0, 1, 3))


def _figures(measures: TraceMeasures | None) -> Iterator[Table]:
    if measures is None:
        return
    whole = [
        (METRICS[row.metric].title, quantity(row.value, row.unit), measures.notes.get(row.metric, ""))
        for row in measures.rows
        if row.window == "trial"
    ]
    yield Table("Memory, reclaim and CPU", ("metric", "value", "how"), whole, _lacks(measures), narrow=(1,))
    launches = [
        (str(one.index), one.app, one.kind or "-", *map(_time, (one.ttid_s, one.ttfd_s, one.dur_s)))
        for one in measures.launches
    ]
    headings = ("launch", "app", "kind", "TTID", "TTFD", "until the system called it done")
    yield Table("Launches", headings, launches, [] if launches else ["No launch was recorded."], narrow=(0, 2, 3, 4, 5))
    kills = [(quantity(kill.at_s, "s"), kill.process, kill.by, kill.reason or "") for kill in measures.kills]
    yield Table("Kills", ("at", "process", "by", "reason"), kills)
    yield Table("Doubts", notes=[f"{caveat.what}; {caveat.do}" for caveat in measures.caveats])


def _lacks(measures: TraceMeasures) -> list[str]:
    lacking = [metric for metric, told in measures.missing.items() if told != NOTHING]
    return (
        [f"No figure of {count(len(lacking), 'metric')}: not recorded (measures.json tells which)."] if lacking else []
    )


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else quantity(seconds, "s")
