# SPDX-License-Identifier: Apache-2.0
"""The page's other forms: what it shows as JSON, and its gist as Markdown with pictures beside it."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from reports.encoding import encode
from reports.outputs.files import check_named
from reports.page.builds import BuildsPage
from reports.page.gist import Comparing, gist
from reports.page.markdown import markdown
from reports.page.model import Page
from reports.page.pictures import Picture, forest, palette, points
from reports.page.render import static
from reports.page.report import Form, drawn, report
from reports.page.several import SeveralPage
from workloads.errors import InputError, SetupError

_SCALE = 2.0
"""Pixels of a picture per CSS pixel: sharp on a phone's screen too."""


@dataclass(frozen=True)
class Also:
    """Files asked for besides the page; None where not.

    Attributes:
        json_file: what the page shows, as JSON.
        markdown: its gist; pictures stand beside it and have names that begin with its own.
    """

    json_file: Path | None = None
    markdown: Path | None = None

    def check(self, page: Path, *read: Path | None) -> None:
        """Look at every file before any work.

        Args:
            page: where the page goes.
            read: files that it is made from.

        Raises:
            InputError: a name stands twice, is a directory or a part of a run, or Markdown goes where no picture can
                stand beside it.
            StoreError: a folder is missing, or not this user's to write in.
            SetupError: what draws the pictures is not installed.
        """
        written = [path for path in (page, self.json_file, self.markdown) if path is not None]
        names = [path.resolve() for path in (*written, *read) if path is not None]
        for path in written:
            if names.count(path.resolve()) > 1:
                raise InputError(f"{path}: is named twice; give each output its own file")
            check_named(path)
        if self.markdown is not None:
            _check_markdown(self.markdown)


def _check_markdown(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is no file, and pictures are to stand beside it; name a file (--markdown answer.md)")
    if find_spec("vl_convert") is None:
        raise SetupError("pictures beside Markdown need vl-convert: pip install 'reclaim-agent[pictures]'")


def forms(page: Form, html: str, output: Path, also: Also) -> dict[Path, bytes]:
    """Content of every file, the page's own first.

    Args:
        page: what the page shows.
        html: the page.
        output: where it goes.
        also: what else is asked for; the page of a trace, which compares nothing, has no gist.
    """
    found = {output: html.encode()}
    if also.json_file is not None:
        found[also.json_file] = encode(report(page))
    if also.markdown is not None and isinstance(page, Page | SeveralPage | BuildsPage):
        found |= _markdown(page, also.markdown)
    return found


def _markdown(page: Comparing, path: Path) -> dict[Path, bytes]:
    """The text and its pictures; there are none where nothing was measured."""
    short, colours = gist(page), palette(static("page.css"))
    found = (forest(short.tables, colours), points(drawn(page), colours))
    pictures = {path.with_name(f"{path.stem}-{each.name}.png"): each for each in found if each is not None}
    text = markdown(short, {file.name: each for file, each in pictures.items()})
    return {path: text.encode()} | {file: _png(each) for file, each in pictures.items()}


def _png(picture: Picture) -> bytes:
    """The picture drawn; asks nobody for anything."""
    import vl_convert  # noqa: PLC0415 - imported late: 84 MB that only pictures need

    return bytes(vl_convert.vegalite_to_png(dict(picture.specification), scale=_SCALE, allowed_base_urls=[]))
