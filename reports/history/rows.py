# SPDX-License-Identifier: Apache-2.0
"""What the history keeps of a run: one row per arm and metric. Pure; `reports.history.store` reads and writes them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from reports.analysis import Analysis
from reports.comparison import KILLS, Comparison
from reports.levels import Level
from workloads.errors import InputError


@dataclass(frozen=True)
class Row:
    """One metric of one arm of one run.

    Attributes:
        run_id: what the run is, wherever it lies: a digest of phone, experiment and begin.
        run: its directory's name.
        began: when its first trial began, UTC.
        model: of the phone.
        serial: of the phone; of a stand-in empty, as its serial is a port that changes.
        build: ro.build.fingerprint.
        kernel: `uname -r`.
        stand_in: whether the device is no phone.
        experiment: its name.
        setup_id: what was done: a digest of the workload and the arm's settings.
        arm: the arm.
        control: what the arm is compared with; empty for the control.
        metric: name of the metric.
        unit: base unit.
        better: which way is better: `lower`, `higher`, `none`.
        primary: whether the experiment is about this metric.
        trials: trials that count.
        level: median over them, base units; of `kills` the mean.
        lowest: smallest of them.
        highest: largest of them.
        ratio: arm / control over the run's blocks; None without one.
        ratio_low: lower end of its 95 % interval.
        ratio_high: upper end.
        decision: of the run's own rules.
        path: the run's directory on the computer that added it.
        report: address of its page; empty: `report.html` in `path`.
    """

    run_id: str
    run: str
    began: datetime
    model: str
    serial: str
    build: str
    kernel: str
    stand_in: bool
    experiment: str
    setup_id: str
    arm: str
    control: str
    metric: str
    unit: str
    better: str
    primary: bool
    trials: int
    level: float
    lowest: float
    highest: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    decision: str
    path: str
    report: str


def rows_of(analysis: Analysis, path: str = "", report: str = "") -> tuple[Row, ...]:
    """Everything the history keeps of a run.

    Args:
        analysis: of the run.
        path: its directory, absolute.
        report: address of its page; empty: the one in its directory.

    Raises:
        InputError: no trial of it counts, or nothing was measured.
    """
    run, device = analysis.run, analysis.run.device
    if not analysis.levels:
        raise InputError(f"{run.path}: nothing was measured in trials that count, so there is nothing to keep")
    effects = {(each.arm, each.metric.name): each for each in analysis.comparisons}
    killed = _kills_per_trial(analysis)
    setups = dict(_setups(analysis))
    shared = {
        "run_id": run_id(analysis),
        "run": run.name,
        "began": _began(analysis),
        "model": device.model,
        "serial": "" if device.stand_in else device.serial,
        "build": device.build,
        "kernel": device.kernel,
        "stand_in": device.stand_in is not None,
        "experiment": run.experiment.name,
        "decision": analysis.verdict.decision,
        "path": path,
        "report": report,
    }
    return tuple(
        msgspec.convert(
            shared
            | {"setup_id": setups[level.arm], "primary": level.metric.name in run.experiment.primary}
            | _figures(level, effects.get((level.arm, level.metric.name)), killed),
            Row,
        )
        for level in analysis.levels
    )


def run_id(analysis: Analysis) -> str:
    """The same for a run and every copy of it; another for the next run of the same plan."""
    run, device = analysis.run, analysis.run.device
    began = run.records[0].started_at if run.records else ""
    return _digest(device.model, device.serial, device.build, device.kernel, run.experiment.name, run.plan.seed, began)


def _figures(level: Level, effect: Comparison | None, killed: dict[str, float]) -> dict[str, object]:
    metric = level.metric
    ratio = effect.relative if effect else None
    return {
        "arm": level.arm,
        "control": effect.control if effect else "",
        "metric": metric.name,
        "unit": metric.unit,
        "better": metric.better,
        "trials": level.n,
        "level": killed[level.arm] if metric.name == KILLS else level.median,
        "lowest": level.lowest,
        "highest": level.highest,
        "ratio": ratio.value if ratio else None,
        "ratio_low": ratio.low if ratio else None,
        "ratio_high": ratio.high if ratio else None,
    }


def _kills_per_trial(analysis: Analysis) -> dict[str, float]:
    """A median of kills hides them: most trials have none."""
    found: dict[str, list[int]] = {}
    for line in analysis.ledger:
        if line.status == "counts":
            found.setdefault(line.trial.arm, []).append(line.kills)
    return {arm: sum(kills) / len(kills) for arm, kills in found.items()}


def _setups(analysis: Analysis) -> Iterator[tuple[str, str]]:
    experiment = analysis.run.experiment
    for arm in experiment.arms:
        yield arm.name, _digest(msgspec.to_builtins(experiment.workload), arm.settings)


def _began(analysis: Analysis) -> datetime:
    records = analysis.run.records
    try:
        return datetime.fromisoformat(records[0].started_at).astimezone(UTC)
    except (IndexError, ValueError, OverflowError) as error:
        raise InputError(
            f"{analysis.run.path}: no trial says when it began, so it has no place in a history"
        ) from error


def _digest(*values: object) -> str:
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()[:24]
