# SPDX-License-Identifier: Apache-2.0
"""TOML files -> `workloads.spec` values; every problem is found at once and named by file and line."""

import re
import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from workloads.errors import InputError
from workloads.lines import key_lines, line_of
from workloads.spec import (
    Arm,
    Capture,
    Experiment,
    Launch,
    Limits,
    Pressure,
    Setting,
    StartPressure,
    Step,
    WaitPressure,
    Workload,
)


def _arm_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", text):
        raise ValueError(f"{text!r} is no arm's name: use up to 40 lowercase letters, digits and dashes")
    return text


_Name = Annotated[str, AfterValidator(_arm_name)]


def _whole_number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Value = Annotated[str, BeforeValidator(_whole_number_as_text)]
_FEWEST_ARMS, _MOST_ARMS = 2, 6
_Problem = tuple[tuple[str | int, ...], str]
_Model = TypeVar("_Model", bound="_File")


class _File(BaseModel):
    """What a file may hold; unknown keys are problems, so that a typing slip is never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def problems(self) -> Iterator[_Problem]:
        """Problems that only show when the values are seen together: path in the file, text."""
        yield from ()


class _Pressure(_File):
    processes: Annotated[int, Field(ge=1, le=64)]
    bytes_each: Annotated[int, Field(ge=4096)]
    compressible: Annotated[float, Field(ge=0, le=1)] = 0.5
    rate_bytes_s: Annotated[int, Field(ge=0)] = 0
    check_stride: Annotated[int, Field(ge=0)] = 16


class WorkloadFile(_File):
    """A file of `workloads/catalogue/`, or one of the user's."""

    title: str
    apps: tuple[str, ...]
    pressure: _Pressure | None = None
    steps: Annotated[tuple[Annotated[Step, Field(discriminator="do")], ...], Field(min_length=1)]

    def problems(self) -> Iterator[_Problem]:
        """Apps that are no components, launches of apps not listed, pressure steps without a pressure."""
        for index, app in enumerate(self.apps):
            if "/" not in app:
                yield ("apps", index), f"{app!r} is not a component: write package/.Activity"
        for index, step in enumerate(self.steps):
            if isinstance(step, Launch) and step.app not in self.apps:
                yield ("steps", index), f"launches {step.app!r}, which `apps` does not list"
            if isinstance(step, StartPressure | WaitPressure) and self.pressure is None:
                yield ("steps", index), f"{step.do} needs a [pressure] table"

    def spec(self, name: str) -> Workload:
        """As a value."""
        pressure = Pressure(**self.pressure.model_dump()) if self.pressure else None
        return Workload(name=name, title=self.title, apps=self.apps, pressure=pressure, steps=self.steps)


class _Arm(_File):
    name: _Name
    settings: dict[str, _Value]

    def spec(self) -> Arm:
        """As a value."""
        return Arm(self.name, tuple(Setting(*pair) for pair in self.settings.items()))


class _Limits(_File):
    trial_timeout_s: Annotated[float, Field(gt=0)] = Limits.trial_timeout_s
    settle_s: Annotated[float, Field(ge=0)] = Limits.settle_s
    min_battery_percent: Annotated[int, Field(ge=0, le=100)] = Limits.min_battery_percent


class _Capture(_File):
    buffer_kb: Annotated[int, Field(ge=1024, le=1 << 20)] = Capture.buffer_kb
    poll_ms: Annotated[int, Field(gt=10, le=5000)] = Capture.poll_ms


