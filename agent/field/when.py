# SPDX-License-Identifier: Apache-2.0
"""The conditions that end a recording: what a user types, and what the phone's script takes. Pure."""

import re
from dataclasses import dataclass

from workloads.errors import InputError

FORMS = ("psi.some > N%", "psi.full > N%", "available < N MB", "vmstat.COUNTER > N/s", "launch > N s", "kill", "anr")
"""Every form there is, for people."""

_MOST_PER_S = 10_000_000  # the phone's shell counts in 32 bits
_MOST_S = 3600.0
_MOST_MB = 1_000_000.0
_NUMBER = r"(\d{1,9}(?:\.\d{1,3})?)"
_PSI = re.compile(rf"psi\.(some|full)\s*>\s*{_NUMBER}\s*%")
_AVAILABLE = re.compile(rf"available\s*<\s*{_NUMBER}\s*(MB|GB|MiB|GiB)")
_VMSTAT = re.compile(rf"vmstat\.([a-z][a-z0-9_]*)\s*>\s*{_NUMBER}\s*/\s*s")
_LAUNCH = re.compile(rf"launch\s*>\s*{_NUMBER}\s*(ms|s)")
_KIB = {"MB": 1e6 / 1024, "GB": 1e9 / 1024, "MiB": 1024.0, "GiB": 1024.0 * 1024}


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes:
        text: as typed, without spaces around it.
        kind: which of `FORMS`: psi, available, vmstat, launch, kill, anr.
        what: of psi, `some` or `full`; of vmstat, the counter; else empty.
        limit: in the unit the phone's script counts in: tenths of a percent, kiB, per second, ms.
    """

    text: str
    kind: str
    what: str = ""
    limit: int = 0

    @property
    def word(self) -> str:
        """How `agent.field.sampler` takes it; holds no space."""
        return f"{self.kind}:{self.what}:{self.limit}"


def condition(text: str) -> Condition:
    """Read a condition.

    Raises:
        InputError: it is none, or its limit can never be passed; the message lists the forms.
    """
    typed = text.strip()
    if typed in ("kill", "anr"):
        return Condition(typed, typed)
    if found := _PSI.fullmatch(typed):
        return Condition(typed, "psi", found[1], _within(typed, float(found[2]), 100, 10))
    if found := _AVAILABLE.fullmatch(typed):
        return Condition(typed, "available", "", _within(typed, float(found[1]), _MOST_MB, _KIB[found[2]]))
    if found := _VMSTAT.fullmatch(typed):
        return Condition(typed, "vmstat", found[1], _within(typed, float(found[2]), _MOST_PER_S, 1))
    if found := _LAUNCH.fullmatch(typed):
        seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
        return Condition(typed, "launch", "", _within(typed, seconds, _MOST_S, 1000))
    raise InputError(f"--when {text!r}: is no condition; there are: {', '.join(FORMS)}")


def _within(text: str, value: float, most: float, factor: float) -> int:
    if value > most:
        raise InputError(f"--when {text!r}: {value:g} can never be passed; {most:g} is the most that is taken")
    return round(value * factor)


def seconds(text: str) -> float:
    """Read a length of time: `90`, `90s`, `10min`, `2h`; in seconds.

    Raises:
        InputError: it is none, it is zero, or it is longer than a day.
    """
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*(s|min|m|h)?", text.strip())
    length = float(found[1]) * {"min": 60, "m": 60, "h": 3600}.get(found[2], 1) if found else 0.0
    if not 0 < length <= 24 * 3600:
        raise InputError(f"{text!r}: is no length of time up to 24 h, such as 30s, 10min or 2h")
    return length
