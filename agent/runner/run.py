# SPDX-License-Identifier: Apache-2.0
"""A whole run: preflight, plan, trials under the undo journal, measures; then the answer, which needs no phone."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.capture.attribution import Marks, ways
from agent.capture.capabilities import capabilities
from agent.device.phone import Phone
from agent.knobs import undo
from agent.knobs.app import INSTALLED, KIND, from_name
from agent.knobs.base import Knob
from agent.knobs.deadman import Terms
from agent.knobs.discover import describe, discover
from agent.knobs.undisturbed import undisturbed
from agent.ports import Clock
from agent.runner import choosing, conditions, hostload, preflight
from agent.runner.attempts import Watch, carry_out
from agent.runner.plan import make_plan
from agent.runner.titrate import titrated
from agent.runner.trial import Bench
from agent.runner.workspace import SWEEPS, Workspace
from reports.record import DeviceFacts
from reports.rundir import occupied, refuse_taken
from reports.store import RunStore
from workloads.errors import DeviceError, InputError
from workloads.spec import Experiment, Setting


@dataclass(frozen=True)
class Request:
    """What a user asked for.

    Attributes:
        experiment: what to run.
        text: its file's own text.
        out: directory of the run, empty or not there yet.
        command: how to ask for the same again, as typed; empty when nobody typed it.
        allow_unsafe: write settings that may harm the phone, too.
        machine: what a virtual handheld runs on; empty for a phone.
    """

    experiment: Experiment
    text: str
    out: Path
    command: str = ""
    allow_unsafe: bool = False
    machine: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """A phone that passed preflight for a request.

    Attributes:
        facts: the phone.
        knobs: by name.
        experiment: as the request's, with this phone's apps in its slots.
        outlook: what the phone did by itself since the last run, and what this one can see of each primary metric, by
            the phone's noise floor, in lines.
        marks: the ways to attribute kswapd's time; () where no arm asks for that.
    """

    facts: DeviceFacts
    knobs: Mapping[str, Knob]
    experiment: Experiment
    outlook: tuple[str, ...]
    marks: tuple[Marks, ...] = ()


def prepare(phone: Phone, request: Request) -> Ready:
    """Look at everything that could go wrong; write nothing.

    Raises:
        InputError: every problem found, one line each.
        DeviceError: the phone does not answer, or is not as it was before an earlier run.
        SetupError: no trace processor works here.
    """
    from reports.traces.queries import check_sql  # noqa: PLC0415 - imported late: starts a trace processor

    check_sql()
    knobs = discover(phone)
    since = undo.check(phone, request.out, knobs, terms_of(request))
    experiment = _with_apps(phone, without_missing(request.experiment, knobs))
    versions = choosing.versions(phone, experiment.workload)
    facts = replace(phone.facts(describe(phone, knobs)), machine=dict(request.machine), apps=versions)
    refused = preflight.refusals(phone, experiment, knobs, allow_unsafe=request.allow_unsafe)
    free = shutil.disk_usage(_existing(request.out)).free
    marks = _marks(phone, experiment)
    found = preflight.look(phone, experiment, facts, refused, free)
    preflight.check(experiment, replace(found, marks=marks))
    chosen = choosing.told(experiment.workload, versions)
    return Ready(facts, knobs, experiment, (*since, *chosen, *_outlook(experiment, facts)), marks)


def _marks(phone: Phone, experiment: Experiment) -> tuple[Marks, ...]:
    """Asked only where an arm wants it: phones that do not know of it need not be."""
    return ways(phone, capabilities(phone)) if any(arm.attribution != "none" for arm in experiment.arms) else ()


def without_missing(experiment: Experiment, knobs: Mapping[str, Knob]) -> Experiment:
    """An experiment without the settings that are optional and that the phone has no knob for."""
    gone = {knob for knob in experiment.optional if knob not in knobs}
    arms = (
        replace(arm, settings=tuple(each for each in arm.settings if each.knob not in gone)) for arm in experiment.arms
    )
    return replace(experiment, arms=tuple(arms)) if gone else experiment


def _with_apps(phone: Phone, experiment: Experiment) -> Experiment:
    try:
        return replace(experiment, workload=choosing.choose(phone, experiment.workload))
    except InputError as error:
        raise InputError(*(f"{phone.serial}: {line}" for line in error.problems)) from None


def terms_of(request: Request) -> Terms:
    """How the dead-man of a run works."""
    return Terms(request.experiment.limits.dead_man_s, sweep=SWEEPS)


def _outlook(experiment: Experiment, facts: DeviceFacts) -> tuple[str, ...]:
    from reports.noise.floor import outlook  # noqa: PLC0415 - imported late: a wrong name must be told at once
    from reports.noise.store import known  # noqa: PLC0415 - the same
    from reports.stopping import expected, fixed_blocks  # noqa: PLC0415 - the same

    remembered, workload = known(facts, experiment.workload), experiment.workload.name
    seen = outlook(remembered.floor, facts, experiment.primary, fixed_blocks(experiment), workload)
    return (*expected(experiment), *seen)


def run_experiment(phone: Phone, request: Request, clock: Clock, watch: Watch) -> RunStore:
    """Run every trial of the plan, or until all is decided where the experiment asks for that.

    What has ended is kept whatever happens later, and settings are put back.

    Raises:
        ReclaimError: see `prepare`, `carry_out` and `guarded`; the run directory holds the trials that ended.
    """
    refuse_taken(request.out)
    ready = prepare(phone, request)
    plan = make_plan(ready.experiment)
    store = RunStore.create(
        request.out, experiment=ready.experiment, experiment_text=request.text, device=ready.facts, plan=plan
    )
    with occupied(store.path):
        if request.command:
            store.append_event({"event": "run started", "command": request.command})
        watch.planned(len(plan.trials), ready.outlook)
        with benched(phone, store, request, ready, clock) as bench:
            for line in bench.kept.skipped:
                watch.looked(f"{phone.serial}: {line}")
            carry_out(titrated(bench, store, watch), store, watch)
    return store


@contextlib.contextmanager
def benched(phone: Phone, store: RunStore, request: Request, ready: Ready, clock: Clock) -> Iterator[Bench]:
    """Lend what trials need; when the block ends, however it ends, the phone has its settings back and is clean.

    What trials that were cut off have left running on it is ended first.

    Raises:
        ReclaimError: see `guarded`; the phone has no room, or no program for it can be built.
    """
    workspace = Workspace(phone)
    try:
        workspace.sweep()
        programs = _programs(workspace, ready.experiment, ready.facts.abi)
        apps = _apps(workspace, ready.experiment)
        guarded = undo.guarded(
            phone, store.undo_path, {**ready.knobs, **apps}, allow_unsafe=request.allow_unsafe, terms=terms_of(request)
        )
        with guarded as guard:
            for name in apps:
                guard.hold(Setting(name, INSTALLED))
            kept = conditions.hold(guard, ready.experiment.conditions)
            for line in kept.skipped:
                store.append_event({"event": "condition skipped", "why": line})
            pid = hostload.qemu_pid(request.machine)
            caps = capabilities(phone)
            yield Bench(phone, guard, ready.experiment, caps, workspace, programs, clock, pid, kept, ready.marks)
    finally:
        with undisturbed(terms_of(request).grace_s, asked=False), contextlib.suppress(DeviceError):
            workspace.sweep()  # on a phone that is gone: what went wrong first is what is told
            workspace.remove()


def _programs(workspace: Workspace, experiment: Experiment, abi: str) -> dict[str, str]:
    from workloads.device.build import pressure  # noqa: PLC0415 - imported late: looks for a compiler

    if experiment.workload.pressure is None:
        return {}
    return {"pressure": workspace.install("pressure", pressure(abi).read_bytes())}


def _apps(workspace: Workspace, experiment: Experiment) -> dict[str, Knob]:
    """Bring the workload's APKs to the phone; the knobs that install them."""
    found: dict[str, Knob] = {}
    for apk in experiment.workload.apks:
        package = apk.component.partition("/")[0]
        there = workspace.install(package, Path(apk.path).read_bytes(), ".apk")
        found[f"{KIND}:{package}"] = replace(from_name(package), apk=there)
    return found


def _existing(path: Path) -> Path:
    """The nearest folder above a path that is there, to ask for its room."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
