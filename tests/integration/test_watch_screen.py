# SPDX-License-Identifier: Apache-2.0
"""The live view's keys, on a fake phone; the screen is textual's own, without a terminal."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import RichLog, Static

from agent.device.phone import attach
from agent.field.events import Lost, Missing, Read
from agent.field.frames import Reader, Sample, User, Users
from agent.field.happenings import Happening
from agent.field.rates import Rates
from agent.field.screen import WatchApp
from agent.field.switch import Hands, journal
from agent.field.tape import Tape
from reports.printable import printable
from tests.support.clocks import QuickClock
from tests.support.field_phone import FieldPhone, field_phone, second
from tests.support.traces import TraceBuilder

Act = Callable[[WatchApp, Pilot[int]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECLAIM_STATE", str(tmp_path / "state"))


def on_screen(fake: FieldPhone, out: Path, act: Act) -> None:
    """Run the app, act in it, and close it as `show` does."""

    async def run(hands: Hands) -> None:
        app = WatchApp("a phone", hands, Tape(hands, out, QuickClock()))
        async with app.run_test(size=(140, 50)) as pilot:
            await act(app, pilot)

    with ExitStack() as stack:
        asyncio.run(run(Hands(attach(fake), "kcompressd", stack)))


def log(app: WatchApp) -> str:
    return "\n".join(line.text for line in app.query_one(RichLog).lines)


async def settled(app: WatchApp, pilot: Pilot[int]) -> None:
    await app.workers.wait_for_complete()
    await pilot.pause()


def samples() -> list[Sample]:
    reader = Reader("tok")
    text = second()("tok", 0) + second(stalled_us=200_000, pgscan_direct=5)("tok", 1)
    return [frame for line in text.splitlines() for frame in reader.take(line) if isinstance(frame, Sample)]


def test_it_shows_figures_users_happenings_and_what_is_missing(tmp_path: Path) -> None:
    async def act(app: WatchApp, pilot: Pilot[int]) -> None:
        rates = Rates()
        for sample in samples():
            app.seen(Read(sample, rates.take(sample)))
        app.seen(Users((User(7, 5 << 20, "com.big\x1b[31m"),)))
        app.seen(Happening(2.5, "kill", "com.[bold]b", 900, "low swap"))
        app.seen(Missing(("zram: may not be read",)))
        app.seen(Lost("the link dropped"))
        await pilot.pause()
        shown = app.export_screenshot()
        for words in ("PSI&#160;full", "20&#160;%", "com.big", "5&#160;MiB", "killed", "com.[bold]b", "no&#160;link"):
            assert words in shown, words
        assert "not shown: zram: may not be read" in log(app)

    on_screen(field_phone(), tmp_path, act)


def test_k_switches_the_knob_through_the_journal_and_it_is_back_at_the_end(tmp_path: Path) -> None:
    fake = field_phone()

    async def act(app: WatchApp, pilot: Pilot[int]) -> None:
        await pilot.press("k")
        await settled(app, pilot)
        assert fake.kernel.files()[NR].read(as_root=True) == b"2\n"
        assert journal(fake.serial).exists()
        assert "kcompressd is 2" in log(app)
        await pilot.press("k")
        await settled(app, pilot)
        assert "kcompressd is off" in log(app)
        await pilot.press("k")
        await settled(app, pilot)

    on_screen(fake, tmp_path, act)
    assert fake.kernel.files()[NR].read(as_root=True) == b"0\n"
    assert not [path for path in fake.files if "reclaim-undo" in path]


def test_a_knob_that_is_not_there_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    fake = field_phone()
    fake.kernel.setter = "is missing"

    async def act(app: WatchApp, pilot: Pilot[int]) -> None:
        await pilot.press("k")
        await settled(app, pilot)
        assert "FAKE0001" in log(app)
        assert "kcompressd" in log(app)

    on_screen(fake, tmp_path, act)
    assert not journal(fake.serial).exists()


def test_without_root_k_is_refused_before_any_write_and_nothing_is_left(tmp_path: Path) -> None:
    fake = field_phone(roots=frozenset())

    async def act(app: WatchApp, pilot: Pilot[int]) -> None:
        await pilot.press("k")
        await settled(app, pilot)
        assert "needs root" in log(app)

    on_screen(fake, tmp_path, act)
    assert not journal(fake.serial).exists()
    assert not [path for path in fake.files if "reclaim-undo" in path]


def test_r_records_m_marks_it_and_r_fetches_it(tmp_path: Path) -> None:
    trace = TraceBuilder().process(100, "com.a").vmstat(1, pswpout=1).vmstat(2, pswpout=3).data
    fake = field_phone((second(), second()), trace=trace)

    async def act(app: WatchApp, pilot: Pilot[int]) -> None:
        await pilot.press("r")
        await settled(app, pilot)
        assert "recording" in str(app.query_one("#state", Static).render())
        await pilot.press("m", "r")
        await settled(app, pilot)
        assert "recorded:" in log(app)

    on_screen(fake, tmp_path / "out", act)
    (folder,) = (tmp_path / "out").iterdir()
    assert ",mark,1," in (folder / "happenings.csv").read_text()
    assert fake.left_over() == []
    assert printable(str(folder)) == str(folder)


NR = "/sys/module/kcompressd/parameters/nr_kcompressd"
