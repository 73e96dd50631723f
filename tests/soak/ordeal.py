# SPDX-License-Identifier: Apache-2.0
"""One run of the soak: an experiment, a fault at some moment of it, what became of both."""

import random
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.runner.resume import remaining
from reports.store import RunStore
from tests.support.faults import catalogue, checks
from tests.support.faults.bench import EXPERIMENT, WORKLOAD, FaultBench, ended
from tests.support.faults.catalogue import KILL_AND_DROP, Agent, Fault, befall
from workloads.errors import ReclaimError

NOTHING = Fault("none", lambda _bench, _agent: None)
_END_S = 240.0
_RESUMES = 3
_GRACE_S = 5.0
_SHORT_SILENCE_S = 15


@dataclass(frozen=True)
class Ordeal:
    """What is to happen.

    Attributes:
        number: of the run, from 1.
        seed: what the moment is drawn with.
        fault: what goes wrong.
        silence_s: seconds without a sign of life after which the phone restores itself.
        blocks: of the run.
        kcompressd: switch it, too; its trials are repeated, because so little memory is eaten.
    """

    number: int
    seed: int
    fault: Fault
    silence_s: int = _SHORT_SILENCE_S
    blocks: int = 2
    kcompressd: bool = False

    def moment_s(self, length_s: float) -> float:
        """Seconds after the agent's start at which the fault strikes, within a run of that length.

        A fault that needs a trial is not drawn so late that none may come.
        """
        latest = 0.6 * length_s if self.fault.in_a_trial else length_s
        return random.Random(self.seed).uniform(0, latest)  # noqa: S311 - a draw for a test, no secret


@dataclass(frozen=True)
class Outcome:
    """What happened.

    Attributes:
        ordeal: what was to happen.
        at_s: when the fault struck, seconds after the agent's start.
        where: what the phone was doing then: a trial, or none.
        end: completed, resumed, or why not, in one line.
        alone: seconds after which the phone had restored itself, where it had to.
        faults: what does not hold; nothing, if all is well.
        took_s: seconds of the whole run.
    """

    ordeal: Ordeal
    at_s: float
    where: str
    end: str
    alone: float | None
    faults: tuple[str, ...]
    took_s: float


def undergo(bench: FaultBench, ordeal: Ordeal, folder: Path, length_s: float, first: Mapping[str, str]) -> Outcome:
    """Run an experiment under a fault, resume it, and look whether all that must hold does."""
    began, run = time.monotonic(), folder / "run"
    words = ("run", str(_experiment(folder, ordeal)), "-o", str(run), "--blocks", str(ordeal.blocks))
    agent = bench.start(*words)
    wrong: list[str] = []
    try:
        where = _wait(bench, agent, ordeal, ordeal.moment_s(length_s))
        at_s = time.monotonic() - began
        befall(ordeal.fault, bench, agent)
        kept = checks.records(run)
        alone = _alone(bench, ordeal, first, wrong)
        told = _end(agent, wrong)
    finally:
        agent.kill()
    kept |= checks.records(run)
    ordeal.fault.mend(bench)
    bench.recover()
    end = _went_on(bench, run, agent.returncode, told, wrong)
    wrong += ended_otherwise(ordeal.fault, end)
    wrong += [*checks.changed(bench, first), *checks.left_behind(bench), *checks.lost(run, kept)]
    wrong += checks.half_written(run) if run.is_dir() else ()
    return Outcome(ordeal, at_s, where, end, alone, tuple(wrong), time.monotonic() - began)


def ended_otherwise(fault: Fault, end: str) -> Iterable[str]:
    """Say that a run did not end as docs/faults.md has it: what befalls a trial costs an attempt, never the run."""
    if fault.in_a_trial and not fault.deadly and end != "completed":
        yield f"{fault.name} should have cost an attempt at most"


def _end(agent: Agent, wrong: list[str]) -> str:
    """Wait for the agent's end; return what it said."""
    told, in_time = ended(agent, _END_S)
    if not in_time:
        wrong.append(f"the agent did not end within {_END_S:g} s; it had said: {told.strip()[-200:]!r}")
    return told


def _experiment(folder: Path, ordeal: Ordeal) -> Path:
    folder.mkdir(parents=True)
    shutil.copy(WORKLOAD, folder)
    text = EXPERIMENT.read_text().replace(f"dead_man_s = {_SHORT_SILENCE_S}", f"dead_man_s = {ordeal.silence_s}")
    if ordeal.kcompressd:
        factor = '"sysctl:vm.watermark_scale_factor"'
        text = text.replace(f"{factor} = 120", 'kcompressd = "off"').replace(f"{factor} = 150", 'kcompressd = "1"')
    path = folder / EXPERIMENT.name
    path.write_text(text)
    return path


def _wait(bench: FaultBench, agent: Agent, ordeal: Ordeal, seconds: float) -> str:
    """Wait for the moment, and longer where the fault needs a trial; return the trial under way, or `-`."""
    deadline = time.monotonic() + seconds
    while agent.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    where = _trial(bench)
    needs_on = ordeal.fault is KILL_AND_DROP
    while ordeal.fault.in_a_trial and agent.poll() is None and ("-on" if needs_on else "-") not in where[1:]:
        time.sleep(0.2)
        where = _trial(bench)
    return where


def _trial(bench: FaultBench) -> str:
    said = bench.sh(f"ls {catalogue.PROGRESS} 2>/dev/null").splitlines()
    return Path(said[0]).parent.name if said else "-"


def _alone(bench: FaultBench, ordeal: Ordeal, first: Mapping[str, str], wrong: list[str]) -> float | None:
    """Wait until the phone has restored itself, where nobody else can; return the seconds it took."""
    if ordeal.fault is not KILL_AND_DROP:
        return None
    began = time.monotonic()
    while not_yet := list(checks.changed(bench, first)):
        if time.monotonic() - began > ordeal.silence_s + _GRACE_S:
            wrong += (f"after {ordeal.silence_s + _GRACE_S:g} s alone: {line}" for line in not_yet)
            break
        time.sleep(0.3)
    return time.monotonic() - began


def _went_on(bench: FaultBench, run: Path, code: int, told: str, wrong: list[str]) -> str:
    """Resume the run as often as it takes; return how it ended."""
    why = _why(code, told, wrong)
    if not (run / "plan.json").exists():
        return f"not begun: {why}"
    last = why
    for attempt in range(_RESUMES + 1):
        if code == 0:
            wrong += _incomplete(run)
            return f"resumed: {why}" if attempt else "completed"
        agent = bench.start("resume", str(run))
        told = _end(agent, wrong)
        code = agent.returncode
        last = _why(code, told, wrong)
    wrong.append("could not be resumed")
    return f"not resumed: {last}"


def _incomplete(run: Path) -> Iterable[str]:
    try:
        return [f"{trial.name} was not run" for trial in remaining(RunStore.open(run))]
    except ReclaimError as error:
        return [str(error)]


def _why(code: int, told: str, wrong: list[str]) -> str:
    """The one line in which the agent said how it ended; without one, something does not hold."""
    if code <= 0:
        return "the agent was killed" if code else "-"
    lines = [line.removeprefix("reclaim: ") for line in told.splitlines() if line.startswith("reclaim: ")]
    if not lines or "Traceback" in told or "a bug:" in told:
        wrong.append(f"exit {code} without one line that says why: {told.strip()[-300:]!r}")
    return lines[0] if lines else f"exit {code}"
