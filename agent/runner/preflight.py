# SPDX-License-Identifier: Apache-2.0
"""Every reason why a run could not end well, found before the first write and told together.

`look` asks the phone in few round trips; the checks are pure and small, one hazard each.
"""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.capture.attribution import Marks, chosen
from agent.device import batch, parse
from agent.device.phone import Phone
from agent.knobs.base import Knob
from agent.knobs.discover import find
from reports.gate.rulebook import Place, problems, rulebook
from reports.metrics import METRICS
from reports.noise.tracing import recordless
from reports.record import DeviceFacts
from reports.units import quantity
from workloads.device.build import TARGETS
from workloads.dose import workload_of
from workloads.errors import FinalError, InputError
from workloads.spec import FIRST_LOOK, Apk, Experiment, Pressure, Setting, file_bytes, stored_share

_PHONE_ROOM = 300 << 20
_HOST_ROOM_PER_TRIAL = 40 << 20
HEADROOM = 0.9
"""Demand beyond this share of what memory and compressed swap can hold would end in kills, not in reclaim."""


@dataclass(frozen=True)
class Findings:
    """What the checks look at.

    Attributes:
        facts: the phone.
        missing_apps: packages of the workload that are not installed.
        phone_free_bytes: room on /data; None where df does not tell.
        host_free_bytes: room where the run is kept.
        battery_percent: level; None where unknown.
        refusals: why settings of the arms cannot be made, one line each.
        apk_troubles: why APKs of the workload cannot be installed, one line each.
        marks: the ways to attribute kswapd's time.
    """

    facts: DeviceFacts
    missing_apps: tuple[str, ...]
    phone_free_bytes: int | None
    host_free_bytes: int
    battery_percent: float | None
    refusals: tuple[str, ...]
    apk_troubles: tuple[str, ...] = ()
    marks: tuple[Marks, ...] = ()


def look(
    phone: Phone, experiment: Experiment, facts: DeviceFacts, refused: tuple[str, ...], host_free_bytes: int
) -> Findings:
    """Ask the phone what the checks need, in one round trip."""
    brought = {apk.component.partition("/")[0]: apk for apk in experiment.workload.apks}
    packages = sorted({app.partition("/")[0] for app in experiment.workload.apps})
    (disk,), (battery,), *paths = phone.ask(
        batch.program("df", "-k", "/data"),
        batch.program("dumpsys", "battery"),
        *(batch.program("pm", "path", package) for package in packages),
        as_root=False,
    )
    there = {package for package, (answer,) in zip(packages, paths, strict=True) if "package:" in answer.text}
    return Findings(
        facts=facts,
        missing_apps=tuple(package for package in packages if package not in there | brought.keys()),
        phone_free_bytes=parse.disk_free(disk.text),
        host_free_bytes=host_free_bytes,
        battery_percent=parse.battery(battery.text).percent,
        refusals=refused,
        apk_troubles=tuple(_apk_troubles(brought, there)),
    )


def _apk_troubles(brought: Mapping[str, Apk], there: Collection[str]) -> Iterator[str]:
    for package, apk in brought.items():
        if package in there:
            yield (
                f"{package} is installed already, and {apk.path} would replace it for good: remove it from the phone,"
                f" or name {apk.component} in `apps`"
            )
        try:
            digest = hashlib.sha256(Path(apk.path).read_bytes()).hexdigest()
        except OSError as error:
            yield f"{apk.path}: cannot be read: {error.strerror}"
        else:
            if digest != apk.sha256:
                yield f"{apk.path}: is another file than when it was chosen; begin a new run"


def refusals(phone: Phone, experiment: Experiment, knobs: Mapping[str, Knob], *, allow_unsafe: bool) -> tuple[str, ...]:
    """Why settings of the arms cannot be made on this phone, one line each; nothing is written to find out."""
    settings = {setting for arm in experiment.arms for setting in arm.settings}
    found = (_refusal(phone, setting, knobs, allow_unsafe=allow_unsafe) for setting in settings)
    return tuple(sorted({line for line in found if line}))


def _refusal(phone: Phone, setting: Setting, knobs: Mapping[str, Knob], *, allow_unsafe: bool) -> str | None:
    try:
        knob = find(setting.knob, knobs, phone.serial)
        refusal = knob.refusal(phone, knob.canonical(setting.value))
    except (FinalError, InputError) as error:
        return str(error).removeprefix(f"{phone.serial}: ")
    if refusal is None and knob.risk and not allow_unsafe:
        return f"{setting.knob} is not written: {knob.risk}; --allow-unsafe-knob writes it"
    return refusal


def check(experiment: Experiment, found: Findings) -> None:
    """Pass, or tell every problem.

    Raises:
        InputError: one line per problem.
    """
    problems = [line for hazard in _HAZARDS for line in hazard(experiment, found)]
    if problems:
        raise InputError(*(f"{found.facts.serial}: {line}" for line in problems))


def _check_metrics(experiment: Experiment, _found: Findings) -> Iterator[str]:
    for name in experiment.primary:
        if name not in METRICS:
            yield f"`primary` names {name!r}, which is no metric; `reclaim list metrics` shows them"
        elif name in recordless(experiment):
            marked = all(arm.trace for arm in experiment.arms)
            why = (
                "an attributed trial does not tell"
                if marked
                else "only a trace shows, and an arm that is compared records none"
            )
            yield f"`primary` names {name!r}, which {why}"
    packages = [app.partition("/")[0] for app in experiment.workload.apps]
    yield from problems(rulebook(experiment, Place("a rule of the experiment")), (), packages)


