# SPDX-License-Identifier: Apache-2.0
"""The flight recorder under the key r of the live view: one press starts it, the next fetches the recording."""

from dataclasses import dataclass, field
from pathlib import Path

from agent.field import flight
from agent.field.happenings import Happening
from agent.field.saved import default_folder, save
from agent.field.switch import Hands
from agent.ports import Clock


@dataclass
class Tape:
    """One recording at a time.

    Attributes:
        hands: what holds the phone.
        out: folder that recordings go to.
        clock: what waits.
    """

    hands: Hands
    out: Path
    clock: Clock
    _flight: flight.Flight | None = None
    _marks: list[Happening] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it records now."""
        return self._flight is not None

    def mark(self, mark: Happening) -> None:
        """Keep a mark with the recording, if there is one."""
        if self.running:
            self._marks.append(mark)

    def press(self) -> str:
        """Start, or stop and fetch; return a line about it. Raises what `flight` raises."""
        if (running := self._flight) is None:
            self.hands.take()
            self._flight = self.hands.stack.enter_context(flight.flying(self.hands.phone, flight.Wanted(ring=True)))
            return "recording; the newest is kept when the buffer is full"
        running.stop()
        lost_s = flight.follow(running, self.clock)
        folder = save(running, default_folder(self.out), lost_s, self._marks, self.clock)
        running.clear()
        self._flight, self._marks = None, []
        return f"recorded: {folder}"

    def close(self) -> str | None:
        """Fetch what is still being recorded; a line about it, None where nothing is."""
        return self.press() if self.running else None
