# SPDX-License-Identifier: Apache-2.0
"""Small Perfetto traces, made by hand, so that a test shows the trace and what must come out of it on one screen.

Times are seconds since boot. Every method returns the builder.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb

SEQUENCE = 1
STATES = {"R": 0, "S": 1, "D": 2}


def ns(seconds: float) -> int:
    return round(seconds * 1e9)


class TraceBuilder:
    """Collects packets; `data` is the trace."""

    def __init__(self) -> None:
        self._trace = pb.Trace()
        self._ftrace: dict[int, list[Any]] = defaultdict(list)

    @property
    def data(self) -> bytes:
        whole = pb.Trace()
        whole.CopyFrom(self._trace)
        for cpu, events in sorted(self._ftrace.items()):
            packet = whole.packet.add(trusted_packet_sequence_id=SEQUENCE)
            packet.ftrace_events.cpu = cpu
            packet.ftrace_events.event.extend(sorted(events, key=lambda event: int(event.timestamp)))
        return bytes(whole.SerializeToString())

    def write(self, path: Path) -> Path:
        path.write_bytes(self.data)
        return path

    def config(self, *ftrace_events: str, atrace_apps: tuple[str, ...] = ()) -> "TraceBuilder":
        """The trace says what was asked to be recorded."""
        source = self._packet().trace_config.data_sources.add()
        source.config.name = "linux.ftrace"
        source.config.ftrace_config.ftrace_events.extend(ftrace_events)
        source.config.ftrace_config.atrace_apps.extend(atrace_apps)
        return self

    def process(self, pid: int, name: str, *, uid: int = 0, threads: dict[int, str] | None = None) -> "TraceBuilder":
        tree = self._packet(at=0.0).process_tree
        tree.processes.add(pid=pid, ppid=1, cmdline=[name], uid=uid)
        for tid, thread in (threads or {}).items():
            tree.threads.add(tid=tid, tgid=pid, name=thread)
        return self

    def event(self, at: float, *, tid: int = 0, cpu: int = 0, **body: dict[str, Any]) -> "TraceBuilder":
        """One ftrace event, by the name of its field in FtraceEvent, run by `tid`."""
        event = pb.FtraceEvent(timestamp=ns(at), pid=tid)
        for name, fields in body.items():
            message = getattr(event, name)
            message.SetInParent()
            for field, value in fields.items():
                setattr(message, field, value)
        self._ftrace[cpu].append(event)
        return self

    def runs(self, tid: int, comm: str, start: float, end: float, *, cpu: int = 0, then: str = "S") -> "TraceBuilder":
        """`tid` gets the CPU from idle at `start`, and leaves it to idle at `end` in state `then`."""
        idle = {"comm": f"swapper/{cpu}", "prio": 120}
        task = {"pid": tid, "comm": comm, "prio": 120}
        self._switch(start, cpu, 0, (idle | {"pid": 0}, task), STATES["R"])
        return self._switch(end, cpu, tid, (task, idle | {"pid": 0}), STATES[then])

    def wakes(self, tid: int, comm: str, at: float, *, cpu: int = 0) -> "TraceBuilder":
        return self.event(
            at, cpu=cpu, sched_waking={"pid": tid, "comm": comm, "prio": 120, "success": 1, "target_cpu": cpu}
        )

    def prints(self, at: float, tid: int, text: str, *, cpu: int = 0) -> "TraceBuilder":
        """A line in trace_marker, as atrace writes it (`B|pid|name`, `E|pid`)."""
        return self.event(at, tid=tid, cpu=cpu, print={"buf": f"{text}\n"})

    def vmstat(self, at: float, **counters: int) -> "TraceBuilder":
        """/proc/vmstat, by the kernel's own names."""
        stats = self._packet(at=at).sys_stats
        for name, value in counters.items():
            stats.vmstat.add(key=pb.VmstatCounters.Value(f"VMSTAT_{name.upper()}"), value=value)
        return self

    def meminfo(self, at: float, **kibibytes: int) -> "TraceBuilder":
        """/proc/meminfo in kB: `mem_available=...`, `swap_total=...`."""
        stats = self._packet(at=at).sys_stats
        for name, value in kibibytes.items():
            stats.meminfo.add(key=pb.MeminfoCounters.Value(f"MEMINFO_{name.upper()}"), value=value)
        return self

    def psi(self, at: float, *, some_s: float, full_s: float) -> "TraceBuilder":
        """/proc/pressure/memory's totals, in seconds."""
        stats = self._packet(at=at).sys_stats
        kinds = pb.SysStats.PsiSample
        stats.psi.add(resource=kinds.PSI_RESOURCE_MEMORY_SOME, total_ns=ns(some_s))
        stats.psi.add(resource=kinds.PSI_RESOURCE_MEMORY_FULL, total_ns=ns(full_s))
        return self

    def lost(self, cpu: int, events: int) -> "TraceBuilder":
        """The kernel's ring buffer of one CPU was overrun."""
        for phase, overrun in ((pb.FtraceStats.START_OF_TRACE, 0), (pb.FtraceStats.END_OF_TRACE, events)):
            stats = self._packet(at=0.0).ftrace_stats
            stats.phase = phase
            stats.cpu_stats.add(cpu=cpu, overrun=overrun)
        return self

    def _switch(
        self, at: float, cpu: int, tid: int, tasks: tuple[dict[str, Any], dict[str, Any]], state: int
    ) -> "TraceBuilder":
        before, after = tasks
        fields = {f"prev_{key}": value for key, value in before.items()}
        fields |= {f"next_{key}": value for key, value in after.items()}
        return self.event(at, tid=tid, cpu=cpu, sched_switch=fields | {"prev_state": state})

    def _packet(self, at: float | None = None) -> Any:  # noqa: ANN401 - a protobuf message made at run time
        packet = self._trace.packet.add(trusted_packet_sequence_id=SEQUENCE)
        if at is not None:
            packet.timestamp = ns(at)
        return packet
