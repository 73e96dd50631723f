# SPDX-License-Identifier: Apache-2.0
"""Traces named by a user, or those of a run's trials, to contrasts."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reports.analysis import Analysis
from reports.noise.tracing import treatments
from reports.parts.contrast import Contrast, TraceUnit, contrast_blocks, contrast_traces
from reports.parts.launch import LaunchParts
from reports.record import TrialRecord
from reports.store import RunStore
from reports.traces.many import Failed, ask_many
from reports.traces.parts import trace_parts
from workloads.errors import InputError, TraceError

Progress = Callable[[int, int], None]
"""Told traces read and traces in all."""


def contrast_of_traces(
    control: Sequence[Path],
    arm: Sequence[Path],
    progress: Progress | None = None,
    called: tuple[str, str] | None = None,
) -> Contrast:
    """Two sets of traces against each other.

    Args:
        control: those compared with.
        arm: the others.
        progress: told how far it is.
        called: what the two sets are called; None: by their traces' names.

    Raises:
        InputError: a trace is named twice, or no launch is in all of them.
        TraceError: one cannot be read.
    """
    paths = [*control, *arm]
    twice = [path for place, path in enumerate(paths) if path in paths[:place]]
    if twice:
        raise InputError(f"{twice[0]}: is named twice; a trace counts once, on one side")
    units = [TraceUnit(str(path), launches) for path, launches in zip(paths, _read(paths, progress), strict=True)]
    split = len(control)
    return contrast_traces(units[:split], units[split:], called or (_called(control), _called(arm)))


def contrasts_of_run(store: RunStore, analysis: Analysis, progress: Progress | None = None) -> tuple[Contrast, ...]:
    """Each arm of a run against its control, over the blocks in which nobody was killed; () where no launch was traced.

    Raises:
        TraceError: a trace cannot be read.
    """
    records = {record.trial.name: record for record in store.records()}
    pairs = {names: list(_blocks(analysis, records, *names)) for names in treatments(analysis.run.experiment).items()}
    wanted = {record.trial.name: record for held in pairs.values() for pair in held for record in pair}
    traces = {name: trace for name, record in wanted.items() if (trace := store.trace_path(record))}
    read = dict(zip(traces, _read(list(traces.values()), progress), strict=True))
    found = (_contrast(names, held, read) for names, held in pairs.items())
    return tuple(each for each in found if each is not None)


def _contrast(
    names: tuple[str, str],
    pairs: Sequence[tuple[TrialRecord, TrialRecord]],
    read: dict[str, tuple[LaunchParts, ...]],
) -> Contrast | None:
    units = [
        (
            TraceUnit(control.trial.name, read[control.trial.name]),
            TraceUnit(arm.trial.name, read[arm.trial.name], arm.trial.index - control.trial.index),
        )
        for control, arm in pairs
        if control.trial.name in read and arm.trial.name in read
    ]
    return contrast_blocks(units, (names[1], names[0]))


def _blocks(
    analysis: Analysis, records: dict[str, TrialRecord], arm: str, control: str
) -> Iterator[tuple[TrialRecord, TrialRecord]]:
    """Trials of the control and of the arm that count, block by block."""
    counting = {
        (line.trial.arm, line.trial.block): line.trial.name
        for line in analysis.ledger
        if line.status == "counts" and line.kills == 0
    }
    for (name, block), trial in counting.items():
        if name == control and (arm, block) in counting:
            yield records[trial], records[counting[arm, block]]


def _read(paths: Sequence[Path], progress: Progress | None) -> list[tuple[LaunchParts, ...]]:
    found: dict[int, tuple[LaunchParts, ...]] = {}
    for place, outcome in ask_many(trace_parts, paths):
        if isinstance(outcome, Failed):
            raise TraceError(outcome.why)
        found[place] = outcome
        if progress:
            progress(len(found), len(paths))
    return [found[place] for place in range(len(paths))]


def _called(paths: Sequence[Path]) -> str:
    return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"
