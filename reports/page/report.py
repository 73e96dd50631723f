# SPDX-License-Identifier: Apache-2.0
"""A page as values: what report.json holds, and what the page's own pictures are made from. Pure.

Published as docs/schema/report.schema.json (`reports.page.schema`).
"""

import dataclasses
from typing import Any, ClassVar, Protocol

import msgspec

from reports.page.spelling import shown, spelt

VERSION = 1
"""Of report.json's layout: grows when a field changes its meaning or goes, not when one is added."""

_PICTURES = ("data", "kinds")


class Form(Protocol):
    """A page's dataclass; `form` says of what: `run`, `phones`, `builds` or `trace`."""

    form: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]


def drawn(page: Form) -> dict[str, Any]:
    """What the page's script draws from: figures (`data`) and kinds of pictures; {} for a page without pictures."""
    return {name: spelt(msgspec.to_builtins(getattr(page, name))) for name in _PICTURES if hasattr(page, name)}


def report(page: Form) -> dict[str, Any]:
    """Exactly what the page shows, texts as it shows them; `page.data` is what its script draws from."""
    names = [field.name for field in dataclasses.fields(page) if field.name not in _PICTURES]
    texts = {name: spelt(msgspec.to_builtins(getattr(page, name)), shown) for name in names}
    return {"schema": VERSION, "form": page.form, "page": texts | drawn(page)}
