# SPDX-License-Identifier: Apache-2.0
"""What the live view knows, and its words: for a terminal, a pipe, a CSV file. Pure."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.field.events import Event, Lost, Missing, Read
from agent.field.frames import User, Users
from agent.field.happenings import Happening
from agent.field.rates import COLUMNS, Reading, csv_row
from reports.printable import printable
from reports.units import number, quantity, share

_HISTORY = 60
_BARS = "▁▂▃▄▅▆▇█"
_TITLES = {column.name: column for column in COLUMNS}

CSV_HEADER = (*(column.name for column in COLUMNS), "happened")
"""First row of a CSV file; `happened` tells kills, launches and marks since the row before."""

PANELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "reclaim",
        (
            "steal_anon_pages_s",
            "steal_file_pages_s",
            "steal_kswapd_pages_s",
            "steal_direct_pages_s",
            "scan_anon_pages_s",
            "scan_file_pages_s",
            "scan_kswapd_pages_s",
            "scan_direct_pages_s",
            "allocstall_s",
        ),
    ),
    ("pressure", ("psi_some_share", "psi_full_share", "available_bytes")),
    (
        "swap",
        ("swap_out_pages_s", "swap_in_pages_s", "swapped_bytes", "zram_data_bytes", "zram_memory_bytes", "zram_ratio"),
    ),
    ("threads", ("kswapd_cpu_share", "kcompressd_cpu_share", "queue_pages", "own_cpu_share")),
)
"""The figures of the terminal, group by group."""

_PLAIN = (
    "steal_kswapd_pages_s",
    "steal_direct_pages_s",
    "allocstall_s",
    "psi_some_share",
    "psi_full_share",
    "available_bytes",
    "swapped_bytes",
    "zram_ratio",
    "queue_pages",
    "kswapd_cpu_share",
    "kcompressd_cpu_share",
)
"""The figures of a line in a pipe."""


@dataclass
class Board:
    """The state of a view.

    Attributes:
        values: the last reading; None before the second sample.
        history: column -> its last figures, a minute of them.
        users: processes that hold most memory.
        happened: newest last.
        missing: what the phone does not show.
        lost: why there is no link now; None when there is.
        at_s: the phone's time since boot.
    """

    values: Reading | None = None
    history: dict[str, deque[float | None]] = field(default_factory=dict)
    users: tuple[User, ...] = ()
    happened: deque[Happening] = field(default_factory=lambda: deque(maxlen=200))
    missing: tuple[str, ...] = ()
    lost: str | None = None
    at_s: float = 0.0
    _untold: list[Happening] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Take in what was seen."""
        match event:
            case Read():
                self.at_s, self.lost = event.sample.at_s, None
                self._read(event.values)
            case Users():
                self.users = event.all
            case Missing():
                self.missing = event.lines
            case Lost():
                self.lost = event.why
            case Happening():
                self.happened.append(event)
                self._untold.append(event)

    def csv_cells(self) -> list[str]:
        """The last reading as a row, with all that happened since this was asked for last."""
        told, self._untold = "; ".join(happened_line(each) for each in self._untold), []
        return [*(csv_row(self.values) if self.values else [""] * len(COLUMNS)), told]

    def _read(self, values: Reading | None) -> None:
        self.values = values
        for name, value in (values or {}).items():
            self.history.setdefault(name, deque(maxlen=_HISTORY)).append(value)


def figure(name: str, value: float | None) -> str:
    """A figure for people; a dash where the phone does not tell."""
    if value is None:
        return "-"
    unit = _TITLES[name].unit
    return f"{number(value)}/s" if unit == "1/s" else share(value) if unit == "share" else quantity(value, unit)


def title(name: str) -> str:
    """What a column is called."""
    return _TITLES[name].title


def spark(values: Sequence[float | None], width: int) -> str:
    """The last figures as bars, from zero to the largest; a space where the phone did not tell."""
    last = list(values)[-width:]
    most = max((value for value in last if value is not None), default=0.0)
    return "".join(" " if value is None else _BARS[_height(value, most)] for value in last).rjust(width)


def _height(value: float, most: float) -> int:
    return min(len(_BARS) - 1, int(max(0.0, value) / most * (len(_BARS) - 1) + 0.5)) if most > 0 else 0


def happened_line(each: Happening) -> str:
    """One line for what happened; names come from the phone and are made harmless."""
    what, detail = printable(each.what, 100), printable(each.detail, 120)
    told = {
        "kill": f"killed {what}" + (f" (adj {each.value:.0f})" if each.value is not None else ""),
        "oom": f"{each.value or 0:.0f} killed by {what}",
        "launch": f"launched {what} in {quantity(each.value or 0.0, 's')}",
        "anr": f"not responding: {what}",
        "mark": f"mark: {what}",
        "knob": what,
        "fired": f"condition: {what}",
    }[each.kind]
    return f"{told}: {detail}" if detail else told


def plain_line(values: Reading) -> str:
    """A reading on one line, for a pipe; what the phone does not tell is left out."""
    return "  ".join(_plain(values))


def _plain(values: Reading) -> Iterator[str]:
    yield f"{values['at_s'] or 0.0:.0f} s"
    for name in _PLAIN:
        if values[name] is not None:
            yield f"{title(name)} {figure(name, values[name])}"
