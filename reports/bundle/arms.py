# SPDX-License-Identifier: Apache-2.0
"""A bundled trace as an arm: its launches against those of a run's arms, of another bundle or of a trace."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from reports.bundle.sources import place_of, run_at
from reports.bundle.unpack import is_bundle, peek
from reports.compare import compare_run
from reports.parts.contrast import Contrast
from reports.parts.gather import Progress, contrast_of_traces
from reports.store import RunStore
from workloads.errors import InputError


def is_arm(path: Path) -> bool:
    """Whether a source is a bundle that is no run, so that it can only be held against others as it is.

    Raises:
        InputError: a bundle that may not be trusted.
        StoreError: it cannot be read.
    """
    return is_bundle(path) and peek(path).of != "run"


def contrasts_of_arms(control: Path, arm: Path, progress: Progress | None = None) -> tuple[Contrast, ...]:
    """Each arm of the second source against each of the first; a trace, or a bundle of one, is one arm.

    Raises:
        InputError: a bundle that may not be trusted, or no launch in all traces.
        StoreError: a run is broken.
        TraceError: a trace cannot be read.
    """
    with ExitStack() as stack:
        before, after = (list(_arms(path, stack)) for path in (control, arm))
        try:
            return tuple(
                contrast_of_traces(old, new, progress, (old_name, new_name))
                for old_name, old in before
                for new_name, new in after
            )
        except InputError as error:
            raise InputError(
                f"{error}; a redacted bundle has its apps' names only where they were kept (--keep)"
            ) from None


def _arms(path: Path, stack: ExitStack) -> Iterator[tuple[str, list[Path]]]:
    if not path.is_dir() and not (is_bundle(path) and not is_arm(path)):
        yield path.name, [stack.enter_context(place_of(path))]
        return
    store = stack.enter_context(run_at(path))
    found = False
    for name, traces in _counting(store).items():
        found = True
        yield f"{name} of {path.name}", traces
    if not found:
        raise InputError(f"{path}: no trial of this run that counts has a trace: there is nothing to hold against")


def _counting(store: RunStore) -> dict[str, list[Path]]:
    """The traces of the trials that count, arm by arm."""
    counting = {line.trial.name for line in compare_run(store).ledger if line.status == "counts"}
    arms: dict[str, list[Path]] = {}
    for record in store.records():
        trace = store.trace_path(record)
        if trace is not None and record.trial.name in counting:
            arms.setdefault(record.trial.arm, []).append(trace)
    return arms
