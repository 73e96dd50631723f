# SPDX-License-Identifier: Apache-2.0
"""TOML files -> `workloads.spec` values; every problem is found at once and named by file and line."""

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from workloads.apk import APKS, read_folder
from workloads.choice import FORMS, slots
from workloads.conditions import Keep
from workloads.errors import InputError
from workloads.rules import RuleEntry, repeated
from workloads.spec import (
    FIRST_LOOK,
    Arm,
    Attribution,
    Capture,
    Exclude,
    Experiment,
    Limits,
    Pressure,
    Setting,
    Stop,
    Workload,
    controls,
)
from workloads.steps import Entry, expand, step_problems
from workloads.titrate_table import TitrateEntry
from workloads.toml_file import Place, Problem, TomlFile, parse, placed, read

_ARM_NAME = "[a-z0-9][a-z0-9-]{0,39}"


def _arm_name(text: str) -> str:
    if not re.fullmatch(_ARM_NAME, text):
        raise ValueError(f"{text!r} is no arm's name: use up to 40 lowercase letters, digits and dashes")
    return text


_Name = Annotated[str, AfterValidator(_arm_name), WithJsonSchema({"type": "string", "pattern": f"^{_ARM_NAME}$"})]


def _whole_number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Value = Annotated[str, BeforeValidator(_whole_number_as_text), WithJsonSchema({"type": ["string", "integer"]})]
_FEWEST_ARMS, _MOST_ARMS = 2, 10
_Share = Annotated[float, Field(ge=0, le=1)]
LEAST_RETOUCH_BYTES_S = 65_536
"""An eater touches 16 pages at a time; slower and it would sleep through the end of its trial."""


_Processes = Annotated[int, Field(ge=1, le=64)]
_BytesEach = Annotated[int, Field(ge=4096)]


class _Demand(TomlFile):
    """What an arm demands other than its workload."""

    processes: _Processes = 1
    bytes_each: _BytesEach = 4096
    compressible: _Share = Pressure.compressible
    rate_bytes_s: Annotated[int, Field(ge=0)] = Pressure.rate_bytes_s
    at_once_bytes: Annotated[int, Field(ge=0)] = Pressure.at_once_bytes
    check_stride: Annotated[int, Field(ge=0)] = Pressure.check_stride
    hot_share: _Share = Pressure.hot_share
    retouch_bytes_s: Annotated[int, Field(ge=0)] = Pressure.retouch_bytes_s
    same_filled: _Share = Pressure.same_filled
    incompressible: _Share = Pressure.incompressible
    file_backed: _Share = Pressure.file_backed
    cpu_load: Annotated[int, Field(ge=0, le=64)] = Pressure.cpu_load
    hold_available_bytes: Annotated[int, Field(ge=0)] = Pressure.hold_available_bytes

    def problems(self) -> Iterator[Problem]:
        """Shares that are more than the whole, a re-touch of nothing, or one too slow for the eaters' pace."""
        if self.same_filled + self.incompressible > 1 + 1e-9:
            yield ("incompressible",), "and `same_filled` are more than all pages together"
        if self.retouch_bytes_s and not self.hot_share:
            yield ("retouch_bytes_s",), "needs `hot_share`, the share of the memory that is touched again"
        if 0 < self.retouch_bytes_s < LEAST_RETOUCH_BYTES_S:
            yield ("retouch_bytes_s",), f"takes {LEAST_RETOUCH_BYTES_S} or more, or 0 for none"

    def given(self) -> dict[str, int | float]:
        """What the file says, nothing else."""
        return self.model_dump(exclude_unset=True)


class _Pressure(_Demand):
    """A workload's `[pressure]`."""

    processes: _Processes
    bytes_each: _BytesEach