class ExperimentFile(_File):
    """A file of `workloads/experiments/`, or one of the user's."""

    question: str
    workload: str
    control: str
    blocks: Annotated[int, Field(ge=1, le=1000)]
    primary: Annotated[tuple[str, ...], Field(min_length=1)]
    arms: tuple[_Arm, ...]
    warm_up_blocks: Annotated[int, Field(ge=0, le=10)] = 0
    seed: Annotated[int, Field(ge=0)] = 1
    limits: _Limits = _Limits()
    capture: _Capture = _Capture()

    def problems(self) -> Iterator[_Problem]:
        """Too few or too many arms, a control that is no arm, two arms of one name."""
        names = [arm.name for arm in self.arms]
        if not _FEWEST_ARMS <= len(names) <= _MOST_ARMS:
            yield ("arms",), f"a comparison takes {_FEWEST_ARMS} to {_MOST_ARMS} arms, not {len(names)}"
        if self.control not in names:
            yield ("control",), f"{self.control!r} is not an arm; the arms are {', '.join(names)}"
        for index, name in enumerate(names):
            if name in names[:index]:
                yield ("arms", index, "name"), f"a second arm called {name!r}"

    def spec(self, name: str, workload: Workload) -> Experiment:
        """As a value."""
        return Experiment(
            name=name,
            question=self.question,
            workload=workload,
            arms=tuple(arm.spec() for arm in self.arms),
            control=self.control,
            blocks=self.blocks,
            primary=self.primary,
            warm_up_blocks=self.warm_up_blocks,
            seed=self.seed,
            limits=Limits(**self.limits.model_dump()),
            capture=Capture(**self.capture.model_dump()),
        )


def experiment(name_or_file: str) -> tuple[Experiment, str]:
    """An experiment by the name it ships under, or by a file's path; with the file's own text.

    Raises:
        InputError: no such experiment, or every problem of its file and of its workload's file, `FILE:LINE: text`.
    """
    path = _find(name_or_file, "experiments", "experiment")
    text = _read(path)
    model = _parse(path, text, ExperimentFile)
    return model.spec(path.stem, workload(model.workload, path.parent)), text


def names(folder: str) -> list[str]:
    """Names that ship: `folder` is `experiments` or `catalogue`."""
    return sorted(path.stem for path in _shipped(folder).glob("*.toml"))


def workload(name_or_file: str, beside: Path = Path()) -> Workload:
    """A workload by the name it ships under, or by a file's path, tried first beside the folder `beside`.

    Raises:
        InputError: no such workload, or every problem of its file.
    """
    local = beside / name_or_file
    path = local if name_or_file.endswith(".toml") and local.exists() else _find(name_or_file, "catalogue", "workload")
    return _parse(path, _read(path), WorkloadFile).spec(path.stem)


def _shipped(folder: str) -> Path:
    return Path(str(files("workloads"))) / folder


def _find(name_or_file: str, folder: str, what: str) -> Path:
    if name_or_file.endswith(".toml"):
        return Path(name_or_file)
    known = names(folder)
    if name_or_file not in known:
        raise InputError(
            f"no {what} is called {name_or_file!r}: name one of {', '.join(known)}, or a file ending in .toml"
        )
    return _shipped(folder) / f"{name_or_file}.toml"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read: {reason}") from error


def _parse(path: Path, text: str, model: type[_Model]) -> _Model:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {error}") from error
    try:
        made = model.model_validate(data)
    except ValidationError as error:
        raise _at_lines(
            path, text, [(item["loc"], item["msg"].removeprefix("Value error, ")) for item in error.errors()], _key_path
        ) from error
    found = list(made.problems())
    if found:
        raise _at_lines(path, text, found, lambda loc: loc)
    return made


def _at_lines(
    path: Path,
    text: str,
    problems: list[_Problem],
    key_path: Callable[[tuple[str | int, ...]], tuple[str | int, ...]],
) -> InputError:
    lines = key_lines(text)
    placed = sorted((line_of(lines, key_path(loc)), _dotted(key_path(loc)), what) for loc, what in problems)
    return InputError(*(f"{path}:{line}: {where}: {what}" for line, where, what in placed))


def _key_path(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic puts the tag of a step between its index and its keys: `("steps", 0, "launch", "app")`."""
    return (*loc[:2], *loc[3:]) if loc[:1] == ("steps",) else loc


def _dotted(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "file"
