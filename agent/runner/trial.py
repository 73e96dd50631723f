# SPDX-License-Identifier: Apache-2.0
"""One trial: set the arm, let the phone rest, record while it works, prove that the setting was in force."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from agent.capture import session
from agent.capture.attribution import Marks, chosen
from agent.capture.capabilities import Capabilities
from agent.capture.config import build_config
from agent.device import batch, parse
from agent.device.phone import Phone
from agent.device.quoting import quote
from agent.knobs.activity import Activity, survey, vmstat_growth
from agent.knobs.undo import Guard
from agent.ports import Clock
from agent.runner import conditions, hostload, kernel_log, waiting
from agent.runner.conditions import Kept, joined
from agent.runner.rewritten import name_the_writer
from agent.runner.script import parse_eaters, render
from agent.runner.workspace import Workspace, reset_apps
from reports.exclusions import BUSY_HOST, BUSY_HOST_CORES, exclusion, rules_of
from reports.record import Caveat, Conditions, EaterResult, LaunchResult, PlannedTrial, Proof, TrialRecord
from workloads.dose import workload_of
from workloads.errors import DeviceError, FinalError
from workloads.spec import Arm, Experiment, Launch

TRACE = "trace.pftrace"
_EATERS_END_S = 120.0
_NOW = batch.program("date", "+%m-%d %H:%M:%S.%N")
"""The phone's own clock; `parse.log_time` makes of it what `logcat -T` takes."""

Told = Callable[[str], None]
"""Is told each stage as it begins: `settle`, `pressure and launches`."""


@dataclass(frozen=True)
class Bench:
    """What every trial of a run needs.

    Attributes:
        phone: the phone.
        guard: its settings, with their undo.
        experiment: what is asked.
        caps: what the phone can record.
        marks: the ways there are on it to attribute kswapd's time; () where no arm asks for that.
        workspace: the agent's folder on the phone.
        programs: name -> path on the phone of what the script calls.
        clock: time on the host.
        qemu_pid: of a virtual handheld's QEMU on this host; None for a phone.
        kept: what the phone is kept like.
    """

    phone: Phone
    guard: Guard
    experiment: Experiment
    caps: Capabilities
    workspace: Workspace
    programs: dict[str, str]
    clock: Clock
    qemu_pid: int | None = None
    kept: Kept = field(default_factory=Kept)
    marks: tuple[Marks, ...] = ()

    @property
    def packages(self) -> list[str]:
        """Packages of the workload."""
        return sorted({app.partition("/")[0] for app in self.experiment.workload.apps})


@dataclass(frozen=True)
class Window:
    """What was seen of the measured part of a trial: from before its trace began until after it ended.

    `host_busy` covers pressure and launches alone: cores of the host that others than the guest kept busy; `lost_s`:
    seconds in which the phone could not be reached.
    """

    before: Conditions
    after: Conditions
    busy_before: Activity
    busy_after: Activity
    log: str
    kernel_log: str
    host_busy: float | None
    lost_s: float


@dataclass
class Stages:
    """Seconds each stage took, on the host's clock."""

    clock: Clock
    told: Told
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        self.told(name)
        begin = self.clock.now()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + self.clock.now() - begin, 3)


def run_trial(bench: Bench, trial: PlannedTrial, folder: Path, told: Told) -> TrialRecord:
    """Run one trial and return its record; its log, and its trace if its arm records one, lie in `folder` then.

    Args:
        bench: what it needs.
        trial: the plan's line.
        folder: the trial's own on the host.
        told: is told each stage.

    Raises:
        ProofError: a setting of the arm did not take when it was written.
        TransientError: the link dropped, the script died, the trace is empty.
        FinalError: the phone refused something, or its battery is low.
    """
    stages = Stages(bench.clock, told)
    arm = next(arm for arm in bench.experiment.arms if arm.name == trial.arm)
    wanted = Wanted(folder / TRACE, chosen(arm.attribution, bench.marks)) if arm.trace else None
    started_at = datetime.now().astimezone().isoformat(timespec="seconds")
    with stages.stage("set"):
        reset_apps(bench.phone, bench.packages)
        settings = bench.guard.apply(arm.settings)
    with stages.stage("settle"):
        bench.clock.sleep(bench.experiment.limits.settle_s)
        warm = conditions.make_ready(bench.phone, bench.kept, bench.clock)
    with _script(bench, trial, arm) as remote:
        window = _measured(bench, remote, wanted, stages)
        with stages.stage("collect"):
            launches, eaters = _collect(bench, remote)
    proof = _prove(bench, settings, arm, window)
    (folder / "logcat.txt").write_text(window.log, encoding="utf-8")
    begun = TrialBegun(trial, started_at, settings, wanted)
    record = _record(begun, window, launches, eaters, proof, stages.seconds)
    more = (*conditions.doubts(bench.kept, warm, window.before, window.after), *waiting.doubts(window.lost_s))
    record = replace(record, caveats=(*record.caveats, *more))
    left_out = exclusion(rules_of(bench.experiment.exclude), record)
    return replace(record, excluded=left_out.why if left_out else None)


