# SPDX-License-Identifier: Apache-2.0
"""The live view in a terminal, by textual (the extra `reclaim-agent[field]`); its words are `agent.field.board`'s."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TextIO

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Footer, RichLog, Static

from agent.field.board import PANELS, Board, figure, happened_line, spark, title
from agent.field.events import Event, Missing
from agent.field.happenings import Happening
from agent.field.live import View
from agent.field.switch import Hands
from agent.field.tape import Tape
from reports.printable import printable
from reports.units import quantity
from workloads.errors import ReclaimError

_INTERRUPTED = 130
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_SPARK_WIDTH = 24
_USERS = 12
_NAME = 60


class WatchApp(App[int]):
    """Draws a board; its keys act on the phone from threads of their own, one thing at a time."""

    CSS = """
    #state { height: auto; background: $boost; padding: 0 1; }
    #left { width: 68; padding: 0 1; }
    #right { padding: 0 1; }
    #users { height: auto; }
    #log { height: 1fr; min-height: 4; border-top: solid $primary; }
    .-narrow Horizontal { layout: vertical; }
    .-narrow #left { width: 100%; height: 1fr; }
    .-narrow #right { height: 9; }
    .-narrow #users { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", "mark"),
        Binding("k", "knob", "switch the knob"),
        Binding("r", "record", "record / stop"),
        Binding("q", "leave", "quit"),
        Binding("ctrl+c", "leave", "quit", show=False, priority=True),
    ]
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - textual declares it so
    TITLE = "reclaim watch"

    def __init__(self, about: str, hands: Hands, tape: Tape) -> None:
        """Draw nothing yet.

        Args:
            about: one line about the phone.
            hands: what the keys do to it.
            tape: the flight recorder.
        """
        super().__init__()
        self.board, self._about, self._hands, self._tape = Board(), about, hands, tape
        self._marks, self._busy = 0, ""
        self.view: View | None = None
        self.ended = threading.Event()
        self.failure: Exception | None = None

    def compose(self) -> ComposeResult:
        """State above; figures left; memory users and what happened right."""
        yield Static(id="state")
        with Horizontal():
            with VerticalScroll(id="left"):
                yield Static(id="figures")
            with Vertical(id="right"):
                yield Static(id="users")
                yield RichLog(id="log", wrap=True, min_width=1, markup=False, highlight=False)
        yield Footer()

    def on_mount(self) -> None:
        """End in order when told to from outside."""
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
                loop.add_signal_handler(number, self.exit, _INTERRUPTED)
        self.draw()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        """Read the phone; no worker of textual's, whose end would wait for a phone that is silent."""
        if self.view is None:
            return
        asked = self.view.stopping
        self.view.stopping = lambda: self.ended.is_set() or asked()
        try:
            for event in self.view.events():
                self.call_from_thread(self.seen, event)
        except Exception as error:  # noqa: BLE001 - told when the screen has gone
            self.failure = error
        if not self.ended.is_set():
            self.call_from_thread(self.exit, 0)

    def seen(self, event: Event) -> None:
        """Take in an event and draw."""
        self.board.take(event)
        match event:
            case Happening():
                self._note(f"{event.at_s:>9.1f} s  {happened_line(event)}")
            case Missing():
                for line in event.lines:
                    self._note(f"not shown: {line}")
            case _:
                pass
        self.draw()

    def action_mark(self) -> None:
        """Mark this moment."""
        self._marks += 1
        mark = Happening(self.board.at_s, "mark", f"{self._marks}")
        self._tape.mark(mark)
        self.seen(mark)

    def action_knob(self) -> None:
        """Switch the knob, or back."""
        self._do(f"switching {self._hands.name}", self._switch)

    def action_record(self) -> None:
        """Start the flight recorder, or stop it and fetch what it recorded."""
        self._do("stopping the recording" if self._tape.running else "starting to record", self._tape.press)

    def action_leave(self) -> None:
        """End; settings are put back after the screen has gone."""
        self.exit(0)

    def draw(self) -> None:
        """Show the board as it is."""
        self.query_one("#state", Static).update(self._state())
        self.query_one("#figures", Static).update(figures(self.board))
        self.query_one("#users", Static).update(users(self.board))

    def _switch(self) -> str:
        now = f"{self._hands.name} is {self._hands.toggle()}"
        self.call_from_thread(self.seen, Happening(self.board.at_s, "knob", now))
        return ""

    def _do(self, what: str, action: Callable[[], str]) -> None:
        if self._busy:
            self._note(f"not now: {self._busy}")
            return
        self._busy = what
        self.draw()

        def work() -> None:
            said = ""
            try:
                said = action()
            except ReclaimError as error:
                said = str(error)
            except Exception as error:  # noqa: BLE001 - told when the screen has gone
                self.failure = error
                self.call_from_thread(self.exit, 0)
            self.call_from_thread(self._done, said)

        self.run_worker(work, thread=True, exit_on_error=False)

    def _done(self, said: str) -> None:
        self._busy = ""
        if said:
            self._note(said)
        self.draw()

    def _note(self, line: str) -> None:
        self.query_one("#log", RichLog).write(Text(printable(line)))

    def _state(self) -> Text:
        text = Text(f"{self._about}   up {self.board.at_s:.0f} s")
        if self._tape.running:
            text.append("   ● recording", "bold red")
        if self._busy:
            text.append(f"   {self._busy} ...", "bold yellow")
        if self.board.lost:
            text.append(f"\nno link: {printable(self.board.lost)}; trying again", "bold red")
        return text


def figures(board: Board) -> Table:
    """All figures, group by group, each with its last minute."""
    table = Table(box=None, padding=(0, 1), show_header=False)
    for group, names in PANELS:
        table.add_row(Text(group, "bold"))
        for name in names:
            value = board.values[name] if board.values else None
            told = figure(name, value) if board.values else ""
            bars = spark(board.history.get(name, ()), _SPARK_WIDTH)
            shown = Text(told, "dim" if value is None else "", justify="right")
            table.add_row(Text(f"  {title(name)}"), shown, Text(bars, "cyan"))
    return table


def users(board: Board) -> Table:
    """The processes that hold most memory."""
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_row(Text("resident memory", "bold"))
    for user in board.users[:_USERS]:
        size = quantity(float(user.resident_bytes), "bytes")
        name = Text(printable(user.name[:_NAME]), no_wrap=True, overflow="ellipsis")
        table.add_row(Text(size, justify="right"), name, Text(str(user.pid), "dim"))
    return table


def show(view: View, hands: Hands, out: Path, err: TextIO) -> int:
    """Draw a view until a key or a signal ends it; then settings go back and a recording is saved.

    Args:
        view: what to draw.
        hands: what the keys do to the phone.
        out: folder that recordings go to.
        err: takes what is to be said when the screen has gone.

    Returns:
        0; 130 after a signal.

    Raises:
        ReclaimError: the link did not come back, or something could not be put back.
    """
    facts, tape = hands.phone.facts(), Tape(hands, out, view.clock)
    root = "root" if hands.phone.root.kind != "none" else "no root"
    app = WatchApp(printable(f"{facts.model} ({facts.serial})  Linux {facts.kernel}  {root}", 160), hands, tape)
    app.view = view
    code = app.run()
    app.ended.set()
    if (kept := tape.close()) is not None:
        print(kept, file=err)
    if app.failure is not None:
        raise app.failure
    return _INTERRUPTED if code is None else code
