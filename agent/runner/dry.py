# SPDX-License-Identifier: Apache-2.0
"""What a run would change on the phone, line by line, without changing it; and what it could see."""

from collections.abc import Iterator

from agent.capture.attribution import chosen
from agent.capture.session import FOLDER as TRACES
from agent.device.phone import Phone
from agent.knobs.deadman import FOLDER
from agent.knobs.discover import find
from agent.runner import conditions
from agent.runner.plan import make_plan
from agent.runner.run import Request, prepare
from agent.runner.workspace import ROOT
from reports.metrics import METRICS
from reports.units import quantity
from workloads.conditions import Keep
from workloads.dose import workload_of
from workloads.spec import Experiment, Launch, file_bytes


def writes(phone: Phone, request: Request) -> list[str]:
    """One line per write, in the order they would be made, then what the run could see; preflight passes first.

    Raises:
        InputError: every problem that preflight found.
    """
    ready = prepare(phone, request)
    experiment = ready.experiment
    plan = make_plan(experiment)
    first = {
        setting.knob: find(setting.knob, ready.knobs, phone.serial)
        for arm in experiment.arms
        for setting in arm.settings
    }
    lines = [f"{phone.serial}: {len(plan.trials)} trials; order: {' '.join(trial.arm for trial in plan.trials)}"]
    lines.append(f"before anything else: end and remove what earlier trials left, under {ROOT} and {TRACES}/reclaim-*")
    for arm in experiment.arms:
        lines += [f"arm {arm.name}: write {s.value} to {first[s.knob].where}" for s in arm.settings]
    lines += [f"{knob.name}: {knob.notes}" for knob in first.values() if knob.notes]
    standing = experiment.workload.apks or experiment.conditions != Keep()
    lines += [_undo(experiment)] if first or standing else []
    lines += [f"before the first trial: install {apk.path}" for apk in experiment.workload.apks]
    lines += list(conditions.planned(phone, experiment.conditions, ready.knobs))
    lines += [*_search(experiment), *_each_trial(phone, experiment)]
    lines += [f"arm {arm.name}: records no trace" for arm in experiment.arms if not arm.trace]
    marked = {arm.name: chosen(arm.attribution, ready.marks) for arm in experiment.arms}
    lines += [f"arm {name}: its trace has {marks.told}" for name, marks in marked.items() if marks]
    lines += [f"at the end: write {knob.read(phone)} back to {knob.where}" for knob in first.values()]
    lines += [f"at the end: uninstall {apk.component.partition('/')[0]}" for apk in experiment.workload.apks]
    return [*lines, f"at the end: remove {ROOT}", *ready.outlook]


def _undo(experiment: Experiment) -> str:
    silence_s = experiment.limits.dead_man_s
    return (
        f"before the first of them: first values to {FOLDER}, and a process that writes them back when the phone has"
        f" heard nothing of this computer for {silence_s:g} s; both are removed at the end"
    )


def _search(experiment: Experiment) -> Iterator[str]:
    if goal := experiment.titrate:
        yield (
            f"before the plan's first trial: up to {goal.tries} trials of arm {experiment.control}, until {goal.adjust}"
            f" makes {goal.metric} reach {quantity(goal.target, METRICS[goal.metric].unit)}"
        )


def _each_trial(phone: Phone, experiment: Experiment) -> Iterator[str]:
    apps = sorted({step.app for step in experiment.workload.steps if isinstance(step, Launch)})
    yield f"each trial: stop {', '.join(apps)}"
    if phone.root.kind != "none":
        yield "each trial: write 3 to /proc/sys/vm/drop_caches"
    yield f"each trial: files under {ROOT}, removed after it; a trace under {TRACES}, fetched and removed"
    yield from _demands(experiment)


def _demands(experiment: Experiment) -> Iterator[str]:
    """What trials eat: one line, or one for each arm where the dose is a factor."""
    apart = any(arm.demand for arm in experiment.arms)
    for arm in experiment.arms if apart else experiment.arms[:1]:
        pressure = workload_of(experiment.workload, arm).pressure
        found = experiment.titrate is not None and experiment.titrate.adjust == "bytes_each"
        if pressure and not found:
            trial = f"each trial of arm {arm.name}" if apart else "each trial"
            yield f"{trial}: {pressure.processes} processes eat {pressure.bytes_each >> 20} MiB of memory each"
            if size := file_bytes(pressure):
                yield f"{trial}: a file of {size >> 20} MiB under {ROOT} that they read, made where it is not there yet"
