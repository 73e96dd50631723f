# SPDX-License-Identifier: Apache-2.0
"""What measuring costs: every metric against the bare load of a trace of about 50 MB, and two processes against one.

Run as `python -m tests.benchmarks.bench_traces`; exit status 1 when a ratio is over its limit.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as pb

from reports.traces.engine import open_trace
from reports.traces.many import Failed, measure_many
from reports.traces.measure import measure_trace
from tests.support.traces import TraceBuilder, ns

MOST_RATIO = 1.25
LEAST_SPEED_UP, PROCESSES = 1.8, 2
MANY, MANY_BYTES = 20, 25_000_000
SIZE_BYTES = 50_000_000
BLOCK_S = 10.0
ROUNDS = 3
KSWAPD, KCOMPRESSD, SYSTEM, MAIN, RENDER, APP = 40, 41, 500, 600, 601, 1000


def block() -> TraceBuilder:
    """Ten seconds of a busy phone under pressure: switches, app slices, direct reclaim, kswapd, counters."""
    trace = TraceBuilder()
    for step in range(20_000):
        at = step * BLOCK_S / 20_000
        task = APP + step % 300
        trace.wakes(task, f"thread-{task}", at, cpu=step % 8)
        trace.runs(task, f"thread-{task}", at + 1e-5, at + 3e-4, cpu=step % 8, then="RSD"[step % 3])
        if step % 4 == 0:
            trace.prints(at + 5e-5, task, f"B|{APP}|Choreographer#doFrame {step % 97}", cpu=step % 8)
            trace.prints(at + 2e-4, task, f"E|{APP}", cpu=step % 8)
        if step % 100 == 0:
            trace.frequency(at, step // 100 % 8, 1_000_000 + step)
        if step % 40 == 0:
            trace.event(at + 6e-5, tid=task, cpu=step % 8, mm_vmscan_direct_reclaim_begin={"order": 0})
            trace.event(at + 9e-5, tid=task, cpu=step % 8, mm_vmscan_direct_reclaim_end={"nr_reclaimed": 32})
    for second in range(int(BLOCK_S)):
        trace.event(second + 0.1, tid=KSWAPD, cpu=8, mm_vmscan_kswapd_wake={"nid": 0})
        trace.runs(KSWAPD, "kswapd0", second + 0.1, second + 0.7, cpu=8)
        trace.runs(KCOMPRESSD, "kcompressd:0", second + 0.1, second + 0.8, cpu=9)
        trace.event(second + 0.8, tid=KSWAPD, cpu=8, mm_vmscan_kswapd_sleep={"nid": 0})
    return trace


def counters(seconds: float) -> TraceBuilder:
    """What a poll every 0.1 s leaves, and one launch every ten seconds."""
    trace = TraceBuilder().process(MAIN, "com.app", threads={MAIN: "com.app", RENDER: "RenderThread"})
    trace.process(2, "kthreadd", threads={KSWAPD: "kswapd0", KCOMPRESSD: "kcompressd:0"})
    for step in range(int(seconds * 10)):
        at = step / 10
        growing = {
            "pgsteal_anon": step * 900,
            "pgscan_anon": step * 1000,
            "pgsteal_direct": step * 90,
            "pswpout": step * 900,
            "nr_vmscan_write": step * 900,
            "pgsteal_kswapd": step * 800,
            "pgscan_kswapd": step * 900,
            "pgscan_direct": step * 100,
            "pgmajfault": step,
        }
        trace.vmstat(at, nr_writeback=step % 100, pgrotated=step, allocstall_normal=step, **growing)
        trace.meminfo(at, mem_available=200_000 - step, swap_total=500_000, swap_free=400_000)
        trace.psi(at, some_s=at / 10, full_s=at / 50)
    for number in range(int(seconds / BLOCK_S)):
        at = number * BLOCK_S + 1
        trace.prints(at, SYSTEM, f"S|{SYSTEM}|launchingActivity#{number}|0", cpu=9)
        trace.prints(at + 1, SYSTEM, f"F|{SYSTEM}|launchingActivity#{number}|0", cpu=9)
        trace.prints(at + 1, SYSTEM, f"I|{SYSTEM}|launchingActivity#{number}:completed-cold:com.app", cpu=9)
        trace.slices(MAIN, MAIN, bindApplication=(at + 0.1, at + 0.2), activityResume=(at + 0.3, at + 0.4))
        for tenth in range(1, 9):
            trace.runs(MAIN, "com.app", at + tenth / 10, at + tenth / 10 + 0.05, cpu=10, then="SD"[tenth % 2])
        trace.prints(at + 0.5, MAIN, f"B|{MAIN}|Choreographer#doFrame", cpu=8).prints(
            at + 0.6, MAIN, f"E|{MAIN}", cpu=8
        )
        trace.prints(at + 0.55, RENDER, f"B|{MAIN}|DrawFrame", cpu=9).prints(at + 0.7, RENDER, f"E|{MAIN}", cpu=9)
    return trace


def write_trace(path: Path, size: int = SIZE_BYTES) -> Path:
    """Repeat the block, each time ten seconds later, until the trace is large enough."""
    whole = pb.Trace.FromString(block().data)
    with path.open("wb") as file:
        shifted = 0
        while file.tell() < size:
            file.write(whole.SerializeToString())
            for packet in whole.packet:
                for event in packet.ftrace_events.event:
                    event.timestamp += ns(BLOCK_S)
            shifted += 1
        file.write(counters(shifted * BLOCK_S).data)
    return path


def cost(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds of CPU (this process and its children), and seconds on the clock."""
    before, start = os.times(), time.perf_counter()
    work()
    after = os.times()
    return sum(after[:4]) - sum(before[:4]), time.perf_counter() - start


