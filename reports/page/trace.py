# SPDX-License-Identifier: Apache-2.0
"""From a trace file to its page."""

from pathlib import Path

from reports.outputs.files import write_named
from reports.page.elsewhere import Also, forms
from reports.page.render import SCRIPTS, document, made_by, tracks_of
from reports.page.report import drawn
from reports.page.single import ARM, TracePage, build_trace
from reports.traces.measure import measure_trace
from reports.traces.series import SERIES
from workloads.errors import InputError


def write_trace(path: Path, output: Path, also: Also | None = None) -> None:
    """Write the page of one trace and what else is asked for; each file appears whole or not at all.

    Raises:
        TraceError: the trace cannot be read.
        SetupError: no trace engine works here.
        StoreError: a file cannot be written.
        InputError: a file to be written is a directory, a part of a run, named twice or the trace itself; Markdown.
    """
    also = also or Also()
    also.check(output, path)
    if also.markdown is not None:
        raise InputError(f"{also.markdown}: a trace has no effects to tell; leave out --markdown, or name a run")
    page = read_trace(path)
    write_named(forms(page, render_trace(page), output, also))


def read_trace(path: Path) -> TracePage:
    """Everything the page of a trace shows.

    Raises:
        TraceError: the trace cannot be read.
        SetupError: no trace engine works here.
    """
    measures = measure_trace(path)
    rows = measures.series.assign(trial=ARM, arm=ARM)
    quantities = {name: (series.unit, series.title) for name, series in SERIES.items()}
    return build_trace(measures, tracks_of(rows, {ARM}), quantities, made_by())


def render_trace(page: TracePage, library: str | None = None) -> str:
    """The page's HTML, escaped as `reports.page.render.render` does."""
    return document("trace.html.j2", SCRIPTS if page.data.series else (), drawn(page), library, page=page)
