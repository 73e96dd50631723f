# SPDX-License-Identifier: Apache-2.0
"""A phone that behaves, behind the transport: files, properties, programs, root, perfetto, and faults when wanted.

State lives in dicts that tests set and look at. A program or a shell script that it does not model is a loud error,
never a silent success: scripts are known by their very text (`agent.device.batch.SCRIPT` and its like), so a change of
one is noticed.
"""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from agent.capture.session import STOP
from agent.device import batch, phone
from agent.device.fake_kernel import FakeFile, FakeKernel, RefusedError
from agent.device.fakes.android import FakeAndroid
from agent.device.fakes.recorder import refusal
from agent.device.fakes.texts import ANDROID_13, BATTERY, MEMINFO, THERMAL, TRACERS
from agent.device.fakes.undo import SCRIPTS, FakeDeadMan
from agent.device.fakes.zram import perform
from agent.device.root import PROBE
from agent.knobs.base import PUT
from agent.knobs.kcompressd.unseen import GREP
from agent.knobs.zram.dance import DANCE
from agent.ports import Completed, Pulse
from agent.runner.workspace import SWEEP
from reports.atomic import write_bytes
from workloads.errors import FinalError


class UnknownCommandError(Exception):
    """The fake phone does not model this: teach it, or correct the agent. Outside the error tree: nothing hides it."""


@dataclass(frozen=True)
class Call:
    """One program as the phone runs it.

    Attributes:
        argv: the program and its arguments; for a shell script, what follows `sh -c SCRIPT sh`.
        stdin: what it is fed.
        as_root: whether it runs as root.
    """

    argv: tuple[str, ...]
    stdin: bytes
    as_root: bool


Answer = str | Completed
Handler = Callable[[Call], Answer]
"""A program or script: returns what it prints, or a `Completed` where it fails."""


@dataclass
class Fault:
    """What goes wrong at the next command that holds `words`: `error` is raised, or `answer` given, so many `times`."""

    words: str
    error: Exception | None = None
    answer: Completed | None = None
    times: int = 1
    after: bool = False  # the command is carried out first: a link that drops on the way back
    skip: int = 0  # so many commands with those words pass before


def failed(code: int, err: str) -> Completed:
    """Return the answer of a program that fails."""
    return Completed((), code, "", err)