class WorkloadFile(TomlFile):
    """A file of `workloads/catalogue/`, or one of the user's."""

    title: str
    apps: tuple[str, ...]
    pressure: _Pressure | None = None
    steps: Annotated[tuple[Entry, ...], Field(min_length=1)]

    def problems(self) -> Iterator[Problem]:
        """Apps that are none, and what is wrong with the pressure and, where all apps are known, with the steps."""
        for index, app in enumerate(self.apps):
            if not slots(app) and not app.startswith(APKS):
                yield ("apps", index), f"{app!r} is no app: write package/.Activity, {FORMS} or {APKS}FOLDER"
        for place, what in self.pressure.problems() if self.pressure else ():
            yield ("pressure", *place), what
        if not any(app.startswith(APKS) for app in self.apps):
            yield from self._step_problems([slot for app in self.apps for slot in slots(app) or (app,)])

    def _step_problems(self, apps: Sequence[str]) -> Iterator[Problem]:
        return step_problems(self.steps, apps, pressure=self.pressure is not None)

    def spec(self, path: Path, text: str) -> Workload:
        """As a value; APK files that it names by their folder are read.

        Raises:
            InputError: what is wrong with them, or with the steps.
            SetupError: nothing here reads them.
        """
        folders = {app: path.parent / app.removeprefix(APKS) for app in self.apps if app.startswith(APKS)}
        apks = {app: read_folder(folder) for app, folder in folders.items()}
        named = [[apk.component for apk in apks[app]] if app in apks else slots(app) for app in self.apps]
        apps = tuple(dict.fromkeys(component for names in named for component in names))
        if apks and (problems := list(self._step_problems(apps))):
            raise placed(path, text, problems)
        return Workload(
            name=path.stem,
            title=self.title,
            apps=apps,
            pressure=Pressure(**self.pressure.model_dump()) if self.pressure else None,
            steps=tuple(expand(self.steps, apps)),
            apks=tuple(apk for found in apks.values() for apk in found),
        )


class _Arm(TomlFile):
    name: _Name
    settings: dict[str, _Value]
    trace: bool = Arm.trace
    attribution: Attribution = Arm.attribution
    pressure: _Demand | None = None

    def spec(self) -> Arm:
        """As a value."""
        given = self.pressure.given() if self.pressure else {}
        return Arm(
            name=self.name,
            settings=tuple(Setting(*pair) for pair in self.settings.items()),
            trace=self.trace,
            attribution=self.attribution,
            demand=tuple(Setting(name, f"{value}") for name, value in given.items()),
        )


class _Limits(TomlFile):
    trial_timeout_s: Annotated[float, Field(gt=0)] = Limits.trial_timeout_s
    settle_s: Annotated[float, Field(ge=0)] = Limits.settle_s
    min_battery_percent: Annotated[int, Field(ge=0, le=100)] = Limits.min_battery_percent
    dead_man_s: Annotated[float, Field(ge=5, le=3600)] = Limits.dead_man_s
    retries: Annotated[int, Field(ge=0, le=20)] = Limits.retries
    retry_wait_s: Annotated[float, Field(ge=0, le=3600)] = Limits.retry_wait_s


class _Capture(TomlFile):
    buffer_kb: Annotated[int, Field(ge=1024, le=1 << 20)] = Capture.buffer_kb
    poll_ms: Annotated[int, Field(gt=10, le=5000)] = Capture.poll_ms


class _Exclude(TomlFile):
    battery_c_above: Annotated[float | None, Field(gt=0, le=100)] = None
    thermal_status_above: Annotated[int | None, Field(ge=0, le=5)] = None
    host_busy_above: Annotated[float | None, Field(ge=0, le=1024)] = None


_Celsius = Annotated[float | None, Field(gt=0, le=100)]


class _Keep(TomlFile):
    awake: bool = Keep.awake
    animations: Literal["off"] | None = None
    airplane: Literal["on"] | None = None
    rotation: Literal["fixed"] | None = None
    brightness: Annotated[int | None, Field(ge=0, le=255)] = None
    charging: Literal["off"] | None = None
    frequency: str | None = None
    background: Literal["still"] | None = None
    cool_battery_c: _Celsius = None
    cool_zone_c: _Celsius = None
    cool_status: Annotated[int | None, Field(ge=0, le=6)] = None
    cool_wait_s: Annotated[float, Field(ge=0, le=3600)] = Keep.cool_wait_s


