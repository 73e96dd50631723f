# SPDX-License-Identifier: Apache-2.0
"""The run directory: what is where, written so that a crash at any moment leaves it readable. Nothing else knows paths.

    RUN/  experiment.toml     the experiment as its author wrote it
          experiment.json     the same as values: reading a run never needs the catalogue
          titration.json      how the dose was found, where the experiment asks for that
          device.json plan.json
          undo.json           first values of the settings changed; written by `agent.knobs.undo`
          events.jsonl        what happened when, one JSON object per line
          trials/003-b1-on/   record.json, its trace, logcat.txt,
                              measures.parquet and series.parquet of this trial
          trials/003-b1-on-2/ the repeat of a trial that a rule left out; of a place the last one counts
          measures.parquet    all trials' measures (columns: `reports.metrics.MEASURE_COLUMNS`)
          series.parquet      all trials' time series: trial, block, arm, series, t_s, value
          comparisons.parquet verdict.json report.html

A trial counts as run once its record.json is there: it is written last, synced and renamed.
"""

import hashlib
import re
import shutil
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from reports.atomic import append_line, sync_directory, unwritable, write_bytes
from reports.encoding import decode, decode_experiment, encode, encode_experiment
from reports.record import DeviceFacts, Plan, PlannedTrial, Titrated, TrialRecord
from workloads.dose import with_dose
from workloads.errors import StoreError
from workloads.spec import Experiment

if TYPE_CHECKING:
    import pandas as pd

RECORD = "record.json"
MEASURES = "measures.parquet"
SERIES = "series.parquet"
COMPARISONS = "comparisons.parquet"

_FILES = frozenset(
    {
        "experiment.toml",
        "experiment.json",
        "titration.json",
        "device.json",
        "plan.json",
        "undo.json",
        "events.jsonl",
        MEASURES,
        SERIES,
    }
)
"""Files of a run that `compare` and `report` cannot make again."""

_TRIAL = re.compile(r"\d{3,}-b\d+-.+")
"""Names of trials' folders: what else a user keeps beside them is never removed."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+=,@-]*")
"""Names that become folders or files: a run may come from a stranger, so none may leave the run's directory."""


