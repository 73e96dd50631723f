# SPDX-License-Identifier: Apache-2.0
"""What a run that was cut off leaves on a phone, and what the next one and `reclaim restore` make of it."""

import io
from argparse import ArgumentParser
from pathlib import Path

import pytest

from agent.cli import restore as command
from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile, keep
from agent.device.phone import Phone, attach
from agent.knobs.deadman import FOLDER, Terms
from agent.knobs.discover import discover
from agent.knobs.undo import begin, check, guarded, load, restore
from workloads.errors import FinalError, InputError
from workloads.spec import Setting

SWAPPINESS = "sysctl:vm.swappiness"
FILE = "/proc/sys/vm/swappiness"


@pytest.fixture
def fake() -> FakePhone:
    return fake_phone()


@pytest.fixture
def phone(fake: FakePhone) -> Phone:
    return attach(fake)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "undo.json"


def cut_off(phone: Phone, run: Path, settings: dict[str, str]) -> Path:
    """A run that changed settings and was killed; return its journal."""
    run.mkdir(parents=True, exist_ok=True)
    guard = begin(phone, run / "undo.json", discover(phone))
    for name, value in settings.items():
        guard.set(name, value)
    guard.dead_man.hush()
    return run / "undo.json"


def change(phone: Phone, journal: Path, settings: dict[str, str]) -> None:
    """A run that changes settings and ends well."""
    with guarded(phone, journal) as guard:
        for name, value in settings.items():
            guard.set(name, value)


def other_computers(fake: FakePhone) -> None:
    fake.files[f"{FOLDER}/host"].text = "elsewhere (uid 1)"


class TestThePhonesOwnJournal:
    def test_it_is_there_before_the_first_write_and_gone_afterwards(
        self, fake: FakePhone, phone: Phone, journal: Path
    ) -> None:
        seen: list[str] = []

        def look(text: str) -> str:
            seen.append(fake.files[f"{FOLDER}/0001/first"].text if fake.dead_man.alive else "no dead-man")
            return text

        fake.files[FILE].accept = look
        with guarded(phone, journal) as guard:
            guard.set(SWAPPINESS, "60")
        assert seen[0] == "100"
        assert not [name for name in fake.files if name.startswith(FOLDER)]
        assert not fake.dead_man.alive

    def test_it_is_not_made_where_nothing_is_changed(self, fake: FakePhone, phone: Phone, journal: Path) -> None:
        with guarded(phone, journal):
            pass
        assert fake.dead_man.armed == 0

    def test_a_phone_that_cannot_keep_it_is_not_changed(self, fake: FakePhone, phone: Phone, journal: Path) -> None:
        fake.dead_man.refuses = "mkdir: Read-only file system"
        with pytest.raises(FinalError, match="Read-only"), guarded(phone, journal) as guard:
            guard.set(SWAPPINESS, "60")
        assert fake.files[FILE].text == "100\n"

    def test_one_that_acted_in_between_is_armed_anew_for_the_next_trial(
        self, fake: FakePhone, phone: Phone, journal: Path
    ) -> None:
        with guarded(phone, journal) as guard:
            guard.apply([Setting(SWAPPINESS, "60")])
            fake.fall_silent()
            assert fake.files[FILE].text == "100\n"
            guard.apply([Setting(SWAPPINESS, "60")])
            assert (fake.files[FILE].text, fake.dead_man.armed) == ("60\n", 2)
            fake.fall_silent()
            assert fake.files[FILE].text == "100\n"

    def test_what_could_not_be_put_back_makes_the_phone_dirty_until_it_is(
        self, fake: FakePhone, phone: Phone, tmp_path: Path
    ) -> None:
        fake.files["/sys/stuck"] = FakeFile("1\n", lambda text: "2" if text == "1" else text)
        with pytest.raises(FinalError, match="not put back"):
            change(phone, tmp_path / "undo.json", {SWAPPINESS: "60", "sysfs:/sys/stuck": "3"})
        assert not fake.dead_man.alive
        with pytest.raises(
            FinalError, match="sysfs:/sys/stuck was 1 and could not be put back; `reclaim restore -s FAKE"
        ):
            check(phone, tmp_path / "next", {}, Terms())
        fake.files["/sys/stuck"].accept = keep
        assert [entry.state for entry in restore(phone, None)] == ["restored"]
        assert check(phone, tmp_path / "next", {}, Terms()) == ()


