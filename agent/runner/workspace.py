# SPDX-License-Identifier: Apache-2.0
"""The agent's folder on the phone: programs installed once, one folder per trial, all of it removed at the end."""

import hashlib
from dataclasses import dataclass

from agent.capture.session import FOLDER as TRACES
from agent.device.phone import Phone, said
from workloads.errors import FinalError, TransientError

ROOT = "/data/local/tmp/reclaim"
"""Under the one folder where Android lets the shell user write and run programs (shell_data_file)."""

CHECK = 'mkdir -p "$1" || exit 3; [ -x "$2" ]'
_NO_FOLDER = 3
MAKE = (
    'rm -rf "$1" && mkdir -p "$1" && cd "$1" && shift'
    ' && while [ $# -gt 1 ]; do ln -s "$2" "$1" || exit; shift 2; done && cat >run.sh'
)
WAIT = 'until [ -e "$1/done" ]; do kill -0 "$2" 2>/dev/null || { [ -e "$1/done" ] || exit 3; }; sleep 1; done'
"""Looks seldom: each `sleep` starts a program in the middle of what is measured (40 ms of an emulated CPU)."""

END = (
    ': >"$1/stop"; n=0; while [ -e "/proc/$2" ] && [ $n -lt "$3" ]; do n=$((n+1)); sleep 0.1; done; [ ! -e "/proc/$2" ]'
)
NOTED = 'echo $$ >"$1/pid"; exec sh "$1/run.sh"'
CLEAR = 'read -r p <"$1/pid" && kill -9 -"$p"; rm -rf "$1"; true'
SWEEP = """\
for t in "$1"/*/; do
  [ -d "$t" ] || continue
  for p in /proc/[0-9]*; do [ ! "$p/cwd" -ef "$t" ] || kill -9 "${p#/proc/}"; done 2>/dev/null
  rm -rf "$t"
done
for f in $(grep -l 'perfetto-traces/[r]eclaim-' /proc/[0-9]*/cmdline 2>/dev/null); do
  p=${f%/cmdline} l=; { read -r l <"$p/stat"; } 2>/dev/null
  case $l in *"(perfetto) "*) kill -9 "${p#/proc/}" ;; esac
done
rm -f "$2"/reclaim-*.pftrace
true
"""
"""Run as `sh -c SWEEP sh ROOT TRACES`: end what trials have left running, remove what they have left lying.

A process of a trial's script is known by its working directory, which nobody else has: a pid may have gone to another
process since. `-ef` follows /proc/PID/cwd without starting a program (mksh, dash and bash know it)."""
SWEEPS = ("sh", "-c", SWEEP, "sh", ROOT, TRACES)
"""The whole command, for the phone to run by itself."""
RESET = 'for p; do am force-stop "$p"; done; sync'
DROP = "echo 3 >/proc/sys/vm/drop_caches"


@dataclass(frozen=True)
class Workspace:
    """The folder and what is done with it; every method is one or two round trips.

    Attributes:
        phone: the phone.
        root: absolute path of the folder.
    """

    phone: Phone
    root: str = ROOT

    def install(self, name: str, program: bytes, suffix: str = "") -> str:
        """Put a program, or an APK, there unless the very same one lies there already; return its path.

        Raises:
            FinalError: the phone refused it.
        """
        path = f"{self.root}/{name}-{hashlib.sha256(program).hexdigest()[:16]}{suffix}"
        there = self.phone.shell("sh", "-c", CHECK, "sh", self.root, path)
        if there.code == _NO_FOLDER:
            raise FinalError(f"{self.phone.serial}: cannot make {self.root}: {said(there)}")
        if there.code:
            self.phone.transport.push(program, path, mode=0o755)
        return path

    def begin(self, trial: str, script: str, programs: dict[str, str]) -> str:
        """Make the trial's folder, holding `run.sh` and a link to each program; return its path."""
        folder = f"{self.root}/{trial}"
        links = [word for pair in programs.items() for word in pair]
        self.phone.shell("sh", "-c", MAKE, "sh", folder, *links, stdin=script.encode(), check=True)
        return folder

    def start(self, folder: str) -> int:
        """Start the trial's script; it goes on when the link is lost. Return its pid."""
        return self.phone.spawn(("sh", "-c", NOTED, "sh", folder), f"{folder}/run.log")

    def wait(self, folder: str, pid: int, timeout_s: float) -> bool:
        """Wait on the phone until the script is done, without any traffic meanwhile; False when it died.

        Raises:
            TransientError: the link dropped, or it did not end in time.
        """
        return self.phone.shell("sh", "-c", WAIT, "sh", folder, str(pid), timeout_s=timeout_s).code == 0

    def death(self, folder: str) -> TransientError:
        """What a script that died left to say."""
        log = self.read(folder, "run.log").strip().replace("\n", "; ")[-300:]
        return TransientError(f"{self.phone.serial}: the trial's script died on the phone: {log or 'it said nothing'}")

    def finish(self, folder: str, pid: int, timeout_s: float) -> None:
        """Tell the eaters to check their pages and end, and wait for it.

        Raises:
            TransientError: they did not end in time.
        """
        polls = str(int(timeout_s * 10))
        done = self.phone.shell("sh", "-c", END, "sh", folder, str(pid), polls, timeout_s=timeout_s + 10)
        if done.code:
            raise TransientError(f"{self.phone.serial}: the memory eaters did not end within {timeout_s:g} s")

    def read(self, folder: str, name: str) -> str:
        """One file of the trial's folder; empty when it is not there."""
        done = self.phone.shell("cat", f"{folder}/{name}")
        return done.out if done.code == 0 else ""

    def end(self, folder: str) -> None:
        """Kill what the trial's script still runs and remove its folder; fine when nothing is left."""
        self.phone.shell("sh", "-c", CLEAR, "sh", folder)

    def sweep(self) -> None:
        """End what trials and recordings that were cut off have left, as root where there is root; programs stay.

        Raises:
            TransientError: the link dropped.
        """
        self.phone.shell(*SWEEPS[:4], self.root, TRACES, as_root=True, timeout_s=60)

    def remove(self) -> None:
        """Leave nothing behind."""
        self.phone.shell("rm", "-rf", self.root, as_root=True)


def reset_apps(phone: Phone, packages: list[str]) -> None:
    """Stop the workload's apps and, as root, empty the page cache, so that every trial starts alike.

    Raises:
        FinalError: the phone refused to stop them.
    """
    done = phone.shell("sh", "-c", RESET, "sh", *packages, timeout_s=60)
    if done.code:
        raise FinalError(f"{phone.serial}: the apps could not be stopped: {done.err.strip() or done.out.strip()}")
    if phone.root.kind != "none":
        phone.shell("sh", "-c", DROP, as_root=True, timeout_s=60)
