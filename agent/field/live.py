# SPDX-License-Identifier: Apache-2.0
"""A phone watched over one adb stream, through links that are lost and come back."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.device import batch, parse
from agent.device.phone import Phone
from agent.field import happenings, sampler
from agent.field.events import Event, Lost, Missing, Read
from agent.field.frames import Frame, LogEnded, LogLine, Reader, Sample, Users
from agent.field.rates import Rates, missing
from agent.ports import Clock, Revivable
from workloads.errors import SetupError, TransientError

SILENCE_S = 10.0
"""Samples come once a second; a phone under pressure has been seen 3 s late."""
GIVE_UP_S = 600.0
_AGAIN_S = 1.0
_LOG_TIME = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")


@dataclass
class View:
    """One view of one phone.

    Attributes:
        phone: the phone.
        clock: what waits for a link.
        stopping: asked about once a second; True ends the view.
    """

    phone: Phone
    clock: Clock
    stopping: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        """Begin with nothing seen."""
        self._rates, self._since, self._last, self._page_bytes = Rates(), "", "", 4096
        self._told: tuple[str, ...] | None = None
        self._before: Sample | None = None
        self._log = True

    def events(self) -> Iterator[Event]:
        """What is seen, as it comes.

        Raises:
            TransientError: the link was lost and did not come back within `GIVE_UP_S`.
            FinalError: the phone is gone for good.
        """
        (date,), (sdk,), (page,) = self.phone.ask(
            batch.program("date", "+%m-%d %H:%M:%S.%N"),
            batch.program("getprop", "ro.build.version.sdk"),
            batch.program("getconf", "PAGESIZE"),
        )
        self._since, self._page_bytes = parse.log_time(date.text), _number(page.text, 4096)
        level, seen = _number(sdk.text, 0), self.clock.now()
        while not self.stopping():
            try:
                for event in self._stream(level):
                    seen = self.clock.now()
                    yield event
                    if self.stopping():
                        return
            except TransientError as error:
                if self.clock.now() - seen > GIVE_UP_S:
                    raise
                yield Lost(str(error))
                self._revive()

    def _stream(self, sdk: int) -> Iterator[Event]:
        token = secrets.token_hex(8)
        words = (*sampler.common_words(token), *sampler.logcat_words(self._since, sdk))
        reader = Reader(token, self._page_bytes)
        for line in self.phone.stream("sh", "-c", sampler.WATCH, "sh", *words, as_root=True, silence_s=SILENCE_S):
            for frame in reader.take(line):
                yield from self._tell(frame)
        raise TransientError(f"{self.phone.serial}: the phone's sampler has ended")

    def _tell(self, frame: Frame) -> Iterator[Event]:
        match frame:
            case Sample():
                yield from self._sampled(frame)
            case Users():
                yield frame
            case LogLine() if frame.text != self._last:  # the last line of before a lost link comes once more
                self._last = frame.text
                self._since = found[0] if (found := _LOG_TIME.match(frame.text)) else self._since
                yield from happenings.of_line(frame)
            case LogEnded():
                self._log = False
            case _:
                pass

    def _sampled(self, sample: Sample) -> Iterator[Event]:
        yield from happenings.of_samples(self._before, sample)
        self._before = sample
        lines = missing(sample, root=self.phone.root.kind != "none")
        lines += () if self._log else ("kills by lmkd, launches, ANRs: the phone's logcat has ended",)
        if lines != self._told:
            self._told = lines
            yield Missing(lines)
        yield Read(sample, self._rates.take(sample))

    def _revive(self) -> None:
        self.clock.sleep(_AGAIN_S)
        try:
            if isinstance(self.phone.transport, Revivable):
                self.phone.transport.revive()
        except (TransientError, SetupError):
            return


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.strip().isascii() and text.strip().isdigit() else otherwise
