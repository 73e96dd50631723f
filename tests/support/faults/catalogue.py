# SPDX-License-Identifier: Apache-2.0
"""Faults that can really be made to happen on the virtual handheld, its link and the agent."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.handheld import waking
from tests.support.faults.bench import FaultBench, interrupt
from workloads.errors import TransientError

Agent = subprocess.Popen[str]

GROUP_ADBD = """\
grep -q /sys/fs/cgroup /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/adbd
for p in $(pidof adbd); do echo $p >/sys/fs/cgroup/adbd/cgroup.procs; done
"""
"""adbd in a group of its own, as Android's init puts it; what it starts from then on is born there."""

RESTART_ADBD = """\
trap "" HUP
echo $$ >/sys/fs/cgroup/cgroup.procs
eval "$(grep ^SHELL_GROUPS= /system/init)"
echo 1 >/sys/fs/cgroup/adbd/cgroup.kill
echo $$ >/sys/fs/cgroup/adbd/cgroup.procs
exec launch -a -1000 -l -u 2000 -g "$SHELL_GROUPS" adbd
"""
"""What Android's init does when adbd ends: everything in its group is killed, then it is started again."""

RESTART_TRACED = """\
kill -9 $(pidof traced)
sleep 1
exec launch -a -1000 -l traced --set-socket-permissions root:0666:root:0666
"""

DETACHED = "su 0 setsid sh -c '{}' </dev/null >/dev/null 2>&1 &"
FILL = "set -- $(df -k /data | tail -n 1); fallocate -l ${4}k /data/full; echo >/data/fuller"
PROGRESS = "/data/local/tmp/reclaim/*/progress"
"""A file that is there while a trial runs; a line per step begun."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        name: in words.
        strike: makes it happen.
        mend: makes it whole again, where it does not pass by itself.
        lasts_s: seconds until it is mended; None: not before the agent has ended.
        in_a_trial: it means something only while a trial runs.
        deadly: it ends the agent itself, at once or soon.
    """

    name: str
    strike: Callable[[FaultBench, Agent], object]
    mend: Callable[[FaultBench], object] = lambda _bench: None
    lasts_s: float | None = 0.0
    in_a_trial: bool = False
    deadly: bool = False


def befall(fault: Fault, bench: FaultBench, agent: Agent) -> None:
    """Let a fault happen now, and pass where it does so before the agent ends."""
    fault.strike(bench, agent)
    if fault.lasts_s is not None:
        deadline = time.monotonic() + fault.lasts_s
        while agent.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        fault.mend(bench)


def as_root(command: str) -> Callable[[FaultBench, object], object]:
    """Run words without single quotes on the handheld, as root, past proxy and agent."""
    return lambda bench, _agent: bench.sh(f"su 0 sh -c '{command}'")


def detached(command: str) -> Callable[[FaultBench, object], object]:
    """The same, in a session of its own that outlives what is killed."""
    return lambda bench, _agent: bench.sh(DETACHED.format(command))


def signals(*numbers: signal.Signals) -> Callable[[object, Agent], object]:
    """Send these to the agent."""
    return lambda _bench, agent: interrupt(agent, numbers)


def _kill_and_drop(bench: FaultBench, agent: Agent) -> None:
    agent.kill()
    bench.link.drop()
    bench.kill_adb()


def _mended(bench: FaultBench) -> None:
    bench.link.mend()


def _clock(bench: FaultBench) -> None:
    waking.set_clock(bench.guest.folder)


def _restart_adbd(bench: FaultBench, _agent: object) -> None:
    with contextlib.suppress(TransientError):  # its own connection ends, too
        bench.sh(DETACHED.format(RESTART_ADBD))


