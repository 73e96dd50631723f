# SPDX-License-Identifier: Apache-2.0
"""What was run on what, and trial by trial: facts, settings, workload, plan, proofs. Pure."""

import shlex
from collections.abc import Iterator, Mapping

from reports.analysis import Analysis
from reports.ledger import LedgerLine
from reports.page.effects import note
from reports.page.model import ArmBox, Fact, PlanBlock, PlanCell, Setup, TrialRow
from reports.record import Caveat, DeviceFacts, Proof, TrialRecord
from reports.units import count, number, quantity
from workloads.spec import Dwell, Experiment, FileRead, Home, Launch, Pressure, StartPressure, Step, WaitCool, Workload


def setup(device: DeviceFacts, experiment: Experiment) -> Setup:
    """Everything that was set, and on what."""
    return Setup(
        arms=arm_boxes(experiment),
        device=device_facts(device),
        machine=facts(device.machine),
        kernel_values=facts(device.vm),
        workload_title=experiment.workload.title,
        workload=workload_lines(experiment.workload),
    )


def device_facts(device: DeviceFacts) -> tuple[Fact, ...]:
    """The phone, line by line."""
    found = (
        ("Model", device.model),
        ("Build", device.build),
        ("Android", f"{device.android} (SDK {device.sdk})"),
        ("Kernel", device.kernel),
        ("Processors", f"{device.cpus}, {device.abi}"),
        ("Memory", quantity(device.memory_bytes, "bytes")),
        ("Swap", quantity(device.swap_bytes, "bytes")),
        ("zram compressor", device.zram_algorithm or "not readable"),
        ("Root", device.root),
        ("Perfetto", device.perfetto or "none"),
        ("Serial", device.serial),
        *((f"Found: {knob}", where) for knob, where in device.knobs.items()),
    )
    return facts(dict(found))


def facts(values: dict[str, str]) -> tuple[Fact, ...]:
    """Names and values, in their order."""
    return tuple(Fact(name, value) for name, value in values.items())


def arm_boxes(experiment: Experiment) -> tuple[ArmBox, ...]:
    """The arms and their settings."""
    return tuple(
        ArmBox(
            name=arm.name,
            number=number_of(experiment, arm.name),
            role="control" if arm.name == experiment.control else "against the control",
            settings=(
                *(Fact(factor, value) for factor, value in arm.levels.items()),
                *(() if arm.trace else (Fact("trace", "none recorded"),)),
                *(() if arm.attribution == "none" else (Fact("attribution", arm.attribution),)),
            ),
        )
        for arm in experiment.arms
    )


def number_of(experiment: Experiment, arm: str) -> int:
    """Place of an arm, the control first; picks colour, shape and dash."""
    return arm_order(experiment).index(arm) if arm in arm_order(experiment) else 0


def arm_order(experiment: Experiment) -> list[str]:
    """Names of the arms, the control first."""
    return [experiment.control, *(arm.name for arm in experiment.arms if arm.name != experiment.control)]


def workload_lines(workload: Workload) -> tuple[str, ...]:
    """The steps of a trial in words: what follows a launch stands on its line."""
    told: list[str] = []
    for step in workload.steps:
        text = _step(step, workload.pressure)
        if told and isinstance(step, Dwell | Home):
            told[-1] += f", then {text[0].lower()}{text[1:]}"
        else:
            told.append(text)
    return tuple(told)


def _step(step: Step, pressure: Pressure | None) -> str:
    if isinstance(step, Launch):
        return f"Return to {step.app}" if step.kind == "return" else f"Launch {step.app}, {step.kind}"
    if isinstance(step, Dwell):
        return f"Stay {number(step.seconds)} s"
    if isinstance(step, StartPressure):
        return f"Start {_pressure(pressure)}"
    if isinstance(step, FileRead):
        return f"Read {step.path} through the page cache"
    if isinstance(step, WaitCool):
        return f"Wait until the battery is below {number(step.below_c)} °C, {number(step.at_most_s)} s at most"
    return {
        "home": "Go home",
        "wait-pressure": "Wait until the memory is filled",
        "release": "Give all that memory back",
    }[step.do]


