# SPDX-License-Identifier: Apache-2.0
"""The history on disk: a Parquet data set at a URL, asked through DuckDB. Nothing else knows its paths.

    URL/  runs-1/model=Pixel%208/date=2026-11-23/RUN_ID.parquet   a run each, `reports.history.rows.Row` by row
          baselines/NAME.json                                     runs that somebody pinned

A run is one file, named by what the run is, that appears whole or not at all: adding it twice changes nothing, and
hosts that add at once never touch each other's files. The 1 is the layout's version; a later one stands beside it.
"""

import glob
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_type_hints
from urllib.parse import quote

from reports.atomic import write_bytes
from reports.encoding import decode, encode
from reports.folders import state_dir
from reports.history.extra import need
from reports.history.rows import Row
from reports.record import SCHEMA_VERSION
from workloads.errors import InputError, SetupError, StoreError

Added: TypeAlias = Literal["added", "unchanged", "updated"]

DEFAULT_BASELINE = "default"
_RUNS = "runs-1"
_LONGEST = 150
"""Characters of a folder's name; file systems end at 255, and models may come from strangers."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SMALL = {"compression": "zstd", "use_dictionary": False, "write_statistics": False, "store_schema": False}
"""A run has a few hundred rows: what helps in large files is most of such a one, and doubles the time to read it."""

_OFFLINE = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
"""DuckDB fetches nothing from the internet."""


@dataclass(frozen=True)
class Baseline:
    """Runs that later ones are held against, whatever happened since.

    Attributes:
        name: of it.
        runs: their `run_id`.
        pinned_at: when, ISO 8601.
    """

    name: str
    runs: tuple[str, ...]
    pinned_at: str
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Wanted:
    """Which rows to read; what is empty narrows nothing.

    Attributes:
        metrics: by name; empty: those that the runs' experiments are about.
        model: of the phone.
        experiment: its name.
        arm: its name.
        since: first day, `2026-11-23`.
        runs: one row of each run is enough, whichever metric it is of.
    """

    metrics: tuple[str, ...] = ()
    model: str = ""
    experiment: str = ""
    arm: str = ""
    since: str = ""
    runs: bool = False


def default_url() -> str:
    """`RECLAIM_HISTORY`, else a folder of this user's."""
    return os.environ.get("RECLAIM_HISTORY") or str(state_dir() / "history")


@dataclass(frozen=True)
class HistoryStore:
    """A history. Made by `open_history`; the constructor itself touches nothing.

    Attributes:
        url: as the user named it.
    """

    url: str
    _files: Any = field(repr=False)  # fsspec's AbstractFileSystem, which has no types
    _root: str = field(repr=False)

    def add(self, rows: Sequence[Row]) -> Added:
        """Keep a run.

        Raises:
            StoreError: it cannot be written; nothing of it is left then.
        """
        path = self._place(rows[0])
        data = _parquet(rows)
        before = self._read(path)
        if before == data:
            return "unchanged"
        self._write(path, data)
        return "added" if before is None else "updated"

    def rows(self, wanted: Wanted | None = None) -> tuple[Row, ...]:
        """What is kept, in order of time.

        Raises:
            StoreError: a file of the history cannot be read.
        """
        wanted = wanted or Wanted()
        paths = self._paths(wanted)
        if not paths:
            return ()
        duckdb = need("duckdb")
        with duckdb.connect(config=_OFFLINE) as base:
            if not self._local:
                base.register_filesystem(self._files)
            try:
                found = base.execute(*_query(paths, wanted)).fetchall()
            except duckdb.Error as error:
                first = str(error).splitlines()[0]
                raise StoreError(
                    f"{self.url}: cannot be read: {first}; move the file it names away and add its run again"
                ) from error
        return tuple(Row(*_utc(values)) for values in found)

    def pin(self, name: str, runs: Iterable[str]) -> Baseline:
        """Pin a baseline; one of that name is replaced.

        Raises:
            InputError: no plain name.
            StoreError: it cannot be written.
        """
        kept = Baseline(name, tuple(sorted(set(runs))), datetime.now(UTC).isoformat(timespec="seconds"))
        self._write(self._baseline(name), encode(kept))
        return kept

    def baseline(self, name: str) -> Baseline | None:
        """A pinned baseline; None when there is none of that name.

        Raises:
            InputError: no plain name.
            StoreError: it cannot be read.
        """
        data = self._read(self._baseline(name))
        return None if data is None else decode(data, Baseline, f"{self.url}: baseline {name}")

    def baselines(self) -> tuple[Baseline, ...]:
        """All that are pinned, by name.

        Raises:
            StoreError: one cannot be read.
        """
        with _told(self.url):
            paths = sorted(self._files.glob(f"{glob.escape(self._root)}/baselines/*.json"))
        found = (self.baseline(Path(path).stem) for path in paths if _NAME.fullmatch(Path(path).stem))
        return tuple(each for each in found if each is not None)

    def unpin(self, name: str) -> bool:
        """Forget a baseline; whether there was one.

        Raises:
            StoreError: it cannot be removed.
        """
        if self._read(self._baseline(name)) is None:
            return False
        with _told(self._baseline(name)):
            self._files.rm_file(self._baseline(name))
        return True

    @property
    def _local(self) -> bool:
        return "file" in _words(self._files.protocol)

    def _baseline(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r}: is no name for a baseline; take letters, digits and ._-")
        return f"{self._root}/baselines/{name}.json"

    def _place(self, row: Row) -> str:
        if not re.fullmatch(r"[0-9a-f]{8,64}", row.run_id):
            raise StoreError(f"{row.run_id!r}: is no run's digest")
        return f"{self._root}/{_RUNS}/model={_folder(row.model)}/date={row.began:%Y-%m-%d}/{row.run_id}.parquet"

    def _paths(self, wanted: Wanted) -> list[str]:
        model = f"model={_folder(wanted.model)}" if wanted.model else "model=*"
        pattern = f"{glob.escape(f'{self._root}/{_RUNS}')}/{model}/date=*/*.parquet"
        with _told(self.url):
            if self._local:
                found = sorted(path for path in glob.iglob(pattern) if _day(path) >= wanted.since)  # noqa: PTH207 - strings: they may be thousands
                return [glob.escape(path) for path in found]  # DuckDB takes each for a pattern
            scheme = _words(self._files.protocol)[0]
            found = sorted(path for path in self._files.glob(pattern) if _day(path) >= wanted.since)
            return [f"{scheme}://{path.lstrip('/')}" for path in found]

    def _read(self, path: str) -> bytes | None:
        with _told(path):
            try:
                return bytes(self._files.cat_file(path))
            except FileNotFoundError:
                return None

    def _write(self, path: str, data: bytes) -> None:
        """Whole or not at all: by rename in a folder; an object store puts whole objects."""
        with _told(path):
            if self._local:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                write_bytes(Path(path), data)
            else:
                self._files.pipe_file(path, data)


