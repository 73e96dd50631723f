# SPDX-License-Identifier: Apache-2.0
"""TOML files -> pydantic models; every problem of a file is found at once and named by file and line."""

import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from workloads.errors import InputError
from workloads.lines import key_lines, line_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Place: TypeAlias = tuple[str | int, ...]
"""Keys and array indices from the root of a file."""

Problem: TypeAlias = tuple[Place, str]
Model = TypeVar("Model", bound="TomlFile")


class TomlFile(BaseModel):
    """What a file may hold; unknown keys are problems, so that a typing slip is never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def problems(self) -> Iterator[Problem]:
        """Problems that only show when the values are seen together: path in the file, text."""
        yield from ()


def read(path: Path) -> str:
    """A file's text.

    Raises:
        InputError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read: {reason}") from error


def parse(path: Path, text: str, model: type[Model]) -> Model:
    """A file's text as a model.

    Raises:
        InputError: not TOML, or every problem, `FILE:LINE: where: what`.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    try:
        made = model.model_validate(data)
    except ValidationError as error:
        raise placed(path, text, (*_told(error), *_besides(data, error, model))) from error
    found = list(made.problems())
    if found:
        raise placed(path, text, found)
    return made


def _told(error: ValidationError) -> Iterator[Problem]:
    """Problems of a file; a list is not called too short because pydantic dropped the entries that are wrong."""
    items = error.errors()
    for item in items:
        size = len(item["loc"])
        if item["type"] != "too_short" or all(other["loc"][:size] != item["loc"] for other in items if other != item):
            yield _key_path(item["loc"]), _what(item)


def _besides(data: dict[str, Any], error: ValidationError, model: type[Model]) -> Iterator[Problem]:
    """What shows besides once the wrong keys are taken out, unless it may hang on one of them."""
    wrong = [_key_path(item["loc"]) for item in error.errors()]
    try:
        made = model.model_validate(_without(data, wrong))
    except ValidationError:
        return
    tables = {place[:1] for place in wrong if any(isinstance(part, int) for part in place)}
    names = {str(place[-1]) for place in wrong if place}
    for place, what in made.problems():
        if place[:1] not in tables and not any(name in f"{_dotted(place)} {what}" for name in names):
            yield place, what


def _without(data: dict[str, Any], places: Iterable[Place]) -> dict[str, Any]:
    left = deepcopy(data)
    for *above, key in filter(None, places):
        table: Any = left
        with suppress(KeyError, IndexError, TypeError):  # a key that is missing is wrong, too
            for part in above:
                table = table[part]
            del table[key]
    return left


def _what(item: "ErrorDetails") -> str:
    """What is wrong, in words for somebody who writes TOML, not Python."""
    if item["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return "is no key that belongs here; look at its spelling"
    if item["type"] == "missing":
        return "is missing"
    if item["type"] == "tuple_type":
        return f"is no list; write [[{_dotted(item['loc'])}]] above each table, or [...]"
    return item["msg"].removeprefix("Value error, ")


def placed(path: Path, text: str, problems: Iterable[Problem]) -> InputError:
    """The error that tells all problems of a file, each with its line."""
    lines = key_lines(text)
    found = sorted((line_of(lines, place), _dotted(place), what) for place, what in problems)
    return InputError(*(f"{path}:{line}: {where}: {what}" for line, where, what in found))


def _key_path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic puts a step's tag between its index and its keys, at every depth: `("steps", 0, "launch", "app")`."""
    kept: list[str | int] = []
    for place, part in enumerate(loc):
        if place > 1 and loc[place - 2] == "steps" and isinstance(loc[place - 1], int):
            continue
        kept.append(part)
    return tuple(kept)


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "file"
