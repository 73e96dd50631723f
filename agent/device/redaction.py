# SPDX-License-Identifier: Apache-2.0
"""What must not leave a phone's owner: taken out of a transcript before it is written. Pure.

Of properties, and of what `dumpsys battery` says, only what is known to be about the device is kept, because what
vendors put into the rest nobody knows; of the names of processes only the kernel's that matter, of Perfetto's data
sources only the system's. Everywhere else numbers and names are found by their form; their patterns are bounded, so
that no text takes long.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from agent.device import batch, parse
from agent.device.transcript import SERIAL, Entry, Key
from agent.ports import Completed
from reports.private import INCREMENTAL, UUID, addressless, numberless

KEPT = re.compile(
    r"ro\.(product\.(model|brand|manufacturer|device|name|first_api_level|cpu\..+)"
    r"|build\.(fingerprint|type|tags|characteristics|version\..+)"
    r"|hardware|board\.platform|soc\..+|debuggable|secure|zygote|kernel\..+|lmk\..+|config\.low_ram|reclaim\..+"
    r"|vndk\.version|treble\.enabled)"
    r"|sys\.boot_completed|service\.adb\.t(cp|ls)\.port|dalvik\.vm\..+"
    r"|persist\.(traced|sys\.lmk|sys\.zram|device_config\.lmkd_native).*"
)
"""Properties that are about a kind of phone, never about one phone or its owner."""

_OWN = re.compile(
    r"serial|imei|meid|\bmac|bt_?name|hostname|device_?name|bdaddr|iccid|imsi|msisdn|account", re.IGNORECASE
)
"""Properties whose values are taken out wherever else they stand, too."""

_KERNEL_THREAD = re.compile(r"(kcompressd|kswapd|hybridswap|zram|akcompress)\S*")
_APP = re.compile(r"/data/app/\S+")
_PACKAGE = re.compile(r"(?<![\w./])(?:com|org|net)\.(?!android\.)\w+(?:\.\w+)*")
_BATTERY = re.compile(
    r"\s*(Current Battery Service state|(AC|USB|Wireless|Dock) powered|Max charging \w+|Charge counter|Charging \w+"
    r"|status|health|present|level|scale|voltage|temperature|technology)\b.*"
)
"""What AOSP prints (BatteryService.java, dumpInternal); vendors add dates, histories and the battery's own number."""

_SOURCE = re.compile(r"^(?:DATA SOURCES REGISTERED:|(?:linux|android)\.[\w.]+)", re.MULTILINE)
"""Heading and names in `perfetto --query`; beside them it names every app that is connected."""

_OUR_UUID = "00000000-0000-4000-8000-"
_SHORT = 5
"""Own values shorter than this are no secrets, and would be found everywhere."""


@dataclass
class Redactor:
    """Takes out of one phone's answers what is its own; equal stays equal.

    Attributes:
        own: what to replace -> by what; the serial and this computer's name to begin with.
    """

    own: dict[str, str] = field(default_factory=dict)
    _uuids: dict[str, str] = field(default_factory=dict)

    def learn(self, entries: Iterable[Entry]) -> None:
        """Find the phone's own numbers and names in its properties."""
        for name, value in (pair for entry in entries for pair in _properties_of(entry)):
            if len(value) >= _SHORT and _OWN.search(name) and value not in ("unknown", "0" * len(value)):
                self.own.setdefault(value, SERIAL if "serial" in name else "OWN")

    def entry(self, entry: Entry) -> Entry:
        """Return it without what is private."""
        form, kind, *words = entry.key
        key = (form, kind, *map(self.text, words))
        if entry.done is not None:
            done = entry.done
            out = self._spoken(done.out)
            return Entry(key, done=Completed(tuple(key[3:]), done.code, out, self._spoken(done.err)))
        rule = self._rule(entry.key)
        return Entry(key, tuple(replace(a, name=self.text(a.name), text=rule(a)) for a in entry.answers))

    def text(self, text: str) -> str:
        """Return any text without what is known to be the phone's own, and without addresses."""
        for value, instead in sorted(self.own.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(value, instead)
        text = UUID.sub(lambda match: self._uuid(match[0]), addressless(text))
        return _PACKAGE.sub("app", _APP.sub("/data/app/APP", text))

    def _rule(self, key: Key) -> Callable[[batch.Answer], str]:
        if key[1] == "program":
            return self._program(key[2])
        if key[1] == "joined":
            return lambda answer: "\n".join(map(_thread, answer.text.split("\n")))
        return self._file

    def _program(self, words: str) -> Callable[[batch.Answer], str]:
        special: dict[str, Callable[[str], str]] = {
            "getprop": self._properties,
            "dumpsys battery": _battery,
            "perfetto --query": lambda text: "".join(f"{found[0]}\n" for found in _SOURCE.finditer(text)),
        }
        name = words.partition("getprop ")[2]
        if name and not KEPT.fullmatch(name) and "serial" not in name:
            return lambda _answer: ""
        rule = special.get(words, self._spoken)
        return lambda answer: rule(answer.text) if answer.ok else self._spoken(answer.text)

    def _file(self, answer: batch.Answer) -> str:
        last = answer.name.rpartition("/")[2]
        if "reclaim-undo" in answer.name and last in ("host", "run"):
            return f"some {last}"
        return self.text(answer.text)

    def _properties(self, text: str) -> str:
        kept = {name: value for name, value in parse.getprop(text).items() if KEPT.fullmatch(name)}
        return "".join(f"[{name}]: [{self._property(name, value)}]\n" for name, value in kept.items())

    def _property(self, name: str, value: str) -> str:
        if name.endswith("version.incremental") and not INCREMENTAL.fullmatch(value):
            return "USER"
        return self._spoken(value)

    def _spoken(self, text: str) -> str:
        """What programs print may hold an IMEI; in the kernel's files 15 digits are a counter."""
        return numberless(self.text(text))

    def _uuid(self, found: str) -> str:
        if found.startswith(_OUR_UUID):
            return found
        return self._uuids.setdefault(found, f"{_OUR_UUID}{len(self._uuids) + 1:012x}")


def redactor(serial: str, computer: str) -> Redactor:
    """Return one for a phone on this computer."""
    return Redactor({value: instead for value, instead in ((serial, SERIAL), (computer, "COMPUTER")) if value})


def private(entries: Iterable[Entry], redact: Redactor) -> tuple[Entry, ...]:
    """Return the entries without what is private."""
    found = tuple(entries)
    redact.learn(found)
    return tuple(map(redact.entry, found))


def _properties_of(entry: Entry) -> Iterator[tuple[str, str]]:
    """Properties that an entry tells, each with its value, stripped."""
    words = entry.key[2] if entry.key[1] == "program" else ""
    if words.partition(" ")[0] != "getprop":
        return
    for answer in entry.answers:
        told = parse.getprop(answer.text) if words == "getprop" else {words.partition(" ")[2]: answer.text}
        yield from ((name, value.strip()) for name, value in told.items())


def _battery(text: str) -> str:
    return "".join(f"{line}\n" for line in text.split("\n") if _BATTERY.fullmatch(line))


def _thread(name: str) -> str:
    return name if not name or _KERNEL_THREAD.fullmatch(name) else "app"
