# SPDX-License-Identifier: Apache-2.0
"""The dead-man's real scripts, run by the shells of this machine on a folder of files, behind a real adb protocol."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.device.adb import connect
from agent.device.phone import BOOT_ID, Phone
from agent.device.root import NO_ROOT
from agent.knobs import leftover
from agent.knobs.base import FileKnob
from agent.knobs.deadman import DeadMan, Terms, words
from agent.knobs.deadman_scripts import ADD, DEADMAN
from agent.knobs.undo import Guard, Journal
from tests.support.adb_server import adb_server
from workloads.errors import FinalError
from workloads.spec import Setting

SHELLS = [name for name in ("dash", "bash", "mksh") if shutil.which(name)]
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=12)
HOSTILE = (
    "",
    "\n",
    "a\n\n",
    "-n",
    "--",
    "\\n",
    "'",
    '"$(touch here)"',
    "`touch here`",
    "a  b",
    "*",
    "$1",
    ".",
    "é\t€ ",
)


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process does; ends as soon as it is done."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


NEEDED = ("sh", "cat", "chmod", "date", "mkdir", "mv", "printf", "rm", "setsid")


@dataclass(frozen=True)
class Programs:
    """The only folder on PATH: what the scripts say they need, no more.

    `sleep` counts the dead-man's looks instead of waiting, `sync` leaves the disk alone.
    """

    folder: Path

    @property
    def looks(self) -> int:
        return (self.folder / "looks").stat().st_size


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    made = Programs(tmp_path_factory.mktemp("bin"))
    (made.folder / "looks").touch()
    for name in NEEDED:
        (made.folder / name).symlink_to(str(shutil.which(name)))
    scripts = {"sleep": f"echo >>{made.folder}/looks; exec {shutil.which('sleep')} 0.005", "sync": ":"}
    for name, text in scripts.items():
        (made.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (made.folder / name).chmod(0o755)
    return made


@pytest.fixture(scope="module")
def phone(programs: Programs) -> Iterator[Phone]:
    """This machine's shell behind adb's protocol."""
    with adb_server(phones={"A1": "device"}, path=str(programs.folder)) as server:
        yield Phone(connect("A1", server.address), NO_ROOT)


@dataclass
class Clock:
    """The dead-man's clock; starts with digits that are no octal numbers."""

    path: Path
    programs: Programs
    time_s: float = 8.08

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass and the dead-man look."""
        self.go_on(seconds)
        before = self.programs.looks
        until(lambda: self.programs.looks > before + 1)

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.time_s += seconds
        new = self.path.with_suffix(".new")
        new.write_text(f"{self.time_s:.2f} 1.00\n")
        new.replace(self.path)

    def ticks(self, *steps: float) -> None:
        for seconds in steps:
            self.tick(seconds)


class Bench:
    """A folder that plays the phone."""

    def __init__(self, phone: Phone, top: Path, programs: Programs) -> None:
        self.phone, self.top, self.clock = phone, top, Clock(top / "clock", programs)
        self.clock.path.write_text("8.08 1.00\n")
        groups = (str(top / "group"), "/nowhere/at all")
        self.terms = Terms(90, str(top / "undo it's"), groups, str(top / "clock"), look_s=0)
        self.folder = Path(self.terms.folder)

    def setting(self, name: str, value: str) -> FileKnob:
        (self.top / name).write_text(f"{value}\n")
        return FileKnob(name, str(self.top / name))

    def value(self, name: str) -> str:
        return (self.top / name).read_text().removesuffix("\n")

    def guard(self, *knobs: FileKnob, run: str = "run") -> Guard:
        """What `guarded` lends, without the end that a killed run does not have either."""
        (self.top / run).mkdir(exist_ok=True)
        journal = Journal("A1", self.phone.read_text(BOOT_ID))
        found = {knob.name: knob for knob in knobs}
        dead_man = DeadMan(self.phone, str(self.top / run), self.terms)
        return Guard(
            self.phone, self.top / run / "undo.json", found, allow_unsafe=False, journal=journal, dead_man=dead_man
        )

    def cut_off(self, *knobs: FileKnob) -> Guard:
        """A run that has changed settings and will not be heard of any more."""
        guard = self.guard(*knobs)
        for knob in knobs:
            guard.set(knob.name, "2")
        guard.dead_man.hush()
        return guard

    def fall_silent(self) -> None:
        pid = self.pid()
        self.clock.ticks(0, 30, 30)
        self.clock.go_on(30)
        until(lambda: gone(pid))

    def left(self) -> leftover.Leftover:
        found = leftover.look(self.phone, self.terms.folder)
        assert found is not None
        return found

    def pid(self) -> int:
        return int((self.folder / "deadman").read_text().split()[0])


@pytest.fixture
def bench(phone: Phone, tmp_path: Path, programs: Programs) -> Iterator[Bench]:
    made = Bench(phone, tmp_path, programs)
    yield made
    DeadMan(phone, "", made.terms).forget()


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class TestSilence:
    def test_every_setting_has_its_first_value_again_last_change_first(self, bench: Bench) -> None:
        order, knobs = bench.top / "order", (bench.setting("a", "1"), bench.setting("b", "it's  \\n $(id)"))
        guard = bench.guard(*knobs)
        for name in "ab":
            guard.dead_man.hold("boot", (f"seen {name}", "/dev/null", ""), ("sh", "-c", f"echo {name} >>'{order}'"))
            guard.set(name, "2")
        guard.dead_man.hush()
        bench.fall_silent()
        assert (bench.value("a"), bench.value("b")) == ("1", "it's \\n $(id)")
        assert order.read_text() == "b\na\n"

    def test_nothing_is_written_while_signs_of_life_come(self, bench: Bench) -> None:
        bench.cut_off(bench.setting("a", "1"))
        for number in range(6):
            (bench.folder / "beat").write_text(f"{number}\n")
            bench.clock.tick(29)
        bench.clock.ticks(29, 29, 29)
        assert bench.value("a") == "2"
        bench.clock.go_on(29)
        until(lambda: bench.value("a") == "1")

    def test_a_phone_that_slept_is_not_taken_for_a_computer_that_is_gone(self, bench: Bench) -> None:
        bench.cut_off(bench.setting("a", "1"))
        bench.clock.ticks(0, 5000, 5000, 0)
        assert bench.value("a") == "2"
        bench.clock.go_on(5000)
        until(lambda: bench.value("a") == "1")

    def test_it_lives_through_the_end_of_its_session(self, bench: Bench) -> None:
        bench.cut_off(bench.setting("a", "1"))
        assert os.getsid(bench.pid()) == bench.pid()
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            os.kill(bench.pid(), number)
        bench.fall_silent()
        assert bench.value("a") == "1"

    def test_it_does_without_a_session_of_its_own_where_there_is_no_setsid(
        self, bench: Bench, programs: Programs
    ) -> None:
        (setsid := programs.folder / "setsid").rename(programs.folder / "other")
        try:
            bench.cut_off(bench.setting("a", "1"))
            os.kill(bench.pid(), signal.SIGHUP)
            bench.fall_silent()
        finally:
            (programs.folder / "other").rename(setsid)
        assert bench.value("a") == "1"

    def test_it_moves_to_the_groups_that_are_there(self, bench: Bench) -> None:
        bench.cut_off(bench.setting("a", "1"))
        assert (bench.top / "group").read_text() == f"{bench.pid()}\n"

    def test_what_goes_wrong_does_not_keep_it_from_the_next_setting(self, bench: Bench) -> None:
        guard = bench.cut_off(bench.setting("a", "1"))
        guard.dead_man.hold("boot", ("b", "/no/where", "1"), ("sh", "-c", "echo no >&2; exit 7"))
        guard.dead_man.hold("boot", ("c", "/dev/null", "1"), ("no such program",))
        guard.dead_man.hush()
        for note in ("firing", "0001/said", "0001/code", "0001/at", "0001/back"):
            (bench.folder / note).mkdir()  # as hard to write as on a full disk
        bench.fall_silent()
        assert bench.value("a") == "1"
        assert [(bench.folder / "0002" / name).read_text() for name in ("said", "code")] == ["no", "7\n"]

    def test_what_failed_is_tried_again_after_the_others(self, bench: Bench) -> None:
        guard = bench.cut_off(bench.setting("a", "1"))
        way = f"[ $(cat '{bench.top}/a') = 1 ] && echo x >>'{bench.top}/b'"
        guard.dead_man.hold("boot", ("b", "/no/where", "1"), ("sh", "-c", way))
        guard.dead_man.hush()
        bench.fall_silent()
        assert bench.value("b") == "x"
        assert [kept.back for kept in bench.left().settings] == ["1", None]

    def test_it_ends_when_its_journal_is_gone(self, bench: Bench) -> None:
        bench.cut_off(bench.setting("a", "1"))
        pid = bench.pid()
        shutil.rmtree(bench.folder)
        until(lambda: gone(pid))
        assert bench.value("a") == "2"


class TestNote:
    def test_it_says_what_when_and_what_was_read_back(self, bench: Bench) -> None:
        knob = bench.setting("a", "1")
        bench.cut_off(knob)
        bench.fall_silent()
        left = bench.left()
        (line,) = leftover.told(left)
        assert line.startswith("A1: the phone restored a (1) itself at 2")
        assert f"heard nothing of {bench.top / 'run'} on " in line
        assert line.endswith("for 90 s; it read 1")
        assert leftover.refusal(bench.phone, left, {"a": knob}) is None

    def test_a_setting_that_is_not_as_it_was_is_refused_with_the_way_out(self, bench: Bench) -> None:
        knob = bench.setting("a", "1")
        bench.cut_off(knob)
        bench.fall_silent()
        (bench.top / "a").write_text("3\n")
        why = leftover.refusal(bench.phone, bench.left(), {"a": knob})
        assert why is not None
        assert re.fullmatch(r"A1: not as it was before .*: a was 1 and is 3; `reclaim restore -s A1` puts it back", why)


class TestArmed:
    def test_signs_of_life_reach_the_phone(self, bench: Bench) -> None:
        guard = bench.guard(bench.setting("a", "1"))
        guard.set("a", "2")
        until(lambda: (bench.folder / "beat").read_text() not in ("armed\n", ""))
        guard.dead_man.close()

    def test_nothing_is_left_when_it_is_closed(self, bench: Bench) -> None:
        guard = bench.guard(bench.setting("a", "1"))
        guard.set("a", "2")
        pid = bench.pid()
        guard.dead_man.close()
        assert gone(pid)
        assert not bench.folder.exists()

    def test_only_what_is_stuck_stays(self, bench: Bench) -> None:
        guard = bench.guard(*(knobs := (bench.setting("a", "1"), bench.setting("b", "1"))))
        guard.apply([Setting("a", "2"), Setting("b", "2")])
        guard.dead_man.close(["b"])
        left = bench.left()
        assert [(kept.number, kept.knob, kept.stuck) for kept in left.settings] == [("0002", "b", True)]
        assert not left.alive
        why = leftover.refusal(bench.phone, left, {knob.name: knob for knob in knobs})
        assert why is not None
        assert "b was 1 and could not be put back" in why

    def test_one_that_was_killed_is_armed_anew_with_all_settings(self, bench: Bench) -> None:
        guard = bench.guard(bench.setting("a", "1"))
        guard.set("a", "2")
        os.kill(first := bench.pid(), signal.SIGKILL)
        shutil.rmtree(bench.folder)
        guard.apply([Setting("a", "3")])
        assert bench.pid() != first
        guard.dead_man.hush()
        bench.fall_silent()
        assert bench.value("a") == "1"

    def test_a_phone_that_cannot_keep_the_journal_is_not_changed(self, bench: Bench) -> None:
        bench.folder.write_text("a file where the folder should be")
        guard = bench.guard(bench.setting("a", "1"))
        with pytest.raises(FinalError, match="A1: cannot start the process that would put its settings back in "):
            guard.set("a", "2")
        assert bench.value("a") == "1"
        guard.dead_man.hush()
        bench.folder.unlink()


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=8)
@given(st.data())
def test_any_word_and_path_comes_back_from_the_journal_and_none_runs_as_code(
    programs: Programs, shell: str, data: st.DataObject
) -> None:
    args = data.draw(st.lists(WORDS | st.sampled_from(HOSTILE), max_size=8))
    name = data.draw(NAMES.filter(lambda text: text not in (".", "..")))
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        (top / name).write_text("now\n", encoding="utf-8")
        command = ("sh", "-c", 'printf "%s\\0" "$@" >"$0"', f"{top}/out", *args)
        folder = f"{top}/undo"
        Path(folder).mkdir()
        for script, more in (
            (ADD, ("0001", "knob", f"{top}/{name}", "first", *command)),
            (DEADMAN, words(Terms(0, groups=()))),
        ):
            argv = (str(shutil.which(shell)), "-c", script, "sh", folder, *more)
            subprocess.run(argv, check=True, cwd=top, env={"PATH": str(programs.folder)})
        assert (top / "out").read_bytes() == b"".join(f"{word}\0".encode() for word in args or [""])
        assert (top / "undo/0001/back").read_text() == "now\n"
        assert {path.name for path in top.iterdir()} == {name, "undo", "out"}
