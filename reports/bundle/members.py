# SPDX-License-Identifier: Apache-2.0
"""What lies in a bundle's members: nothing that grows without limit, or breaks, when it is read."""

from collections import deque
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import msgspec

from reports.bundle.checks import MOST_ONE
from reports.bundle.manifest import TRACE
from reports.printable import printable
from workloads.errors import InputError, TraceError

_MOST_CELLS = 50_000_000
"""Of one table; a run of 1000 trials has 4 million."""

_MOST_LETTERS = 256 << 20
"""Bytes of all texts of a table as they are read: in the file a long one may stand once for millions of rows."""
_PLAIN_TYPES = frozenset({"BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY"})

_MOST_TEXT = 64 << 20
"""Bytes of JSON, CSV and TOML, which are read at once; a day of samples has 20 MB."""

_READ_AT_ONCE = frozenset({".json", ".jsonl", ".csv", ".toml"})
_MOST_NUMBER = 1 << 63


def check_content(file: Path, name: str) -> None:
    """Pass a member that can be read without surprise.

    Args:
        file: the member, unpacked.
        name: its name in the bundle.

    Raises:
        InputError: a trace that has to be unpacked itself, a table or number of no use, JSON that is none.
    """
    if TRACE.fullmatch(name):
        _check_trace(file, name)
    elif file.suffix == ".parquet":
        _check_table(file, name)
    elif file.suffix in _READ_AT_ONCE:
        if file.stat().st_size > _MOST_TEXT:
            raise InputError(f"member {name!r} is larger than {_MOST_TEXT >> 20} MiB, which no such file is")
        if file.suffix in (".json", ".jsonl"):
            _check_json(file, name)


def _check_trace(file: Path, name: str) -> None:
    from reports.bundle.trace import check_plain  # noqa: PLC0415 - imported late: a refusal needs none of it

    try:
        with file.open("rb") as opened, mmap(opened.fileno(), 0, access=ACCESS_READ) as data:
            check_plain(data, name)
    except (TraceError, ValueError):  # an empty file cannot be mapped
        raise InputError(f"member {name!r} is no trace, or an archive itself") from None


def _check_table(file: Path, name: str) -> None:
    """Few bytes of Parquet may be a table that fits no memory."""
    from pyarrow import parquet  # noqa: PLC0415 - imported late: costs 0.2 s

    try:
        told = parquet.read_metadata(file)  # type: ignore[no-untyped-call]  # pyarrow has no types
        groups = [told.row_group(number) for number in range(told.num_row_groups)]
        cells = told.num_rows * told.num_columns
        if cells > _MOST_CELLS or sum(group.total_byte_size for group in groups) > MOST_ONE:
            raise InputError(f"member {name!r} is a table of {cells:,} cells, like a bomb")
        columns = [told.schema.column(number) for number in range(told.num_columns)]
        if any(each.max_repetition_level or each.physical_type not in _PLAIN_TYPES for each in columns):
            raise InputError(f"member {name!r} is a table with cells that hold more than a number or a text")
        _check_letters(file, name, [each.path for each in columns if each.physical_type == "BYTE_ARRAY"])
    except (ValueError, OSError, NotImplementedError) as error:  # pyarrow's errors descend from them
        raise InputError(f"member {name!r} is no table: {printable(str(error), 80)}") from None


def _check_letters(file: Path, name: str, texts: list[str]) -> None:
    from pyarrow import compute, parquet  # noqa: PLC0415 - imported late: costs 0.2 s

    if not texts:
        return
    left = _MOST_LETTERS
    with parquet.ParquetFile(file, read_dictionary=texts) as table:  # type: ignore[no-untyped-call]  # as above
        for batch in table.iter_batches(columns=texts):
            for column in batch.columns:
                words = getattr(column, "dictionary", column)
                letters = compute.binary_length(words)  # type: ignore[attr-defined]  # as above
                used = letters if words is column else compute.take(letters, column.indices)  # type: ignore[no-untyped-call]  # as above
                left -= compute.sum(used).as_py() or 0  # type: ignore[attr-defined]  # as above
            if left < 0:
                raise InputError(f"member {name!r} is a table whose texts fill {_MOST_LETTERS >> 20} MiB, like a bomb")


def _check_json(file: Path, name: str) -> None:
    data = file.read_bytes()
    try:
        for text in data.splitlines() if file.suffix == ".jsonl" else (data,):
            if text.strip():
                _check_numbers(msgspec.json.decode(text), name)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"member {name!r} is no JSON of ours: {printable(str(error), 80)}") from None


def _check_numbers(value: Any, name: str) -> None:  # noqa: ANN401 - JSON not looked at yet
    waiting = deque([value])
    while waiting:
        each = waiting.popleft()
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
        elif isinstance(each, int) and abs(each) >= _MOST_NUMBER:
            raise InputError(f"member {name!r} has a number of {len(str(abs(each)))} digits, which nothing here has")
