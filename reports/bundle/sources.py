# SPDX-License-Identifier: Apache-2.0
"""What a user named on the command line: a run, a trace, or a bundle of either, opened for as long as it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reports.bundle.page import recording_page
from reports.bundle.unpack import Opened, is_bundle, opened
from reports.outputs.files import write_named
from reports.page.elsewhere import Also, forms
from reports.page.render import read_page, render
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


def write_report(source: Path, output: Path | None, rules: Path | None, also: Also | None = None) -> Path:
    """Write the page of a run, of a trace, or of a bundle, and what else is asked for; never what came in the bundle.

    Args:
        source: the run directory, trace or bundle.
        output: the HTML file; None: RUN/report.html, or beside the trace or bundle.
        rules: a file of rules and waivers.
        also: other forms of the page.

    Returns:
        The HTML file.

    Raises:
        StoreError: the source cannot be read, or the page cannot be written.
        InputError: rules that do not fit, a bundle that may not be trusted, or an output that is a part of a run or
            stands twice; a form that a trace or a recording does not have.
        TraceError: a trace, or that of a bundle, cannot be read.
        SetupError: what draws the pictures beside Markdown is not installed.
    """
    also = also or Also()
    if not is_bundle(source) and source.is_file():
        if rules is not None:
            raise InputError(f"{rules}: a trace has no arms to judge; leave out --rules")
        path = output or Path(f"{source}.html")
        write_trace(source, path, also)
        return path
    if not is_bundle(source):
        store = RunStore.open(source)
        path = output or store.report_path
        also.check(path, rules)
        _write_run(store, path, rules, also)
        return path
    path = output or source.with_name(f"{source.name.partition('.')[0]}.html")
    also.check(path, rules, source)
    with opened(source) as bundle:
        if bundle.manifest.of == "run":
            _write_run(replace(RunStore.open(bundle.folder), called=str(source)), path, rules, also)
        else:
            _write_recording(bundle, path, rules, also)
    return path


def _write_run(store: RunStore, path: Path, rules: Path | None, also: Also) -> None:
    page = read_page(store, rules)
    write_named(forms(page, render(page), path, also))


def _write_recording(bundle: Opened, path: Path, rules: Path | None, also: Also) -> None:
    of = bundle.manifest.of
    if rules is not None:
        raise InputError(f"{rules}: a {of} has no arms to judge; leave out --rules")
    if (other := also.json_file or also.markdown) is not None:
        raise InputError(f"{other}: a bundle of a {of} has a page and no other form; its own files hold the figures")
    measures = measure_trace(bundle.trace) if bundle.trace is not None else None
    write_named({path: recording_page(bundle.folder, bundle.manifest.name, measures).encode()})