@dataclass(frozen=True)
class Wanted:
    """The trace that a trial is to leave: its file on the host, and what in it attributes kswapd's time."""

    file: Path
    marks: Marks | None


@dataclass(frozen=True)
class TrialBegun:
    """What is known of a trial before it is measured: the plan's line, host time, knob -> value read back, trace."""

    trial: PlannedTrial
    started_at: str
    settings: dict[str, str]
    trace: Wanted | None


def _record(
    begun: TrialBegun,
    window: Window,
    launches: tuple[LaunchResult, ...],
    eaters: tuple[EaterResult, ...],
    proof: dict[str, Proof],
    stages_s: dict[str, float],
) -> TrialRecord:
    return TrialRecord(
        trial=begun.trial,
        started_at=begun.started_at,
        settings=begun.settings,
        proof=proof,
        launches=launches,
        kills=(*parse.lmkd_kills(window.log), *parse.lmk_kills(window.kernel_log), *parse.oom_kills(window.kernel_log)),
        eaters=eaters,
        before=window.before,
        after=window.after,
        vmstat=vmstat_growth(window.busy_before, window.busy_after),
        stages_s=stages_s,
        trace=begun.trace.file.name if begun.trace else None,
        caveats=tuple(doubts(launches, eaters, window.host_busy)),
        host_busy=window.host_busy,
        attribution=begun.trace.marks.told if begun.trace and begun.trace.marks else None,
    )


@contextlib.contextmanager
def _script(bench: Bench, trial: PlannedTrial, arm: Arm) -> Iterator[str]:
    """Lend the trial's folder on the phone, script inside; leave nothing of it running or lying about."""
    text = render(
        workload_of(bench.experiment.workload, arm),
        f"{bench.workspace.root}/{trial.name}",
        seed=bench.experiment.seed * 1000 + trial.block,
        quote=quote,
        max_hold_s=bench.experiment.limits.trial_timeout_s,
    )
    folder = bench.workspace.begin(trial.name, text, bench.programs)
    try:
        yield folder
    finally:
        with contextlib.suppress(DeviceError):  # a phone that is gone: what went wrong first is what is told
            bench.workspace.end(folder)


def _measured(bench: Bench, remote: str, trace: Wanted | None, stages: Stages) -> Window:
    """The measured window: trace on, script to its end, trace off; what touches the phone besides stays outside.

    Where none is wanted no trace is recorded; all else is the same.
    """
    phone, limits = bench.phone, bench.experiment.limits
    around = conditions.look(phone, bench.kept)
    before, busy_before, (now, driver) = survey(phone, _NOW, kernel_log.DRIVER)
    begin = kernel_log.mark(phone, driver, busy_before)
    _check_battery(phone, before, limits.min_battery_percent)
    with _recording(bench, trace, stages) as stop:
        host_before = hostload.sample(bench.qemu_pid)
        with stages.stage("pressure and launches"):
            pid = bench.workspace.start(remote)
            boot_id = bench.guard.journal.boot_id
            lost_s = waiting.wait_through(bench.workspace, (remote, pid), limits, boot_id, bench.clock)
        host_busy = hostload.busy(host_before, hostload.sample(bench.qemu_pid))
        stop()
        with stages.stage("collect"):
            logcat = batch.program("logcat", "-d", "-v", "threadtime", "-T", parse.log_time(now.text))
            after, busy_after, (log,) = survey(phone, logcat)
            in_kernel = kernel_log.told(phone, begin, busy_before, busy_after)
            before, after = joined(before, around), joined(after, conditions.look(phone, bench.kept))
        with stages.stage("check pages"):
            bench.workspace.finish(remote, pid, _EATERS_END_S)
    return Window(before, after, busy_before, busy_after, log.text, in_kernel, host_busy, lost_s)


