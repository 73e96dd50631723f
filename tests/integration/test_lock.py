# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from contextlib import AbstractContextManager

import pytest

from agent.device.fake import fake_phone
from agent.device.lock import taken
from agent.device.phone import Phone, attach
from reports.folders import state_dir
from workloads.errors import TransientError


@pytest.fixture
def phone() -> Phone:
    return attach(fake_phone())


def enter(block: AbstractContextManager[None]) -> None:
    with block:
        pass


def test_a_phone_is_one_processs_at_a_time(phone: Phone) -> None:
    with taken(phone), pytest.raises(TransientError, match=rf"busy: process {os.getpid()} of this .*; wait until"):
        enter(taken(phone))
    enter(taken(phone))


def test_it_is_the_same_phone_over_wi_fi(phone: Phone) -> None:
    wireless = attach(fake_phone(serial="192.0.2.1:5555", properties={"ro.boot.serialno": "FAKE0001"}))
    with taken(wireless), pytest.raises(TransientError, match="FAKE0001: busy"):
        enter(taken(phone))


@pytest.mark.parametrize("number", ["", "0123456789ABCDEF", "EMULATOR36X1X11X0"])
def test_phones_without_a_number_of_their_own_are_told_apart_by_their_boot(number: str) -> None:
    near, far = fake_phone(serial="emulator-5554"), fake_phone(serial="127.0.0.1:5555")
    for fake in (near, far):
        fake.properties["ro.serialno"] = number
    with taken(attach(near)):
        enter(taken(attach(far)))
    far.kernel.boot_id = near.kernel.boot_id
    with taken(attach(near)), pytest.raises(TransientError, match=r"127\.0\.0\.1:5555: busy"):
        enter(taken(attach(far)))


OWNER = """
import fcntl, os, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print(os.getpid(), "reclaim run x", file=file, flush=True)
print("held", flush=True)
sys.stdin.read()
"""


def test_an_owner_that_died_holds_nothing(phone: Phone) -> None:
    enter(taken(phone))
    argv = [sys.executable, "-S", "-c", OWNER, str(state_dir() / "phones" / "FAKE0001.lock")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        with pytest.raises(TransientError, match=rf"busy: process {owner.pid} of this computer \(`reclaim run x`\)"):
            enter(taken(phone))
        owner.kill()
        owner.wait()
        enter(taken(phone))