class ExperimentFile(TomlFile):
    """A file of `workloads/experiments/`, or one of the user's."""

    question: str
    workload: str
    control: str
    blocks: Annotated[int, Field(ge=1, le=1000)]
    primary: Annotated[tuple[str, ...], Field(min_length=1)]
    arms: tuple[_Arm, ...]
    warm_up_blocks: Annotated[int, Field(ge=0, le=10)] = 0
    seed: Annotated[int, Field(ge=0)] = 1
    rules: tuple[RuleEntry, ...] = ()
    stop: Stop = "fixed"
    treatment: str = ""
    limits: _Limits = _Limits()
    capture: _Capture = _Capture()
    exclude: _Exclude = _Exclude()
    conditions: _Keep = _Keep()
    titrate: TitrateEntry | None = None
    optional: tuple[str, ...] = ()

    def problems(self) -> Iterator[Problem]:
        """Too few or too many arms, a control that is no arm, two arms or rules alike, an arm without a control."""
        names = [arm.name for arm in self.arms]
        if not _FEWEST_ARMS <= len(names) <= _MOST_ARMS:
            yield ("arms",), f"a comparison takes {_FEWEST_ARMS} to {_MOST_ARMS} arms, not {len(names)}"
        if self.control not in names:
            yield ("control",), f"{self.control!r} is not an arm; the arms are {', '.join(names)}"
        for index, name in enumerate(names):
            if name in names[:index]:
                yield ("arms", index, "name"), f"a second arm called {name!r}"
        yield from repeated(self.rules)
        yield from self._kept_and_set()
        if self.stop == "decided" and self.blocks <= FIRST_LOOK:
            yield ("blocks",), f"too few to stop early: the first look comes after block {FIRST_LOOK}; give more"
        if self.control in names and len(set(names)) == len(names):
            yield from self._untraced()
            yield from self._attributed()
            if self.treatment:
                yield from self._alone()

    def _kept_and_set(self) -> Iterator[Problem]:
        for index, knob in enumerate(self.optional):
            if not any(knob in arm.settings for arm in self.arms):
                yield ("optional", index), f"no arm sets {knob!r}"
        if self.conditions.frequency and any("cpu.frequency" in arm.settings for arm in self.arms):
            yield ("conditions", "frequency"), "is what arms set: leave it to them"

    def _untraced(self) -> Iterator[Problem]:
        """An arm without a trace is good for one thing: to be held against the same arm with one."""
        if len({arm.trace for arm in self.arms}) == 1:
            return
        levels = [arm.spec().levels for arm in self.arms]
        alike = all(each == levels[0] for each in levels)
        traced = [level for arm, level in zip(self.arms, levels, strict=True) if arm.trace]
        for index, arm in enumerate(self.arms):
            if not arm.trace and levels[index] not in traced:
                yield ("arms", index, "trace"), f"no arm that records a trace has the settings of {arm.name!r}"
            elif not arm.trace and arm.name == self.control and not alike:
                yield ("control",), f"{arm.name!r} records no trace, the arms it is compared with do"

    def _attributed(self) -> Iterator[Problem]:
        """Trials that are attributed are compared with their like; one that is not tells what that costs its twin."""
        (control,) = (arm for arm in self.arms if arm.name == self.control)
        twins = [arm.spec().levels for arm in self.arms if arm.attribution == control.attribution]
        for index, arm in enumerate(self.arms):
            if arm.attribution != "none" and not arm.trace:
                yield ("arms", index, "attribution"), f"needs a trace, and {arm.name!r} records none"
            elif arm.attribution != control.attribution and arm.spec().levels not in twins:
                yield (
                    ("arms", index),
                    f"{arm.name!r} is not attributed as the control is, and none that is has its settings",
                )

    def _alone(self) -> Iterator[Problem]:
        arms = tuple(arm.spec() for arm in self.arms)
        if all(self.treatment not in arm.levels for arm in arms):
            yield ("treatment",), f"no arm sets {self.treatment!r}"
            return
        for name, reference in controls(arms, self.control, self.treatment).items():
            if reference is None:
                index = [arm.name for arm in arms].index(name)
                yield ("arms", index), f"no arm differs from {name!r} in {self.treatment} alone, as the control does"

    def doses(self, demanded: _Demand | None) -> Iterator[Problem]:
        """What is wrong with the arms' own demands, given that of the workload's file."""
        for index, arm in enumerate(self.arms):
            place: Place = ("arms", index, "pressure")
            if arm.pressure and demanded is None:
                yield place, "is more or less than nothing: the workload has no [pressure]"
            elif arm.pressure and demanded:
                merged = _Demand.model_validate({**demanded.given(), **arm.pressure.given()})
                yield from (((*place, *where), what) for where, what in merged.problems())
        if self.titrate:
            yield from self.titrate.misplaced(
                demanded.given() if demanded else None,
                [arm.pressure.given() if arm.pressure else {} for arm in self.arms],
                traced=all(arm.trace for arm in self.arms if arm.name == self.control),
            )

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
            rules=tuple(rule.spec() for rule in self.rules),
            stop=self.stop,
            treatment=self.treatment,
            limits=Limits(**self.limits.model_dump()),
            capture=Capture(**self.capture.model_dump()),
            exclude=Exclude(**self.exclude.model_dump()),
            conditions=Keep(**self.conditions.model_dump()),
            titrate=self.titrate.spec() if self.titrate else None,
            optional=self.optional,
        )


