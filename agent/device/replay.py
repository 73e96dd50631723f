# SPDX-License-Identifier: Apache-2.0
"""A phone that answers from a transcript: every phone that was recorded once is a regression test."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.device import batch
from agent.device.redaction import Redactor, redactor
from agent.device.transcript import SERIAL, Entry, Key, Transcript, load, question_key, run_key, understand
from agent.knobs.deadman import here
from agent.ports import Completed, Pulse


class NotRecordedError(Exception):
    """The phone was never asked that: record it anew, or ask as before. Outside the error tree: nothing hides it."""


@dataclass
class ReplayPhone:
    """Implements `agent.ports.Transport`; questions asked several times get their answers in the order recorded.

    Attributes:
        transcript: what the phone said.
        forgiving: a glob that is not in the transcript names no file: a phone that is gone cannot be asked what a new
            family of knobs asks. Everything else that is not in it is loud, always.
        asked: keys of what was asked, in order.
    """

    transcript: Transcript
    forgiving: bool = False
    asked: list[Key] = field(default_factory=list)
    _left: dict[Key, deque[Entry]] = field(default_factory=dict)
    _redact: Redactor = field(default_factory=lambda: redactor("", here()))

    def __post_init__(self) -> None:
        """Sort the answers by question."""
        for entry in self.transcript.entries:
            self._left.setdefault(entry.key, deque()).append(entry)

    @property
    def serial(self) -> str:
        """What every recorded phone is called."""
        return SERIAL

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        """Answer as recorded; see `agent.ports.Transport.run`."""
        del timeout_s
        if pulse is not None:
            pulse.ends.recv(1)
            return Completed(tuple(argv), 0, "", "")
        request = understand(argv)
        if request.token is None:
            done = self._next(run_key(request, stdin)).done
            return done or Completed(tuple(argv), 0, "", "")
        asked = enumerate(question_key(request.form, question) for question in request.questions)
        answered = ((number, key[1], answer) for number, key in asked for answer in self._next(key).answers)
        told = "".join(_frame(request.token, *one) for one in answered)
        return Completed(tuple(argv), 0, f"{told}{request.token} z\n", "")

    def push(self, data: bytes, remote: str, *, mode: int = 0o644) -> None:
        """Refuse: nothing of that is recorded."""
        raise NotRecordedError(f"push of {len(data)} bytes to {remote} (mode {mode:o})")

    def pull(self, remote: str, local: Path) -> None:
        """Refuse: nothing of that is recorded."""
        raise NotRecordedError(f"pull of {remote} to {local}")

    def features(self) -> frozenset[str]:
        """Return what its adbd can do."""
        if self.transcript.features is None:
            raise NotRecordedError("features of adbd")
        return self.transcript.features

    def _next(self, key: Key) -> Entry:
        cleaned = (*key[:2], *map(self._redact.text, key[2:]))
        self.asked.append(cleaned)
        left = self._left.get(cleaned)
        if left is None and self.forgiving and key[1] == "each":
            return Entry(cleaned)
        if left is None:
            raise NotRecordedError(f"not in the transcript: {' '.join(cleaned)}")
        return left.popleft() if len(left) > 1 else left[0]


def replay(path: Path, *, forgiving: bool = False) -> ReplayPhone:
    """Return the phone of a file that `reclaim doctor --record` wrote; `forgiving` as there.

    Raises:
        InputError: it is no transcript.
    """
    return ReplayPhone(load(path), forgiving)


def _frame(token: str, number: int, kind: str, answer: batch.Answer) -> str:
    name = f" {answer.name}" if kind == "each" else ""
    return f"{token} b {number}{name}\n{answer.text}\n{token} e {answer.code}\n"
