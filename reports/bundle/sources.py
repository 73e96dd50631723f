# SPDX-License-Identifier: Apache-2.0
"""What a user named on the command line: a run, a trace, or a bundle of either, opened for as long as it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reports.bundle.page import recording_page
from reports.bundle.unpack import is_bundle, opened
from reports.outputs.files import write_named
from reports.page.render import write_page
from reports.page.trace import write_trace
from reports.store import RunStore
from reports.traces.measure import measure_trace
from workloads.errors import InputError


@contextmanager
def run_at(path: Path) -> Iterator[RunStore]:
    """A run, or the run in a bundle; what is written into that is gone afterwards.

    Raises:
        StoreError: not a run, or a file of it is broken.
        InputError: a bundle that may not be trusted, or of something else.
    """
    if not is_bundle(path):
        yield RunStore.open(path)
        return
    with opened(path) as bundle:
        if bundle.manifest.of != "run":
            raise InputError(
                f"{path}: is a bundle of a {bundle.manifest.of}, not of a run; name a run or a bundle of one"
            )
        yield replace(RunStore.open(bundle.folder), called=str(path))


@contextmanager
def place_of(path: Path) -> Iterator[Path]:
    """The run directory or trace that a source is, or that is in it.

    Raises:
        StoreError: it cannot be unpacked.
        InputError: a bundle that may not be trusted, or without a trace.
    """
    if not is_bundle(path):
        yield path
        return
    with opened(path) as bundle:
        place = bundle.folder if bundle.manifest.of == "run" else bundle.trace
        if place is None:
            raise InputError(f"{path}: is a bundle of a recording without a trace: there is nothing to measure")
        yield place


def write_report(source: Path, output: Path | None, rules: Path | None) -> Path:
    """Write the page of a run, of a trace, or of a bundle; never the one that came in the bundle.

    Args:
        source: the run directory, trace or bundle.
        output: the HTML file; None: RUN/report.html, or beside the trace or bundle.
        rules: a file of rules and waivers.

    Returns:
        The HTML file.

    Raises:
        StoreError: the source cannot be read, or the page cannot be written.
        InputError: rules that do not fit, a bundle that may not be trusted, or an output that is a part of a run.
        TraceError: a trace, or that of a bundle, cannot be read.
    """
    if not is_bundle(source) and source.is_file():
        if rules is not None:
            raise InputError(f"{rules}: a trace has no arms to judge; leave out --rules")
        path = output or Path(f"{source}.html")
        write_trace(source, path)
        return path
    if not is_bundle(source):
        store = RunStore.open(source)
        path = output or store.report_path
        _apart(path, rules)
        write_page(store, path, rules)
        return path
    path = output or source.with_name(f"{source.name.partition('.')[0]}.html")
    _apart(path, rules)
    with opened(source) as bundle:
        if bundle.manifest.of == "run":
            write_page(replace(RunStore.open(bundle.folder), called=str(source)), path, rules)
        elif rules is not None:
            raise InputError(f"{rules}: a {bundle.manifest.of} has no arms to judge; leave out --rules")
        else:
            measures = measure_trace(bundle.trace) if bundle.trace is not None else None
            page = recording_page(bundle.folder, bundle.manifest.name, measures)
            write_named({path: page.encode()})
    return path


def _apart(path: Path, rules: Path | None) -> None:
    if rules is not None and rules.resolve() == path.resolve():
        raise InputError(f"{path}: is named twice; give the page its own file")
