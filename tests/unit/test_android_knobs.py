# SPDX-License-Identifier: Apache-2.0
"""Android's own settings as knobs: read, written, refused in the phone's words, undone by itself."""

from pathlib import Path

import pytest

from agent.device.fake import Call, FakePhone, fake_phone
from agent.device.phone import attach
from agent.knobs.discover import discover, find
from agent.knobs.undo import begin, guarded, load
from workloads.errors import FinalError, InputError, ProofError
from workloads.spec import Setting

SCALE = "settings:global/window_animation_scale"
CHANGES = [
    (SCALE, "1.0", "0"),
    ("settings:system/user_rotation", "null", "0"),
    ("enabled:com.android.vending", "default", "off"),
    ("android:airplane", "off", "on"),
    ("android:bg-dexopt", "on", "off"),
]


@pytest.fixture
def fake() -> FakePhone:
    return fake_phone(packages={"com.android.vending"})


@pytest.mark.parametrize(("name", "first", "value"), CHANGES)
def test_a_setting_is_told_changed_and_put_back(
    fake: FakePhone, tmp_path: Path, name: str, first: str, value: str
) -> None:
    phone = attach(fake)
    with guarded(phone, tmp_path / "undo.json") as guard:
        assert guard.knob(name).read(phone) == first
        assert guard.hold(Setting(name, value)) == value
        assert guard.knob(name).read(phone) == value
    assert find(name, {}, phone.serial).read(phone) == first


@pytest.mark.parametrize(("name", "first", "value"), CHANGES)
def test_the_phone_puts_it_back_by_itself(fake: FakePhone, tmp_path: Path, name: str, first: str, value: str) -> None:
    phone = attach(fake)
    guard = begin(phone, tmp_path / "undo.json", discover(phone))
    guard.hold(Setting(name, value))
    guard.dead_man.hush()
    fake.fall_silent()
    assert find(name, {}, phone.serial).read(phone) == first


@pytest.mark.parametrize(("state", "first"), [(0, "default"), (1, "on"), (3, "off")])
def test_a_package_is_put_back_to_the_very_state_it_had(
    fake: FakePhone, tmp_path: Path, state: int, first: str
) -> None:
    fake.android.apps.enabled["com.android.vending"] = state
    with guarded(attach(fake), tmp_path / "undo.json") as guard:
        assert guard.knob("enabled:com.android.vending").read(guard.phone) == first
        for value in ("on", "off"):
            guard.hold(Setting("enabled:com.android.vending", value))
    assert fake.android.apps.enabled["com.android.vending"] == state


def test_a_package_that_is_not_there_is_left_alone(fake: FakePhone, tmp_path: Path) -> None:
    with guarded(attach(fake), tmp_path / "undo.json") as guard:
        why = guard.try_hold(Setting("enabled:com.example.none", "off"))
    assert "Unable to find package: com.example.none" in str(why)


def test_what_the_phone_refuses_is_said_and_leaves_nothing_to_undo(fake: FakePhone, tmp_path: Path) -> None:
    fake.android.refuses = ("settings put",)
    phone, journal = attach(fake), tmp_path / "undo.json"
    with guarded(phone, journal) as guard:
        why = guard.try_hold(Setting(SCALE, "0"))
        assert guard.try_hold(Setting("android:bg-dexopt", "off")) is None
    assert why is not None
    assert "SecurityException" in why
    kept = load(journal)
    assert kept is not None
    assert kept.restored
    assert fake.android.dexopt


def test_what_is_not_there_is_said_before_anything_is_written(fake: FakePhone, tmp_path: Path) -> None:
    fake.android.lacks = ("jobscheduler",)
    phone, journal = attach(fake), tmp_path / "undo.json"
    with guarded(phone, journal) as guard:
        why = guard.try_hold(Setting("android:bg-dexopt", "off"))
    assert "Can't find service: jobscheduler" in str(why)
    assert not journal.exists()


def test_a_change_that_half_took_is_no_skipped_one(fake: FakePhone, tmp_path: Path) -> None:
    def settings(call: Call) -> str:
        if "get" in call.argv:
            return fake.android.settings["global/window_animation_scale"]
        fake.android.settings["global/window_animation_scale"] = "0.5"
        return ""

    fake.programs["settings"] = settings
    phone = attach(fake)
    guard = begin(phone, tmp_path / "undo.json", discover(phone))
    with pytest.raises(ProofError, match=r"set to 0, but it reads 0\.5"):
        guard.try_hold(Setting(SCALE, "0"))
    guard.dead_man.hush()


def test_properties_are_set_as_root(fake: FakePhone) -> None:
    asked: list[Call] = []

    def setprop(call: Call) -> str:
        asked.append(call)
        return ""

    fake.programs["setprop"] = setprop
    phone = attach(fake)
    with pytest.raises(ProofError, match=r"prop:log\.tag: set to S, but it reads"):
        find("prop:log.tag", {}, phone.serial).write(phone, "S")
    assert [(call.argv, call.as_root) for call in asked] == [(("setprop", "log.tag", "S"), True)]


@pytest.mark.parametrize(
    "name", ["settings:global", "settings:global/a b", "settings:nope/x", "enabled:mail", "android:fly", "prop:a;b"]
)
def test_names_that_cannot_be_are_refused_with_an_example(name: str) -> None:
    with pytest.raises(InputError, match="is spelt like"):
        find(name, {}, "S")


def test_values_that_cannot_be_are_refused(fake: FakePhone) -> None:
    phone = attach(fake)
    with pytest.raises(InputError, match="none of on, off"):
        find("android:airplane", {}, phone.serial).canonical("1")
    with pytest.raises(InputError, match="one line"):
        find(SCALE, {}, phone.serial).canonical("0\nreboot")
    fake.programs["settings"] = lambda _call: "Failed transaction\nException\n"
    with pytest.raises(FinalError, match="does not tell"):
        find(SCALE, {}, phone.serial).read(phone)
