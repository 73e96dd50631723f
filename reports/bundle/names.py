# SPDX-License-Identifier: Apache-2.0
r"""Text of which only known words are left; every other word becomes a stand-in made with a key. Pure but for the list.

Not what is private is looked for, but what is surely not: a word stays when the kernel, Android or Perfetto use all its
parts (`vocabulary.txt`), a number when it is short. Stand-ins are HMAC-SHA-256 with a key that lives as long as one
bundle is made and is written nowhere, so equal names stay equal within a bundle and nobody can try names out.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from reports.private import addressless, numberless

COMM = 15
"""Letters of a thread's name that the kernel keeps (TASK_COMM_LEN - 1, include/linux/sched.h)."""

_TOKEN = re.compile(r"[A-Za-z]\w*(?:\.\w+)+/[\w.$]+|[^\W_$][\w$]*(?:\.[\w$]+)*|[\w$]+|[^\x20-\x7e\t\n\r]")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^A-Za-z\d]+")
_APP_USER = re.compile(r"u\d{1,2}[ais]\d{1,5}")
"""How Android writes the uid of an app (UserHandle.formatUid)."""

_VERSION = re.compile(r"\d{1,3}(\.\d{1,4}){1,2}")
_HEX = re.compile(r"(?=\w*\d)[0-9A-Fa-f]{8,}")
_PHONE = re.compile(r"(?<![\w.])(?:\+\d|\(?0\d)[\d ()/-]{5,18}\d(?!\w)")
_FRAMED = re.compile(r"(?:doFrame|DrawFrames?)[ ]")
_SYSTEM = ("android.", "androidx.", "com.android.", "java.", "linux.", "psi.", "batt.", "track_event.")
_ALLOWED = frozenset(
    {
        "0.0.0.0",  # noqa: S104 - no address to bind to, but what stands for one
        "com.google.android.gms",
        "com.google.android.gsf",
        "com.google.android.webview",
        "com.google.android.permissioncontroller",
        "com.google.android.networkstack",
        "com.google.android.apps.nexuslauncher",
        "com.google.android.inputmethod.latin",
        "example.org",
    }
)
"""Packages that nearly every phone has: that one is there tells nothing of its owner; and what stands for addresses."""

_STAND_INS = ("com.reclaim.*",)
"""Apps of the virtual handheld."""

_DOTTED = re.compile(r"(?<![\w./@])[A-Za-z]\w*(?:\.[A-Za-z_]\w*){2,}(?![\w@])")
_SETTING = re.compile(r"(?:ro|persist|sys|dalvik|debug|vm|kernel|device_config|reclaim|agent|reports|workloads)\.")
_PATH = re.compile(
    r"(?<![\w.])(?:/(?:home|Users|root|tmp|mnt|media|var|work|data/(?:app|data|user(?:_de)?))/|~/)[^\s\"']*"
)
_SHORT, _FEW, _FRAME_DIGITS, _PLACES = 4, 6, 10, 8
_LEAST = 5
"""Own values shorter than this are no secrets, and would be found everywhere."""


@dataclass
class Names:
    """Stand-ins of one bundle.

    Attributes:
        key: of the stand-ins; never written.
        own: what is taken out wherever it stands (serial numbers, package names) -> its stand-in.
        keep: packages that stay, beside those that nearly every phone has; `*` and `?` stand for any letters.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    own: dict[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    _tails: dict[str, str] = field(default_factory=dict)
    _told: dict[str, str] = field(default_factory=dict)
    _pattern: tuple[int, re.Pattern[str]] | None = None

    def learn_serial(self, serial: str) -> None:
        """Take a phone's number out wherever it stands."""
        if len(serial) >= _LEAST:
            self.own[serial] = f"phone-{self._mac(serial)}"

    def learn_computer(self, name: str) -> None:
        """Take this computer's name out wherever it stands."""
        if len(name) >= _LEAST:
            self.own[name] = "COMPUTER"

    def learn_packages(self, packages: Iterable[str]) -> None:
        """Know packages: Zygote calls an app's main thread by the last 15 letters of its package."""
        for package in packages:
            alias = self.package(package)
            self._tails[package[-COMM:]] = alias[-COMM:]
            if alias != package and "." in package:
                self.own[package] = alias

    def package(self, name: str) -> str:
        """The package itself where the system has it or it is to stay, else its stand-in."""
        return name if self._stays(name) or _system(name) else f"app.{self._mac(name)}"

    def comm(self, text: str) -> str:
        """A thread's name, 15 letters at most."""
        return self._tails.get(text) or self.words(text)

    def words(self, text: str) -> str:
        """Any text of the phone, with stand-ins for all that is not known."""
        known = self._told.get(text)
        if known is None:
            known = self._words(text)
            if len(self._told) < 1 << 20:
                self._told[text] = known
        return known

    def text(self, text: str) -> str:
        """Text of ours or of an experiment's author: without own values, addresses, packages and folders."""
        text = self._owns().sub(lambda match: self.own[match[0]], text)
        text = _PHONE.sub("0", numberless(addressless(_PATH.sub("/FOLDER", text))))
        return _DOTTED.sub(lambda match: match[0] if _SETTING.match(match[0]) else self.package(match[0]), text)

    def _words(self, text: str) -> str:
        if sum(map(str.isdigit, text)) >= _PLACES or ":" in text:
            text = _PHONE.sub("0", numberless(addressless(text)))
        return _TOKEN.sub(self._token, text)

    def _token(self, match: re.Match[str]) -> str:
        token = match[0]
        if token.isdigit():
            framed = _FRAMED.search(match.string, max(0, match.start() - 11), match.start())
            return token if len(token) <= (_FRAME_DIGITS if framed else _FEW) and token.isascii() else self._word(token)
        if len(token) == 1:
            return token if token.isascii() else "?"
        if "/" in token:
            package, _, name = token.partition("/")
            return token if self._stays(package) else f"{self.package(package)}/{self._words(name)}"
        if "." in token:
            return token if _VERSION.fullmatch(token) else self.package(token)
        return token if is_known(token) or _APP_USER.fullmatch(token) else self._word(token)

    def _stays(self, name: str) -> bool:
        return name in _ALLOWED or any(fnmatchcase(name, pattern) for pattern in (*_STAND_INS, *self.keep))

    def _owns(self) -> re.Pattern[str]:
        if self._pattern is None or self._pattern[0] != len(self.own):
            longest = sorted(self.own, key=lambda value: (-len(value), value))
            self._pattern = (len(self.own), re.compile("|".join(map(re.escape, longest)) or r"(?!)"))
        return self._pattern[1]

    def _word(self, token: str) -> str:
        return f"w{self._mac(token)[:8]}"

    def _mac(self, text: str) -> str:
        return hmac.new(self.key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[:12]


def is_known(token: str) -> bool:
    """Whether every part of a word is one that the system uses, and its numbers are short.

    A single letter counts only alone: else a serial number could be spelt by letters and digits.
    """
    if _HEX.fullmatch(token):
        return False
    parts = _PART.findall(token)
    return all(len(part) <= _SHORT if part.isdigit() else not part.strip("_$") or _word_known(part) for part in parts)


@cache
def vocabulary() -> frozenset[str]:
    """The words, from the list that ships."""
    lines = files("reports.bundle").joinpath("vocabulary.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _word_known(part: str) -> bool:
    return part.isascii() and part.lower() in vocabulary()


def _system(name: str) -> bool:
    return name.startswith(_SYSTEM) and all(is_known(label) for label in name.split("."))
