# SPDX-License-Identifier: Apache-2.0
"""A phone as the agent uses it: files, programs, facts and conditions, each in as few round trips as can be."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.device import batch, parse
from agent.device.batch import Answer, Question
from agent.device.root import Root, find_root
from agent.ports import Completed, Streaming, Transport
from reports.record import Conditions, DeviceFacts
from workloads.errors import FinalError, TransientError

BOOT_ID = "/proc/sys/kernel/random/boot_id"
WRITE = 'cat >"$1"; s=$?; cat "$1"; exit $s'
"""Run as `sh -c WRITE sh PATH`, the value on standard input: one write(2), as sysfs and sysctl files need; then it is
read back. Exit status: of the write."""

SPAWN = 'echo 0 >/proc/self/oom_score_adj; o=$1; shift; setsid "$@" >"$o" 2>&1 </dev/null & echo $!'
"""Run as `sh -c SPAWN sh LOG PROGRAM ...`; adbd's children inherit its -1000, which would make them unkillable."""

CONDITIONS = (
    batch.file("/proc/meminfo"),
    batch.file("/sys/block/zram0/mm_stat"),
    batch.program("dumpsys", "battery"),
    batch.program("dumpsys", "thermalservice"),
)
"""Questions that `read_conditions` reads the answers of."""

_VM_FILES = (
    *(
        f"/proc/sys/vm/{name}"
        for name in (
            "compaction_proactiveness",
            "extra_free_kbytes",
            "min_free_kbytes",
            "overcommit_memory",
            "page-cluster",
            "swappiness",
            "vfs_cache_pressure",
            "watermark_boost_factor",
            "watermark_scale_factor",
        )
    ),
    "/sys/block/zram0/comp_algorithm",
    "/sys/block/zram0/disksize",
    "/sys/kernel/mm/lru_gen/enabled",
    "/sys/kernel/mm/transparent_hugepage/enabled",
)
"""Kernel settings that shape reclaim; those that exist are recorded under the name after the common folders."""


@dataclass(frozen=True)
class Written:
    """What became of a write.

    Attributes:
        text: what the file holds now, without its last line feed.
        refusal: one line with the phone's own words, None when it said yes.
    """

    text: str
    refusal: str | None


