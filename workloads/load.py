# SPDX-License-Identifier: Apache-2.0
"""TOML files -> `workloads.spec` values; every problem is found at once and named by file and line."""

import tomllib
from importlib.resources import files
from pathlib import Path

from workloads.apk import APKS
from workloads.errors import InputError
from workloads.experiment_file import ExperimentFile
from workloads.spec import Experiment, Workload
from workloads.toml_file import parse, placed, read
from workloads.workload_file import WorkloadFile


def experiment(name_or_file: str) -> tuple[Experiment, str]:
    """An experiment by the name it ships under, or by a file's path; with the file's own text.

    Raises:
        InputError: no such experiment, or every problem of its file and of its workload's file, `FILE:LINE: text`.
    """
    path = _find(name_or_file, "experiments", "experiment")
    text = read(path)
    try:
        model = parse(path, text, ExperimentFile)
    except InputError as error:
        raise InputError(*error.problems, *_wrong_below(path, text)) from error
    below = _workload_path(model.workload, path.parent)
    made = _workload_file(below)
    if problems := list(model.doses(made.pressure)):
        raise placed(path, text, problems)
    return model.spec(path.stem, made.spec(below, read(below))), text


def _wrong_below(path: Path, text: str) -> tuple[str, ...]:
    """What is wrong with the workload's file of an experiment whose own file is wrong; nothing where it names none."""
    try:
        asked = tomllib.loads(text).get("workload")
        if isinstance(asked, str):
            workload(asked, path.parent)
    except tomllib.TOMLDecodeError:
        pass
    except InputError as error:
        return error.problems
    return ()


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
