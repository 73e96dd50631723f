# SPDX-License-Identifier: Apache-2.0
"""`reclaim measure`: metrics of any trace, ours or not, and of whole runs."""

import argparse
import json
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from reports.printable import printable
from workloads.errors import InputError, ReclaimError, TraceError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from rich.table import Table

    from reports.traces.many import Outcome
    from reports.traces.show import Json


@dataclass
class _Found:
    """What was measured so far, in every form that was asked for."""

    traces: "list[Json]" = field(default_factory=list)
    runs: "list[Json]" = field(default_factory=list)
    tidy: "list[pd.DataFrame]" = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim measure`."""
    parser.add_argument("source", metavar="SOURCE", type=Path, nargs="+", help="a trace, a run directory, or a bundle")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="write one row per figure")
    parser.add_argument("--parquet", metavar="FILE", type=Path, help="write one row per figure")
    parser.add_argument(
        "-j",
        "--jobs",
        metavar="N",
        type=_jobs,
        help="so many traces at once, each in a process of its own (default: as many as there are CPUs)",
    )
    parser.add_argument(
        "--trace-processor",
        metavar="FILE",
        type=Path,
        help="the trace_processor_shell to use for traces; one on PATH, else the built-in WebAssembly",
    )


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Measure every source; one that cannot be read does not keep the others from being measured.

    Raises:
        ReclaimError: a source could not be measured, or a file could not be written; everything else is done by then.
    """
    with ExitStack() as stack:
        return _measure(args, out, err, stack)


def _measure(args: argparse.Namespace, out: TextIO, err: TextIO, stack: ExitStack) -> int:
    from rich.console import Console  # noqa: PLC0415 - imported late: `--help` needs none of it

    from reports.metrics import plugged_in  # noqa: PLC0415 - likewise

    for line in plugged_in().troubles:
        print(f"reclaim: {printable(line)}", file=err)
    found = _Found()
    places = _places(args.source, stack, found)
    screen = Console(file=out, markup=False, highlight=False, width=_width(out), quiet=args.json)
    outcomes = _traces([place for place in places.values() if not place.is_dir()], args, err)
    for source in args.source:
        if (place := places.get(source)) is None:
            continue
        try:
            shown = _run(source, place, err, found) if place.is_dir() else _trace(source, place, outcomes[place], found)
        except ReclaimError as error:
            found.failed.append(str(error))
            continue
        for part in shown:
            screen.print(part)
    _write_files(args, found)
    if args.json and (found.traces or found.runs):
        document = {"schema": 1, "traces": found.traces, "runs": found.runs, "failed": found.failed}
        out.write(json.dumps(document, indent=1) + "\n")
    if found.failed:
        raise InputError(*dict.fromkeys(found.failed))
    return 0


def _places(sources: list[Path], stack: ExitStack, found: _Found) -> dict[Path, Path]:
    """Each source, once, and the run directory or trace that it is or holds."""
    from reports.bundle.sources import place_of  # noqa: PLC0415 - imported late: `--help` needs none of it

    places: dict[Path, Path] = {}
    for source in dict.fromkeys(sources):
        try:
            places[source] = stack.enter_context(place_of(source))
        except ReclaimError as error:
            found.failed.append(str(error))
    return places


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number from 1")
    return int(text)


def _traces(sources: list[Path], args: argparse.Namespace, err: TextIO) -> "dict[Path, Outcome]":
    """Measure every trace once, however often it is named."""
    from rich.console import Console  # noqa: PLC0415 - imported late: `--help` needs none of it
    from rich.progress import MofNCompleteColumn, Progress  # noqa: PLC0415 - the same

    from reports.traces.many import measure_many  # noqa: PLC0415 - the same

    paths = list(dict.fromkeys(sources))
    found: dict[Path, Outcome] = {}
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    screen = Console(file=err)
    with Progress(*columns, console=screen, transient=True, disable=not (paths and screen.is_terminal)) as progress:
        task = progress.add_task("measuring traces", total=len(paths))
        for place, outcome in measure_many(paths, engine=args.trace_processor, jobs=args.jobs):
            found[paths[place]] = outcome
            progress.advance(task)
    return found


def _trace(source: Path, place: Path, outcome: "Outcome", found: _Found) -> "Iterable[Table | str]":
    from reports.traces import show  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.traces.many import Failed  # noqa: PLC0415 - the same

    if isinstance(outcome, Failed):
        raise TraceError(outcome.why.replace(str(place), str(source)))
    outcome = replace(outcome, path=source)
    found.traces.append(show.trace_document(outcome))
    found.tidy.append(show.tidy_trace(outcome))
    return show.trace_tables(outcome)


def _run(source: Path, place: Path, err: TextIO, found: _Found) -> "Iterable[Table | str]":
    from reports.traces import show  # noqa: PLC0415 - imported late: `--help` needs none of it

    measures = _measured(place, err)
    found.runs.append(show.run_document(str(source), measures))
    found.tidy.append(show.tidy_run(str(source), measures))
    return show.run_tables(str(source), measures)


def _measured(source: Path, err: TextIO) -> "pd.DataFrame":
    from rich.console import Console  # noqa: PLC0415 - imported late: `--help` needs none of it
    from rich.progress import Progress  # noqa: PLC0415 - imported late: `--help` needs none of it

    from reports.measures import measure_run  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.store import RunStore  # noqa: PLC0415 - imported late: `--help` needs none of it

    with Progress(console=Console(file=err), transient=True) as progress:
        task = progress.add_task("measuring trials", total=None)
        measure_run(source, progress=lambda done, total: progress.update(task, completed=done, total=total))
    measures = RunStore.open(source).measures()
    if measures is None or measures.empty:
        raise InputError(f"{source}: no trial of this run has ended yet: there is nothing to measure")
    return measures


def _write_files(args: argparse.Namespace, found: _Found) -> None:
    for file, kind in ((args.csv, "csv"), (args.parquet, "parquet")):
        try:
            if file:
                _write(file, kind, found.tidy)
        except ReclaimError as error:
            found.failed.append(str(error))


def _write(file: Path, kind: str, parts: "list[pd.DataFrame]") -> None:
    from io import BytesIO  # noqa: PLC0415 - imported late: `--help` needs none of it

    from pandas import concat  # noqa: PLC0415 - imported late: `--help` needs none of it

    from reports.outputs.files import write_named  # noqa: PLC0415 - imported late: `--help` needs none of it

    filled = [part for part in parts if not part.empty]
    if not filled:
        raise InputError(f"{file}: not written: no figure was found")
    rows = concat(filled, ignore_index=True)
    buffer = BytesIO()
    if kind == "csv":
        rows.to_csv(buffer, index=False)
    else:
        rows.to_parquet(buffer, index=False)
    write_named({file: buffer.getvalue()})


def _width(out: TextIO) -> int | None:
    """A terminal's own width; wide where the text goes to a file or a pipe, so that no name is cut."""
    return None if out.isatty() else 160
