# SPDX-License-Identifier: Apache-2.0
"""Files of a run or a recording without what is private; each kind by its own rule. Pure."""

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from reports.bundle.names import Names
from workloads.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Json: TypeAlias = Any
"""JSON as Python values."""

_PHONES = frozenset(
    {"app", "apps", "component", "detail", "note", "package", "process", "reason", "text", "thread", "what"}
)
"""Keys and columns that hold the phone's words; what stands under any other is ours, or the author's."""

_SERIALS = frozenset({"serial", "device"})
_PACKAGES = frozenset({"app", "apps", "component", "package", "process"})
_NUMBER = re.compile(r"-?\d{1,13}(?:\.\d{1,17})?(?:e[+-]?\d{1,3})?|")
_LOGCAT = re.compile(r"(\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,9}\s+\d{1,7}\s+\d{1,7}\s+[VDIWEFS]\s)(.*)")


def learn(value: Json, names: Names, key: str = "") -> None:
    """Find serial numbers and packages in JSON, before anything is written."""
    if isinstance(value, dict):
        for name, each in value.items():
            _learn_text(name if key in _PACKAGES else "", names, key)
            learn(each, names, name)
    elif isinstance(value, list):
        for each in value:
            learn(each, names, key)
    elif isinstance(value, str):
        _learn_text(value, names, key)


def _learn_text(value: str, names: Names, key: str) -> None:
    if key in _SERIALS:
        names.learn_serial(value)
    elif key in _PACKAGES:
        package = re.split(r"[/:]", value)[0]
        names.learn_packages([package] if "." in package else [])


def redact_json(value: Json, names: Names, key: str = "") -> Json:
    """JSON of the same shape; keys of objects that name apps are redacted, too."""
    if isinstance(value, dict):
        return {_text(name, names, key): redact_json(each, names, _below(key, name)) for name, each in value.items()}
    if isinstance(value, list):
        return [redact_json(each, names, key) for each in value]
    return _text(value, names, key) if isinstance(value, str) else value


def redact_file(name: str, data: bytes, names: Names) -> bytes:
    """A file by its name's ending: JSON, JSON lines, CSV, TOML, Parquet, any other text.

    Raises:
        InputError: it is not what its name tells.
    """
    try:
        return _by_ending(name, data, names)
    except (ValueError, csv.Error, msgspec.DecodeError) as error:
        raise InputError(f"{name}: cannot be read, so it cannot be redacted: {error}") from None


def _by_ending(name: str, data: bytes, names: Names) -> bytes:
    ending = name.rpartition(".")[2]
    if ending == "json":
        return msgspec.json.format(msgspec.json.encode(redact_json(msgspec.json.decode(data), names)), indent=1) + b"\n"
    if ending == "parquet":
        return _parquet(data, names)
    text = data.decode(errors="replace")
    if ending == "jsonl":
        lines = (line for line in text.splitlines() if line.strip())
        return b"".join(msgspec.json.encode(redact_json(msgspec.json.decode(line), names)) + b"\n" for line in lines)
    if ending == "csv":
        return _csv(text, names).encode()
    if ending == "toml":
        return names.text(text).encode()
    return "".join(_lines(text, names)).encode()


def _below(above: str, key: str) -> str:
    """What rules a value: its own key, or the phone's words that it is a part of."""
    return above if above in _PHONES and key not in _PHONES else key


def _text(text: str, names: Names, key: str) -> str:
    return names.words(text) if key in _PHONES else names.text(text)


def _lines(text: str, names: Names) -> Iterator[str]:
    for line in text.splitlines():
        known = _LOGCAT.fullmatch(line)
        yield f"{known[1]}{names.words(known[2])}\n" if known else f"{names.words(line)}\n"


def _csv(text: str, names: Names) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n")
    header = rows[0] if rows else []
    write.writerows([list(map(names.text, header))] if header else [])
    for row in rows[1:]:
        columns = (*header, *[""] * len(row))
        write.writerow([_cell(cell, column, names) for cell, column in zip(row, columns, strict=False)])
    return out.getvalue()


def _cell(cell: str, column: str, names: Names) -> str:
    return cell if column not in _PHONES and _NUMBER.fullmatch(cell) else names.words(cell)


def _parquet(data: bytes, names: Names) -> bytes:
    import pandas as pd  # noqa: PLC0415 - imported late: half a second no other command should pay

    frame = pd.read_parquet(io.BytesIO(data))
    for column in frame.columns:
        frame[column] = _column(frame[column], names, str(column))
    frame.attrs = redact_json(dict(frame.attrs), names)
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def _column(column: "pd.Series[Any]", names: Names, name: str) -> "pd.Series[Any]":
    texts = {each: _text(each, names, name) for each in column.unique() if isinstance(each, str)}
    return column.map(lambda each: texts.get(each, each)) if texts else column
