# SPDX-License-Identifier: Apache-2.0
"""Several runs on one page: of one phone as its one run with more blocks, of several phones with their joint answer."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reports.bundle.sources import run_at
from reports.outputs.files import write_named
from reports.page.build import Extras, build_page
from reports.page.builds import build_builds
from reports.page.elsewhere import Also, forms
from reports.page.model import Page
from reports.page.overlay import Track, Tracks
from reports.page.render import SCRIPTS, document, made_by, render, tracks_of
from reports.page.report import drawn
from reports.page.several import SeveralPage, build_several
from reports.several.builds import are_builds, compare_builds
from reports.several.joint import join
from reports.several.pool import Gathered, LeftOut, Phone, gather, names_in_pool, places_before
from reports.several.runs import read_runs
from reports.traces.series import SERIES

_QUANTITIES = {name: (series.unit, series.title) for name, series in SERIES.items()}


def write_several(paths: Sequence[Path], output: Path, also: Also | None = None) -> tuple[LeftOut, ...]:
    """Write one page of several runs, of several phones or of two builds; each file appears whole or not at all.

    Args:
        paths: the runs, or bundles of them.
        output: the HTML file.
        also: other forms of the page.

    Returns:
        The runs that were left out.

    Raises:
        StoreError: a run cannot be read, or the file cannot be written.
        InputError: one is given twice, the runs are not of one experiment, nothing is left to compare, or an output is
            a directory, a part of a run, or stands twice.
        SetupError: what draws the pictures beside Markdown is not installed.
    """
    also = also or Also()
    also.check(output, *paths)
    runs = read_runs(paths)
    if are_builds(runs):
        builds = build_builds(compare_builds(runs), made_by())
        html = document("builds.html.j2", (), {}, page=builds)
        write_named(forms(builds, html, output, also))
        return ()
    gathered = gather(runs)
    page = read_several(gathered)
    html = render(page) if isinstance(page, Page) else render_several(page)
    write_named(forms(page, html, output, also))
    return gathered.left_out


def read_several(gathered: Gathered) -> Page | SeveralPage:
    """Everything the page of these runs shows; that of one phone is the page of one run.

    Raises:
        StoreError: a file of a run is broken.
    """
    if len(gathered.phones) > 1:
        joint = join(gathered)
        return build_several(joint, {phone.number: _tracks(phone) for phone in joint.phones}, _QUANTITIES, made_by())
    (phone,) = gathered.phones
    verdict = phone.analysis.verdict
    left_out = tuple(f"Left out: {each.path}: {each.reason}" for each in gathered.left_out)
    told = replace(verdict, troubles=(*verdict.troubles, *left_out), caveats=(*phone.caveats, *verdict.caveats))
    extras = Extras(*_texts(phone), tracks=_tracks(phone), quantities=_QUANTITIES)
    return build_page(replace(phone.analysis, verdict=told), extras)


def _texts(phone: Phone) -> tuple[str, str, dict[str, str]]:
    """The first run's experiment, the program, and every run's files with their hashes."""
    text, digests = "", dict[str, str]()
    for run in phone.runs:
        with run_at(Path(run.path)) as store:
            text = text or store.experiment_text()
            digests |= {f"{run.path}/{name}": told for name, told in store.digests().items()}
    return text, made_by(), digests


def render_several(page: SeveralPage, library: str | None = None) -> str:
    """The page's HTML, escaped as `reports.page.render.render` does."""
    return document("several.html.j2", SCRIPTS if page.data.points else (), drawn(page), library, page=page)


def _tracks(phone: Phone) -> Tracks:
    """Time series of a phone's trials that count, by series and arm, under the names that they have among its runs."""
    counting = {line.trial.name for line in phone.analysis.ledger if line.status == "counts"}
    found: dict[str, dict[str, list[Track]]] = {}
    for run, before in zip(phone.runs, places_before(phone.runs), strict=True):
        names = names_in_pool(run, *before)
        wanted = {own for own, name in names.items() if name in counting}
        with run_at(Path(run.path)) as store:
            tracks = tracks_of(store.series(), wanted)
        for series, arms in tracks.items():
            for arm, many in arms.items():
                kept = found.setdefault(series, {}).setdefault(arm, [])
                kept += [replace(track, trial=names[track.trial]) for track in many]
    return found
