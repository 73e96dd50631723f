# SPDX-License-Identifier: Apache-2.0
"""An experiment's file as pydantic sees it."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from workloads.conditions import Keep
from workloads.rules import RuleEntry, repeated
from workloads.spec import (
    FIRST_LOOK,
    Arm,
    Attribution,
    Capture,
    Exclude,
    Experiment,
    Limits,
    Setting,
    Stop,
    Workload,
    controls,
)
from workloads.titrate_table import TitrateEntry
from workloads.toml_file import Place, Problem, TomlFile
from workloads.workload_file import Demand

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


class _Arm(TomlFile):
    name: _Name
    settings: dict[str, _Value]
    trace: bool = Arm.trace
    attribution: Attribution = Arm.attribution
    pressure: Demand | None = None

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

    def doses(self, demanded: Demand | None) -> Iterator[Problem]:
        """What is wrong with the arms' own demands, given that of the workload's file."""
        for index, arm in enumerate(self.arms):
            place: Place = ("arms", index, "pressure")
            if arm.pressure and demanded is None:
                yield place, "is more or less than nothing: the workload has no [pressure]"
            elif arm.pressure and demanded:
                merged = Demand.model_validate({**demanded.given(), **arm.pressure.given()})
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
