# SPDX-License-Identifier: Apache-2.0
"""The page as one HTML file that needs nothing else: no server, no network, no second file.

Its Content-Security-Policy names every script and style by its hash and allows nothing else: text that slips past every
other guard still cannot run. Vega evaluates expressions with its interpreter (`ast`), so no unsafe-eval is needed.
Sources: W3C CSP Level 3, 2.3.1 (hash sources) and 6.7; vega-embed's option `ast`.
"""

import base64
import gzip
import hashlib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reports.analysis import Analysis, analyse
from reports.compare import read_run
from reports.outputs.files import write_named
from reports.page import spelling
from reports.page.build import Extras, build_page
from reports.page.model import Page
from reports.page.overlay import Track, Tracks
from reports.page.report import drawn
from reports.store import RunStore

if TYPE_CHECKING:
    import pandas as pd

SCRIPTS = ("page.js", "time.js", "csv.js")


def write_page(store: RunStore, path: Path) -> None:
    """Write a run's page; the file appears whole or not at all.

    Raises:
        StoreError: the run cannot be read, or the file cannot be written.
        InputError: the path is a directory, or a part of a run.
    """
    write_named({path: render(read_page(store)).encode()})


def read_page(store: RunStore, rules: Path | None = None) -> Page:
    """Everything the page of a stored run shows.

    Args:
        store: the run.
        rules: a file of rules and waivers; None: those the experiment states, or the default ones.

    Raises:
        StoreError: the run cannot be read.
        InputError: rules that do not fit.
    """
    run, book = read_run(store), None
    if rules is not None:
        from reports.gate.judge import book_of  # noqa: PLC0415 - imported late: few pages are judged by a file

        book = book_of(store, run, rules)
    analysis = analyse(run, book)
    return build_page(analysis, _extras(store, analysis))


def render(page: Page, library: str | None = None) -> str:
    """The page's HTML; every text of the model is escaped, and what does not show is spelt out.

    Args:
        page: what to show.
        library: JavaScript that defines `vegaEmbed`; None: the one that ships.
    """
    return document("page.html.j2", SCRIPTS if page.data.points else (), drawn(page), library, page=page)


def document(template: str, scripts: Sequence[str], data: object, library: str | None = None, **shown: object) -> str:
    """One file of HTML from a template of this folder; every text is escaped, and what does not show is spelt out.

    Args:
        template: its name.
        scripts: names of those that draw its pictures; () where it has none, and then it gets no library either.
        data: what they find under the id `data`, as JSON, names spelt out (`reports.page.spelling.spelt`).
        library: JavaScript that defines `vegaEmbed`; None: the one that ships.
        shown: what the template shows.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - imported late: pages only

    environment = Environment(
        loader=PackageLoader("reports.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: spelling.shown(value) if type(value) is str else value,
    )
    environment.filters |= {"figure": spelling.figure, "sentence": spelling.capital}
    style = static("page.css")
    texts = [library or _library(), *map(static, scripts)] if scripts else []
    return environment.get_template(template).render(
        style=style, scripts=texts, data=_data(data), policy=policy(texts, [style]), **shown
    )


def policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """The page's Content-Security-Policy: these scripts and styles, and nothing from anywhere."""
    parts = {
        "default-src": "'none'",
        "script-src": " ".join(map(_hash, scripts)) or "'none'",
        "style-src": " ".join(map(_hash, styles)),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def static(name: str) -> str:
    """A script or the style sheet that pages carry."""
    return files("reports.page").joinpath("static", name).read_text(encoding="utf-8")


def _library() -> str:
    """Vega, Vega-Lite and vega-embed in one piece (`tests/support/page_library.py` makes it)."""
    return gzip.decompress(files("reports.page").joinpath("static", "vega.js.gz").read_bytes()).decode()


def _data(whole: object) -> str:
    """JSON that HTML cannot mistake for markup."""
    text = msgspec.json.encode(whole).decode()
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def made_by() -> str:
    """Program and version."""
    from importlib.metadata import version  # noqa: PLC0415 - imported late: pages only

    return f"reclaim {version('reclaim-agent')}"


def _extras(store: RunStore, analysis: Analysis) -> Extras:
    from reports.traces.series import SERIES  # noqa: PLC0415 - imported late: pages only

    counting = {line.trial.name for line in analysis.ledger if line.status == "counts"}
    return Extras(
        experiment_text=store.experiment_text(),
        digests=store.digests(),
        made_by=made_by(),
        tracks=tracks_of(store.series(), counting),
        quantities={name: (series.unit, series.title) for name, series in SERIES.items()},
    )


def tracks_of(series: "pd.DataFrame | None", counting: set[str]) -> Tracks:
    """Time series of the trials that count, by series and arm."""
    found: dict[str, dict[str, list[Track]]] = {}
    if series is None:
        return found
    kept = series[series["trial"].isin(list(counting))].dropna(subset=["t_s", "value"])
    for (name, arm, trial), rows in kept.groupby(["series", "arm", "trial"], sort=True):
        ordered = rows.sort_values("t_s")
        track = Track(ordered["t_s"].tolist(), ordered["value"].tolist(), str(trial))
        found.setdefault(str(name), {}).setdefault(str(arm), []).append(track)
    return found
