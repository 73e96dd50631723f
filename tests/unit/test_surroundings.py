# SPDX-License-Identifier: Apache-2.0
"""Screen, lock, charger, heat and frequencies as phones tell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.device import surroundings
from agent.device.batch import Answer

ZONE = "/sys/class/thermal/thermal_zone"


def answers(name: str, *texts: str) -> list[Answer]:
    return [Answer(f"{ZONE}{number}/{name}", text, 0) for number, text in enumerate(texts)]


@given(st.text(max_size=100))
def test_no_text_breaks_a_parser(text: str) -> None:
    surroundings.awake(text)
    surroundings.locked(text)
    surroundings.charging(text)
    surroundings.zones([Answer(f"{ZONE}0/type", text, 0)], [Answer(f"{ZONE}0/temp", text, 0)])
    surroundings.frequencies([Answer("/x/policy0/scaling_max_freq", text, 0)])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Power Manager State:\n  mWakefulness=Awake\n", True),
        ("  mWakefulnessRaw=Awake\n", True),  # PowerManagerService of Android 12 and later
        ("  mWakefulness=Dozing\n", False),
        ("Permission denial", None),
    ],
)
def test_awake(text: str, told: bool | None) -> None:  # noqa: FBT001 - what is told
    assert surroundings.awake(text) is told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("  KeyguardServiceDelegate\n    showing=true\n    showingAndNotOccluded=true\n", True),
        ("  KeyguardServiceDelegate\n    showing=false\n    secure=true\n", False),
        ("  mDreamingLockscreen=false isKeyguardShowing=false\n", False),  # the virtual handheld's
        ("", None),
    ],
)
def test_locked(text: str, told: bool | None) -> None:  # noqa: FBT001 - what is told
    assert surroundings.locked(text) is told


def test_charging() -> None:
    assert surroundings.charging("  USB powered: true\n  status: 2\n  health: 2\n") is True
    assert surroundings.charging("  status: 4\n") is False
    assert surroundings.charging("") is None


def test_zones_in_thousandths_or_degrees_the_hottest_of_a_type_and_none_that_is_off() -> None:
    types = answers("type", "cpu-0", "cpu-0", "battery", "modem", "broken")
    found = surroundings.zones(types, answers("temp", "41500", "43000", "31", "-273000", "Invalid argument"))
    assert found == {"cpu-0": 43.0, "battery": 31.0}


def test_frequencies_by_policy() -> None:
    folder = "/sys/devices/system/cpu/cpufreq"
    found = surroundings.frequencies(
        [
            Answer(f"{folder}/policy0/scaling_max_freq", "1803000\n", 0),
            Answer(f"{folder}/policy4/scaling_max_freq", "?", 1),
        ]
    )
    assert found == {"policy0": 1803000}