DROP = Fault("connection dropped for 5 s", lambda bench, _: bench.link.drop(), _mended, lasts_s=5)
DROP_FOR_GOOD = Fault("connection dropped for good", lambda bench, _: bench.link.drop(), _mended, lasts_s=None)
SILENCE = Fault(
    "link silent for 8 s",
    lambda bench, _: bench.guest.monitor.set_link(up=False),
    lambda bench: bench.guest.monitor.set_link(up=True),
    lasts_s=8,
)
SILENCE_FOR_GOOD = Fault(
    "link silent for good",
    lambda bench, _: bench.guest.monitor.set_link(up=False),
    lambda bench: bench.guest.monitor.set_link(up=True),
    lasts_s=None,
)
ADB_SERVER = Fault("adb server killed", lambda bench, _: bench.kill_adb())
ADBD = Fault("adbd's whole group killed, adbd started anew", _restart_adbd)
REBOOT = Fault("phone rebooted", lambda bench, _: bench.guest.monitor.system_reset(), lasts_s=None)
HANG_FOR_GOOD = Fault(
    "phone hung for good", lambda b, _: b.guest.monitor.stop(), lambda b: b.guest.monitor.cont(), lasts_s=None
)
HANG = Fault("phone hung for 8 s", lambda b, _: b.guest.monitor.stop(), lambda b: b.guest.monitor.cont(), lasts_s=8)
KILL = Fault("agent killed (SIGKILL)", signals(signal.SIGKILL), deadly=True)
KILL_AND_DROP = Fault(
    "agent killed, connection gone", _kill_and_drop, _mended, lasts_s=None, in_a_trial=True, deadly=True
)
TERM = Fault("agent told to end (SIGTERM)", signals(signal.SIGTERM), deadly=True)
HANG_UP = Fault("agent's terminal closed (SIGHUP)", signals(signal.SIGHUP), deadly=True)
CTRL_C = Fault("Ctrl-C", signals(signal.SIGINT), deadly=True)
CTRL_C_TWICE = Fault("Ctrl-C twice", signals(signal.SIGINT, signal.SIGINT), deadly=True)
TRACED = Fault("traced killed and started anew", detached(RESTART_TRACED), in_a_trial=True)
PERFETTO = Fault("perfetto killed", as_root("kill -9 $(pidof perfetto)"), in_a_trial=True)
EATER = Fault("a memory eater killed", as_root("set -- $(pidof pressure); kill -9 $1"), in_a_trial=True)
SCRIPT = Fault("the trial's script killed", as_root("kill -9 $(cat /data/local/tmp/reclaim/*/pid)"), in_a_trial=True)
REWRITTEN = Fault("a setting rewritten by somebody", as_root("echo 77 >/proc/sys/vm/swappiness"), in_a_trial=True)
DISK = Fault("phone's disk full", as_root(FILL), lambda b: b.sh("su 0 rm -f /data/full /data/fuller"), lasts_s=None)
TRACE_GONE = Fault(
    "trace removed while it is recorded",
    as_root("rm /data/misc/perfetto-traces/reclaim-*"),
    in_a_trial=True,
)
LOW = Fault(
    "battery low",
    lambda bench, _: bench.sh("dumpsys battery set level 5"),
    lambda bench: bench.sh("dumpsys battery reset"),
    lasts_s=None,
)
HOT = Fault(
    "phone too hot",
    lambda bench, _: bench.sh("dumpsys thermalservice override-status 4"),
    lambda bench: bench.sh("dumpsys thermalservice reset"),
    lasts_s=None,
)
CLOCK = Fault("phone's clock an hour ahead", as_root("date -u @$(($(date +%s) + 3600))"), _clock, lasts_s=None)

LINK = (DROP, DROP_FOR_GOOD, SILENCE, SILENCE_FOR_GOOD, ADB_SERVER)
PHONE = (ADBD, REBOOT, HANG, HANG_FOR_GOOD, TRACED, PERFETTO, EATER, SCRIPT, REWRITTEN, TRACE_GONE, DISK, LOW, CLOCK)
AGENT = (KILL, KILL_AND_DROP, TERM, HANG_UP, CTRL_C, CTRL_C_TWICE)
FAULTS = (*LINK, *PHONE, *AGENT)