@dataclass
class FakePhone:
    """Implements `agent.ports.Transport`.

    Attributes:
        serial: its adb serial.
        kernel: reclaim, kcompressd, boot.
        files: every other file; bytes that were pushed lie here, too.
        properties: what getprop knows.
        packages: what is installed; `android.apps` knows more of them.
        roots: the forms of `su` that work: `su 0`, `su root`, `su -c`; none on a user build.
        trace: what perfetto writes when it is stopped.
        background: called with the argument list of each program that is spawned.
        programs: name -> model of more programs.
        scripts: text -> model of more shell scripts (`sh -c TEXT sh ...`).
        faults: what is to go wrong.
        log: argument lists as they came, in order.
        dead_man: what puts settings back by itself; see `fall_silent`.
    """

    serial: str = "FAKE0001"
    kernel: FakeKernel = field(default_factory=FakeKernel)
    files: dict[str, FakeFile] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=lambda: dict(ANDROID_13))
    packages: set[str] = field(default_factory=set)
    android: FakeAndroid = field(default_factory=FakeAndroid)
    roots: frozenset[str] = frozenset({"su 0"})
    trace: bytes = b"trace"
    background: Callable[[tuple[str, ...]], None] = lambda _argv: None
    programs: dict[str, Handler] = field(default_factory=dict)
    scripts: dict[str, Handler] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    log: list[tuple[str, ...]] = field(default_factory=list)
    recording: dict[int, str] = field(default_factory=dict)
    dead_man: FakeDeadMan = field(default_factory=FakeDeadMan)
    _last_pid: int = 5000

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_s: float = 30.0, pulse: Pulse | None = None
    ) -> Completed:
        """Run a program; see `agent.ports.Transport.run`. A pulse comes from a thread and touches nothing."""
        assert timeout_s > 0, "a command without a time limit"  # noqa: S101 - the fake is for tests
        if pulse is not None:
            pulse.ends.recv(1)
            return Completed(tuple(argv), 0, "", "")
        self.log.append(tuple(argv))
        fault = self._fault(" ".join(argv))
        if fault and not fault.after:
            return self._fail(fault, argv)
        done = self.execute(Call(tuple(argv), stdin, as_root=False))
        return self._fail(fault, argv) if fault else done

    def push(self, data: bytes, remote: str, *, mode: int = 0o644) -> None:
        """Keep a file."""
        self.log.append(("push", remote, f"{mode:o}"))
        self.files[remote] = FakeFile(data.decode("utf-8", "surrogateescape"))

    def pull(self, remote: str, local: Path) -> None:
        """Hand a file out."""
        self.log.append(("pull", remote))
        if fault := self._fault(f"pull {remote}"):
            self._fail(fault, ("pull", remote))
        if remote not in self.files:
            raise FinalError(f"{self.serial}: cannot pull {remote}: No such file or directory")
        write_bytes(local, self.files[remote].read(as_root=False))

    def revive(self) -> None:
        """Count that somebody tried; see `agent.ports.Revivable.revive`."""
        self.log.append(("revive",))

    def fall_silent(self) -> None:
        """Let so much time pass without a sign of life that the dead-man acts, and ends."""
        as_root = bool(self.roots)
        self.dead_man.act(
            self.files,
            lambda argv: self.execute(Call(argv, b"", as_root=as_root)),
            lambda path: self._cat(path, as_root=as_root),
        )

    def execute(self, call: Call) -> Completed:
        """Run a call, `su` and all."""
        name, *rest = call.argv
        if name == "su":
            return self._su(call)
        if name == "sh" and rest[:1] == ["-c"]:
            handler, call = self._script(rest[1]), Call(tuple(rest[3:]), call.stdin, call.as_root)
        else:
            handler = self.programs.get(name) or partial(_PROGRAMS.get(name, _unknown), self)
        try:
            answer = handler(call)
        except RefusedError as refusal:
            return failed(1, f"{name}: {call.argv[0] if call.argv else ''}: {refusal}\n")
        return answer if isinstance(answer, Completed) else Completed(call.argv, 0, answer, "")

    def file(self, path: str) -> FakeFile:
        """Return a file, the kernel's or any other.

        Raises:
            RefusedError: there is none.
        """
        found = self.kernel.files().get(path) or self.files.get(path)
        if found is None:
            raise RefusedError("No such file or directory")
        return found

    def paths(self, pattern: str) -> list[str]:
        """Return the files a glob names, in order."""
        translated = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\[0\-9\]", "[0-9]")
        return sorted(path for path in {**self.files, **self.kernel.files()} if re.fullmatch(translated, path))

    def new_pid(self) -> int:
        """Return a pid that none had before."""
        self._last_pid += 1
        return self._last_pid

    def _fault(self, words: str) -> Fault | None:
        """Return the fault that strikes now."""
        for fault in self.faults:
            if fault.times and fault.words in words:
                if not fault.skip:
                    return fault
                fault.skip -= 1
        return None

    def _fail(self, fault: Fault, argv: Sequence[str]) -> Completed:
        fault.times -= 1
        if fault.error:
            raise fault.error
        return fault.answer or failed(1, f"{argv[0]}: fault\n")

    def _su(self, call: Call) -> Completed:
        form = f"su {call.argv[1]}"
        if form not in self.roots:
            return failed(127, "sh: su: inaccessible or not found\n")
        argv = shlex.split(call.argv[2]) if form == "su -c" else call.argv[2:]
        return self.execute(Call(tuple(argv), call.stdin, as_root=True))

    def _script(self, text: str) -> Handler:
        known: dict[str, Handler] = {
            PROBE: lambda call: f"{0 if call.as_root else 2000}\n{call.argv[0]}\n",
            batch.SCRIPT: self._batch,
            phone.WRITE: self._write,
            phone.SPAWN: self._spawn,
            STOP: self._stop,
            GREP: self._config,
            DANCE: self._dance,
            PUT: self._put,
            SWEEP: self._sweep,
            **{undo: partial(self._undo, undo) for undo in SCRIPTS},
            **self.scripts,
        }
        if text not in known:
            raise UnknownCommandError(f"a shell script that is not modelled:\n{text}")
        return known[text]

    def _batch(self, call: Call) -> str:
        token, *words = call.argv
        pairs = zip(words[::2], words[1::2], strict=True)
        told = [self._answer(token, number, *pair, call.as_root) for number, pair in enumerate(pairs)]
        return "".join([*told, f"{token} z\n"])

    def _answer(self, token: str, number: int, kind: str, what: str, as_root: bool) -> str:  # noqa: FBT001 - a shell's words
        if kind == "program":
            done = self.execute(Call(tuple(shlex.split(what)), b"", as_root))
            return f"{token} b {number}\n{done.out}{done.err}\n{token} e {done.code}\n"
        if kind == "joined":
            text = "".join(self._cat(path, as_root)[0] for path in self.paths(what))
            return f"{token} b {number}\n{text}\n{token} e 0\n"
        found = [(f" {path}", path) for path in self.paths(what)] if kind == "each" else [("", what)]
        read = [(name, *self._cat(path, as_root)) for name, path in found]
        return "".join(f"{token} b {number}{name}\n{text}\n{token} e {code}\n" for name, text, code in read)

    def _cat(self, path: str, as_root: bool) -> tuple[str, int]:  # noqa: FBT001 - a shell's words
        try:
            return self.file(path).read(as_root=as_root).decode("utf-8", "replace"), 0
        except RefusedError as refusal:
            return f"cat: {path}: {refusal}\n", 1

    def _write(self, call: Call) -> Completed:
        (path,) = call.argv
        if path not in self.files and path not in self.kernel.files():
            self.files[path] = FakeFile("")
        try:
            self.file(path).write(call.stdin, as_root=call.as_root)
        except RefusedError as refusal:
            return Completed(call.argv, 1, self._cat(path, call.as_root)[0], f"cat: write error: {refusal}\n")
        return Completed(call.argv, 0, self._cat(path, call.as_root)[0], "")

    def _put(self, call: Call) -> Answer:
        answer: Answer = ""
        for path, value in zip(call.argv[::2], call.argv[1::2], strict=True):
            answer = self._write(Call((path,), f"{value}\n".encode(), call.as_root))
        return answer

    def _undo(self, script: str, call: Call) -> Completed:
        code, err = self.dead_man.run(script, call.argv, self.files)
        return Completed(call.argv, code, "", err)

    def _spawn(self, call: Call) -> str:
        pid = self.new_pid()
        self.files[call.argv[0]] = FakeFile("")
        self.background(call.argv[1:])
        return f"{pid}\n"

    def _config(self, _call: Call) -> Answer:
        lines = (self.kernel.config or "").splitlines(keepends=True)
        return "".join(line for line in lines if "KCOMPRESSD" in line) or failed(1, "")

    def _dance(self, call: Call) -> Answer:
        note, _disk, device, priority, active, old, new = call.argv
        zram = self.kernel.zram
        if zram is None or not call.as_root:
            return Completed(call.argv, 1, f"swapoff: {device}: Operation not permitted\n", "")
        self.files[note] = FakeFile(f"99\n{device}\n{priority}\n{old}\n")
        code, said = perform(zram, int(priority), old, new, active=active == "1")
        if code < 2:  # noqa: PLR2004 - as the script: the note stays where there is no swap
            del self.files[note]
        return Completed(call.argv, code, said, "")

    def _sweep(self, call: Call) -> str:
        root, traces = call.argv
        left = (f"{root}/0", f"{traces}/reclaim-")
        self.files = {name: file for name, file in self.files.items() if not name.startswith(left)}
        self.recording.clear()
        return ""

    def _stop(self, call: Call) -> Answer:
        if remote := self.recording.pop(int(call.argv[0]), None):
            self.files[remote] = FakeFile(self.trace.decode("utf-8", "surrogateescape"))
        return "" if remote else failed(3, "")


