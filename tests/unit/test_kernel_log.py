# SPDX-License-Identifier: Apache-2.0
"""What the kernel's log is read for: kills that nothing counts, and of others as many as were counted."""

from collections.abc import Sequence

import pytest

from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.device.phone import Phone, attach
from agent.knobs.activity import survey
from agent.runner import kernel_log

DRIVER = "/sys/module/lowmemorykiller/parameters/minfree"
OOM = "[{at}.0] Out of memory: Killed process {at} (a) total-vm:1kB, anon-rss:1kB"
LMK = "[{at}.0] lowmemorykiller: Killing 'b' ({at}), adj 900,\n[{at}.0]    to free 1kB"


@pytest.fixture
def fake() -> FakePhone:
    return fake_phone()


@pytest.fixture
def phone(fake: FakePhone) -> Phone:
    return attach(fake)


def told(phone: Phone, fake: FakePhone, before: Sequence[str], after: Sequence[str], counted: int = 0) -> str:
    """What a trial reads, in which the log goes from one text to another."""
    log = [before]
    fake.programs["dmesg"] = lambda _call: "".join(f"{line}\n" for line in log[0])
    _, sample, (driver,) = survey(phone, kernel_log.DRIVER)
    begin = kernel_log.mark(phone, driver, sample)
    log[0] = after
    if counted:
        fake.kernel.vmstat["oom_kill"] += counted
    return kernel_log.told(phone, begin, sample, survey(phone)[1])


def test_where_kills_are_counted_the_log_is_read_for_as_many(fake: FakePhone, phone: Phone) -> None:
    log = [OOM.format(at=at) for at in (1, 2, 3)]
    assert told(phone, fake, log[:1], log, counted=2).splitlines() == log[1:]
    assert told(phone, fake, log, log) == ""


def test_the_kernels_own_low_memory_killer_counts_nothing_so_all_that_is_new_is_read(
    fake: FakePhone, phone: Phone
) -> None:
    fake.files[DRIVER] = FakeFile("18432,23040\n", root_only=True)
    old, new = (LMK.format(at=at).splitlines() for at in (1, 2))
    assert told(phone, fake, old, old + new).splitlines() == new
    assert told(phone, fake, old, old) == ""
    assert told(phone, fake, [], new).splitlines() == new


def test_a_log_that_has_turned_over_is_read_whole(fake: FakePhone, phone: Phone) -> None:
    del fake.kernel.vmstat["oom_kill"]  # before 4.13
    assert told(phone, fake, [OOM.format(at=1)], [OOM.format(at=9)]).splitlines() == [OOM.format(at=9)]