@dataclass(frozen=True)
class RunStore:
    """One run on disk. Made by `create` or `open`; the constructor itself touches nothing.

    Every method that reads or writes raises `StoreError`, one line that names the file, and leaves no half-written one.

    Attributes:
        path: the run's directory.
        device: the phone it was made on.
        plan: its trials in order.
        called: what texts name instead of the directory, such as the bundle that it came in; empty: the directory.
    """

    path: Path
    device: DeviceFacts
    plan: Plan
    called: str = ""

    @classmethod
    def create(
        cls, path: Path, *, experiment: Experiment, experiment_text: str, device: DeviceFacts, plan: Plan
    ) -> "RunStore":
        """Begin a run in a directory that is empty or not there yet.

        Args:
            path: the directory; parents are made.
            experiment: what is asked.
            experiment_text: the TOML it came from, kept word for word.
            device: the phone.
            plan: the trials to come.

        Raises:
            StoreError: the directory holds something, or cannot be written; what was begun is removed again.
        """
        for trial in plan.trials:
            _plain(trial.name)
        files = {
            "experiment.toml": experiment_text.encode(),
            "experiment.json": encode_experiment(experiment),
            "device.json": encode(device),
            "plan.json": encode(plan),
        }
        _begin(path, files)
        return cls(path, device, plan)

    @classmethod
    def open(cls, path: Path) -> "RunStore":
        """Read a run.

        Raises:
            StoreError: not a run, a newer schema, or a broken file, by its name.
        """
        if not (path / "plan.json").is_file() or not (path / "device.json").is_file():
            what = "is not a run directory (no plan.json and device.json)" if path.exists() else "is not there"
            raise StoreError(f"{path}: {what}; name one made by reclaim")
        plan = decode(_read(path / "plan.json"), Plan, path / "plan.json")
        for trial in plan.trials:
            _plain(trial.name)
        return cls(path, decode(_read(path / "device.json"), DeviceFacts, path / "device.json"), plan)

    @property
    def name(self) -> str:
        """The directory's own name; identifies the run in measures."""
        return self.path.resolve().name

    def experiment(self) -> Experiment:
        """What was asked, as values; with the dose that was found, where one was."""
        file = self.path / "experiment.json"
        asked, found = decode_experiment(_read(file), file), self.titrated()
        return with_dose(asked, found.dose) if found and found.dose else asked

    def titrated(self) -> Titrated | None:
        """How the dose was found, as far as it was; None before the first try, and where none is looked for."""
        file = self.path / "titration.json"
        return decode(_read(file), Titrated, file) if file.is_file() else None

    def write_titrated(self, found: Titrated) -> None:
        """Keep how the dose was found so far."""
        write_bytes(self.path / "titration.json", encode(found))

    def experiment_text(self) -> str:
        """What was asked, as its author wrote it."""
        return _read(self.path / "experiment.toml").decode(errors="replace")

    def trial_dir(self, trial: PlannedTrial) -> Path:
        """The folder of a trial, made when it is not there."""
        folder = self._folder(trial)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(folder, error) from error
        return folder

    def trace_path(self, record: TrialRecord) -> Path | None:
        """The trace of a trial; None when it has none, or when it is gone."""
        if record.trace is None:
            return None
        trace = self._folder(record.trial) / _plain(record.trace)
        return trace if trace.is_file() else None

    def write_trial(self, record: TrialRecord) -> None:
        """Keep what a trial left behind: from now on it counts as run.

        Raises:
            StoreError: it cannot be written; no part of it is left.
        """
        write_bytes(self.trial_dir(record.trial) / RECORD, encode(record))
        sync_directory(self.path / "trials")

    def records(self) -> tuple[TrialRecord, ...]:
        """Records of the trials that ended, repeats included, in the order of the plan.

        Raises:
            StoreError: a record is broken or newer than this program.
        """
        return tuple(record for trial in self.plan.trials for record in self.attempts(trial))

    def attempts(self, trial: PlannedTrial) -> tuple[TrialRecord, ...]:
        """Records of one place of the plan: the trial, then its repeat where there is one; () before it was run."""
        files = (self._folder(attempt) / RECORD for attempt in self._ended(trial))
        return tuple(decode(_read(file), TrialRecord, file) for file in files)

    def _ended(self, trial: PlannedTrial) -> Iterator[PlannedTrial]:
        while (self._folder(trial) / RECORD).is_file():
            yield trial
            trial = replace(trial, attempt=trial.attempt + 1)

    def drop_unfinished(self, trial: PlannedTrial) -> None:
        """Remove what a trial that did not end has left; one that ended stays as it is."""
        if not (self._folder(trial) / RECORD).is_file():
            shutil.rmtree(self._folder(trial), ignore_errors=True)

    def append_event(self, event: Mapping[str, object]) -> None:
        """Add one line to events.jsonl.

        Raises:
            StoreError: it cannot be written; the file ends where it ended before.
        """
        append_line(self.path / "events.jsonl", msgspec.json.encode(dict(event)))

    def events(self) -> tuple[dict[str, object], ...]:
        """What happened, in order; a line cut off by a crash is left out."""
        file = self.path / "events.jsonl"
        found: list[dict[str, object]] = []
        for line in file.read_bytes().splitlines() if file.is_file() else []:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                found.append(msgspec.json.decode(line, type=dict[str, object]))
        return tuple(found)

    def drop_leftovers(self) -> None:
        """Remove what a process that was killed has left half-made: drafts of files, and trials without a record."""
        drafts = (*self.path.glob(".*.part"), *self.path.glob("trials/*/.*.part"))
        try:
            for draft in drafts:
                draft.unlink(missing_ok=True)
            for folder in self.path.glob("trials/*"):
                if _TRIAL.fullmatch(folder.name) and folder.is_dir() and not (folder / RECORD).is_file():
                    shutil.rmtree(folder)
        except OSError as error:
            raise StoreError(f"{error.filename or self.path}: cannot be removed: {error.strerror}") from error

    def drop_merged(self) -> None:
        """Remove the measures of the whole run, which hide those of trials that end after they were merged."""
        for name in (MEASURES, SERIES):
            (self.path / name).unlink(missing_ok=True)

    @property
    def undo_path(self) -> Path:
        """Where the first values of changed settings are kept."""
        return self.path / "undo.json"

    @property
    def report_path(self) -> Path:
        """Where the page goes unless told otherwise."""
        return self.path / "report.html"

    def write_trial_measures(self, trial: PlannedTrial, measures: "pd.DataFrame", series: "pd.DataFrame") -> None:
        """Keep one trial's measures and time series in its folder."""
        folder = self.trial_dir(trial)
        _write_frame(folder / SERIES, series)
        _write_frame(folder / MEASURES, measures)

    def trial_measures(self, trial: PlannedTrial) -> "tuple[pd.DataFrame, pd.DataFrame] | None":
        """One trial's measures and time series; None when it was not measured yet."""
        folder = self._folder(trial)
        measures, series = _read_frame(folder / MEASURES), _read_frame(folder / SERIES)
        return None if measures is None or series is None else (measures, series)

    def write_measures(self, measures: "pd.DataFrame", series: "pd.DataFrame | None" = None) -> None:
        """Keep the measures, and the time series, of the whole run."""
        if series is not None:
            _write_frame(self.path / SERIES, series)
        _write_frame(self.path / MEASURES, measures)

    def measures(self) -> "pd.DataFrame | None":
        """Measures of the run: the merged file, else the trials' own put together; None when nothing was measured."""
        return self._whole(MEASURES)

    def series(self) -> "pd.DataFrame | None":
        """Time series of the run, found like `measures`."""
        return self._whole(SERIES)

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file of the run that its answer is made from, trials' own files left out."""
        paths = (self.path / name for name in sorted(_FILES))
        return {path.name: hashlib.sha256(_read(path)).hexdigest() for path in paths if path.is_file()}

    def write_comparisons(self, comparisons: "pd.DataFrame") -> None:
        """Keep the effects."""
        _write_frame(self.path / COMPARISONS, comparisons)

    def write_verdict(self, verdict: object) -> None:
        """Keep the verdict as JSON."""
        write_bytes(self.path / "verdict.json", encode(verdict))

    def _folder(self, trial: PlannedTrial) -> Path:
        return self.path / "trials" / _plain(trial.name)

    def _whole(self, name: str) -> "pd.DataFrame | None":
        merged = _read_frame(self.path / name)
        if merged is not None:
            return merged
        attempts = (attempt for trial in self.plan.trials for attempt in dict.fromkeys((trial, *self._ended(trial))))
        parts = [_read_frame(self._folder(attempt) / name) for attempt in attempts]
        found = [part for part in parts if part is not None and not part.empty]
        if not found:
            return None
        import pandas as pd  # noqa: PLC0415 - imported late: half a second no other command should pay

        whole = pd.concat(found, ignore_index=True)
        whole.attrs = _joined_attrs([part.attrs for part in found])
        return whole


