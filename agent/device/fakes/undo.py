# SPDX-License-Identifier: Apache-2.0
"""The dead-man of the fake phone: what its scripts do to the phone's files; it acts when a test says so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.device.fakes.files import FakeFile
from agent.knobs.deadman_scripts import ADD, ALIVE, ARM, DISARM
from agent.ports import Completed

AT = "2026-11-23T06:00:00+0000\n"
"""When the dead-man acts, by the phone's clock."""

SCRIPTS = (ADD, ALIVE, ARM, DISARM)


@dataclass
class FakeDeadMan:
    """Scripts known by their text, as functions on the phone's files.

    Attributes:
        alive: whether its process runs.
        refuses: what the phone says instead of starting one.
        armed: how often it was started.
    """

    alive: bool = False
    refuses: str = ""
    armed: int = 0

    def run(self, script: str, argv: Sequence[str], files: dict[str, FakeFile]) -> tuple[int, str]:
        """Do what a script does; return its exit status and standard error."""
        folder, *words = argv
        if script == ALIVE:
            return int(not self.alive), ""
        if script == ARM:
            return self._arm(folder, words, files)
        if script == ADD:
            self._add(folder, words, files)
        if script == DISARM:
            self._disarm(folder, words, files)
        return 0, ""

    def act(
        self,
        files: dict[str, FakeFile],
        execute: Callable[[tuple[str, ...]], Completed],
        read: Callable[[str], tuple[str, int]],
    ) -> None:
        """Put everything back, last change first, what failed once more; leave notes, and end."""
        commands = self._commands(files) if self.alive else []
        for folder, command in (*commands, *commands):
            if f"{folder}/code" in files and files[f"{folder}/code"].text == "0\n":
                continue
            done = execute(command)
            back, missing = read(files[f"{folder}/where"].text)
            notes = {"said": done.err, "code": f"{done.code}\n", "at": AT} | ({} if missing else {"back": back})
            files |= {f"{folder}/{name}": FakeFile(text) for name, text in notes.items()}
        self.alive = False

    def _commands(self, files: dict[str, FakeFile]) -> list[tuple[str, tuple[str, ...]]]:
        found = []
        for folder in sorted({name.rpartition("/")[0] for name in files if name.endswith("/word1")}, reverse=True):
            count = sum(name.startswith(f"{folder}/word") for name in files)
            found.append((folder, tuple(files[f"{folder}/word{n}"].text for n in range(1, count + 1))))
        return found

    def _arm(self, folder: str, words: Sequence[str], files: dict[str, FakeFile]) -> tuple[int, str]:
        if self.refuses:
            return 1, self.refuses
        self.alive, self.armed = True, self.armed + 1
        for name, text in zip(("boot", "run", "host", "limit"), words, strict=False):
            files[f"{folder}/{name}"] = FakeFile(text)
        return 0, ""

    def _add(self, folder: str, words: Sequence[str], files: dict[str, FakeFile]) -> None:
        number, knob, where, first, *command = words
        names = ("knob", "where", "first", *(f"word{n}" for n in range(1, len(command) + 1)))
        self._drop(f"{folder}/{number}", files)
        for name, text in zip(names, (knob, where, first, *command), strict=True):
            files[f"{folder}/{number}/{name}"] = FakeFile(text)

    def _disarm(self, folder: str, left: Sequence[str], files: dict[str, FakeFile]) -> None:
        self.alive = False
        if not left:
            self._drop(folder, files)
        for number in {name.split("/")[-2] for name in files if name.startswith(f"{folder}/0")}:
            if number in left:
                files[f"{folder}/{number}/stuck"] = FakeFile("\n")
            else:
                self._drop(f"{folder}/{number}", files)

    def _drop(self, folder: str, files: dict[str, FakeFile]) -> None:
        for name in [name for name in files if name.startswith(f"{folder}/")]:
            del files[name]
