# SPDX-License-Identifier: Apache-2.0
"""APK files of this computer: whose they are and what starts them, read from their manifests."""

import hashlib
from pathlib import Path
from typing import Any

from workloads.choice import is_component
from workloads.errors import InputError, SetupError
from workloads.spec import Apk

APKS = "apks:"
"""How an entry of a workload's `apps` begins that names a folder of APK files, seen from the workload's own."""


def read_folder(folder: Path) -> tuple[Apk, ...]:
    """Every `*.apk` of a folder, by file name.

    Raises:
        InputError: no such folder, none in it, two of one package, or one that is broken or that nothing launches.
        SetupError: the reader of manifests is not installed.
    """
    found = sorted(folder.glob("*.apk")) if folder.is_dir() else []
    if not found:
        raise InputError(f"{folder}: {'holds no .apk file' if folder.is_dir() else 'is no folder'}")
    apks = tuple(map(read_apk, found))
    packages = [apk.component.partition("/")[0] for apk in apks]
    for package in packages:
        if packages.count(package) > 1:
            raise InputError(f"{folder}: holds two APKs of {package}; split APKs are not installed, give whole ones")
    return apks


def read_apk(path: Path) -> Apk:
    """One file.

    Raises:
        InputError: it cannot be read, is no APK, or has no activity that a launcher would show.
        SetupError: the reader of manifests is not installed.
    """
    try:
        from pyaxmlparser.core import APK  # noqa: PLC0415 - imported late: in an extra, and it takes 0.2 s
    except ImportError:
        raise SetupError("reading APK files takes a package: pip install 'reclaim-agent[apks]'") from None
    try:
        data = path.read_bytes()
        made: Any = APK(data, raw=True)  # type: ignore[no-untyped-call]  # the package has no types
        package, activity, version = made.package, made.get_main_activity(), (made.version_name, made.version_code)
    except Exception as error:  # the parser raises whatever a broken file makes of it
        raise InputError(f"{path}: cannot be read as an APK: {type(error).__name__}: {error}") from error
    if not package or not activity:
        raise InputError(f"{path}: has no activity that a launcher shows; name another, or leave it out")
    short = activity.removeprefix(package) if activity.startswith(f"{package}.") else activity
    component = f"{package}/{short}"
    if not is_component(component):  # a manifest may say anything, and this becomes a path and an argument on the phone
        raise InputError(f"{path}: calls what starts it {component[:200]!r}, which no Android installs")
    told = f"{version[0]} ({version[1]})"
    return Apk(str(path.absolute()), component, told, hashlib.sha256(data).hexdigest())
