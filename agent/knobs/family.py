# SPDX-License-Identifier: Apache-2.0
"""A family of knobs: what to look for on a phone, and which knobs what was found makes. Ours, and other packages'.

Another package adds families by entry points of the group `reclaim.knobs`, each naming a `Family`:

    [project.entry-points."reclaim.knobs"]
    acme = "acme_knobs:FAMILY"
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from agent.device.batch import Answer, Question
from agent.knobs.base import BY_READ_BACK, Knob

GROUP = "reclaim.knobs"


@dataclass(frozen=True)
class Seen:
    """What a phone answered to one family's questions.

    Attributes:
        files: path -> answer, of files that are there; some may not be readable.
        said: question -> answer, of programs and joined files.
    """

    files: Mapping[str, Answer]
    said: Mapping[Question, Answer]

    def text(self, path: str) -> str | None:
        """Return a file's text, stripped; None when it is not there or may not be read."""
        answer = self.files.get(path)
        return answer.text.strip() if answer and answer.ok else None


@dataclass(frozen=True)
class Family:
    """Knobs that are found together.

    Attributes:
        key: short and unique; tells knobs of one name apart (`kcompressd@vm`).
        layout: what the form is called, as `describe` shows it.
        knobs: name -> which values it takes, for people; `*` stands for what differs from phone to phone.
        where: the files, for people.
        off: how it is switched off, for people.
        proof: what proves a value, for people.
        source: kernel tree, commit or document.
        questions: what to ask a phone; asked once for all families together.
        build: makes the knobs out of what was found.
        fallback: its knobs count only where no other family has one of that name.
    """

    key: str
    layout: str
    knobs: Mapping[str, str]
    where: str
    questions: tuple[Question, ...]
    build: Callable[[Seen], Iterable[Knob]]
    off: str = "no"
    proof: str = BY_READ_BACK
    source: str = ""
    fallback: bool = False


def plugged_in() -> tuple[tuple[Family, ...], tuple[str, ...]]:
    """Return the families of other packages, and one line per entry point that is broken."""
    families: list[Family] = []
    troubles: list[str] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            families.append(_load(entry))
        except Exception as error:  # noqa: BLE001 - whatever another package does wrong, a run without it goes on
            troubles.append(trouble(entry.name, f"{_package(entry)}: {entry.value}", error))
    return tuple(families), tuple(troubles)


def trouble(name: str, whose: str, error: Exception) -> str:
    """Return the one line that is said of a broken plug-in."""
    told = " ".join(str(error).split())[:200]
    return f"knob plug-in {name} ({whose}) is not used: {type(error).__name__}: {told}; mend or uninstall it"


def _load(entry: EntryPoint) -> Family:
    found = entry.load()
    if not isinstance(found, Family):
        raise TypeError(f"it is a {type(found).__name__}, not an agent.knobs.family.Family")
    return found


def _package(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown package"