def _check_stop(experiment: Experiment, _found: Findings) -> Iterator[str]:
    if experiment.stop == "decided" and experiment.blocks <= FIRST_LOOK:
        yield (
            f"{experiment.blocks} blocks are too few to stop early: the first look comes after block {FIRST_LOOK};"
            ' give more, or set `stop = "fixed"`'
        )


def _check_knobs(_experiment: Experiment, found: Findings) -> Iterator[str]:
    yield from found.refusals


def _check_apps(_experiment: Experiment, found: Findings) -> Iterator[str]:
    if found.missing_apps:
        yield f"not installed: {', '.join(found.missing_apps)}; install them or change the workload's `apps`"
    yield from found.apk_troubles


def _check_perfetto(experiment: Experiment, found: Findings) -> Iterator[str]:
    if found.facts.perfetto is None and any(arm.trace for arm in experiment.arms):
        yield "has no perfetto, which Android 9 and newer carry; without it no trace can be recorded"


def _check_attribution(experiment: Experiment, found: Findings) -> Iterator[str]:
    for arm in experiment.arms:
        if arm.attribution != "none" and chosen(arm.attribution, found.marks) is None:
            there = f"by {' and '.join(each.way for each in found.marks)} alone" if found.marks else "in no way"
            yield (
                f"arm {arm.name}: kswapd's time can be attributed {there} here (that takes root, and a kernel and a"
                " perfetto with function_graph or kprobe_events); with kcompressd on, kswapd_cpu and kcompressd_cpu of"
                " plain trials are the split"
            )


def _check_program(experiment: Experiment, found: Findings) -> Iterator[str]:
    if experiment.workload.pressure and found.facts.abi not in TARGETS:
        yield f"no `pressure` program for its ABI {found.facts.abi!r}; known: {', '.join(TARGETS)}"


def _check_demand(experiment: Experiment, found: Findings) -> Iterator[str]:
    if experiment.workload.pressure is None:
        return
    doses = {workload_of(experiment.workload, arm).pressure: arm for arm in reversed(experiment.arms)}
    found_later = experiment.titrate is not None and experiment.titrate.adjust == "bytes_each"
    for pressure, arm in reversed(doses.items()) if not found_later else ():
        yield from _too_much(pressure, found, f"arm {arm.name}" if arm.demand else "the workload")
    if not found.facts.swap_bytes:
        yield "has no swap: without zram there is nothing to compress"
    if experiment.workload.pressure.hold_available_bytes >= found.facts.memory_bytes:
        yield f"`hold_available_bytes` is all of its memory, {found.facts.memory_bytes >> 20} MiB, or more; lower it"


def _too_much(pressure: Pressure | None, found: Findings, where: str) -> Iterator[str]:
    if pressure is None:
        return
    demand = pressure.processes * pressure.bytes_each - file_bytes(pressure)
    whole = _whole_room(pressure, found.facts)
    if demand > HEADROOM * whole:
        yield f"{where} demands {demand >> 20} MiB, memory and swap together hold {whole >> 20}; lower `bytes_each`"


def room(pressure: Pressure, facts: DeviceFacts) -> int:
    """Bytes of anonymous memory that a phone takes of such a pressure without kills being sure."""
    return int(HEADROOM * _whole_room(pressure, facts))


def _whole_room(pressure: Pressure, facts: DeviceFacts) -> int:
    """What swapped pages take in zram is memory, too: swap adds to memory only as far as they compress."""
    gained = 1 - stored_share(pressure) if facts.zram_algorithm else 1
    return facts.memory_bytes + round(facts.swap_bytes * gained)


def _check_target(experiment: Experiment, found: Findings) -> Iterator[str]:
    """A target that no dose can reach."""
    goal, facts = experiment.titrate, found.facts
    most = {"swap_used_max": facts.swap_bytes, "mem_available_min": facts.memory_bytes}
    if goal is not None and goal.target >= most.get(goal.metric, math.inf):
        what = "swap" if goal.metric == "swap_used_max" else "memory"
        yield (
            f"`titrate` wants {goal.metric} to reach {quantity(goal.target, 'bytes')}, all of its {what} is"
            f" {quantity(most[goal.metric], 'bytes')}; lower `target`"
        )


def _check_room(experiment: Experiment, found: Findings) -> Iterator[str]:
    need = _PHONE_ROOM + max(file_bytes(workload_of(experiment.workload, arm).pressure) for arm in experiment.arms)
    if found.phone_free_bytes is not None and found.phone_free_bytes < need:
        what = "traces" if need == _PHONE_ROOM else "traces and the file that the eaters read"
        yield f"only {found.phone_free_bytes >> 20} MiB free on /data, {what} need {need >> 20}"
    trials = (experiment.blocks + experiment.warm_up_blocks) * len(experiment.arms)
    if found.host_free_bytes < trials * _HOST_ROOM_PER_TRIAL:
        need = trials * _HOST_ROOM_PER_TRIAL >> 20
        yield f"only {found.host_free_bytes >> 20} MiB free on this computer, {trials} trials may take {need}"


def _check_battery(experiment: Experiment, found: Findings) -> Iterator[str]:
    least = experiment.limits.min_battery_percent
    if found.battery_percent is not None and found.battery_percent < least:
        yield f"battery at {found.battery_percent:g} %, the experiment asks for {least}; charge it"


_HAZARDS = (
    _check_metrics,
    _check_stop,
    _check_knobs,
    _check_apps,
    _check_perfetto,
    _check_attribution,
    _check_program,
    _check_demand,
    _check_target,
    _check_room,
    _check_battery,
)