@dataclass(frozen=True)
class Phone:
    """One phone and the way to be root on it.

    Attributes:
        transport: the link.
        root: how programs run as root; kind `none` when they cannot.
    """

    transport: Transport
    root: Root

    @property
    def serial(self) -> str:
        """The adb serial."""
        return self.transport.serial

    def shell(
        self, *argv: str, as_root: bool = False, stdin: bytes = b"", timeout_s: float = 30.0, check: bool = False
    ) -> Completed:
        """Run a program and wait for it.

        Args:
            argv: the program and its arguments; nothing is split or expanded.
            as_root: run it as root where root was found, else as the shell user.
            stdin: what it reads.
            timeout_s: seconds it may take.
            check: raise when its exit status is not 0.

        Raises:
            TransientError: the link dropped or the time ran out.
            FinalError: the phone is gone, or `check` and the program failed.
        """
        words = self.root.wrap(argv) if as_root else tuple(argv)
        done = self.transport.run(words, stdin=stdin, timeout_s=timeout_s)
        if check and done.code != 0:
            raise FinalError(f"{self.serial}: `{' '.join(argv)[:120]}` failed ({done.code}): {said(done)}")
        return done

    def stream(self, *argv: str, as_root: bool = False, silence_s: float = 15.0) -> Iterator[str]:
        """Run a program and give its lines as they come; see `agent.ports.Streaming.stream`, which it raises as.

        Raises:
            FinalError: this link cannot (a recorded phone).
        """
        if not isinstance(self.transport, Streaming):
            raise FinalError(f"{self.serial}: this link hands on nothing while a program runs")
        return self.transport.stream(self.root.wrap(argv) if as_root else argv, silence_s=silence_s)

    def ask(
        self, *questions: Question, as_root: bool = True, timeout_s: float = 30.0
    ) -> tuple[tuple[Answer, ...], ...]:
        """Put many questions in one round trip, as root where there is root; one tuple of answers per question.

        Raises:
            TransientError: the link dropped, the time ran out or the answer is not whole.
        """
        token = batch.new_token()
        done = self.shell(*batch.build(questions, token), as_root=as_root, timeout_s=timeout_s)
        if not done.out.strip():  # the words of whatever failed before the first answer: su, the shell itself
            raise TransientError(f"{self.serial}: answered none of {len(questions)} questions: {said(done)}")
        return batch.read(done.out, token, questions)

    def read_text(self, path: str) -> str:
        """Return a file's text without the line feeds it ends in, read as root where there is root.

        All of them: mksh drops them before we see them (`$(<FILE)`, `agent.device.batch`), other shells do not.

        Raises:
            FinalError: it is not there or may not be read.
        """
        ((answer,),) = self.ask(batch.file(path))
        if not answer.ok:
            raise FinalError(f"{self.serial}: cannot read {path}: {answer.text.strip()}")
        return answer.text.rstrip("\n")

    def try_write(self, path: str, value: str) -> Written:
        """Write a value as `echo VALUE >PATH` does, as root where there is root, and read the file back at once.

        Raises:
            FinalError: the file cannot be read back.
        """
        done = self.shell("sh", "-c", WRITE, "sh", path, as_root=True, stdin=f"{value}\n".encode())
        refusal = f"{self.serial}: cannot write {value!r} to {path} (root: {self.root.kind}): {said(done)}"
        if done.code and not done.out:
            raise FinalError(refusal)
        return Written(done.out.removesuffix("\n"), refusal if done.code else None)

    def write_text(self, path: str, value: str) -> None:
        """Write a value; for settings use `try_write`, whose read-back tells what really happened.

        Raises:
            FinalError: the phone refused; its words are in the message.
        """
        written = self.try_write(path, value)
        if written.refusal:
            raise FinalError(written.refusal)

    def getprop(self, name: str) -> str:
        """Return a property, empty when it is not set."""
        return self.shell("getprop", name).out.strip()

    def spawn(self, argv: Sequence[str], log: str, *, as_root: bool = False) -> int:
        """Start a program that outlives the connection, killable like any app; return its pid.

        Args:
            argv: the program and its arguments.
            log: file on the phone that takes what it prints.
            as_root: run it as root.

        Raises:
            FinalError: it did not start.
        """
        done = self.shell("sh", "-c", SPAWN, "sh", log, *argv, as_root=as_root)
        if not done.out.strip().isdigit():
            raise FinalError(f"{self.serial}: cannot start {argv[0]}: {said(done)}")
        return int(done.out)

    def vmstat(self) -> dict[str, int]:
        """Return /proc/vmstat: counter -> value in the kernel's own unit, mostly pages."""
        return parse.vmstat(self.read_text("/proc/vmstat"))

    def conditions(self) -> Conditions:
        """Return battery, heat and memory as they are now; what cannot be read is None."""
        return read_conditions(self.ask(*CONDITIONS))

    def facts(self, knobs: Mapping[str, str] | None = None) -> DeviceFacts:
        """Return what this phone is.

        Args:
            knobs: knob -> where it was found and what it read, from `agent.knobs.describe`.
        """
        (props,), (kernel,), (memory,), (cpus,), (perfetto,), *vm = self.ask(
            batch.program("getprop"),
            batch.program("uname", "-r"),
            batch.file("/proc/meminfo"),
            batch.file("/sys/devices/system/cpu/online"),
            batch.program("perfetto", "--version"),
            *(batch.each(path) for path in _VM_FILES),
        )
        values = {a.name: a.text.strip() for answers in vm for a in answers if a.ok}
        sizes, props_by_name = parse.meminfo(memory.text), parse.getprop(props.text)
        algorithms = values.get("/sys/block/zram0/comp_algorithm")
        return DeviceFacts(
            serial=self.serial,
            model=props_by_name.get("ro.product.model", "unknown"),
            build=props_by_name.get("ro.build.fingerprint", "unknown"),
            android=props_by_name.get("ro.build.version.release", "unknown"),
            sdk=_number(props_by_name.get("ro.build.version.sdk", "0")),
            kernel=kernel.text.strip(),
            abi=props_by_name.get("ro.product.cpu.abi", "unknown"),
            cpus=parse.cpu_count(cpus.text) if cpus.ok else 0,
            memory_bytes=sizes.get("MemTotal", 0),
            swap_bytes=sizes.get("SwapTotal", 0),
            zram_algorithm=parse.chosen(algorithms) if algorithms else None,
            knobs=dict(knobs or {}),
            vm={_short(path): value for path, value in values.items()},
            root=self.root.kind,
            perfetto=perfetto.text.strip().partition("\n")[0] if perfetto.ok else None,
            stand_in=props_by_name.get("ro.reclaim.stand_in") or None,
        )


def read_conditions(answers: Sequence[tuple[Answer, ...]]) -> Conditions:
    """Return what the answers to `CONDITIONS` say."""
    (memory,), (zram,), (battery,), (heat,) = answers
    sizes, charge = parse.meminfo(memory.text), parse.battery(battery.text)
    return Conditions(
        battery_percent=charge.percent,
        battery_c=charge.celsius,
        thermal_status=parse.thermal_status(heat.text),
        mem_available_bytes=sizes.get("MemAvailable"),
        swap_free_bytes=sizes.get("SwapFree"),
        zram_mm_stat=parse.numbers(zram.text) if zram.ok else (),
    )


def attach(transport: Transport) -> Phone:
    """Find root on the phone behind `transport` (adbd is not restarted for it) and return the phone."""
    return Phone(transport, find_root(transport))


def said(done: Completed) -> str:
    """Return what a failed program said, on one line."""
    return "; ".join((done.err.strip() or done.out.strip() or f"exit status {done.code}").splitlines())[:500]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _short(path: str) -> str:
    return path.removeprefix("/proc/sys/").removeprefix("/sys/").replace("/", ".")
