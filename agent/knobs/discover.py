# SPDX-License-Identifier: Apache-2.0
"""Which knobs a phone has: looked for, in one round trip, never assumed from its version."""

from collections.abc import Iterator, Mapping, Sequence

from agent.device.batch import Answer, Question
from agent.device.phone import Phone
from agent.knobs import frequency, generic, lru_gen, vm
from agent.knobs.base import BY_READ_BACK, Knob
from agent.knobs.family import Family, Seen, plugged_in, trouble
from agent.knobs.kcompressd import akcompress, boot, comp_mode, marie, module, oplus, parallel, switch, unseen
from agent.knobs.kcompressd import vm as kcompressd_vm
from agent.knobs.zram import knobs as zram
from workloads.errors import FinalError

FAMILIES: tuple[Family, ...] = (
    switch.FAMILY,
    module.FAMILY,
    boot.FAMILY,
    oplus.FAMILY,
    akcompress.FAMILY,
    comp_mode.FAMILY,
    kcompressd_vm.FAMILY,
    marie.FAMILY,
    parallel.FAMILY,
    unseen.FAMILY,
    zram.FAMILY,
    vm.FAMILY,
    lru_gen.FAMILY,
    frequency.CPU,
    frequency.DEVICES,
)
"""All that ship. Where two have a knob of one name, the first keeps it and the other's is called `NAME@KEY`."""

_MANY = ("cpufreq.", "devfreq.", "vm.", "lru_gen.")


class Found(dict[str, Knob]):
    """The knobs of a phone by name, and one line about each plug-in that is broken."""

    troubles: tuple[str, ...] = ()


def discover(phone: Phone) -> Found:
    """Return name -> knob for every knob found. Files that only root may read are found by root alone.

    Raises:
        TransientError: the link dropped.
    """
    others, troubles = plugged_in()
    questions = tuple(dict.fromkeys(question for family in (*FAMILIES, *others) for question in family.questions))
    answers = dict(zip(questions, phone.ask(*questions, timeout_s=60), strict=True))
    found, told = Found(), list(troubles)
    for family in FAMILIES:
        _add(found, family, tuple(family.build(_seen(family, answers))))
    for family in others:
        try:
            _add(found, family, tuple(family.build(_seen(family, answers))))
        except Exception as error:  # noqa: BLE001 - whatever another package does wrong, a run without it goes on
            told.append(trouble(family.key, family.layout, error))
    found.troubles = tuple(told)
    return found


def find(name: str, found: Mapping[str, Knob], serial: str) -> Knob:
    """Return the knob that an experiment names: one that was found, or any `sysctl:` or `sysfs:` file.

    A file that a found knob is about is that knob, whatever it is called: what is known against writing it stays known.

    Raises:
        FinalError: this phone has none of that name.
        InputError: the name cannot be a knob's.
    """
    knob: Knob | None = found.get(name)
    if knob is None and (file := generic.from_name(name)):
        knob = next((one for one in found.values() if one.where == file.where), file)
    if knob is None:
        seen = ", ".join(dict.fromkeys(_short(name) for name in sorted(found))) or "none"
        told = f"{serial}: no knob {name} on this phone; found: {seen} (and any sysctl:NAME or sysfs:/PATH)"
        raise FinalError("; ".join((told, *_troubles(found))))
    return knob


def describe(phone: Phone, found: Mapping[str, Knob]) -> dict[str, str]:
    """Return knob -> `where: value now (layout)`, as `DeviceFacts.knobs` keeps it, of knobs that differ in form."""
    knobs = {name: knob for name, knob in found.items() if knob.layout}
    asks = tuple(dict.fromkeys(question for knob in knobs.values() for question in knob.asks))
    answers = dict(zip(asks, phone.ask(*asks) if asks else (), strict=True))
    told = {name: _told(knob, [answers[question] for question in knob.asks]) for name, knob in knobs.items()}
    return told | {f"plug-in {number}": line for number, line in enumerate(_troubles(found), start=1)}


def _add(found: Found, family: Family, knobs: Sequence[Knob]) -> None:
    for knob in knobs:
        if knob.name not in found:
            found[knob.name] = knob
        elif not family.fallback:
            found[f"{knob.name}@{family.key}"] = knob


def _seen(family: Family, answers: Mapping[Question, tuple[Answer, ...]]) -> Seen:
    mine = {question: answers[question] for question in family.questions}
    files = (answer for question, found in mine.items() if question.kind in ("file", "each") for answer in found)
    said = {question: found[0] for question, found in mine.items() if question.kind in ("joined", "program")}
    return Seen({answer.name: answer for answer in files}, said)


def _told(knob: Knob, answers: Sequence[tuple[Answer, ...]]) -> str:
    try:
        now = knob.value(answers)
    except Exception:  # noqa: BLE001 - this only tells; and a plug-in's knob may raise anything
        now = "not readable"
    fixed = "; cannot be switched while it runs" if knob.fixed else ""
    return f"{knob.where}: {now} ({knob.layout}{fixed})"


def _troubles(found: Mapping[str, Knob]) -> tuple[str, ...]:
    return found.troubles if isinstance(found, Found) else ()


def _short(name: str) -> str:
    """`cpufreq.policy0.max` as `cpufreq.*`: a phone has dozens."""
    many = next((prefix for prefix in _MANY if name.startswith(prefix)), None)
    return f"{many}*" if many else name


def rows() -> Iterator[dict[str, str]]:
    """Yield what `reclaim list knobs` shows: every knob that is known of, whatever phone; then plug-ins' own."""
    for family in (*FAMILIES, *plugged_in()[0]):
        for name, values in family.knobs.items():
            yield {
                "name": name,
                "layout": family.layout,
                "values": values,
                "where": family.where,
                "off": family.off,
                "proof": family.proof,
                "source": family.source,
            }
    for name, where, values in generic.FORMS:
        row = {"name": name, "layout": "by its name", "values": values, "where": where}
        yield row | {"off": "", "proof": BY_READ_BACK, "source": "sysctl(8)"}
