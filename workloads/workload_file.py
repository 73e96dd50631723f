# SPDX-License-Identifier: Apache-2.0
"""A workload's file as pydantic sees it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from workloads.apk import APKS, read_folder
from workloads.choice import FORMS, slots
from workloads.spec import Pressure, Workload
from workloads.steps import Entry, expand, step_problems
from workloads.toml_file import Problem, TomlFile, placed

_Share = Annotated[float, Field(ge=0, le=1)]
LEAST_RETOUCH_BYTES_S = 65_536
"""An eater touches 16 pages at a time; slower and it would sleep through the end of its trial."""


_Processes = Annotated[int, Field(ge=1, le=64)]
_BytesEach = Annotated[int, Field(ge=4096)]


class Demand(TomlFile):
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


class _Pressure(Demand):
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