def _check_battery(phone: Phone, now: Conditions, least: int) -> None:
    """Start no trial on a battery that ran low since preflight: the phone would save power in the middle of it.

    Raises:
        FinalError: it did.
    """
    if now.battery_percent is not None and now.battery_percent < least:
        raise FinalError(
            f"{phone.serial}: battery at {now.battery_percent:g} %, the experiment asks for {least}; charge it"
        )


@contextlib.contextmanager
def _recording(bench: Bench, wanted: Wanted | None, stages: Stages) -> Iterator[Callable[[], None]]:
    """Record while the block runs, until it calls what it is lent; the trace is fetched when the block ends well."""
    if wanted is None:
        yield lambda: None
        return
    limits = bench.experiment.limits
    duration_s = limits.trial_timeout_s + 60
    config = build_config(bench.caps, bench.experiment.capture, duration_s, bench.packages, wanted.marks)
    with stages.stage("start trace"):
        tracing = session.start(bench.phone, bench.caps, config)

    def stop() -> None:
        with stages.stage("stop trace"):
            tracing.stop()

    try:
        yield stop
        with stages.stage("fetch trace"):
            tracing.fetch(wanted.file)
    except BaseException:
        with contextlib.suppress(Exception):  # what went wrong first is what is told
            tracing.stop()
            tracing.remove()
        raise


def _collect(bench: Bench, remote: str) -> tuple[tuple[LaunchResult, ...], tuple[EaterResult, ...]]:
    """What the script left: am's answers and the eaters' report."""
    steps = [step for step in bench.experiment.workload.steps if isinstance(step, Launch)]
    names = [f"launch-{number}.txt" for number in range(1, len(steps) + 1)]
    answers = bench.phone.ask(*(batch.file(f"{remote}/{name}") for name in (*names, "eaters")), as_root=False)
    *said, (eaters,) = answers
    launches = tuple(
        parse.am_start(answer.text if answer.ok else "", index, step.app, step.kind)
        for index, (step, (answer,)) in enumerate(zip(steps, said, strict=True), start=1)
    )
    return launches, parse_eaters(eaters.text if eaters.ok else "")


def _prove(bench: Bench, before: Mapping[str, str], arm: Arm, window: Window) -> dict[str, Proof]:
    """Judge every setting of the arm by what was read and seen after the window."""
    found: dict[str, Proof] = {}
    for setting in arm.settings:
        knob = bench.guard.knob(setting.knob)
        proof = knob.prove(setting.value, knob.read(bench.phone), window.busy_before, window.busy_after)
        found[setting.knob] = name_the_writer(proof, before[setting.knob], knob.where, window.log)
    return found


def _as_asked(launch: LaunchResult) -> bool:
    """Whether am's warning says what was asked for: that the app that is there already came to the front."""
    return launch.kind in ("hot", "return") and "brought to the front" in (launch.note or "")


def doubts(
    launches: tuple[LaunchResult, ...], eaters: tuple[EaterResult, ...], host_busy: float | None
) -> Iterator[Caveat]:
    """What makes a trial less sure than it looks; `host_busy`: cores of the host that others kept busy."""
    bad = sum(eater.bad_pages for eater in eaters)
    if bad:
        yield Caveat("corrupt-pages", f"{bad} pages came back changed", "suspect the kernel; keep the run")
    dead = sum(not eater.survived for eater in eaters)
    if dead:
        yield Caveat("eaters-killed", f"{dead} of {len(eaters)} memory eaters were killed", "lower the pressure")
    if any(eater.held_s == 0 for eater in eaters):
        yield Caveat("never-held", "MemAvailable never came down to what is to be held", "raise `bytes_each`")
    for launch in launches:
        if launch.status != "ok" or (launch.note and not _as_asked(launch)):
            what = f"launch {launch.index} ({launch.component}): {launch.note or launch.status}"
            yield Caveat("launch-failed", what, "see the trial's logcat.txt")
    if host_busy is not None and host_busy > BUSY_HOST_CORES:
        yield Caveat(
            BUSY_HOST,
            f"other programs kept more than {BUSY_HOST_CORES:g} cores of this computer busy, which slows the handheld",
            "stop them and run again; `[exclude] host_busy_above` leaves such trials out of later runs",
        )
