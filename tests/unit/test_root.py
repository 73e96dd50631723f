# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from agent.device.fake import Call, FakePhone, Fault, fake_phone
from agent.device.root import NO_ROOT, PROBE, Root, find_root
from workloads.errors import TransientError


@dataclass
class FakeClock:
    time: float = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def test_a_phone_whose_adbd_is_root_needs_nothing() -> None:
    phone = fake_phone(scripts={PROBE: lambda call: f"0\n{call.argv[0]}\n"})
    assert find_root(phone) == Root("already root")


@pytest.mark.parametrize("form", ["su 0", "su root", "su -c"])
def test_each_form_of_su_is_found_and_runs_words_unchanged(form: str) -> None:
    phone = fake_phone(roots=frozenset({form}), programs={"echo": lambda call: f"{call.as_root} {call.argv[1]}\n"})
    root = find_root(phone)
    assert root.kind == form
    assert phone.run(root.wrap(("echo", "a 'b' $c"))).out == "True a 'b' $c\n"


def test_a_user_build_has_no_root() -> None:
    assert find_root(fake_phone(roots=frozenset())) == NO_ROOT


def test_exit_status_zero_without_uid_zero_is_no_root() -> None:
    phone = fake_phone(scripts={PROBE: lambda call: f"2000\n{call.argv[0]}\n"})
    assert find_root(phone) == NO_ROOT


def test_a_su_that_splits_words_again_is_not_used() -> None:
    def splits(call: Call) -> str:
        return f"0\n{call.argv[0].split()[0]}\n" if call.as_root else "2000\n"

    assert find_root(fake_phone(scripts={PROBE: splits})) == NO_ROOT


def test_a_su_that_waits_for_a_finger_counts_as_none() -> None:
    phone = fake_phone(faults=[Fault("su", TransientError("no answer"), times=9)])
    assert find_root(phone) == NO_ROOT


def restart(phone: FakePhone, says: str, *, becomes_root: bool) -> Callable[[], str]:
    def restarted() -> str:
        phone.faults.append(Fault("id -u", TransientError("adbd restarts"), times=1))
        if becomes_root:
            phone.scripts[PROBE] = lambda call: f"0\n{call.argv[0]}\n"
        return says

    return restarted


def test_adb_root_is_tried_last_and_only_when_allowed() -> None:
    phone, clock = fake_phone(roots=frozenset()), FakeClock()
    root = find_root(phone, restart(phone, "restarting adbd as root", becomes_root=True), clock)
    assert root == Root("adb root")
    assert clock.time < 5


def test_adb_root_that_refuses_with_a_smile_is_no_root() -> None:
    phone = fake_phone(roots=frozenset())
    says = "adbd cannot run as root in production builds"
    assert find_root(phone, restart(phone, says, becomes_root=False), FakeClock()) == NO_ROOT


def test_adb_root_that_is_closed_is_no_root() -> None:
    def closed() -> str:
        raise TransientError("closed")

    assert find_root(fake_phone(roots=frozenset()), closed, FakeClock()) == NO_ROOT


def test_without_root_words_run_as_they_are() -> None:
    assert NO_ROOT.wrap(("id", "-u")) == ("id", "-u")