def _pressure(pressure: Pressure | None) -> str:
    if pressure is None:
        return "memory pressure"
    eaters = count(pressure.processes, "process", "processes")
    size = quantity(pressure.bytes_each, "bytes")
    told = f"{eaters} that fill {size} each, {number(100 * pressure.compressible)} % of every page compressible"
    return ", ".join((told, *_more_pressure(pressure)))


def _more_pressure(pressure: Pressure) -> Iterator[str]:
    """What is only told where a workload asks for it."""
    shares = {
        "of the pages one byte throughout": pressure.same_filled,
        "of the pages incompressible": pressure.incompressible,
        "of the bytes read from a file": pressure.file_backed,
    }
    for what, share in shares.items():
        if share:
            yield f"{number(100 * share)} % {what}"
    if pressure.retouch_bytes_s:
        rate = quantity(pressure.retouch_bytes_s, "bytes")
        yield f"{number(100 * pressure.hot_share)} % of the memory touched again at {rate} a second"
    if pressure.hold_available_bytes:
        yield f"more whenever MemAvailable is above {quantity(pressure.hold_available_bytes, 'bytes')}"
    if pressure.cpu_load:
        yield f"{count(pressure.cpu_load, 'processor')} kept busy"


def plan_blocks(analysis: Analysis) -> tuple[PlanBlock, ...]:
    """The plan as it ran, block by block, in order of execution."""
    blocks: dict[int, list[PlanCell]] = {}
    for line in sorted(analysis.ledger, key=lambda line: line.trial.index):
        blocks.setdefault(line.trial.block, []).append(_cell(analysis.run.experiment, line))
    return tuple(PlanBlock("warm-up" if block == 0 else str(block), tuple(cells)) for block, cells in blocks.items())


def _cell(experiment: Experiment, line: LedgerLine) -> PlanCell:
    told = f"{line.trial.name}: {line.status}" + (f", {line.reason}" if line.reason else "")
    if line.kills:
        told += f", {count(line.kills, 'kill')}"
    return PlanCell(line.trial.arm, number_of(experiment, line.trial.arm), line.status == "counts", told)


def trial_rows(analysis: Analysis) -> tuple[TrialRow, ...]:
    """Every planned trial."""
    records = {record.trial.name: record for record in analysis.run.records}
    caveats = analysis.run.caveats
    return tuple(
        _trial(analysis.run.opens, analysis.run.experiment, line, records.get(line.trial.name), caveats)
        for line in analysis.ledger
    )


def _trial(
    run: str,
    experiment: Experiment,
    line: LedgerLine,
    record: TrialRecord | None,
    measured: Mapping[str, tuple[Caveat, ...]],
) -> TrialRow:
    name = line.trial.name
    carried = {caveat.code: caveat for caveat in (*(record.caveats if record else ()), *measured.get(name, ()))}
    return TrialRow(
        name=name,
        arm=line.trial.arm,
        number=number_of(experiment, line.trial.arm),
        status=line.status,
        rule=line.rule,
        reason=line.reason,
        proof="; ".join(_proofs(record)) if record else "",
        kills=_kills(line, record),
        notes=tuple(note(caveat) for caveat in carried.values()),
        took=f"{sum(record.stages_s.values()):.0f} s" if record else "",
        open=open_command(run, record),
    )


def open_command(run: str, record: TrialRecord | None) -> str:
    """The command that opens a trial's trace where the run's folder is; empty without a trace or such a run."""
    return f"reclaim trace open {shlex.quote(f'{run}/{record.trial.name}')}" if run and record and record.trace else ""


def _proofs(record: TrialRecord) -> Iterator[str]:
    for knob, proof in record.proof.items():
        evidence = ", ".join(f"{name} {number(value)}" for name, value in proof.evidence.items())
        yield f"{knob} {_outcome(proof)}, reads {proof.read_back}" + (f" ({evidence})" if evidence else "")


def _outcome(proof: Proof) -> str:
    return {"taken": "in force", "not_taken": "NOT in force", "not_exercised": "not exercised"}[proof.outcome]


def _kills(line: LedgerLine, record: TrialRecord | None) -> str:
    if not line.kills:
        return ""
    named = ", ".join(f"{kill.process} by {kill.by}" for kill in record.kills) if record else ""
    return f"{line.kills}: {named}" if named else str(line.kills)
