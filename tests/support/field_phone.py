# SPDX-License-Identifier: Apache-2.0
"""A fake phone that is watched and records: it hands on lines, and ends a recording when it is asked to."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agent.capture.session import FOLDER as TRACES
from agent.device.fake import Call, FakePhone, Handler, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.field import flight, sampler
from agent.runner import workspace


@dataclass
class FieldPhone(FakePhone):
    """As `FakePhone`, and a link that streams.

    Attributes:
        seconds: what the sampler prints, a second each, from the token and its number; then it falls silent.
        ends: what the recorder leaves in `done`.
        follows: called each time somebody waits for the recorder: raises where the link drops.
        leaves: name -> text of more files that a recording leaves.
    """

    seconds: Sequence[Callable[[str, int], str]] = ()
    ends: str = "asked 100 400\n"
    follows: Callable[[], None] = lambda: None
    leaves: dict[str, str] = field(default_factory=dict)
    recorded: tuple[str, ...] = ()

    def stream(self, argv: Sequence[str], *, silence_s: float) -> Iterator[str]:
        """Hand on lines; see `agent.ports.Streaming.stream`."""
        assert silence_s > 0
        self.log.append(tuple(argv))
        words = argv[argv.index("-c") + 1 :]
        if words[0] == sampler.WATCH:
            for number, second in enumerate(self.seconds):
                yield from second(words[2], number).splitlines()
        elif words[0] == sampler.FOLLOW:
            self.follows()
            yield ""
            yield "done"
        else:
            raise AssertionError(f"a stream that is not modelled: {words[0][:200]}")

    def _started(self, call: Call) -> str:
        folder, token, *_ = self.recorded = call.argv
        text = "".join(second(token, number) for number, second in enumerate(self.seconds))
        left = {"samples": text, "logcat.txt": "a log\n", "done": self.ends, **self.leaves}
        self.files |= {f"{folder}/{name}": FakeFile(content) for name, content in left.items()}
        for remote in self.recording.values():  # the phone's script stops Perfetto
            self.files[remote] = FakeFile(self.trace.decode("utf-8", "surrogateescape"))
        return f"{self.new_pid()}\n"

    def field_scripts(self) -> dict[str, Handler]:
        """The scripts of the flight recorder."""
        return {flight.START: self._started, flight.STOP: lambda _call: "", workspace.MAKE: lambda _call: ""}

    def left_over(self) -> list[str]:
        """Files of ours that still lie on the phone."""
        return [path for path in self.files if path.startswith((workspace.ROOT, TRACES))]


def field_phone(seconds: Iterable[Callable[[str, int], str]] = (), **state: object) -> FieldPhone:
    """A phone as `fake_phone` makes it, that is watched; `state` sets its attributes."""
    made = FieldPhone(files=fake_phone().files)
    made.seconds = tuple(seconds)
    made.programs |= {
        "date": lambda _call: "12-01 09:00:00.123456789\n",
        "getconf": lambda _call: "4096\n",
    }
    made.scripts |= made.field_scripts()
    for name, value in state.items():
        setattr(made, name, value)
    return made


def second(stalled_us: int = 0, log: str = "", **vmstat: int) -> Callable[[str, int], str]:
    """What the sampler prints in a second: counters of vmstat, PSI, and lines of logcat."""

    def text(token: str, number: int) -> str:
        counters = "".join(f"{name} {value}\n" for name, value in vmstat.items())
        lines = "".join(f"{token} l {number + 1}.50 {line}\n" for line in log.splitlines())
        return (
            f"{token} s {number + 1}.00\n{token} v\npgsteal_anon 0\n{counters}{token} m\nMemAvailable: 2048 kB\n"
            f"{token} p\nsome avg10=0.00 total={stalled_us}\nfull avg10=0.00 total={stalled_us}\n{token} z\n"
            f"{token} t\n60 (kswapd0) S 2 0 0 0 -1 0 0 0 0 0 1 0 0 0 20 0 1 0 25 0\n{token} e\n{lines}"
        )

    return text
