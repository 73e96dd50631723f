# SPDX-License-Identifier: Apache-2.0
"""How a trace can tell kswapd's compression from the rest of its work, looked for on the phone.

Both ways mark every call of the function through which zram takes a page to be written, and so its compression, storing
included; `reports/traces/sql/attribution.sql` makes CPU time of it. They cost one pair of events per page: never in a
trial that is timed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from agent.capture.capabilities import TRACEFS, Capabilities
from agent.device import batch
from agent.device.phone import Phone
from workloads.spec import Attribution

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import FtraceConfig

Way: TypeAlias = Literal["kprobes", "function-graph"]

WRITE_PATHS = (
    "zram_submit_bio",  # since Linux 5.9
    "zram_make_request",  # before
    "zram_rw_page",  # beside them until 6.2, where swap is written without a bio (drivers/block/zram/zram_drv.c)
)
_LISTED = re.compile(rf"({'|'.join(WRITE_PATHS)})(\.llvm\.\d+)?(?= |$)", re.MULTILINE)  # the suffix: clang's LTO
_GRAPH_SINCE, _KPROBES_SINCE = (34, 0), (49, 0)  # Android 14's; `kprobe_events`


@dataclass(frozen=True)
class Marks:
    """How calls are marked.

    Attributes:
        way: by the function graph tracer, or by a kprobe at both ends of the function.
        functions: whose calls, as the kernel spells them.
    """

    way: Way
    functions: tuple[str, ...]

    @property
    def told(self) -> str:
        """In words, for the trial's record."""
        return f"{self.way.replace('-', ' ')} of {', '.join(self.functions)}"

    def ask(self, ftrace: "FtraceConfig") -> None:
        """Add it to what a trace records."""
        if self.way == "kprobes":
            for name in self.functions:
                ftrace.kprobe_events.add(probe=name, type=ftrace.KprobeEvent.KPROBE_TYPE_BOTH)
            return
        ftrace.enable_function_graph = ftrace.symbolize_ksyms = True
        ftrace.function_filters.extend(self.functions)
        ftrace.function_graph_roots.extend(self.functions)


def ways(phone: Phone, caps: Capabilities) -> tuple[Marks, ...]:
    """The ways there are on a phone, the cheaper first; none without root, which the tracer's files need.

    Raises:
        TransientError: the link dropped.
    """
    asked = [
        question
        for folder in TRACEFS
        for question in (
            batch.each(f"{folder}/available_tracers"),
            batch.each(f"{folder}/kprobe_events"),
            batch.program("grep", "-E", f"^({'|'.join(WRITE_PATHS)})", f"{folder}/available_filter_functions"),
        )
    ]
    told = [tuple(answer.text for answer in answers if answer.ok) for answers in phone.ask(*asked)]
    tracers = {word for texts in told[::3] for text in texts for word in text.split()}
    functions = _functions(text for texts in told[2::3] for text in texts)
    return tuple(_possible(caps, functions, graph="function_graph" in tracers, kprobes=any(told[1::3])))


def chosen(asked: Attribution, there: Iterable[Marks]) -> Marks | None:
    """The way that an arm's trials attribute by, of those there are; None where it asks for none, or has none."""
    return next((marks for marks in there if asked in ("any", marks.way)), None)


def _functions(listed: Iterable[str]) -> tuple[str, ...]:
    """Names in a piece of available_filter_functions (`zram_submit_bio [zram]`), each once."""
    return tuple(dict.fromkeys(match[0] for text in listed for match in _LISTED.finditer(text)))


def _possible(caps: Capabilities, functions: tuple[str, ...], *, graph: bool, kprobes: bool) -> Iterator[Marks]:
    if graph and functions and (caps.version is None or caps.version >= _GRAPH_SINCE):
        yield Marks("function-graph", functions)
    plain = tuple(name for name in functions if "." not in name)  # a probe is called as its function, and has no dot
    if kprobes and plain and (caps.version is None or caps.version >= _KPROBES_SINCE):
        yield Marks("kprobes", plain)
