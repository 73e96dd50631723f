# SPDX-License-Identifier: Apache-2.0
"""The app profiles the guest ships; their format is described in agent/handheld/guest/framework/profile.h."""

import re
import tomllib
from importlib.resources import files

import pytest

PROFILES = {
    path.name: path.read_text(encoding="utf-8")
    for path in files("agent").joinpath("handheld/guest/apps").iterdir()
    if path.name.endswith(".profile")
}
KEYWORDS = {
    "package", "label", "activity", "version", "role", "file", "anon", "cold", "warm", "hot", "trim", "background",
    "slow", "crash", "dies",
}  # fmt: skip
MIB = 1024 * 1024


def lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line and not line.startswith("#")]


def values(text: str, keyword: str) -> list[list[str]]:
    return [words[1:] for words in lines(text) if words[0] == keyword]


def anon_bytes(text: str) -> int:
    return int(values(text, "anon")[0][0])


def components(text: str) -> set[str]:
    return {f"{package}/{activity}" for [package] in values(text, "package") for [activity] in values(text, "activity")}


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_profile_says_all_that_a_launch_needs(name: str) -> None:
    text = PROFILES[name]
    assert {words[0] for words in lines(text)} <= KEYWORDS
    for keyword in ("package", "label", "activity", "version", "anon", "cold", "warm", "hot"):
        assert len(values(text, keyword)) == 1, keyword
    assert 1 <= len(values(text, "file")) <= 8
    assert values(text, "package")[0][0] == f"com.reclaim.{name.removesuffix('.profile')}"


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_return_costs_less_than_a_start(name: str) -> None:
    cold, warm, hot = (values(PROFILES[name], kind)[0] for kind in ("cold", "warm", "hot"))
    assert int(cold[2]) > int(warm[2]) > int(hot[2])
    assert int(cold[0]) > int(warm[0]) > int(hot[0])
    assert int(warm[1]) > int(hot[1])


def test_the_launcher_shows_twenty_apps_and_not_those_that_end_by_themselves() -> None:
    roles = {name: values(text, "role") for name, text in PROFILES.items()}
    assert sum(role == [] for role in roles.values()) == 20
    assert {name for name, role in roles.items() if role == [["unlisted"]]} == {"crasher.profile", "podcast.profile"}
    assert {name for name, role in roles.items() if role == [["home"]]} == {"launcher.profile"}


def test_one_app_crashes_one_is_slow_and_one_dies_in_the_background() -> None:
    odd = {word: [name for name, text in PROFILES.items() if values(text, word)] for word in ("crash", "slow", "dies")}
    assert odd == {"crash": ["crasher.profile"], "slow": ["shop.profile"], "dies": ["podcast.profile"]}


def test_all_apps_together_take_less_than_half_of_the_default_guest() -> None:
    assert sum(anon_bytes(text) for text in PROFILES.values()) <= 384 * MIB


def test_every_app_of_the_shipped_workloads_exists() -> None:
    known = set[str]().union(*(components(text) for text in PROFILES.values()))
    for path in files("workloads").joinpath("catalogue").iterdir():
        if path.name.endswith(".toml"):
            apps = tomllib.loads(path.read_text(encoding="utf-8"))["apps"]
            assert {app for app in apps if re.match(r"com\.reclaim\.", app)} <= known, path.name