def experiment(name_or_file: str) -> tuple[Experiment, str]:
    """An experiment by the name it ships under, or by a file's path; with the file's own text.

    Raises:
        InputError: no such experiment, or every problem of its file and of its workload's file, `FILE:LINE: text`.
    """
    path = _find(name_or_file, "experiments", "experiment")
    text = read(path)
    model = parse(path, text, ExperimentFile)
    below = _workload_path(model.workload, path.parent)
    made = _workload_file(below)
    if problems := list(model.doses(made.pressure)):
        raise placed(path, text, problems)
    return model.spec(path.stem, made.spec(below, read(below))), text


def files_of(name_or_file: str) -> dict[str, Path]:
    """What another computer needs of an experiment: its file first, then the files and folders that it names.

    Returns:
        Where each must lie, seen from the experiment's own folder -> where it is.

    Raises:
        InputError: as `experiment`; or something it names lies outside its folder.
    """
    path = _find(name_or_file, "experiments", "experiment")
    experiment(name_or_file)
    asked = parse(path, read(path), ExperimentFile).workload
    below = _workload_path(asked, path.parent)
    if _shipped("catalogue") in below.parents:
        return {path.name: path}
    folders = [app.removeprefix(APKS) for app in _workload_file(below).apps if app.startswith(APKS)]
    named = {asked: below, **{str(Path(asked).parent / folder): below.parent / folder for folder in folders}}
    for name in named:
        if Path(name).is_absolute() or ".." in Path(name).parts or not (path.parent / name).exists():
            raise InputError(f"{path}: names {name}, which does not lie beside it: put it there")
    return {path.name: path, **named}


def names(folder: str) -> list[str]:
    """Names that ship: `folder` is `experiments` or `catalogue`."""
    return sorted(path.stem for path in _shipped(folder).glob("*.toml"))


def workload(name_or_file: str, beside: Path = Path()) -> Workload:
    """A workload by the name it ships under, or by a file's path, tried first beside the folder `beside`.

    Raises:
        InputError: no such workload, or every problem of its file.
    """
    path = _workload_path(name_or_file, beside)
    return _workload_file(path).spec(path, read(path))


def _workload_path(name_or_file: str, beside: Path) -> Path:
    local = beside / name_or_file
    return local if name_or_file.endswith(".toml") and local.exists() else _find(name_or_file, "catalogue", "workload")


def _workload_file(path: Path) -> WorkloadFile:
    return parse(path, read(path), WorkloadFile)


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
