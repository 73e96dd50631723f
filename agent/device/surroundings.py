# SPDX-License-Identifier: Apache-2.0
"""What a phone tells of its surroundings: screen, lock, charger, heat, frequencies. Pure; None: it does not tell."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from agent.device.batch import Answer

_MILLI = 1000
_HOT_C = 200  # some zones are in degrees, some in thousandths; none of a phone that works is hotter
_NO_ZONE_BELOW_C = -40.0


def awake(text: str) -> bool | None:
    """Read `dumpsys power`: `mWakefulness=Awake` (PowerManagerService.java; Asleep, Dozing, Dreaming)."""
    found = re.search(r"^\s*mWakefulness(?:Raw)?=(\w+)", text, re.MULTILINE)
    return found[1] == "Awake" if found else None


def locked(text: str) -> bool | None:
    """Read `dumpsys window policy`: the keyguard's `showing=` (KeyguardServiceDelegate.java), or older words."""
    found = re.findall(r"\b(?:showing|isKeyguardShowing|mKeyguardShowing|mShowingLockscreen)=(true|false)\b", text)
    return "true" in found if found else None


def charging(text: str) -> bool | None:
    """Read `dumpsys battery`: status 2 is charging (BatteryManager.BATTERY_STATUS_CHARGING)."""
    found = re.search(r"^\s*status: (\d+)\s*$", text, re.MULTILINE)
    return found[1] == "2" if found else None


def zones(types: Iterable[Answer], temperatures: Iterable[Answer]) -> dict[str, float]:
    """Read thermal_zone*/type and /temp: type -> degrees Celsius (Documentation/ABI/testing/sysfs-class-thermal).

    Temperatures are in thousandths of a degree; a few vendors' in degrees. Zones that are off read far below zero. Of
    several zones of one type the hottest counts.
    """
    names = {_zone(answer): answer.text.strip() for answer in types if answer.ok}
    found: dict[str, float] = {}
    for answer in temperatures:
        name, text = names.get(_zone(answer)), answer.text.strip()
        if answer.ok and name and re.fullmatch(r"-?\d{1,7}", text):
            celsius = int(text) / _MILLI if abs(int(text)) > _HOT_C else float(text)
            if celsius > _NO_ZONE_BELOW_C:
                found[name] = max(celsius, found.get(name, celsius))
    return found


def frequencies(answers: Iterable[Answer]) -> dict[str, int]:
    """Read policy*/scaling_max_freq: policy -> kHz that its CPUs may reach now; thermal services lower it."""
    texts = {PurePosixPath(answer.name).parent.name: answer.text.strip() for answer in answers if answer.ok}
    return {name: int(text) for name, text in texts.items() if re.fullmatch(r"\d{1,9}", text)}


def _zone(answer: Answer) -> str:
    return PurePosixPath(answer.name).parent.name
