# SPDX-License-Identifier: Apache-2.0
"""One recording on the phone: start, stop, fetch."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from agent.capture.capabilities import Capabilities
from agent.device.phone import Phone, said
from workloads.errors import FinalError, TransientError

FOLDER = "/data/misc/perfetto-traces"
"""The one folder that perfetto may write to (AOSP perfetto docs, SELinux perfetto_traces_data_file)."""

# Shell built-ins alone: a program every 0.1 s would be felt. Not called `r`, which is an alias of mksh.
_RUNNING = """\
recording() {
  l=; { read -r l <"/proc/$1/stat"; } 2>/dev/null
  case $l in *"(perfetto) Z"*) return 1 ;; *"(perfetto) "*) return 0 ;; esac; return 1
}"""
STOP = f"""\
{_RUNNING}
recording "$1" || exit 3
kill -TERM "$1"; n=0
while recording "$1" && [ $n -lt "$2" ]; do n=$((n + 1)); sleep 0.1; done
recording "$1" && exit 4
exit 0
"""
"""Run as `sh -c STOP sh PID TENTHS`. Only a perfetto is killed: a pid may have gone to another process. Ctrl-C over adb
is unreliable, the signal is what AOSP's docs use. Exit status: 0 stopped, 3 had ended before, 4 does not end."""

_HAD_ENDED, _DOES_NOT_END = 3, 4
_MAY_PASS = re.compile(r"time[d ]*out|connect|background process failed", re.IGNORECASE)
"""traced or a source is late, or restarts; the last is all that `--background-wait` says where traced does not run."""
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class TraceSession:
    """A recording under way.

    Attributes:
        phone: where.
        pid: of perfetto on the phone.
        remote: the file it will write when it is stopped.
    """

    phone: Phone
    pid: int
    remote: str

    def stop(self) -> bool:
        """End the recording and wait until its file is whole; False when it had ended before (its time was up).

        Raises:
            TransientError: it does not end, or the link dropped.
        """
        tenths = str(int(_STOP_TIMEOUT_S * 10))
        done = self.phone.shell("sh", "-c", STOP, "sh", str(self.pid), tenths, timeout_s=_STOP_TIMEOUT_S + 30)
        if done.code not in (0, _HAD_ENDED):
            why = "does not end" if done.code == _DOES_NOT_END else said(done)
            raise TransientError(f"{self.phone.serial}: perfetto (pid {self.pid}) was told to stop: {why}")
        return done.code == 0

    def fetch(self, local: Path) -> None:
        """Bring the trace here and remove it from the phone; `local` appears whole or not at all.

        Raises:
            TransientError: it is empty or not there (traced may have died), or the link dropped.
        """
        try:
            self.phone.transport.pull(self.remote, local)
        except FinalError as error:
            raise TransientError(
                f"{self.phone.serial}: perfetto left no trace; its daemon may have died: {error}"
            ) from error
        self.remove()
        if not local.stat().st_size:
            local.unlink()
            raise TransientError(f"{self.phone.serial}: perfetto wrote an empty trace; its disk may be full")

    def remove(self) -> None:
        """Remove the trace from the phone; fine when there is none."""
        self.phone.shell("rm", "-f", self.remote)


def start(phone: Phone, caps: Capabilities, config: bytes) -> TraceSession:
    """Start to record; returns when every source records, where this perfetto can wait for that.

    It runs as the shell user, whose traces adb may fetch, and gets its config on standard input: before Android 12 it
    may read no file.

    Args:
        phone: where.
        caps: what it can do.
        config: from `build_config`.

    Raises:
        FinalError: perfetto refused; its own words are in the message.
        TransientError: it or its daemons did not come up in time, or the link dropped.
    """
    remote = f"{FOLDER}/reclaim-{secrets.token_hex(4)}.pftrace"
    background = "--background-wait" if caps.background_wait else "--background"
    done = phone.shell("perfetto", "-c", "-", "-o", remote, background, stdin=config, timeout_s=_START_TIMEOUT_S)
    pid = re.search(r"^\s*(\d+)\s*$", done.out, re.MULTILINE)
    if done.code != 0 or pid is None:
        kind = TransientError if _MAY_PASS.search(done.err) else FinalError
        raise kind(f"{phone.serial}: perfetto does not record: {said(done)}")
    return TraceSession(phone, int(pid[1]), remote)
