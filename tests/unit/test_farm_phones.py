# SPDX-License-Identifier: Apache-2.0
"""The phones of a host: nothing is tried in a storm, and one that is gone gets a hand."""

from dataclasses import dataclass, field

import pytest

from agent.device.server import Address
from agent.farm import phones as phones_module
from agent.farm.phones import HostPhones, Pause, call
from workloads.errors import SetupError, TransientError


@dataclass
class Bench:
    """An adb server that is what a test says, and a clock."""

    states: dict[str, str] = field(default_factory=dict)
    server_up: bool = True
    mute: set[str] = field(default_factory=set)
    now_s: float = 0.0
    starts: int = 0
    asked: list[str] = field(default_factory=list)
    hooks: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def ensure(self, _address: Address) -> None:
        self.starts += 1
        if not self.server_up:
            raise SetupError("no adb server")

    def ask(self, serial: str, _address: Address) -> dict[str, str]:
        self.asked.append(serial)
        if serial in self.mute:
            raise TransientError(f"{serial}: does not answer")
        return {"model": "X", "build": "1"}

    def hook(self, _words: tuple[str, ...], serial: str, state: str) -> str:
        self.hooks.append((serial, state))
        return "done"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench()
    monkeypatch.setattr(phones_module, "ensure_running", made.ensure)
    monkeypatch.setattr(phones_module, "devices", lambda _address: dict(made.states))
    monkeypatch.setattr(phones_module, "asked", made.ask)
    monkeypatch.setattr(phones_module, "call", made.hook)
    return made


def host(bench: Bench, *only: str) -> HostPhones:
    return HostPhones(Address(), only, {"pool": "night"}, ("power",), bench.said.append, lambda: bench.now_s)


def test_phones_that_answer_have_the_labels_of_their_host_and_are_asked_once(bench: Bench) -> None:
    bench.states = {"A": "device", "B": "unauthorized", "C": "device"}
    looked = host(bench)
    assert looked.ready() == looked.ready() == {s: {"model": "X", "build": "1", "pool": "night"} for s in ("A", "C")}
    assert bench.asked == ["A", "C"]


def test_only_the_phones_that_are_named_are_meant(bench: Bench) -> None:
    bench.states = {"A": "device", "C": "device"}
    assert set(host(bench, "C").ready()) == {"C"}


def test_an_adb_server_that_does_not_start_is_tried_at_growing_intervals(bench: Bench) -> None:
    bench.server_up = False
    looked = host(bench)
    for bench.now_s in range(60):
        assert looked.ready() == {}
    assert bench.starts == 4, "at 0, 5, 15 and 35 s"
    assert bench.hooks == [], "phones are not blamed for it"


def test_a_phone_that_went_gets_a_hand_at_growing_intervals_and_is_asked_anew_when_it_is_back(bench: Bench) -> None:
    bench.states = {"A": "device", "B": "device"}
    looked = host(bench)
    looked.ready()
    bench.states = {"A": "device", "B": "offline"}
    for bench.now_s in range(60):
        assert set(looked.ready()) == {"A"}
    assert bench.hooks == [("B", "offline")] * 3
    bench.states = {"A": "device", "B": "device"}
    bench.now_s = 100
    assert set(looked.ready()) == {"A", "B"}
    assert bench.asked == ["A", "B", "B"]


def test_one_that_is_listed_but_mute_is_asked_at_growing_intervals_and_troubles_no_other(bench: Bench) -> None:
    bench.states, bench.mute = {"A": "device", "B": "device"}, {"B"}
    looked = host(bench)
    for bench.now_s in range(60):
        assert set(looked.ready()) == {"A"}
    assert bench.asked.count("B") == 3


def test_a_pause_grows_to_its_limit_and_ends_with_a_success() -> None:
    pause = Pause(1.0, 4.0)
    ends = []
    for _ in range(4):
        pause.failed(0.0)
        ends.append(pause.until_s)
    assert ends == [1.0, 2.0, 4.0, 4.0]
    pause.worked()
    assert pause.due(0.0)


def test_a_hook_that_cannot_run_is_told_and_no_end() -> None:
    assert "failed" in call(("/nowhere/power",), "A", "gone")