def is_part_of_a_run(path: Path) -> bool:
    """Whether a file holds something of a run that is lost once it is written over."""
    end = path.resolve()
    return any(
        (folder / "plan.json").is_file()
        and (folder / "device.json").is_file()
        and (end.name in _FILES if folder == end.parent else end.relative_to(folder).parts[0] == "trials")
        for folder in end.parents[:3]
    )


def _begin(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the directory and its first files; all of them or nothing."""
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
        taken = any(path.iterdir())
    except FileExistsError:
        raise StoreError(f"{path}: is a file; choose another directory") from None
    except OSError as error:
        raise unwritable(path, error) from error
    if taken:
        raise StoreError(f"{path}: is not empty; one directory holds one run, choose another")
    written: list[Path] = []
    try:
        for name, data in files.items():
            write_bytes(path / name, data, exclusive=True)
            written.append(path / name)
    except StoreError:
        for file in written:
            file.unlink(missing_ok=True)
        if made:
            with suppress(OSError):
                path.rmdir()
        raise


def _joined_attrs(parts: Sequence[Mapping[Hashable, Any]]) -> dict[Hashable, Any]:
    """What travels with trials' frames (caveats by trial), put together; pandas drops what is not the same in all."""
    whole: dict[Hashable, Any] = {}
    for part in parts:
        for name, value in part.items():
            whole[name] = {**whole.get(name, {}), **value} if isinstance(value, dict) else value
    return whole


def _plain(name: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        raise StoreError(f"{name!r}: is no plain file name; a run's trials and traces need letters, digits and ._-")
    return name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}; copy the run again") from error


def _write_frame(path: Path, frame: "pd.DataFrame") -> None:
    buffer = BytesIO()
    frame.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue())


def _read_frame(path: Path) -> "pd.DataFrame | None":
    if not path.is_file():
        return None
    import pandas as pd  # noqa: PLC0415 - imported late: half a second no other command should pay

    try:
        return pd.read_parquet(BytesIO(_read(path)))
    except (ValueError, OSError) as error:  # pyarrow's errors descend from both
        raise StoreError(f"{path}: is not readable: {error}; run `reclaim measure` on the run again") from error
