# SPDX-License-Identifier: Apache-2.0
"""What a recording was, and its samples as rows. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.field import happenings
from agent.field.frames import Fired, LogEnded, LogLine, Reader, Sample
from agent.field.happenings import Happening
from agent.field.rates import COLUMNS, Rates, csv_row, missing
from reports.record import SCHEMA_VERSION
from workloads.errors import StoreError

WHY = {
    "asked": "it was asked to end",
    "time": "its time was up",
    "fired": "a condition came true",
    "trace": "the trace had ended by itself: its file was full, or Perfetto died",
}


@dataclass(frozen=True)
class Recording:
    """`meta.json` of a recording.

    Attributes:
        serial: the phone's adb serial.
        clock: the phone's clock at the start, `MM-DD hh:mm:ss.mmm`.
        begun_s: the phone's time since boot then.
        ended_s: the same at the end.
        why: why it ended, in words.
        conditions: that were to end it, as typed.
        ring: only the newest was kept.
        lost_s: seconds without a link, through which it went on.
        missing: what this phone does not show, and what could not be fetched, one line each.
        files: what lies beside this file, and what it is.
        schema: version of this layout.
    """

    serial: str
    clock: str
    begun_s: float
    ended_s: float
    why: str
    conditions: tuple[str, ...] = ()
    ring: bool = False
    lost_s: float = 0.0
    missing: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class End:
    """What the phone's script left in `done`: why it ended, and the times since boot of its begin and end, in s."""

    why: str
    begun_s: float
    ended_s: float


@dataclass(frozen=True)
class Taped:
    """The samples of a recording, read.

    Attributes:
        rows: samples.csv, header and all.
        happened: kills, launches, ANRs and the condition that came true, in their order.
        missing: what the phone did not show, one line each.
    """

    rows: str
    happened: tuple[Happening, ...]
    missing: tuple[str, ...]


def end(text: str) -> End:
    """Read `done`.

    Raises:
        StoreError: it holds something else.
    """
    found = re.fullmatch(r"(\w+) (\d{1,10}) (\d{1,10})\s*", text)
    if not found:
        raise StoreError(f"the recorder's last word is not readable: {text[:100]!r}; record again")
    return End(found[1], int(found[2]) / 100, int(found[3]) / 100)


def read(lines: Iterable[str], token: str, conditions: Sequence[str], *, root: bool) -> Taped:
    """Read the frames of a recording.

    Args:
        lines: of `samples.old` and `samples`.
        token: what its frames begin with.
        conditions: as typed, in the order in which the phone was given them.
        root: whether it was sampled as root.
    """
    reader, rates, file = Reader(token), Rates(), io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(column.name for column in COLUMNS)
    found: list[Happening] = []
    lacks: tuple[str, ...] = ()
    before: Sample | None = None
    for frame in (frame for line in lines for frame in reader.take(line)):
        match frame:
            case Sample():
                found += happenings.of_samples(before, frame)
                before = frame
                if (values := rates.take(frame)) is not None:
                    writer.writerow(csv_row(values))
            case LogLine():
                found += happenings.of_line(frame)
            case Fired() if 0 < frame.number <= len(conditions):
                found.append(Happening(frame.at_s, "fired", conditions[frame.number - 1]))
            case LogEnded():
                lacks = ("kills by lmkd, launches, ANRs: the phone's logcat had ended before the recording did",)
            case _:
                pass
    lacks += missing(before, root=root) if before else ("samples: none was taken",)
    return Taped(file.getvalue(), tuple(found), lacks)


def happened_csv(all_: Iterable[Happening]) -> str:
    """`happenings.csv`, in the order of time."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(happenings.COLUMNS)
    for each in sorted(all_, key=lambda one: one.at_s):
        value = "" if each.value is None else f"{each.value:.6g}"
        writer.writerow((f"{each.at_s:.2f}", each.kind, each.what, value, each.detail))
    return file.getvalue()
