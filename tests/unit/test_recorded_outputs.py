# SPDX-License-Identifier: Apache-2.0
"""What tools of many Androids and vendors printed (tests/data/tools, sources cited there) is read for what it says."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.capture.capabilities import parse_version
from agent.device import packages, parse, surroundings
from agent.device.root import FORMS, works
from agent.knobs.zram.state import swap_of
from agent.ports import Completed, Pulse

ASKED = "com.example.app"
FOLDER = Path(__file__).parent.parent / "data" / "tools"


@dataclass(frozen=True)
class Says:
    """A phone on which every program prints the same."""

    text: str
    serial: str = "PHONE0001"

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        del stdin, timeout_s, pulse
        return Completed(tuple(argv), 0, self.text, "")

    def push(self, data: bytes, remote: str, *, mode: int = 0o644) -> None:
        raise NotImplementedError

    def pull(self, remote: str, local: Path) -> None:
        raise NotImplementedError


PARSERS: dict[str, Callable[[str], object]] = {
    "am_start": lambda text: parse.am_start(text, 1, "a/.B", "cold"),
    "activities": packages.activities,
    "awake": surroundings.awake,
    "battery": parse.battery,
    "charging": surroundings.charging,
    "choices": parse.choices,
    "chosen": parse.chosen,
    "cpu_count": parse.cpu_count,
    "disk_free": parse.disk_free,
    "enabled": lambda text: packages.enabled(text, ASKED),
    "getprop": parse.getprop,
    "is_root": lambda text: any(works(Says(text), form) for form in FORMS),
    "listed": lambda text: tuple(sorted(packages.listed(text))),
    "locked": surroundings.locked,
    "lmk_kills": parse.lmk_kills,
    "lmkd_kills": parse.lmkd_kills,
    "log_time": parse.log_time,
    "meminfo": parse.meminfo,
    "memory": packages.memory,
    "numbers": parse.numbers,
    "oom_kills": parse.oom_kills,
    "perfetto_version": parse_version,
    "pressure": parse.pressure,
    "processes": lambda text: {str(pid): name for pid, name in parse.processes(text).items()},
    "swap_of": swap_of,
    "thermal_status": parse.thermal_status,
    "threads": parse.threads,
    "version": lambda text: packages.version(text, ASKED),
    "vmstat": parse.vmstat,
}


@dataclass(frozen=True)
class Said:
    """One recorded text; see tests/data/README.md."""

    parser: str
    what: str
    source: str
    text: str
    found: object
    one_line: bool = False
    file: str = ""

    def read(self, text: str) -> object:
        return plain(PARSERS[self.parser](text))


def plain(value: object) -> object:
    """As TOML can say it: no None, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {name: one for name, one in asdict(value).items() if one is not None}
    return [plain(one) for one in value] if isinstance(value, tuple) else value


ALL = [
    Said(**one, file=path.stem)
    for path in sorted(FOLDER.glob("*.toml"))
    for one in tomllib.loads(path.read_text())["said"]
]
ANY_LINES = [one for one in ALL if not one.one_line]


def named(one: Said) -> str:
    return f"{one.parser}: {one.what}"


@pytest.mark.parametrize("one", ALL, ids=named)
def test_what_a_real_tool_printed_is_read(one: Said) -> None:
    found = one.read(one.text)
    if isinstance(found, dict) and isinstance(one.found, dict):
        absent = set() if one.parser != "am_start" else {"status", "state", "total_time_s", "wait_time_s", "note"}
        named_only = {name: found[name] for name in found if name in one.found or name in absent}
        assert named_only == one.found
    else:
        assert found == one.found


def test_every_parser_that_reads_a_tool_has_recorded_texts_and_every_text_a_source() -> None:
    assert {one.parser for one in ALL} == set(PARSERS)
    assert not [one.what for one in ALL if not one.source.startswith("https://")]


UNKNOWN = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)


@given(st.sampled_from(ANY_LINES), st.data())
def test_unknown_lines_among_known_ones_change_nothing(one: Said, data: st.DataObject) -> None:
    lines = one.text.splitlines()
    of_others = [line for other in ALL if other.file != one.file for line in other.text.splitlines()]
    line = data.draw(UNKNOWN | st.sampled_from(of_others))
    assume(one.read(line) == one.read(""))  # it says nothing by itself
    assume(one.parser != "am_start" or "Status:" in one.text)
    places = [at for at in range(len(lines) + 1) if not inside_a_value(lines, at)]
    at = data.draw(st.sampled_from(places))
    assert one.read("\n".join((*lines[:at], line, *lines[at:], ""))) == one.read(one.text)


def inside_a_value(lines: list[str], at: int) -> bool:
    """Whether a property's value goes on there: every line is a part of it."""
    return 0 < at < len(lines) and lines[at - 1].startswith("[") and not lines[at - 1].endswith("]")
