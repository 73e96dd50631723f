# SPDX-License-Identifier: Apache-2.0
"""What the sampler on the phone prints, as values; see `agent.field.sampler`. Pure; what it does not know it skips."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from agent.device import parse
from agent.knobs.threads import KCOMPRESSD, KSWAPD

_MOST_LINES = 5000
"""In one sample: a phone that prints more is not believed."""


@dataclass(frozen=True)
class Sample:
    """The phone at one moment.

    Attributes:
        at_s: seconds since boot (/proc/uptime).
        vmstat: /proc/vmstat; empty where it may not be read, as all that follows.
        memory: /proc/meminfo in bytes.
        stalled_s: /proc/pressure/memory: `some`, `full` -> seconds stalled since boot.
        zram: /sys/block/zram0/mm_stat.
        threads: kswapd's and kcompressd's.
        own: the shell that samples, and its logcat.
    """

    at_s: float
    vmstat: Mapping[str, int] = field(default_factory=dict)
    memory: Mapping[str, int] = field(default_factory=dict)
    stalled_s: Mapping[str, float] = field(default_factory=dict)
    zram: tuple[int, ...] = ()
    threads: tuple[parse.Thread, ...] = ()
    own: tuple[parse.Thread, ...] = ()


@dataclass(frozen=True)
class User:
    """A process that holds much memory.

    Attributes:
        pid: its id.
        resident_bytes: its resident set (proc_pid_statm(5)).
        name: its command line, or its comm.
    """

    pid: int
    resident_bytes: int
    name: str


@dataclass(frozen=True)
class Users:
    """The processes that hold most, as of the last walk over all of them."""

    all: tuple[User, ...]


@dataclass(frozen=True)
class LogLine:
    """A line of logcat: when it was read (seconds since boot), and the line."""

    at_s: float
    text: str


@dataclass(frozen=True)
class Fired:
    """A condition has come true: when (seconds since boot), and its number from 1."""

    at_s: float
    number: int


@dataclass(frozen=True)
class LogEnded:
    """The phone's logcat has ended: kills and launches are no longer told."""


Frame = Sample | Users | LogLine | Fired | LogEnded


@dataclass
class Reader:
    """Takes lines, gives frames back; made anew for every stream.

    Attributes:
        token: what frames of this stream begin with.
        page_bytes: size of the phone's pages.
    """

    token: str
    page_bytes: int = 4096
    _at_s: float | None = None
    _part: str = ""
    _texts: dict[str, list[str]] = field(default_factory=dict)
    _users: list[User] = field(default_factory=list)
    _lines: int = 0

    def take(self, line: str) -> Iterator[Frame]:
        """Take a line, without its line feed."""
        if not line.startswith(f"{self.token} "):
            self._lines += 1
            if self._part and self._lines <= _MOST_LINES:
                self._texts[self._part].append(line)
            return
        kind, _, rest = line[len(self.token) + 1 :].partition(" ")
        if kind in ("v", "m", "p", "z", "t"):
            self._part, self._texts[kind] = kind, []
        elif kind in _EVENTS:
            yield from _EVENTS[kind](rest)
        else:
            yield from self._mark(kind, rest)

    def _mark(self, kind: str, rest: str) -> Iterator[Frame]:
        self._part = ""
        if kind == "s":
            if self._users:
                yield Users(tuple(sorted(self._users, key=lambda user: -user.resident_bytes)))
            self._at_s, self._texts, self._users, self._lines = _seconds(rest), {}, [], 0
        elif kind == "e" and self._at_s is not None:
            yield _sample(self._at_s, {name: "\n".join((*text, "")) for name, text in self._texts.items()})
            self._at_s = None
        elif kind == "u" and (found := re.fullmatch(r"(\d{1,10}) (\d{1,12}) (.*)", rest)):
            self._users.append(User(int(found[1]), int(found[2]) * self.page_bytes, found[3].strip()))


def _sample(at_s: float, texts: Mapping[str, str]) -> Sample:
    found = parse.threads(texts.get("t", ""))
    ours = tuple(thread for thread in found if KSWAPD.fullmatch(thread.name) or KCOMPRESSD.fullmatch(thread.name))
    return Sample(
        at_s,
        vmstat=parse.vmstat(texts.get("v", "")),
        memory=parse.meminfo(texts.get("m", "")),
        stalled_s=parse.pressure(texts.get("p", "")),
        zram=parse.numbers(texts.get("z", "")),
        threads=ours,
        own=tuple(thread for thread in found if thread not in ours),
    )


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}\.\d\d", text) else None


def _log_line(rest: str) -> Iterator[Frame]:
    at, _, text = rest.partition(" ")
    if (at_s := _seconds(at)) is not None and not text.startswith("---------"):  # `--------- beginning of main`
        yield LogLine(at_s, text)


def _fired(rest: str) -> Iterator[Frame]:
    at, _, number = rest.partition(" ")
    if (at_s := _seconds(at)) is not None and re.fullmatch(r"\d{1,3}", number):
        yield Fired(at_s, int(number))


def _log_ended(_rest: str) -> Iterator[Frame]:
    yield LogEnded()


_EVENTS: dict[str, Callable[[str], Iterator[Frame]]] = {"l": _log_line, "f": _fired, "x": _log_ended}
"""Frames of one line."""
