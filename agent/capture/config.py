# SPDX-License-Identifier: Apache-2.0
"""What a trial records, as a Perfetto config in binary: text is no stable interface (perfetto docs).

Nothing in a timed trial fires once per page: such an event costs more than what it would measure.
"""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from agent.capture.attribution import Marks
from agent.capture.capabilities import Capabilities
from workloads.spec import Capture

if TYPE_CHECKING:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import DataSourceConfig, TraceConfig

SCHED = (
    "sched/sched_switch",  # who runs: CPU time of kswapd and kcompressd. The costliest: thousands a second per CPU
    "sched/sched_waking",  # since when a thread was ready to run: its wait for a CPU. About as many
    "sched/sched_blocked_reason",  # Android's own: whether a sleep was for I/O; one per sleep that nothing interrupts
    "sched/sched_process_exit",
    "sched/sched_process_free",
    "task/task_newtask",  # with the next one, names of what starts during the trial; rare
    "task/task_rename",
)
RECLAIM = (
    "vmscan/mm_vmscan_direct_reclaim_begin",  # pairs, one per stalled allocation: hundreds a second under pressure
    "vmscan/mm_vmscan_direct_reclaim_end",
    "vmscan/mm_vmscan_kswapd_wake",  # pairs, a few a second
    "vmscan/mm_vmscan_kswapd_sleep",
    "vmscan/mm_vmscan_throttled",  # since Linux 5.16; rare
)
KILLS = (
    "oom/mark_victim",  # rare, all three
    "oom/oom_score_adj_update",
    "lowmemorykiller/lowmemory_kill",
)
USER_SPACE = ("ftrace/print",)  # what apps, system_server and lmkd write to trace_marker: a few hundred a second
POWER = (
    "power/cpu_frequency",  # tens to hundreds a second on a phone: a CPU second is worth what its frequency was
    "power/suspend_resume",
    "thermal/cdev_update",
)
ATRACE = ("am", "wm", "view", "gfx", "dalvik", "pm", "ss")
"""Categories that launches are read from (Perfetto's stdlib android/startup)."""

VMSTAT = (
    "nr_free_pages",
    "nr_writeback",
    "nr_vmscan_write",
    "nr_vmscan_immediate_reclaim",
    "nr_isolated_anon",
    "nr_zspages",
    "pswpin",
    "pswpout",
    "pgmajfault",
    "pageoutrun",
    "kswapd_low_wmark_hit_quickly",
    "kswapd_high_wmark_hit_quickly",
    "pgrotated",
    "allocstall",
    "allocstall_dma",
    "allocstall_dma32",
    "allocstall_normal",
    "allocstall_movable",
    "allocstall_device",
    "oom_kill",
    "pgscan_kswapd",
    "pgscan_direct",
    "pgsteal_kswapd",
    "pgsteal_direct",
    "pgscan_anon",
    "pgscan_file",
    "pgsteal_anon",
    "pgsteal_file",
    "workingset_refault_anon",
    "workingset_refault_file",
)
MEMINFO = (
    "mem_total",
    "mem_free",
    "mem_available",
    "cached",
    "swap_cached",
    "active_anon",
    "inactive_anon",
    "active_file",
    "inactive_file",
    "swap_total",
    "swap_free",
    "dirty",
    "writeback",
    "anon_pages",
    "mapped",
)

_EVENTS_BUFFER, _STATS_BUFFER = 0, 1
_STATS_BUFFER_KB = 8192  # 10 kB/s at 100 ms: counters and process names are never pushed out by events
_FTRACE_BUFFER_KB = 4096  # per CPU; at 250 ms between drains it holds 16 MB/s of events
_DRAIN_MS = 250
_WRITE_MS = 2500
_STOP_TIMEOUT_MS = 15_000  # sources of a phone under memory pressure answer late
_PSI_SINCE, _NEW_COUNTERS_SINCE = (41, 0), (42, 0)
_OLD_COUNTERS_END = 128  # numbers above came with v42 (perfetto c0383ed85d)
_FRAME_TIMELINE_SDK = 31


