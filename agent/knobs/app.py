# SPDX-License-Identifier: Apache-2.0
"""Whether an app is there, as a setting: an experiment's APKs are installed and removed through the undo journal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.device import batch
from agent.device.phone import Phone, said
from agent.knobs.base import FileKnob
from workloads.errors import FinalError, InputError, ProofError

KIND = "app"
PACKAGE = r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)+"
ABSENT, INSTALLED = "absent", "installed"
_SLOW_S = 300.0  # the phone compiles what it installs


@dataclass(frozen=True)
class App(FileKnob):
    """`app:PACKAGE`, `installed` or `absent`; `where` is the package.

    Attributes:
        apk: file on the phone to install it from; empty where it can only be removed.
    """

    apk: str = ""

    @property
    def values(self) -> str:
        """Both."""
        return f"{INSTALLED}, {ABSENT}"

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """Where its file is: `package:PATH`, or nothing and exit status 1 (PackageManagerShellCommand, runPath)."""
        return (batch.program("pm", "path", self.where),)

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:
        """Return whether it is there; see `Knob`."""
        ((answer,),) = answers
        if re.search(r"^package:/", answer.text, re.MULTILINE):
            return INSTALLED
        if answer.text.strip():
            raise FinalError(f"cannot tell whether {self.where} is installed: {answer.text.strip()[:200]}")
        return ABSENT

    def canonical(self, text: str) -> str:
        """Keep both words.

        Raises:
            InputError: it is neither.
        """
        if text.strip() not in (ABSENT, INSTALLED):
            raise InputError(f"{self.name}: {text!r} is neither {INSTALLED} nor {ABSENT}")
        return text.strip()

    def refusal(self, phone: Phone, value: str) -> str | None:
        """Refuse to change what could not be put back; see `Knob`."""
        now = self.read(phone)
        if now == value or (now == ABSENT and self.apk):
            return None
        cure = "remove it by hand" if now == INSTALLED else "name its folder as apks:FOLDER in the workload's `apps`"
        return f"{self.where} is {now} and is not made {value}: that could not be undone; {cure}"

    def write(self, phone: Phone, value: str) -> str:
        """Install or remove it for all users; see `Knob`."""
        wanted = self.canonical(value)
        if self.read(phone) == wanted:
            return wanted
        # -t: also test builds; -g: no dialog that asks for a permission stands in front of a launch
        command = ("pm", "install", "-t", "-g", self.apk) if wanted == INSTALLED else ("pm", "uninstall", self.where)
        done = phone.shell(*command, timeout_s=_SLOW_S)
        if self.read(phone) != wanted:
            raise ProofError(f"{phone.serial}: {self.where} cannot be made {wanted}: {said(done)}")
        return wanted

    def undo(self, phone: Phone, first: str) -> tuple[str, ...]:  # noqa: ARG002 - other knobs look at the phone
        """Remove what was not there; what was there is never removed."""
        return ("pm", "uninstall", self.where) if first == ABSENT else ("true",)


def from_name(rest: str) -> App:
    """Return the knob of `app:REST`.

    Raises:
        InputError: it is no package's name.
    """
    if not re.fullmatch(PACKAGE, rest):
        raise InputError(f"{KIND}:{rest}: is no package's name, such as org.example.app")
    return App(f"{KIND}:{rest}", rest)
