# SPDX-License-Identifier: Apache-2.0
"""A link that keeps what passes: every question and program, and what the phone said."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.device import batch
from agent.device.redaction import private, redactor
from agent.device.transcript import Entry, Transcript, question_key, run_key, understand
from agent.knobs.deadman import here
from agent.ports import Completed, Pulse, Revivable, Transport


@dataclass
class RecordingTransport:
    """Implements `agent.ports.Transport` around another one. What fails is not kept: a replay has no bad link.

    Attributes:
        inner: the link to the phone.
        entries: as they came, private things and all; `transcript` has them without.
    """

    inner: Transport
    entries: list[Entry] = field(default_factory=list)
    _features: frozenset[str] | None = None

    @property
    def serial(self) -> str:
        """The phone's."""
        return self.inner.serial

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        """Run it and keep it; see `agent.ports.Transport.run`."""
        done = self.inner.run(argv, stdin=stdin, timeout_s=timeout_s, pulse=pulse)
        if pulse is None:
            self._keep(argv, stdin, done)
        return done

    def push(self, data: bytes, remote: str, *, mode: int = 0o644) -> None:
        """Pass it on."""
        self.inner.push(data, remote, mode=mode)

    def pull(self, remote: str, local: Path) -> None:
        """Pass it on."""
        self.inner.pull(remote, local)

    def revive(self) -> None:
        """Pass it on where the link can."""
        if isinstance(self.inner, Revivable):
            self.inner.revive()

    def features(self) -> frozenset[str]:
        """Ask the link and keep it; nothing where it does not tell."""
        ask = getattr(self.inner, "features", None)
        self._features = frozenset(ask()) if callable(ask) else frozenset()
        return self._features

    def transcript(self) -> Transcript:
        """Return what was kept, without what is private."""
        return Transcript(private(self.entries, redactor(self.serial, here())), self._features)

    def _keep(self, argv: Sequence[str], stdin: bytes, done: Completed) -> None:
        request = understand(argv)
        if request.token is None:
            self.entries.append(Entry(run_key(request, stdin), done=done))
            return
        answers = batch.read(done.out, request.token, request.questions)
        keys = (question_key(request.form, question) for question in request.questions)
        self.entries += [Entry(key, told) for key, told in zip(keys, answers, strict=True)]