def build_config(
    caps: Capabilities, capture: Capture, duration_s: float, apps: Collection[str] = (), marks: Marks | None = None
) -> bytes:
    """Return a serialized TraceConfig.

    Args:
        caps: what the phone can record.
        capture: what the experiment asks for.
        duration_s: seconds after which recording ends by itself, should nobody stop it.
        apps: packages whose own trace sections are wanted.
        marks: what tells compression from the rest, in a trial that is not timed.
    """
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TraceConfig  # noqa: PLC0415 - imported late: 0.15 s

    config = TraceConfig(duration_ms=int(duration_s * 1000), data_source_stop_timeout_ms=_STOP_TIMEOUT_MS)
    for size_kb in (capture.buffer_kb, _STATS_BUFFER_KB):
        config.buffers.add(size_kb=size_kb, fill_policy=TraceConfig.BufferConfig.RING_BUFFER)
    ftrace = _source(config, "linux.ftrace", _EVENTS_BUFFER)
    _add_ftrace(ftrace, caps, apps)
    if marks:
        marks.ask(ftrace.ftrace_config)
    processes = _source(config, "linux.process_stats", _STATS_BUFFER)
    processes.process_stats_config.scan_all_processes_on_start = True  # one walk of /proc, before the trial's work
    _add_sys_stats(_source(config, "linux.sys_stats", _STATS_BUFFER), caps, capture.poll_ms)
    if caps.atrace:
        _source(config, "android.packages_list", _STATS_BUFFER)  # once: which uid is which package
    if caps.atrace and caps.sdk >= _FRAME_TIMELINE_SDK:
        _source(config, "android.surfaceflinger.frametimeline", _EVENTS_BUFFER)  # TTID since Android 12; two per frame
    return config.SerializeToString()


def into_file(config: bytes, most_bytes: int) -> bytes:
    """Return the same config, but for a trace that is written out as it comes, up to a size, so that all is kept."""
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import TraceConfig  # noqa: PLC0415 - imported late: 0.15 s

    made = TraceConfig.FromString(config)
    made.write_into_file, made.file_write_period_ms, made.max_file_size_bytes = True, _WRITE_MS, most_bytes
    return made.SerializeToString()


def wanted_events(caps: Capabilities) -> tuple[str, ...]:
    """Return the ftrace events to ask for: those the kernel has; all of them where it may not be asked."""
    wanted = (*SCHED, *RECLAIM, *KILLS, *POWER)
    # The group `ftrace` is always on and never listed in available_events (kernel/trace/trace_export.c).
    return USER_SPACE + (wanted if caps.events is None else tuple(event for event in wanted if event in caps.events))


def wanted_vmstat(caps: Capabilities) -> tuple[str, ...]:
    """Return the vmstat counters which both this kernel and this perfetto know, as enum names."""
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import VmstatCounters  # noqa: PLC0415 - imported late: 0.15 s

    new = caps.version is None or caps.version >= _NEW_COUNTERS_SINCE
    names = (f"VMSTAT_{name.upper()}" for name in VMSTAT if name in caps.vmstat)
    return tuple(
        name
        for name in names
        if name in VmstatCounters.keys() and (new or VmstatCounters.Value(name) <= _OLD_COUNTERS_END)  # noqa: SIM118 - the wrapper is no dict
    )


def _source(config: "TraceConfig", name: str, buffer: int) -> "DataSourceConfig":
    source = config.data_sources.add().config
    source.name, source.target_buffer = name, buffer
    return source


def _add_ftrace(source: "DataSourceConfig", caps: Capabilities, apps: Iterable[str]) -> None:
    ftrace = source.ftrace_config
    ftrace.ftrace_events.extend(wanted_events(caps))
    ftrace.buffer_size_kb, ftrace.drain_period_ms = _FTRACE_BUFFER_KB, _DRAIN_MS
    ftrace.compact_sched.enabled = True  # a quarter of the bytes of sched_switch and sched_waking
    if caps.atrace:
        ftrace.atrace_categories.extend(ATRACE)
        ftrace.atrace_apps.extend([*apps, "lmkd"])  # lmkd: which process it killed and why


def _add_sys_stats(source: "DataSourceConfig", caps: Capabilities, poll_ms: int) -> None:
    from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import (  # noqa: PLC0415 - imported late: 0.15 s
        MeminfoCounters,
        SysStatsConfig,
        VmstatCounters,
    )

    stats = source.sys_stats_config
    stats.vmstat_period_ms = stats.meminfo_period_ms = poll_ms
    stats.vmstat_counters.extend(getattr(VmstatCounters, name) for name in wanted_vmstat(caps))
    stats.meminfo_counters.extend(getattr(MeminfoCounters, f"MEMINFO_{name.upper()}") for name in MEMINFO)
    stats.stat_period_ms = 10 * poll_ms  # periods must be multiples of one another (sys_stats_config.proto)
    stats.stat_counters.append(SysStatsConfig.STAT_CPU_TIMES)
    if caps.psi and (caps.version is None or caps.version >= _PSI_SINCE):
        stats.psi_period_ms = poll_ms
