# SPDX-License-Identifier: Apache-2.0
"""What the agent can and cannot do on a phone: asked, tried and told."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from agent.device.lock import taken
from agent.device.phone import Phone
from agent.field.examine import Examination, examine
from agent.field.finding import Finding
from agent.field.findings import findings, possible
from agent.field.lifeline import TOPIC, Ports, Proof, unproven
from agent.ports import Clock
from reports.printable import printable
from reports.wrapping import wrap
from workloads.errors import TransientError

MARKS = {"yes": "ok", "part": "--", "no": "NO"}
_TOPIC_WIDTH = 13


@dataclass(frozen=True)
class Diagnosis:
    """The answer.

    Attributes:
        seen: what the phone answered.
        found: line by line.
    """

    seen: Examination
    found: tuple[Finding, ...]

    @property
    def possible(self) -> bool:
        """Whether a run that switches kcompressd can be made."""
        return possible(self.found)

    def lines(self) -> Iterator[str]:
        """Yield one screen of at most 80 columns."""
        facts = self.seen.facts
        yield from wrap(f"{facts.serial}: {facts.model}, {facts.build}")
        if facts.stand_in:
            yield from wrap(f"no phone, a stand-in: {facts.stand_in}")
        indent = " " * (_TOPIC_WIDTH + 4)
        for one in self.found:
            first = f"{MARKS[one.state]}  {printable(one.topic, 30):<{_TOPIC_WIDTH - 1}} "
            yield from wrap(one.said + f" -> {one.cure}" * bool(one.cure), indent, first)
        yield from wrap(self._verdict())

    def document(self) -> dict[str, object]:
        """Return the answer as `--json` prints it."""
        return {
            "serial": self.seen.facts.serial,
            "possible": self.possible,
            "findings": [asdict(one) for one in self.found],
            "facts": asdict(self.seen.facts),
        }

    def _verdict(self) -> str:
        if self.possible:
            return "A run that switches kcompressd is possible on this phone."
        why = [one.topic for one in self.found if one.needed and one.state == "no"]
        return f"No run that switches kcompressd on this phone as it is: {', '.join(why)}."


def diagnose(phone: Phone, clock: Clock, *, restart: bool = True) -> Diagnosis:
    """Ask a phone and try what only trying tells.

    Args:
        phone: the phone.
        clock: what waits.
        restart: let adbd be restarted, which proves that the dead-man outlives it; other adb sessions end then.

    Raises:
        TransientError: the link dropped, or adbd did not come back.
        FinalError: the phone is gone, or what an earlier run has left there cannot be read.
    """
    seen = examine(phone)
    busy = seen.left is not None and seen.left.alive
    ports = Ports(seen.said("tls port"), seen.said("tcp port"))
    lifeline = unproven(phone, busy=busy, ports=ports, wanted=restart)
    return Diagnosis(seen, (*findings(seen), lifeline or _proven(phone, clock)))


def _proven(phone: Phone, clock: Clock) -> Finding:
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(taken(phone))
        except TransientError as error:
            told = printable(str(error).removeprefix(f"{phone.serial}: "), 400)
            return Finding(TOPIC, "part", f"not tried: {told}")
        return Proof(phone, clock).finding()
