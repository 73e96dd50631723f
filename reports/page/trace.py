# SPDX-License-Identifier: Apache-2.0
"""From a trace file to its page."""

from pathlib import Path

from reports.outputs.files import check_named, write_named
from reports.page.render import SCRIPTS, document, made_by, tracks_of
from reports.page.single import ARM, TracePage, build_trace
from reports.traces.measure import measure_trace
from reports.traces.series import SERIES
from workloads.errors import InputError


def write_trace(path: Path, output: Path) -> None:
    """Write the page of one trace; the file appears whole or not at all.

    Raises:
        TraceError: the trace cannot be read.
        SetupError: no trace engine works here.
        StoreError: the file cannot be written.
        InputError: the output is a directory, a part of a run, or the trace itself.
    """
    if output.resolve() == path.resolve():
        raise InputError(f"{path}: is the trace itself; name another file for its page (-o page.html)")
    check_named(output)
    write_named({output: render_trace(read_trace(path)).encode()})


def read_trace(path: Path) -> TracePage:
    """Everything the page of a trace shows; raises as `write_trace` does."""
    measures = measure_trace(path)
    rows = measures.series.assign(trial=ARM, arm=ARM)
    quantities = {name: (series.unit, series.title) for name, series in SERIES.items()}
    return build_trace(measures, tracks_of(rows, {ARM}), quantities, made_by())


def render_trace(page: TracePage, library: str | None = None) -> str:
    """The page's HTML, escaped as `reports.page.render.render` does."""
    whole = {"data": page.data, "kinds": page.kinds}
    return document("trace.html.j2", SCRIPTS if page.data.series else (), whole, library, page=page)
