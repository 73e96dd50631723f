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


FRAME_TIMELINE_EVENT = 76
"""Field of TracePacket that the perfetto package's classes do not have (google/perfetto, frame_timeline_event.proto):
expected_surface_frame_start 3, actual_surface_frame_start 4, frame_end 5, each with its cookie as field 1."""


def message(fields: dict[int, int | bytes]) -> bytes:
    """A protobuf message by the numbers of its fields."""
    parts = (
        varint(number << 3 | 2) + varint(len(value)) + value
        if isinstance(value, bytes)
        else varint(number << 3) + varint(value)
        for number, value in fields.items()
    )
    return b"".join(parts)


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


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

    def generic(self, at: float, name: str, *, tid: int = 0, **fields: int) -> "TraceBuilder":
        """An ftrace event that Perfetto has no message for."""
        event = pb.FtraceEvent(timestamp=ns(at), pid=tid)
        event.generic.event_name = name
        for field, value in fields.items():
            event.generic.field.add(name=field, int_value=value)
        self._ftrace[0].append(event)
        return self

    def symbol(self, address: int, name: str) -> "TraceBuilder":
        """The kernel function at an address, as `symbolize_ksyms` tells it."""
        packet = self._packet(at=0.0)
        packet.sequence_flags = pb.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
        packet.interned_data.kernel_symbols.add(iid=address, str=name.encode())
        return self

    def cores(self, *capacities: int) -> "TraceBuilder":
        """What linux.system_info tells of each CPU."""
        info = self._packet(at=0.0).cpu_info
        for capacity in capacities:
            info.cpus.add(processor="a", capacity=capacity)
        return self

    def frequency(self, at: float, cpu: int, khz: int) -> "TraceBuilder":
        """From now on the CPU runs at so many kHz."""
        return self.event(at, cpu=cpu, cpu_frequency={"state": khz, "cpu_id": cpu})

    def rails(self, at: float, **microjoules: int) -> "TraceBuilder":
        """Energy of each power rail since boot."""
        rails = self._packet(at=at).power_rails
        for index, (name, energy) in enumerate(microjoules.items()):
            rails.rail_descriptor.add(index=index, rail_name=name, subsys_name="", sampling_rate=1)
            rails.energy_data.add(index=index, timestamp_ms=round(at * 1000), energy=energy)
        return self

    def battery(self, at: float, charge_uah: int) -> "TraceBuilder":
        """The battery's own counter."""
        self._packet(at=at).battery.charge_counter_uah = charge_uah
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
        return self.sample(at, vmstat=counters)

    def meminfo(self, at: float, **kibibytes: int) -> "TraceBuilder":
        """/proc/meminfo in kB: `mem_available=...`, `swap_total=...`."""
        return self.sample(at, meminfo=kibibytes)

    def sample(
        self, at: float, *, vmstat: dict[str, int] | None = None, meminfo: dict[str, int] | None = None
    ) -> "TraceBuilder":
        """Both at once, as a poll reads them."""
        stats = self._packet(at=at).sys_stats
        for name, value in (vmstat or {}).items():
            stats.vmstat.add(key=pb.VmstatCounters.Value(f"VMSTAT_{name.upper()}"), value=value)
        for name, value in (meminfo or {}).items():
            stats.meminfo.add(key=pb.MeminfoCounters.Value(f"MEMINFO_{name.upper()}"), value=value)
        return self

    def psi(self, at: float, *, some_s: float, full_s: float) -> "TraceBuilder":
        """/proc/pressure/memory's totals, in seconds."""
        stats = self._packet(at=at).sys_stats
        kinds = pb.SysStats.PsiSample
        stats.psi.add(resource=kinds.PSI_RESOURCE_MEMORY_SOME, total_ns=ns(some_s))
        stats.psi.add(resource=kinds.PSI_RESOURCE_MEMORY_FULL, total_ns=ns(full_s))
        return self

    def frame(self, at: float, number: int, pid: int, *, shown: float, drawn: tuple[float, float]) -> "TraceBuilder":
        """One frame as Android 12 and later tell it: doFrame at `at`, DrawFrames on `pid + 1`, and its FrameTimeline.

        Args:
            at: when the main thread (`pid`) begins it; it takes until the RenderThread begins to draw.
            number: the vsync token.
            pid: process.
            shown: when it was on the display.
            drawn: when the RenderThread began and ended.
        """
        shared: dict[int, int | bytes] = {2: number, 3: number + 1000, 4: pid, 5: f"TX - app#{pid}".encode()}
        on_time: dict[int, int | bytes] = dict.fromkeys(
            (6, 7, 9, 10), 1
        )  # present_type, on_time_finish, jank_type, prediction_type
        for cookie, start, fields, end in (
            (2 * number, 3, shared, at + 0.016),
            (2 * number + 1, 4, shared | on_time, shown),
        ):
            self._frame_timeline(at, {start: message({**fields, 1: cookie})})
            self._frame_timeline(end, {5: message({1: cookie})})
        self.prints(at, pid, f"B|{pid}|Choreographer#doFrame {number}").prints(drawn[0], pid, f"E|{pid}")
        return self.prints(drawn[0], pid + 1, f"B|{pid}|DrawFrames {number}", cpu=1).prints(
            drawn[1], pid + 1, f"E|{pid}", cpu=1
        )

    def launches(self, at: float, until: float, app: str, *, number: int = 1, kind: str = "cold") -> "TraceBuilder":
        """What system_server (pid 1000) tells of a launch since Android 13."""
        self.prints(at, 1000, f"S|1000|launchingActivity#{number}|0", cpu=7)
        self.prints(until, 1000, f"F|1000|launchingActivity#{number}|0", cpu=7)
        return self.prints(until, 1000, f"I|1000|launchingActivity#{number}:completed-{kind}:{app}", cpu=7)

    def slices(self, tid: int, pid: int, **spans: tuple[float, float]) -> "TraceBuilder":
        """Sections of a thread, by name."""
        for name, (begin, end) in spans.items():
            self.prints(begin, tid, f"B|{pid}|{name}").prints(end, tid, f"E|{pid}")
        return self

    def lost(self, cpu: int, events: int) -> "TraceBuilder":
        """The kernel's ring buffer of one CPU was overrun."""
        for phase, overrun in ((pb.FtraceStats.START_OF_TRACE, 0), (pb.FtraceStats.END_OF_TRACE, events)):
            stats = self._packet(at=0.0).ftrace_stats
            stats.phase = phase
            stats.cpu_stats.add(cpu=cpu, overrun=overrun)
        return self

    def refused(self, *ftrace_events: str) -> "TraceBuilder":
        """Perfetto says that the kernel has no such events."""
        stats = self._packet(at=0.0).ftrace_stats
        stats.phase = pb.FtraceStats.START_OF_TRACE
        stats.unknown_ftrace_events.extend(ftrace_events)
        return self

    def _frame_timeline(self, at: float, event: dict[int, int | bytes]) -> None:
        self._packet(at=at).MergeFromString(message({FRAME_TIMELINE_EVENT: message(event)}))

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
