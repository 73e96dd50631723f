# SPDX-License-Identifier: Apache-2.0
"""What real phones printed, parsed: each file's first line says where it was seen. Lines nobody knows break nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.device import parse
from reports.record import Kill

FOLDER = Path(__file__).parent.parent / "data" / "outputs"


def recorded(name: str) -> str:
    """A recorded output without the line that says where it was seen."""
    source, _, text = (FOLDER / f"{name}.txt").read_text().partition("\n")
    assert source.startswith("# ")
    assert "https://" in source
    return text


def launch(text: str) -> tuple[str, str | None, float | None, float | None, str | None]:
    found = parse.am_start(text, 1, "a/.B", "cold")
    return found.status, found.state, found.total_time_s, found.wait_time_s, found.note


def some_memory(text: str) -> dict[str, int]:
    sizes = parse.meminfo(text)
    return {name: sizes.get(name, 0) >> 10 for name in ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")}


SAID: dict[str, tuple[Callable[[str], Any], object]] = {
    "battery-samsung": (parse.battery, parse.Battery(100.0, 30.9)),
    "battery-pixel-c": (parse.battery, parse.Battery(19.0, 27.5)),
    "thermalservice-shield-android-11": (parse.thermal_status, 0),
    "am-start-android-8": (launch, ("ok", None, 4.171, 4.19, None)),
    "meminfo-android-10": (
        some_memory,
        {"MemTotal": 3659320, "MemAvailable": 372516, "SwapTotal": 1048572, "SwapFree": 12320},
    ),
    "lmkd-sony-android-8.1": (
        parse.lmkd_kills,
        (
            Kill("com.android.documentsui", 4563, "lmkd", 906, "not told"),
            Kill("com.android.keychain", 4577, "lmkd", 904, "not told"),
        ),
    ),
    "lmkd-crdroid-android-15": (
        parse.lmkd_kills,
        (Kill("com.google.android.gms.unstable", 17933, "lmkd", 0, "device is not responding"),),
    ),
    "lmkd-samsung-android-14": (
        parse.lmkd_kills,
        (
            Kill(
                "com.samsung.android.smartsuggestions:contentmanagement",
                591,
                "lmkd",
                975,
                "min2x watermark is breached and swap is low (5835264kB < 838860kB)",
            ),
            Kill("com.android.rkpdapp", 3615, "lmkd", 975, "min2x watermark is breached even after kill"),
        ),
    ),
    "mm_stat-kernel-4": (parse.numbers, (181977088, 57352941, 64512000, 0, 106196992, 3992, 0)),
}
LINES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=40)


def test_every_recorded_output_has_its_values_here() -> None:
    assert {file.stem for file in FOLDER.glob("*.txt")} == set(SAID)


@pytest.mark.parametrize("name", SAID)
def test_what_a_real_phone_printed_is_understood(name: str) -> None:
    read, said = SAID[name]
    assert read(recorded(name)) == said


@pytest.mark.parametrize("name", [name for name in SAID if not name.startswith("mm_stat")])
@settings(max_examples=15, deadline=None)
@given(line=LINES.filter(lambda line: ":" not in line and "'" not in line), place=st.integers(0, 40))
def test_a_line_nobody_knows_changes_nothing(name: str, line: str, place: int) -> None:
    read, said = SAID[name]
    lines = recorded(name).splitlines(keepends=True)
    place %= len(lines) + 1
    assert read("".join([*lines[:place], f"{line}\n", *lines[place:]])) == said