def main(out: TextIO) -> int:
    with tempfile.TemporaryDirectory(prefix="reclaim-bench-") as folder:
        return max(metrics(Path(folder), out), parallel(Path(folder), out))


def metrics(folder: Path, out: TextIO) -> int:
    path = write_trace(folder / "bench.pftrace")

    def load() -> None:
        with open_trace(path):
            pass

    def measure() -> None:
        measure_trace(path)

    load()  # once unmeasured: compiles the WebAssembly, fills the page cache
    # Interleaved, and the best of each: other work on the machine must not favour one of them.
    rounds = [(cost(load), cost(measure)) for _ in range(ROUNDS)]
    megabytes = path.stat().st_size / 1e6
    rows = len(measure_trace(path).rows)
    bare, full = (tuple(min(times) for times in zip(*column, strict=True)) for column in zip(*rounds, strict=True))
    ratio = full[0] / bare[0]  # of CPU: the clock also counts whatever else the machine does
    print(f"traces: {megabytes:.0f} MB, {rows} figures, best of {ROUNDS}", file=out)
    print(f"  load                  {bare[1]:6.2f} s, CPU {bare[0]:6.2f} s  ({megabytes / bare[1]:.0f} MB/s)", file=out)
    print(f"  load and every metric {full[1]:6.2f} s, CPU {full[0]:6.2f} s", file=out)
    print(f"  peak memory           {peak_mb(resource.RUSAGE_SELF):6.0f} MB", file=out)
    print(f"  {ratio:.2f} x the load, may be {MOST_RATIO} x", file=out)
    return 0 if ratio <= MOST_RATIO else 1


def parallel(folder: Path, out: TextIO) -> int:
    """Twenty traces by one process and by two: the clock decides, so nothing else may run meanwhile."""
    write_trace(folder / "many.pftrace", MANY_BYTES)
    paths = [folder / f"many-{number}.pftrace" for number in range(MANY)]
    for path in paths:
        path.hardlink_to(folder / "many.pftrace")
    times = {}
    for jobs in (1, PROCESSES):
        start = time.perf_counter()
        measured = list(measure_many(paths, jobs=jobs))
        times[jobs] = time.perf_counter() - start
        if any(isinstance(outcome, Failed) for _, outcome in measured):
            print("  a trace was not measured", file=out)
            return 1
    speed_up = times[1] / times[PROCESSES]
    print(f"traces: {MANY} of {MANY_BYTES / 1e6:.0f} MB, one at a time in each process", file=out)
    print(f"  1 process             {times[1]:6.2f} s", file=out)
    print(f"  {PROCESSES} processes           {times[PROCESSES]:6.2f} s", file=out)
    print(f"  peak memory           {peak_mb(resource.RUSAGE_CHILDREN):6.0f} MB in each of them", file=out)
    print(f"  {speed_up:.2f} x as fast, at least {LEAST_SPEED_UP} x on {PROCESSES} idle CPUs", file=out)
    return 0 if speed_up >= LEAST_SPEED_UP else 1


def peak_mb(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main(sys.stdout))