def _unknown(_fake: FakePhone, call: Call) -> Answer:
    raise UnknownCommandError(f"a program that is not modelled: {' '.join(call.argv)}")


def _perfetto(fake: FakePhone, call: Call) -> Answer:
    if call.argv[1:] == ("--version",):
        return "Perfetto v56.0 (N/A)\n"
    if call.argv[1:] == ("--help",):
        return failed(1, "  --background-wait -D : Like --background, but waits\n")
    if why := refusal(call.stdin):
        return failed(1, why)
    pid = fake.new_pid()
    fake.recording[pid] = call.argv[call.argv.index("-o") + 1]
    return f"{pid}\n"


def _getprop(fake: FakePhone, call: Call) -> str:
    if len(call.argv) > 1:
        return fake.properties.get(call.argv[1], "") + "\n"
    return "".join(f"[{name}]: [{value}]\n" for name, value in fake.properties.items())


def _dumpsys(fake: FakePhone, call: Call) -> Answer:
    known = {"battery": BATTERY, "thermalservice": THERMAL}
    told = known.get(call.argv[1]) or fake.android.dumped(call.argv[1:], fake.packages)
    return told or failed(0, f"Can't find service: {call.argv[1]}\n")


def _cat(fake: FakePhone, call: Call) -> str:
    return "".join(fake.file(path).read(as_root=call.as_root).decode("utf-8", "replace") for path in call.argv[1:])


