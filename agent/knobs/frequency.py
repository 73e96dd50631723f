# SPDX-License-Identifier: Apache-2.0
"""Limits of CPU, GPU and memory frequencies; the published figures of kcompressd are at fixed ones.

`cpufreq.policyN.min` and `.max` in kHz (Documentation/admin-guide/pm/cpufreq.rst), `devfreq.DEVICE.min` and `.max` in
Hz for GPU and memory (Documentation/ABI/testing/sysfs-class-devfreq), and `cpu.frequency` for all CPUs together. The
lower limit must never lie above the upper one, so pairs are written in the order that keeps them apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from agent.device import batch
from agent.device.phone import Phone
from agent.knobs.base import PUT, FileKnob, Knob, NumberKnob
from agent.knobs.family import Family, Seen
from workloads.errors import FinalError, InputError, ProofError

CPUFREQ = "/sys/devices/system/cpu/cpufreq"
DEVFREQ = "/sys/class/devfreq"
LOWER, UPPER = batch.each(f"{CPUFREQ}/policy*/scaling_min_freq"), batch.each(f"{CPUFREQ}/policy*/scaling_max_freq")
NOTES = "thermal and power services write it again whenever they like; the read-back after the trial tells"
_INT_MAX = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Limit(NumberKnob):
    """One of a pair of limits.

    Attributes:
        other: file of the other limit.
        upper: whether this one is the upper limit.
    """

    other: str
    upper: bool

    def refusal(self, phone: Phone, value: str) -> str | None:
        """Refuse what would cross the other limit; see `Knob`."""
        now, other = self.read(phone), phone.read_text(self.other).strip()
        if now == value or not re.fullmatch(r"\d+", other) or self._apart(int(value), int(other)):
            return None
        cure = "; cpu.frequency sets both in the right order" if self.where.startswith(CPUFREQ) else ""
        return f"{self.name} cannot be {value} while {self.other} is {other}: set that one first{cure}"

    def write(self, phone: Phone, value: str) -> str:
        """Write unless it would cross the other limit; see `Knob`."""
        if why := self.refusal(phone, self.canonical(value)):
            raise ProofError(f"{phone.serial}: {why}")
        return super().write(phone, value)

    def _apart(self, value: int, other: int) -> bool:
        return value >= other if self.upper else value <= other


@dataclass(frozen=True)
class Policy:
    """CPUs that share a frequency, in kHz: what the hardware can, and the steps where they are listed."""

    name: str
    least: int
    most: int
    steps: tuple[int, ...] = ()

    def nearest(self, khz: int) -> int:
        """Return the highest frequency it has that is not above `khz`; its lowest when all are."""
        steps = self.steps or (self.least, min(max(khz, self.least), self.most))
        return max((step for step in steps if step <= khz), default=min(steps))


@dataclass(frozen=True, kw_only=True)
class CpuFrequency(FileKnob):
    """Both limits of every policy: `fixed:KHZ`, `max` (each at its highest), `free`, or `policy0:LEAST-MOST ...`.

    Attributes:
        policies: the phone's.
    """

    policies: tuple[Policy, ...]

    @property
    def values(self) -> str:
        """The words and the phone's own range."""
        ranges = ", ".join(f"{one.name} {one.least}-{one.most}" for one in self.policies)
        return f"fixed:KHZ, max, free, or policyN:LEAST-MOST ... ({ranges} kHz)"

    @property
    def asks(self) -> tuple[batch.Question, ...]:
        """Both limits of all policies."""
        return (LOWER, UPPER)

    def value(self, answers: Sequence[tuple[batch.Answer, ...]]) -> str:
        """Return the limits now; see `Knob`."""
        limits = [{_policy(a.name): a.text.strip() for a in each if a.ok} for each in answers]
        names = [one.name for one in self.policies]
        if any(not re.fullmatch(r"\d+", limit.get(name, "")) for limit, name in product(limits, names)):
            raise FinalError(f"cannot read {self.where}")
        return " ".join(f"{name}:{limits[0][name]}-{limits[1][name]}" for name in names)

    def canonical(self, text: str) -> str:
        """Spell the limits of every policy out.

        Raises:
            InputError: something else, or limits that a policy has not.
        """
        word = text.strip()
        if fixed := re.fullmatch(r"fixed:([0-9]{1,9})", word):
            spans = [(one.nearest(int(fixed[1])),) * 2 for one in self.policies]
        elif word == "max":
            spans = [(one.most, one.most) for one in self.policies]
        elif word == "free":
            spans = [(one.least, one.most) for one in self.policies]
        else:
            spans = self._spans(word)
        return " ".join(f"{one.name}:{low}-{high}" for one, (low, high) in zip(self.policies, spans, strict=True))

    def write(self, phone: Phone, value: str) -> str:
        """Write both limits of every policy, each pair in the order that never crosses; see `Knob`."""
        wanted, now = self.canonical(value), self.read(phone)
        for policy, old, new in zip(self.policies, _limits(now), _limits(wanted), strict=True):
            order = ((1, "max"), (0, "min")) if new[1] >= old[0] else ((0, "min"), (1, "max"))
            for index, which in order:
                if new[index] != old[index]:
                    path = f"{CPUFREQ}/{policy.name}/scaling_{which}_freq"
                    FileKnob(f"{self.name}, {policy.name}", path).write(phone, str(new[index]))
        found = self.read(phone)
        if found != wanted:
            raise ProofError(f"{phone.serial}: {self.name}: wrote {wanted}, but it reads back {found}")
        return found

    def undo(self, phone: Phone, first: str) -> tuple[str, ...]:  # noqa: ARG002 - what they are by then is not known
        """Return the writes, each upper limit twice: the first time the lower one may stand in its way."""
        words = []
        for policy, (low, high) in zip(self.policies, _limits(first), strict=True):
            for which, limit in (("max", high), ("min", low), ("max", high)):
                words += [f"{CPUFREQ}/{policy.name}/scaling_{which}_freq", str(limit)]
        return ("sh", "-c", PUT, "sh", *words)

    def _spans(self, word: str) -> list[tuple[int, int]]:
        found = {
            name: (int(low), int(high)) for name, low, high in re.findall(r"(policy\d+):(\d{1,9})-(\d{1,9})", word)
        }
        spans = [found.get(one.name, (-1, -1)) for one in self.policies]
        whole = len(word.split()) == len(found) == len(self.policies)
        if not whole or any(
            not 0 < low <= high <= one.most for one, (low, high) in zip(self.policies, spans, strict=True)
        ):
            raise InputError(f"{self.name}: {word!r} is none of {self.values}")
        return spans


