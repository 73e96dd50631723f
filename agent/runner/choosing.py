# SPDX-License-Identifier: Apache-2.0
"""Which apps of this phone a workload's slots are, and which versions they have; asked once per run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.device import batch, packages
from agent.device.phone import Phone
from reports.printable import printable
from reports.units import count
from workloads.choice import resolve, wanted
from workloads.errors import InputError
from workloads.spec import Workload

_LAUNCHABLE = batch.program(
    "cmd", "package", "query-activities", "--brief",
    "-a", "android.intent.action.MAIN", "-c", "android.intent.category.LAUNCHER",
)  # fmt: skip
_INSTALLED = batch.program("pm", "list", "packages", "-3")
_MEMORY_S = 120.0
"""dumpsys meminfo walks the page tables of every process."""


@dataclass(frozen=True)
class Seen:
    """What a phone has to choose from.

    Attributes:
        launchable: components that its launcher shows, of apps that somebody installed, one per package, by name.
        memory: package -> bytes that its processes hold now; {} where nobody asked.
    """

    launchable: tuple[str, ...]
    memory: Mapping[str, int]


def choose(phone: Phone, workload: Workload) -> Workload:
    """The workload with this phone's apps in its slots.

    Raises:
        InputError: the phone has fewer apps than are asked for.
        TransientError: the link dropped.
    """
    kinds = wanted(workload)
    return resolve(workload, fill(workload, _look(phone, memory="hungriest" in kinds))) if kinds else workload


def fill(workload: Workload, seen: Seen) -> dict[str, str]:
    """Slot -> component. Pure; apps that the workload names already are not chosen again.

    Raises:
        InputError: one line per kind of which there are too few.
    """
    taken = {app.partition("/")[0] for app in workload.apps if "#" not in app}
    chosen: dict[str, str] = {}
    problems: list[str] = []
    for kind, number in wanted(workload).items():
        left = [app for app in seen.launchable if app.partition("/")[0] not in taken]
        found = _hungriest(left, seen.memory) if kind == "hungriest" else left
        if len(found) < number:
            problems.append(_too_few(kind, number, found))
        chosen |= {f"{kind}#{place}": app for place, app in enumerate(found[:number], start=1)}
        taken |= {app.partition("/")[0] for app in found[:number]}
    if problems:
        raise InputError(*problems)
    return chosen


def _hungriest(apps: list[str], memory: Mapping[str, int]) -> list[str]:
    held = {app: memory.get(app.partition("/")[0], 0) for app in apps}
    return sorted((app for app in apps if held[app]), key=lambda app: (-held[app], app))


def _too_few(kind: str, number: int, found: list[str]) -> str:
    names = ", ".join(printable(app) for app in found) or "none"
    cure = "open more of them" if kind == "hungriest" else "install more"
    what = "installed apps that run now" if kind == "hungriest" else "installed apps that the launcher shows"
    return f"{kind}:{number} asks for {count(number, 'app')}, the phone has {len(found)} {what} ({names}); {cure}"


def _look(phone: Phone, *, memory: bool) -> Seen:
    asked = [_LAUNCHABLE, _INSTALLED, *([batch.program("dumpsys", "meminfo")] if memory else [])]
    (shown,), (listed,), *rest = phone.ask(*asked, as_root=False, timeout_s=_MEMORY_S)
    installed = packages.listed(listed.text)
    first: dict[str, str] = {}
    for component in packages.activities(shown.text):
        first.setdefault(component.partition("/")[0], component)
    launchable = tuple(first[package] for package in sorted(first) if package in installed)
    return Seen(launchable, packages.memory(rest[0][0].text) if rest else {})


def versions(phone: Phone, workload: Workload) -> dict[str, str]:
    """Component -> version of each app that is installed, or will be for the run; `not told` where it is not known."""
    known = {apk.component: apk.version for apk in workload.apks}
    asked = [app for app in workload.apps if app not in known]
    names = [app.partition("/")[0] for app in asked]
    answers = phone.ask(*(batch.program("dumpsys", "package", name) for name in names), as_root=False, timeout_s=60)
    told = {
        app: packages.version(answer.text, name) or "not told"
        for app, name, (answer,) in zip(asked, names, answers, strict=True)
    }
    return {app: printable({**known, **told}[app], 80) for app in workload.apps}


def told(workload: Workload, found: Mapping[str, str]) -> Iterator[str]:
    """What was chosen, in a line for people."""
    pairs = zip(workload.apps, workload.slots, strict=False)
    if chosen := [f"{printable(app)} {found[app]}" for app, slot in pairs if slot]:
        yield f"apps chosen on this phone: {', '.join(chosen)}"
