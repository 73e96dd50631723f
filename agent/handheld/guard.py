# SPDX-License-Identifier: Apache-2.0
"""Children that cannot outlive this process, even one killed by SIGKILL, unless they are let go.

A small shell starts the program and reads from a pipe whose other end only this process holds. The pipe closes when
this process ends, however it ends; the shell then kills the program. (PR_SET_PDEATHSIG would fire when the starting
*thread* ends.) The child is not reaped before the shell is told to end, so its process id cannot be reused meanwhile.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workloads.errors import SetupError

_SCRIPT = """\
trap '' INT HUP TERM
"$@" </dev/null &
child=$!
echo "$child" >"$RECLAIM_PID_FILE.new" && mv "$RECLAIM_PID_FILE.new" "$RECLAIM_PID_FILE"
read -r word
[ "$word" = keep ] && exit 0
[ "$word" = end ] && RECLAIM_REMOVE=
kill -9 "$child" 2>/dev/null
wait "$child"
[ -z "$RECLAIM_REMOVE" ] || rm -rf -- "$RECLAIM_REMOVE"
"""


@dataclass(frozen=True)
class Guarded:
    """A program that ends with this process.

    Attributes:
        pid: of the program itself.
        shell: the process that guards it.
        pipe: closing it ends the program.
    """

    pid: int
    shell: subprocess.Popen[bytes]
    pipe: IO[bytes]

    def keep(self) -> None:
        """Let the program outlive this process."""
        self._tell(b"keep\n")

    def end(self) -> None:
        """End the program, if it was not let go before."""
        self._tell(b"end\n")

    def _tell(self, word: bytes) -> None:
        """Say the last word to the guard and wait until it is gone; later words are not heard."""
        with suppress(BrokenPipeError, ValueError):
            self.pipe.write(word)
        with suppress(BrokenPipeError):
            self.pipe.close()
        self.shell.wait()


def start(
    argv: Sequence[str], folder: Path, name: str, *, env: Mapping[str, str] | None = None, remove: Path | None = None
) -> Guarded:
    """Start a program under guard.

    Args:
        argv: program and arguments.
        folder: where it runs; its output goes to `NAME.log` there, its process id to `NAME.pid`.
        name: see folder.
        env: added to the environment.
        remove: a folder that the guard removes when this process dies before the program was ended or let go.
    """
    pid_file = folder / f"{name}.pid"
    pid_file.unlink(missing_ok=True)  # of an earlier try in the same folder
    ours = {"RECLAIM_PID_FILE": str(pid_file), "RECLAIM_REMOVE": str(remove or "")}
    with (folder / f"{name}.log").open("wb") as log:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "guard", *argv],
            bufsize=0, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, start_new_session=True,
            env=os.environ | dict(env or {}) | ours,
        )  # fmt: skip
    while not pid_file.exists() and shell.poll() is None:
        time.sleep(0.01)
    if shell.stdin is None or not pid_file.exists():
        raise SetupError(f"{argv[0]} could not be started in {folder}: is its disk full?")
    return Guarded(int(pid_file.read_text()), shell, shell.stdin)


@dataclass(frozen=True)
class Identity:
    """A process that cannot be mistaken for a later one with the same number.

    Attributes:
        pid: process id.
        born: start time in clock ticks since boot, field 22 of /proc/PID/stat (proc_pid_stat(5)).
    """

    pid: int
    born: int

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """The identity of a running process; `born` is 0 when there is none."""
        return cls(pid, _born(pid))

    @property
    def alive(self) -> bool:
        """Whether that very process still runs (a zombie does not)."""
        return self.born != 0 and _born(self.pid) == self.born

    def kill(self, wait_s: float = 5.0) -> None:
        """Kill it for certain, and wait until it is gone."""
        deadline = time.monotonic() + wait_s
        while self.alive and time.monotonic() < deadline:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.01)


def _born(pid: int) -> int:
    try:
        # the name, field 2, may hold spaces and brackets: count from its last closing one
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in {"Z", "X"} else int(fields[19])