def _limits(canonical: str) -> list[tuple[int, int]]:
    return [(int(low), int(high)) for low, high in re.findall(r":(\d+)-(\d+)", canonical)]


def _policy(path: str) -> str:
    return path.split("/")[-2]


def _numbers(seen: Seen, path: str) -> tuple[int, ...]:
    return tuple(int(word) for word in (seen.text(path) or "").split() if re.fullmatch(r"[0-9]{1,18}", word))


def _cpu(seen: Seen) -> Iterator[Knob]:
    policies = []
    for name in sorted({_policy(path) for path in seen.files}, key=lambda name: (len(name), name)):
        folder = f"{CPUFREQ}/{name}"
        limits = _numbers(seen, f"{folder}/cpuinfo_min_freq") + _numbers(seen, f"{folder}/cpuinfo_max_freq")
        if len(limits) == 2:  # noqa: PLR2004 - the lowest and the highest
            policies.append(Policy(name, *limits, _numbers(seen, f"{folder}/scaling_available_frequencies")))
            yield from _pair(
                f"cpufreq.{name}", f"{folder}/scaling_min_freq", f"{folder}/scaling_max_freq", limits, "kHz"
            )
    if policies:
        where = f"{CPUFREQ}/policy*/scaling_{{min,max}}_freq"
        yield CpuFrequency("cpu.frequency", where, layout="cpufreq", notes=NOTES, policies=tuple(policies))


def _devices(seen: Seen) -> Iterator[Knob]:
    for folder in sorted({path.rpartition("/")[0] for path in seen.files}):
        steps = _numbers(seen, f"{folder}/available_frequencies")
        limits = (0, max(steps) if steps else _INT_MAX)  # drivers that want no lower limit show 0
        name = f"devfreq.{folder.rpartition('/')[2]}"
        yield from _pair(name, f"{folder}/min_freq", f"{folder}/max_freq", limits, "Hz")


def _pair(name: str, lower: str, upper: str, limits: tuple[int, ...], unit: str) -> Iterator[Knob]:
    for which, where, other in (("min", lower, upper), ("max", upper, lower)):
        yield Limit(
            f"{name}.{which}",
            where,
            notes=NOTES,
            least=limits[0],
            most=limits[1],
            unit=unit,
            other=other,
            upper=which == "max",
        )


CPU = Family(
    key="cpufreq",
    layout="cpufreq",
    knobs={
        "cpu.frequency": "fixed:KHZ, max, free, policyN:LEAST-MOST ...",
        "cpufreq.policy*.min": "kHz",
        "cpufreq.policy*.max": "kHz",
    },
    where=f"{CPUFREQ}/policy*/scaling_{{min,max}}_freq",
    off="free (cpu.frequency)",
    source="Documentation/admin-guide/pm/cpufreq.rst",
    questions=(
        LOWER,
        UPPER,
        *(
            batch.each(f"{CPUFREQ}/policy*/{name}")
            for name in ("cpuinfo_min_freq", "cpuinfo_max_freq", "scaling_available_frequencies")
        ),
    ),
    build=_cpu,
)  # fmt: skip

DEVICES = Family(
    key="devfreq",
    layout="devfreq",
    knobs={"devfreq.*.min": "Hz", "devfreq.*.max": "Hz"},
    where=f"{DEVFREQ}/*/{{min,max}}_freq (GPU, memory, buses)",
    source="Documentation/ABI/testing/sysfs-class-devfreq",
    questions=tuple(batch.each(f"{DEVFREQ}/*/{name}") for name in ("min_freq", "max_freq", "available_frequencies")),
    build=_devices,
)