def open_history(url: str) -> HistoryStore:
    """A history at a folder or at any URL that fsspec knows; it need not be there yet.

    Raises:
        InputError: no such kind of URL.
        SetupError: a package is missing: fsspec, or what it needs for this kind of URL.
    """
    fsspec = need("fsspec")
    try:
        files, root = fsspec.core.url_to_fs(url)
    except ValueError as error:
        raise InputError(f"{url}: {error}; name a folder, or a URL such as s3://bucket/history") from error
    except ImportError as error:
        raise SetupError(f"{url}: {error}") from error
    return HistoryStore(url, files, str(root).rstrip("/"))


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoreError(f"{where}: {error.strerror or error}; look at the history's place and its rights") from error


def _words(protocol: str | Sequence[str]) -> tuple[str, ...]:
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _folder(model: str) -> str:
    """A model as Hive writes it in a path; a very long one cut, and told from others by its digest."""
    name = quote(model, safe="")
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}-{hashlib.sha256(model.encode()).hexdigest()[:16]}"


def _day(path: str) -> str:
    found = re.search(r"/date=(\d{4}-\d\d-\d\d)/[^/]*$", path)
    return found[1] if found else ""


def _parquet(rows: Sequence[Row]) -> bytes:
    arrow: Any = need("pyarrow")
    kinds = {
        str: arrow.string(),
        bool: arrow.bool_(),
        int: arrow.int64(),
        datetime: arrow.timestamp("us", tz="UTC"),
    }
    schema = arrow.schema([(name, kinds.get(kind, arrow.float64())) for name, kind in get_type_hints(Row).items()])
    data = BytesIO()
    table = arrow.Table.from_pylist([asdict(row) for row in rows], schema=schema)
    need("pyarrow.parquet").write_table(table, data, **_SMALL)
    return data.getvalue()


_COLUMNS = ", ".join("epoch_us(began)" if each.name == "began" else f'"{each.name}"' for each in fields(Row))
_BEGAN = [each.name for each in fields(Row)].index("began")


def _query(paths: list[str], wanted: Wanted) -> tuple[str, list[object]]:
    """The question and its parameters: what a user or a file says is never part of the text."""
    parts = {
        "list_contains(?, metric)": list(wanted.metrics),
        '"primary" OR ?': wanted.runs if not wanted.metrics else None,
        "model = ?": wanted.model,
        "experiment = ?": wanted.experiment,
        "arm = ?": wanted.arm,
    }
    asked = {text: value for text, value in parts.items() if value not in (None, "", [])}
    where = " AND ".join(f"({text})" for text in asked)
    text = f"SELECT {_COLUMNS} FROM read_parquet(?, hive_partitioning = false) WHERE {where}"  # noqa: S608 - our own words
    once = " QUALIFY row_number() OVER (PARTITION BY run_id ORDER BY arm, metric) = 1" if wanted.runs else ""
    return f"{text}{once} ORDER BY began, run_id, metric, arm", [paths, *asked.values()]


def _utc(values: Sequence[Any]) -> list[Any]:
    """A row of the answer: times as `datetime`; DuckDB's own conversion would need one package more."""
    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=values[_BEGAN])
    return [*values[:_BEGAN], began, *values[_BEGAN + 1 :]]
