# SPDX-License-Identifier: Apache-2.0
"""Settings of Android itself, by their names: one command tells the value, others change it.

settings:TABLE/NAME   `settings get|put|delete`; `null` where there is none (SettingsService.java)
prop:NAME             `getprop`, `setprop` as root where there is root
enabled:PACKAGE       `dumpsys package`, `pm enable|disable-user|default-state`: what Android's shell user may change
android:airplane      `cmd connectivity airplane-mode` (Android 11 and later)
android:bg-dexopt     ART's background compilation (Android 14 and later): `pm bg-dexopt-job --disable`; whether its
                      job is there is what JobScheduler tells (BackgroundDexoptJob.java, JOB_ID)
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.device import batch, packages
from agent.device.phone import Phone, said
from agent.knobs.app import PACKAGE
from agent.knobs.base import FileKnob
from workloads.errors import FinalError, InputError, ProofError

_NONE = "null"
_WORD = r"[A-Za-z0-9_.-]+"
_DEXOPT_JOB = "27873780"
_SWITCH = ("on", "off")
_STATES = {0: "default", 1: "on"}
"""Of PackageManager.COMPONENT_ENABLED_STATE_*; the rest are ways to be disabled. `default` is what the app's manifest
says: nearly always on, but not the same as being turned on by somebody, and so it is put back."""
_TO_STATE = {"on": "enable", "off": "disable-user", "default": "default-state"}


@dataclass(frozen=True, kw_only=True)
class Told(FileKnob):
    """A setting that commands tell and change.

    Attributes:
        ask: what tells it.
        reads: makes the canonical value of what that printed; None where it does not tell.
        command: what sets a canonical value.
        words: the only values it takes; () for any text on one line.
        as_root: whether it takes root to change it.
    """

    ask: tuple[str, ...]
    reads: Callable[[str], str | None]
    command: Callable[[str], tuple[str, ...]]
    words: tuple[str, ...] = ()
    as_root: bool = False

    @property
    def values(self) -> str:
        """The words, or any."""
        return ", ".join(self.words) or "any text on one line"

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """The command."""
        return (batch.program(*self.ask),)

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:
        """Return what the command told; see `Knob`."""
        ((answer,),) = answers
        told = self.reads(answer.text.strip()) if "Exception" not in answer.text else None
        if told is None:
            raise FinalError(f"`{' '.join(self.ask)}` does not tell {self.name}: {answer.text.strip()[:200]}")
        return told

    def canonical(self, text: str) -> str:
        """Keep the words, or any text on one line.

        Raises:
            InputError: it is none of them.
        """
        word = text.strip()
        if self.words and word not in self.words:
            raise InputError(f"{self.name}: {text!r} is none of {self.values}")
        if not word.isprintable():
            raise InputError(f"{self.name}: {text!r} is no text on one line")
        return word

    def write(self, phone: Phone, value: str) -> str:
        """Run the command, and ask; see `Knob`."""
        wanted = self.canonical(value)
        done = phone.shell(*self.command(wanted), as_root=self.as_root, timeout_s=60)
        found = self.read(phone)
        if found != wanted:
            raise ProofError(f"{phone.serial}: {self.name}: set to {wanted}, but it reads {found}: {said(done)}")
        return found

    def undo(self, phone: Phone, first: str) -> tuple[str, ...]:  # noqa: ARG002 - other knobs look at the phone
        """Return the command that sets the first value; see `Knob`."""
        return self.command(first)


def from_name(kind: str, rest: str) -> Told | None:
    """Return the knob that a name spells out; None for names of other kinds.

    Raises:
        InputError: what follows the kind is none of its names.
    """
    if kind not in _KINDS:
        return None
    pattern, make = _KINDS[kind]
    if not re.fullmatch(pattern, rest):
        raise InputError(f"{kind}:{rest}: is spelt like {', '.join(_EXAMPLES[kind])}")
    return make(rest)


def _one_line(text: str) -> str | None:
    return None if "\n" in text else text


def _setting(rest: str) -> Told:
    table, _, name = rest.partition("/")

    def command(value: str) -> tuple[str, ...]:
        put, delete = ("settings", "put", table, name, value), ("settings", "delete", table, name)
        return delete if value == _NONE else put

    ask = ("settings", "get", table, name)
    return Told(
        f"settings:{rest}", f"settings {rest}", ask=ask, reads=lambda text: _one_line(text) or None, command=command
    )


def _property(rest: str) -> Told:
    def command(value: str) -> tuple[str, ...]:
        return ("setprop", rest, value)

    return Told(
        f"prop:{rest}", f"property {rest}", ask=("getprop", rest), reads=_one_line, command=command, as_root=True
    )


def _enabled(package: str) -> Told:
    def reads(text: str) -> str | None:
        state = packages.enabled(text, package)
        return None if state is None else _STATES.get(state, "off")

    def command(value: str) -> tuple[str, ...]:
        return ("pm", _TO_STATE[value], "--user", "0", package)

    ask, words = ("dumpsys", "package", package), tuple(_TO_STATE)
    return Told(f"enabled:{package}", f"package {package}", ask=ask, reads=reads, command=command, words=words)


def _airplane() -> Told:
    def command(value: str) -> tuple[str, ...]:
        return ("cmd", "connectivity", "airplane-mode", "enable" if value == "on" else "disable")

    ask = ("settings", "get", "global", "airplane_mode_on")
    switch = {"1": "on", "0": "off", _NONE: "off"}
    return Told("android:airplane", "airplane mode", ask=ask, reads=switch.get, command=command, words=_SWITCH)


def _dexopt() -> Told:
    def reads(text: str) -> str | None:
        """`unknown(1000/jid27873780)`, or states such as `waiting` (JobSchedulerService.java, getJobState)."""
        if text.startswith("unknown("):
            return "off"
        return "on" if re.fullmatch(r"(?:(?:pending|active|ready|waiting|user-stopped|backing-up)\s*)+", text) else None

    def command(value: str) -> tuple[str, ...]:
        return ("pm", "bg-dexopt-job", "--enable" if value == "on" else "--disable")

    ask = ("cmd", "jobscheduler", "get-job-state", "android", _DEXOPT_JOB)
    return Told("android:bg-dexopt", "ART's background job", ask=ask, reads=reads, command=command, words=_SWITCH)


_KINDS: dict[str, tuple[str, Callable[[str], Told]]] = {
    "settings": (rf"(?:global|system|secure)/{_WORD}", _setting),
    "prop": (_WORD, _property),
    "enabled": (PACKAGE, _enabled),
    "android": ("airplane|bg-dexopt", lambda rest: _airplane() if rest == "airplane" else _dexopt()),
}
_EXAMPLES = {
    "settings": ("settings:global/window_animation_scale",),
    "prop": ("prop:log.tag",),
    "enabled": ("enabled:com.android.vending",),
    "android": ("android:airplane", "android:bg-dexopt"),
}
FORMS = (
    ("settings:TABLE/NAME", "settings", "what it takes; null: none"),
    ("prop:NAME", "properties", "what it takes"),
    ("enabled:PACKAGE", "the package manager", "on, off, default"),
    ("android:airplane", "cmd connectivity", "on, off"),
    ("android:bg-dexopt", "pm bg-dexopt-job", "on, off"),
)
"""As `agent.knobs.generic.FORMS`."""