def _grep(fake: FakePhone, call: Call) -> Answer:
    text = _cat(fake, Call(("cat", call.argv[3]), b"", call.as_root))
    return "".join(line for line in text.splitlines(keepends=True) if re.search(call.argv[2], line)) or failed(1, "")


def _ls(fake: FakePhone, call: Call) -> str:
    return "".join(f"{path}\n" for path in call.argv[1:] if fake.file(path) is not None)  # else it raises


def _rm(fake: FakePhone, call: Call) -> str:
    for path in call.argv[1:]:
        fake.files = {name: file for name, file in fake.files.items() if not f"{name}/".startswith(f"{path}/")}
    return ""


def _android(fake: FakePhone, call: Call) -> Answer:
    done = fake.android.run(call.argv, fake.packages, lambda path: fake.file(path).read(as_root=False))
    return Completed(call.argv, done[0], done[1], "") if done else _unknown(fake, call)


def _stat(fake: FakePhone, call: Call) -> str:
    _name, _c, form, path = call.argv
    return form.replace("%a", fake.file(path).mode) + "\n"


_PROGRAMS: dict[str, Callable[[FakePhone, Call], Answer]] = {
    "cat": _cat,
    "cmd": _android,
    "dumpsys": _dumpsys,
    "getprop": _getprop,
    "grep": _grep,
    "ls": _ls,
    "perfetto": _perfetto,
    "input": _android,
    "pm": _android,
    "rm": _rm,
    "settings": _android,
    "stat": _stat,
    "wm": _android,
    "uname": lambda _fake, _call: "6.12.0-fake\n",
}


def fake_phone(**state: object) -> FakePhone:
    """Return a phone of Android 13 with root, kcompressd, zram and swap; `state` sets its attributes."""
    made = FakePhone()
    made.files.update(
        {
            "/proc/meminfo": FakeFile(MEMINFO),
            "/proc/pressure/memory": FakeFile("some avg10=0.00 total=0\nfull avg10=0.00 total=0\n", root_only=True),
            "/proc/sys/vm/swappiness": FakeFile("100\n"),
            "/sys/devices/system/cpu/online": FakeFile("0-7\n"),
            "/sys/kernel/tracing/available_events": FakeFile("sched:sched_switch\nvmscan:mm_vmscan_kswapd_wake\n"),
            **{path: FakeFile(text, root_only=True) for path, text in TRACERS.items()},
        }
    )
    for name, value in state.items():
        if not hasattr(made, name):
            raise UnknownCommandError(f"a fake phone has no {name}")
        setattr(made, name, value)
    return made
