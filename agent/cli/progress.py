# SPDX-License-Identifier: Apache-2.0
"""A run's progress on a terminal, time left included; plain lines where there is none."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from reports.record import PlannedTrial, TrialRecord


class TerminalWatch:
    """Implements `agent.runner.attempts.Watch` for people; everything goes to standard error."""

    def __init__(self, progress: Progress) -> None:
        """Take over a progress display that is running."""
        self._progress = progress
        self._task: TaskID | None = None

    def planned(self, trials: int, outlook: Sequence[str]) -> None:
        """Say what the run can see, and show the bar."""
        for line in outlook:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        self._task = self._progress.add_task("start", total=trials)
        if not self._progress.console.is_terminal:
            self._progress.console.print(f"{trials} trials")

    def stage(self, trial: PlannedTrial, name: str) -> None:
        """Say where the trial is."""
        if self._task is not None:
            self._progress.update(self._task, description=f"{trial.name}: {name}")

    def ended(self, record: TrialRecord, following: PlannedTrial | None) -> None:
        """Count the trial, and say in one line what came of it."""
        if self._task is not None and following is None:
            self._progress.advance(self._task)
        seconds = sum(record.stages_s.values())
        good = sum(launch.status == "ok" for launch in record.launches)
        line = (
            f"{record.trial.name}  {good}/{len(record.launches)} launches  {len(record.kills)} kills  {seconds:.0f} s"
        )
        again = "; it is repeated" if following else ""
        doubt = f"  not counted: {record.excluded}{again}" if record.excluded else ""
        self._progress.console.print(line + doubt, markup=False, highlight=False, soft_wrap=True)

    def looked(self, line: str) -> None:
        """Say what happened besides."""
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def watching(err: TextIO) -> Iterator[TerminalWatch]:
    """Lend a watch; the bar is gone when the block ends."""
    console = Console(file=err)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield TerminalWatch(progress)
