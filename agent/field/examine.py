# SPDX-License-Identifier: Apache-2.0
"""What `reclaim doctor` asks a phone: everything a run will need, in few round trips; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.capture.capabilities import Capabilities, capabilities
from agent.device import batch, parse
from agent.device.phone import CONDITIONS, Phone, read_conditions
from agent.knobs import leftover
from agent.knobs.base import Knob
from agent.knobs.discover import discover
from reports.record import Conditions, DeviceFacts
from workloads.errors import TransientError

SOURCES = (
    "linux.ftrace",
    "linux.process_stats",
    "linux.sys_stats",
    "android.packages_list",
    "android.surfaceflinger.frametimeline",
)
"""Perfetto's data sources that `agent.capture.config` asks for."""

PROGRAMS = ("am", "pm", "cmd", "dumpsys", "logcat")
"""Android's programs that trials call."""

WHICH = 'for p; do command -v "$p" >/dev/null && echo "$p"; done'
"""Run as `sh -c WHICH sh NAME ...`: prints the names of those programs that are there."""

_ZRAM = "/sys/block/zram0"
_ASKED = {
    "selinux": batch.program("getenforce"),
    "swaps": batch.file("/proc/swaps"),
    "disksize": batch.file(f"{_ZRAM}/disksize"),
    "backing": batch.file(f"{_ZRAM}/backing_dev"),
    "pressure": batch.file("/proc/pressure/memory"),
    "sources": batch.program("perfetto", "--query"),
    "programs": batch.program("sh", "-c", WHICH, "sh", *PROGRAMS),
    "room": batch.program("df", "-k", "/data"),
    "charging": batch.program("dumpsys", "deviceidle", "get", "charging"),
    "screen": batch.program("dumpsys", "deviceidle", "get", "screen"),
    "tls port": batch.program("getprop", "service.adb.tls.port"),
    "tcp port": batch.program("getprop", "service.adb.tcp.port"),
}
"""Each has exactly one answer. The words of `dumpsys deviceidle get`: AOSP DeviceIdleController.java."""


@dataclass(frozen=True)
class Switch:
    """A form of kcompressd that was found.

    Attributes:
        knob: the knob.
        now: its canonical value; None where it cannot be read.
    """

    knob: Knob
    now: str | None


@dataclass(frozen=True)
class Examination:
    """What a phone answered.

    Attributes:
        facts: what it is.
        caps: what Perfetto can record there.
        conditions: battery, heat and memory.
        features: of its adbd; None where the link does not tell.
        switches: knobs of kcompressd, the first is the one called `kcompressd`.
        knobs: name -> every knob found.
        troubles: one line per plug-in that is broken.
        answers: name in `_ASKED` -> answer.
        left: what an earlier run has left there; None on a clean phone.
        refusal: why no run may start on it as it was left; None when one may.
        blocked: why the first form that can be switched cannot be just now; None where it can, or that is not known.
    """

    facts: DeviceFacts
    caps: Capabilities
    conditions: Conditions
    features: frozenset[str] | None
    switches: tuple[Switch, ...]
    knobs: Mapping[str, Knob]
    troubles: tuple[str, ...]
    answers: Mapping[str, batch.Answer]
    left: leftover.Leftover | None
    refusal: str | None
    blocked: str | None

    def said(self, name: str) -> str | None:
        """Return what it said to one of the questions, stripped; None where it could not."""
        answer = self.answers[name]
        return answer.text.strip() if answer.ok else None

    @property
    def room_bytes(self) -> int | None:
        """Bytes free on /data; None where df does not tell."""
        return parse.disk_free(self.answers["room"].text)

    @property
    def programs(self) -> frozenset[str]:
        """Those of `PROGRAMS` that are there."""
        return frozenset(self.answers["programs"].text.split())


def examine(phone: Phone) -> Examination:
    """Ask the phone; six or seven round trips, and one per setting that an earlier run has left.

    Raises:
        TransientError: the link dropped.
        FinalError: the phone is gone, or what an earlier run has left cannot be read.
    """
    found = discover(phone)
    ours = tuple(knob for name, knob in found.items() if name.partition("@")[0] == "kcompressd")
    values = tuple(question for knob in ours for question in knob.asks)
    answers = phone.ask(*CONDITIONS, *_ASKED.values(), *values, timeout_s=60)
    conditions, told = answers[: len(CONDITIONS)], answers[len(CONDITIONS) :]
    left = leftover.look(phone)
    switches = _switches(ours, dict(zip(values, told[len(_ASKED) :], strict=True)))
    return Examination(
        facts=phone.facts(),
        caps=capabilities(phone),
        conditions=read_conditions(conditions),
        features=_features(phone),
        switches=switches,
        knobs=found,
        troubles=found.troubles,
        answers={name: answer for name, (answer,) in zip(_ASKED, told, strict=False)},
        left=left,
        refusal=leftover.refusal(phone, left, found) if left else None,
        blocked=_blocked(phone, switches),
    )


def _switches(
    knobs: tuple[Knob, ...], answers: Mapping[batch.Question, tuple[batch.Answer, ...]]
) -> tuple[Switch, ...]:
    return tuple(Switch(knob, _value(knob, [answers[question] for question in knob.asks])) for knob in knobs)


def _blocked(phone: Phone, switches: tuple[Switch, ...]) -> str | None:
    """Ask what a run's preflight would: a form that needs zram set up anew takes memory for what is swapped out."""
    first = next((one for one in switches if not (one.knob.fixed or one.knob.risk) and one.now is not None), None)
    if first is None or phone.root.kind == "none":
        return None
    other = first.knob.on if first.now == first.knob.off else first.knob.off
    try:
        return first.knob.refusal(phone, first.knob.canonical(other)) if other else None
    except TransientError:
        raise
    except Exception as error:  # noqa: BLE001 - a plug-in's knob may raise anything; a run would be refused by it
        return str(error)


def _value(knob: Knob, answers: list[tuple[batch.Answer, ...]]) -> str | None:
    try:
        return knob.value(answers)
    except Exception:  # noqa: BLE001 - this only tells; and a plug-in's knob may raise anything
        return None


def _features(phone: Phone) -> frozenset[str] | None:
    """Only links through a real adb server know them."""
    ask = getattr(phone.transport, "features", None)
    return frozenset(ask()) if callable(ask) else None
