# SPDX-License-Identifier: Apache-2.0
"""What an experiment keeps its phone like: what is set, skipped, waited for and doubted."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.fake import Call, FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.device.phone import attach
from agent.knobs.undo import guarded
from agent.runner.conditions import STORE, WAKE, Kept, doubts, hold, look, make_ready, planned, settings, warmer
from reports.record import Conditions
from tests.support.runs import StillClock
from workloads.conditions import Keep

ALL = Keep(
    awake=True, animations="off", airplane="on", rotation="fixed", brightness=120, charging="off", background="still"
)
NOTHING = Conditions(None, None, None, None, None)
SLATE = "/sys/class/power_supply/battery/batt_slate_mode"


@pytest.fixture
def fake() -> FakePhone:
    fake = fake_phone(packages={STORE})
    fake.files[SLATE] = FakeFile("0\n", root_only=True)

    def wake(_call: Call) -> str:
        fake.android.awake, fake.android.locked = True, False
        return ""

    fake.scripts[WAKE] = wake
    return fake


def test_all_of_it_is_set_and_back_at_the_end(fake: FakePhone, tmp_path: Path) -> None:
    phone, before = attach(fake), dict(fake.android.settings)
    with guarded(phone, tmp_path / "undo.json") as guard:
        kept = hold(guard, ALL)
        assert kept.skipped == ()
        assert fake.android.settings["global/window_animation_scale"] == "0"
        assert fake.android.settings["system/screen_brightness"] == "120"
        assert fake.android.settings["global/airplane_mode_on"] == "1"
        assert fake.android.apps.enabled == {STORE: 3}
        assert fake.files[SLATE].text.strip() == "1"
        assert look(phone, kept).kept == kept.wanted
    assert fake.android.settings == before
    assert (fake.android.dexopt, fake.android.apps.enabled, fake.files[SLATE].text.strip()) == (True, {STORE: 0}, "0")


def test_what_a_user_build_does_not_allow_is_skipped_and_said_and_the_rest_is_set(tmp_path: Path) -> None:
    fake = fake_phone(roots=frozenset(), packages={STORE})
    fake.android.refuses = ("airplane-mode", "bg-dexopt-job")
    phone = attach(fake)
    with guarded(phone, tmp_path / "undo.json") as guard:
        kept = hold(guard, replace(ALL, frequency="max"))
        assert fake.android.settings["system/screen_brightness"] == "120"
    charging, *others = kept.skipped
    assert charging.startswith("charging goes on: no switch")
    assert [line.partition(" is left alone")[0] for line in others] == [
        "cpu.frequency",
        "android:bg-dexopt",
        "android:airplane",
    ]
    assert [caveat.code for caveat in doubts(kept, None, NOTHING, replace(NOTHING, kept=dict(kept.wanted)))] == [
        "condition-skipped"
    ] * 4


@pytest.mark.parametrize("serial", ["192.168.1.7:5555", "adb-R5CT10ABCDE-x1Yz2A._adb-tls-connect._tcp"])
def test_a_phone_that_is_reached_over_its_network_keeps_it(serial: str) -> None:
    found, skipped = settings(Keep(airplane="on"), serial)
    assert found == ()
    assert "would cut the network" in skipped[0]


def test_a_phone_on_a_cable_loses_it() -> None:
    assert [each.knob for each in settings(Keep(airplane="on"), "R5CT")[0]] == ["android:airplane"]


def test_nothing_is_asked_for_nothing_is_set() -> None:
    assert settings(Keep(), "S") == ((), ())


def test_a_screen_that_is_off_is_woken_and_unlocked_before_a_trial(fake: FakePhone) -> None:
    phone, kept = attach(fake), Kept(Keep(awake=True))
    assert look(phone, kept).awake is False
    assert make_ready(phone, kept, StillClock()) is None
    assert (look(phone, kept).awake, look(phone, kept).locked) == (True, False)


def test_a_trial_waits_for_a_cool_phone_and_says_when_it_did_not_cool_down(fake: FakePhone) -> None:
    phone, clock = attach(fake), StillClock()
    fake.files["/sys/class/thermal/thermal_zone0/type"] = FakeFile("cpu-little\n")
    fake.files["/sys/class/thermal/thermal_zone0/temp"] = FakeFile("47000\n")
    kept = Kept(Keep(cool_zone_c=45, cool_wait_s=20))
    assert make_ready(phone, kept, clock) == "zone cpu-little at 47 degrees C, asked for 45"
    assert clock.slept == 20
    fake.files["/sys/class/thermal/thermal_zone0/temp"] = FakeFile("44000\n")
    assert make_ready(phone, kept, clock) is None
    assert clock.slept == 20


def test_what_is_too_warm_is_named_and_what_is_not_told_is_not_waited_for() -> None:
    keep = Keep(cool_battery_c=35, cool_status=0, cool_zone_c=50)
    assert list(warmer(keep, 36.5, 2, {"skin": 51.0})) == [
        "the battery at 36.5 degrees C, asked for 35",
        "thermal status 2, asked for 0",
        "zone skin at 51 degrees C, asked for 50",
    ]
    assert list(warmer(keep, None, None, {})) == []
    assert list(warmer(Keep(), 90, 6, {"skin": 90})) == []


def test_what_did_not_hold_in_a_trial_is_a_caveat() -> None:
    kept = Kept(Keep(awake=True), wanted={"settings:global/x": "0"})
    after = replace(NOTHING, awake=True, locked=True, kept={"settings:global/x": "1"})
    changed, screen = doubts(kept, None, NOTHING, after)
    assert (changed.code, changed.what) == (
        "condition-changed",
        "settings:global/x was 0 at the start of the run and 1 after the trial",
    )
    assert (screen.code, screen.what) == ("screen-off", "the screen was locked around the trial")
    assert [each.code for each in doubts(Kept(), "warm", NOTHING, NOTHING)] == ["not-cool"]


def test_a_dry_run_tells_each_write_and_each_skip(fake: FakePhone) -> None:
    fake.android.lacks = ("jobscheduler",)
    lines = list(planned(attach(fake), Keep(animations="off", background="still"), {}))
    assert "before the first trial: set settings:global/window_animation_scale to 0, where the phone allows it" in lines
    assert any(line.startswith("skipped: ") and "jobscheduler" in line for line in lines)
