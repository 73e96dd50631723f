# SPDX-License-Identifier: Apache-2.0
import pytest

from agent.device.phone import attach
from agent.field import sampler
from agent.field.events import Event, Lost, Missing, Read
from agent.field.happenings import Happening
from agent.field.live import GIVE_UP_S, View
from tests.support.clocks import QuickClock
from tests.support.field_phone import FieldPhone, field_phone, second
from workloads.errors import TransientError

KILL = "12-01 09:35:22.700 1 1 I lmkd: Kill 'com.a' (1), uid 1, oom_score_adj 900 to free 1kB; reason: low swap"


def seen(fake: FieldPhone, most: int) -> list[Event]:
    view = View(attach(fake), QuickClock())
    found: list[Event] = []
    for event in view.events():
        found.append(event)
        if len(found) == most:
            break
    return found


def test_a_view_goes_on_when_the_link_is_back_and_tells_nothing_twice() -> None:
    fake = field_phone([second(), second(log=KILL)])
    first, *rest = seen(fake, 9)
    assert isinstance(first, Missing)
    assert [type(event) for event in rest] == [Read, Read, Happening, Lost, Read, Read, Lost, Read]
    streams = [argv for argv in fake.log if sampler.WATCH in argv]
    assert [argv[argv.index("-T") + 1] for argv in streams[:2]] == ["12-01 09:00:00.123", "12-01 09:35:22.700"]


def test_a_link_that_stays_away_ends_it() -> None:
    fake, clock = field_phone(), QuickClock()
    view = View(attach(fake), clock)
    with pytest.raises(TransientError, match="the phone's sampler has ended"):
        list(view.events())
    assert clock.now() > GIVE_UP_S


def test_it_ends_when_it_is_asked_to() -> None:
    asked = iter((False, False, True))
    view = View(attach(field_phone([second()] * 9)), QuickClock(), lambda: next(asked))
    assert len(list(view.events())) == 2