class TestTheNextRun:
    def test_it_is_refused_while_the_phone_waits_for_a_run_that_was_cut_off(self, phone: Phone, tmp_path: Path) -> None:
        cut_off(phone, tmp_path / "a", {SWAPPINESS: "60"})
        with pytest.raises(FinalError, match=r"a was cut off .*`reclaim restore -s FAKE0001` puts them back now"):
            check(phone, tmp_path / "b", {}, Terms())
        with pytest.raises(FinalError, match="was cut off"), guarded(phone, tmp_path / "b" / "undo.json"):
            pytest.fail("no settings are lent")

    def test_it_is_told_once_what_the_phone_did_by_itself(self, fake: FakePhone, phone: Phone, tmp_path: Path) -> None:
        cut_off(phone, tmp_path / "a", {"kcompressd": "2"})
        fake.fall_silent()
        (line,) = check(phone, tmp_path / "b", discover(phone), Terms())
        assert line.startswith("FAKE0001: the phone restored kcompressd (off) itself at 2026-11-23T06:00:00+0000, when")
        with guarded(phone, tmp_path / "undo.json") as guard:
            guard.set("kcompressd", "2")
        assert check(phone, tmp_path / "b", {}, Terms()) == ()

    def test_a_reboot_has_put_back_what_only_the_boot_knew(self, fake: FakePhone, phone: Phone, tmp_path: Path) -> None:
        cut_off(phone, tmp_path / "a", {"kcompressd": "2"})
        fake.dead_man.alive = False
        fake.kernel.reboot()
        (line,) = check(phone, tmp_path / "b", {}, Terms())
        assert line.startswith("FAKE0001: it has rebooted since ")
        assert line.endswith("what that had changed is gone: kcompressd")

    def test_a_phone_whose_dead_man_was_killed_is_refused(self, fake: FakePhone, phone: Phone, tmp_path: Path) -> None:
        cut_off(phone, tmp_path / "a", {"kcompressd": "2"})
        fake.dead_man.alive = False
        with pytest.raises(
            FinalError, match=r"kcompressd was off and is 2; `reclaim restore -s FAKE0001` puts it back"
        ):
            check(phone, tmp_path / "b", discover(phone), Terms())

    def test_another_computers_phone_is_left_alone_by_run_and_restore(
        self, fake: FakePhone, phone: Phone, tmp_path: Path
    ) -> None:
        cut_off(phone, tmp_path / "a", {SWAPPINESS: "60"})
        other_computers(fake)
        for act in (lambda: check(phone, tmp_path, {}, Terms()), lambda: restore(phone, None)):
            with pytest.raises(FinalError, match=r"somebody else is at work on it: .* on elsewhere"):
                act()
        fake.fall_silent()
        assert [entry.state for entry in restore(phone, None)] == ["restored"]

    def test_what_the_phone_says_cannot_steer_a_terminal(self, fake: FakePhone, phone: Phone, tmp_path: Path) -> None:
        cut_off(phone, tmp_path / "a", {SWAPPINESS: "60"})
        fake.fall_silent()
        fake.files[f"{FOLDER}/0001/back"].text = "\x1b[2J"
        fake.files[f"{FOLDER}/run"].text = "\u202e"
        (line,) = check(phone, tmp_path / "b", {}, Terms())
        assert r"\x1b[2J" in line
        assert r"\u202e" in line


class TestRestoreCommand:
    def run(self, *words: str) -> int:
        parser = ArgumentParser()
        command.add(parser)
        return command.main(parser.parse_args(words), io.StringIO(), io.StringIO())

    def put_back(self, phone: Phone, path: Path | None) -> str:
        out = io.StringIO()
        command.put_back(phone, path, out)
        return out.getvalue()

    def test_a_folder_without_a_journal_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="changed no setting"):
            self.run(str(tmp_path))

    def test_the_only_run_left_open_is_found(self, phone: Phone, tmp_path: Path) -> None:
        with guarded(phone, tmp_path / "undo.json") as guard:
            guard.set(SWAPPINESS, "60")
        left = cut_off(phone, tmp_path / "runs/b", {SWAPPINESS: "60"})
        assert command.journal_of(None, tmp_path) == left
        cut_off(attach(fake_phone(serial="OTHER")), tmp_path / "runs/c", {SWAPPINESS: "60"})
        with pytest.raises(InputError, match="2 runs have settings left"):
            command.journal_of(None, tmp_path)
        assert command.journal_of(None, tmp_path, "FAKE0001") == left
        assert command.journal_of(None, tmp_path, "THIRD") is None

    def test_the_phones_own_journal_does_where_the_run_is_gone(
        self, fake: FakePhone, phone: Phone, tmp_path: Path
    ) -> None:
        path = cut_off(phone, tmp_path / "a", {SWAPPINESS: "60", "kcompressd": "2"})
        path.unlink()
        path.parent.rmdir()
        said = self.put_back(phone, command.journal_of(path.parent, tmp_path))
        assert said == (
            f"FAKE0001: {SWAPPINESS} is 100 again ({FILE})\n"
            "FAKE0001: kcompressd is off again (/sys/module/kcompressd/parameters/nr_kcompressd)\n"
        )
        assert fake.files[FILE].text == "100\n"
        assert not [name for name in fake.files if name.startswith(FOLDER)]
        assert self.put_back(phone, None) == "FAKE0001: nothing of an earlier run is left to put back\n"

    def test_what_the_phone_did_itself_is_told_first(self, fake: FakePhone, phone: Phone, tmp_path: Path) -> None:
        path = cut_off(phone, tmp_path / "a", {SWAPPINESS: "60"})
        fake.fall_silent()
        first, second = self.put_back(phone, path).splitlines()
        assert "itself at 2026-11-23" in first
        assert second == f"FAKE0001: {SWAPPINESS} is 100 again ({FILE})"
        kept = load(path)
        assert kept is not None
        assert kept.restored

    def test_no_run_and_a_clean_phone_is_one_line(self, phone: Phone, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="nothing to put back"):
            self.put_back(phone, tmp_path / "gone" / "undo.json")
