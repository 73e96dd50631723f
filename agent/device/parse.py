# SPDX-License-Identifier: Apache-2.0
"""What phones print, as values. Pure: text in, values out; lines that are not known never hurt."""

import re
from dataclasses import dataclass

from reports.record import Kill, LaunchResult

_KIB = 1024
USER_HZ = 100  # clock ticks of /proc/PID/stat; fixed ABI on arm, arm64 and x86 (asm-generic/param.h)


def meminfo(text: str) -> dict[str, int]:
    """Read /proc/meminfo: name -> bytes (`HugePages_*` are counts; fs/proc/meminfo.c)."""
    rows = re.findall(r"^([^:\s]+):[ \t]+(\d{1,20})( kB)?[ \t]*$", text, re.MULTILINE)
    return {name: int(number) * (_KIB if unit else 1) for name, number, unit in rows}


def vmstat(text: str) -> dict[str, int]:
    """Read /proc/vmstat: counter -> value in the kernel's own unit, mostly pages (mm/vmstat.c)."""
    return {name: int(number) for name, number in re.findall(r"^(\w+) (-?\d{1,20})\s*$", text, re.MULTILINE)}


def numbers(text: str) -> tuple[int, ...]:
    """Read a line of numbers as zram's mm_stat has (7 to 9 fields or more; zram.rst); () when it is none."""
    words = text.split()
    return tuple(map(int, words)) if words and all(re.fullmatch(r"-?\d{1,20}", word) for word in words) else ()


def chosen(text: str) -> str | None:
    """Read a list such as `lzo [lz4] zstd`: the word in brackets; None when there is none."""
    match = re.search(r"\[([^\]\s]+)\]", text)
    return match[1] if match else None


def choices(text: str) -> tuple[str, ...]:
    """Read a list such as `lzo [lz4] zstd`: every word of it."""
    return tuple(word.strip("[]") for word in text.split())


def pressure(text: str) -> dict[str, float]:
    """Read /proc/pressure/*: `some`, `full` -> seconds stalled since boot (kernel/sched/psi.c prints microseconds)."""
    rows = re.findall(r"^(some|full)\b.*\btotal=(\d+)", text, re.MULTILINE)
    return {kind: int(total) / 1e6 for kind, total in rows}


def getprop(text: str) -> dict[str, str]:
    """Read the dump of `getprop`: `[name]: [value]`; a value may span lines, and ends with the first that ends in `]`.

    What stands between two properties (a linker's warning) is passed over.
    """
    return dict(re.findall(r"^\[([^\]\n]+)\]: \[(.*?)\]$", text, re.MULTILINE | re.DOTALL))


def cpu_count(text: str) -> int:
    """Read a CPU list such as `0-3,6`: how many they are (Documentation/admin-guide/cputopology.rst)."""
    spans = re.findall(r"(\d+)(?:-(\d+))?", text)
    return sum(int(last or first) - int(first) + 1 for first, last in spans)


def disk_free(text: str) -> int | None:
    """Read `df -k PATH`: bytes that may still be written there (toybox df: the column before `Use%`)."""
    match = re.search(r"\s(\d+)\s+\d+%\s+/\S*[ \t]*$", text, re.MULTILINE)
    return int(match[1]) * _KIB if match else None


@dataclass(frozen=True)
class Thread:
    """One line of /proc/PID/stat.

    Attributes:
        pid: its id.
        name: comm, at most 15 bytes.
        cpu_s: user and system seconds so far, to 10 ms.
        started: clock tick it started at; with the pid it tells threads apart.
        major_faults: pages read in for it.
    """

    pid: int
    name: str
    cpu_s: float
    started: int
    major_faults: int


def threads(text: str) -> tuple[Thread, ...]:
    """Read /proc/PID/stat lines, many at once (proc_pid_stat(5)); comm may hold spaces and brackets."""
    rows = re.findall(r"^(\d+) \((.*)\) [A-Za-z] ((?:-?\d+ ){18}-?\d+)", text, re.MULTILINE)
    return tuple(_thread(int(pid), name, [int(word) for word in rest.split()]) for pid, name, rest in rows)


def _thread(pid: int, name: str, fields: list[int]) -> Thread:
    """Take the fields after the state: fields[0] is field 4, so majflt (12), utime (14), stime (15), starttime (22)."""
    return Thread(pid, name, (fields[10] + fields[11]) / USER_HZ, fields[18], fields[8])


def processes(text: str) -> dict[int, str]:
    """Read `ps -A -o PID,NAME`, or any ps whose first column is PID and last the name: pid -> name."""
    rows = re.findall(r"^[ \t]*(\d+)[ \t]+(?:.*[ \t])?(\S+)[ \t]*$", text, re.MULTILINE)
    return {int(pid): name for pid, name in rows}


def am_start(text: str, index: int, component: str, kind: str) -> LaunchResult:
    """Read what `am start-activity -W` printed (AOSP ActivityManagerShellCommand.java); its exit status says nothing.

    `TotalTime: 0` with `LaunchState: UNKNOWN` means that nothing was launched, so no time is reported then. Android 9
    and older print `ThisTime:` too, and no `LaunchState:`.
    """
    fields = dict(re.findall(r"^(Status|LaunchState|TotalTime|WaitTime):[ \t]*(\S+)", text, re.MULTILINE))
    trouble = _trouble(text)
    status = fields.get("Status", "error")
    state = fields.get("LaunchState")
    total = _milliseconds(fields.get("TotalTime"))
    return LaunchResult(
        index=index,
        component=component,
        kind=kind,
        status="error" if trouble and not trouble.startswith("Warning") and status == "ok" else status,
        state=state,
        total_time_s=None if total == 0 and state in (None, "UNKNOWN") else total,
        wait_time_s=_milliseconds(fields.get("WaitTime")),
        note=trouble or (None if "Status" in fields else _last_line(text)),
    )


def _trouble(text: str) -> str | None:
    """Find am's own word on what went wrong: an error, else a warning."""
    for pattern in (r"^(Error: .*)$", r"^(\S*Exception: .*)$", r"^(Exception .*|Error type .*)$", r"^(Warning: .*)$"):
        match = re.search(pattern, text, re.MULTILINE)
        if match:
            return match[1].strip()
    return None


def _milliseconds(word: str | None) -> float | None:
    return int(word) / 1000 if word is not None and re.fullmatch(r"\d+", word) else None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["am printed nothing"])[-1].strip()


@dataclass(frozen=True)
class Battery:
    """What `dumpsys battery` says; None where it does not."""

    percent: float | None
    celsius: float | None


def battery(text: str) -> Battery:
    """Read `dumpsys battery`: level of scale, temperature in tenths of a degree (AOSP BatteryService.java)."""
    rows = dict(reversed(re.findall(r"^\s*(level|scale|temperature): (-?\d+)\s*$", text, re.MULTILINE)))
    scale = int(rows.get("scale", 100)) or 100
    return Battery(
        int(rows["level"]) * 100 / scale if "level" in rows else None,
        int(rows["temperature"]) / 10 if "temperature" in rows else None,
    )


def thermal_status(text: str) -> int | None:
    """Read `dumpsys thermalservice`: 0 none .. 6 shutdown (AOSP ThermalManagerService.java, Android 10 up)."""
    match = re.search(r"^\s*Thermal Status: (\d+)", text, re.MULTILINE)
    return int(match[1]) if match else None


_LMKD = re.compile(
    r"(?:Kill(?:ing)?|Reclaim) '(?P<name>.*)' \((?P<pid>\d+)\), uid -?\d+,"
    r" (?:oom_)?(?:score_)?adj (?P<adj>-?\d+)(?P<rest>.*)$",
    re.MULTILINE,
)
_LMK = re.compile(
    r"lowmemorykiller: Killing '(?P<name>.*)' \((?P<pid>\d+)\)(?: \(tgid (?P<tgid>\d+)\))?, adj (?P<adj>-?\d+),"
    r"(?=(?P<rest>(?:.*\n){0,5}))"
)
_OOM = re.compile(r"Killed process (?P<pid>\d+) \((?P<name>.*)\),? (?=UID |total-vm:)(?P<rest>.*)$", re.MULTILINE)


def lmkd_kills(text: str) -> tuple[Kill, ...]:
    """Find lmkd's kills in logcat (AOSP lmkd.cpp: `Kill '%s' (%d), uid %d, oom_score_adj %d ...`).

    Android 10 and 11 say `oom_adj` for the same number, Android 9 and older `Killing` and `adj`;
    Samsung's calls a kill `Reclaim`: ActivityManager reports the death of the process next.
    """
    return tuple(
        Kill(m["name"], int(m["pid"]), "lmkd", int(m["adj"]), m["rest"].partition("reason: ")[2].strip() or "not told")
        for m in _LMKD.finditer(text)
    )


def lmk_kills(text: str) -> tuple[Kill, ...]:
    """Find kills by the kernel's low memory killer in dmesg (drivers/staging/android/lowmemorykiller.c, lowmem_scan).

    Linux 4.12 removed it; vendors carried it on to 4.14. Its words go over several lines; what of them tells why is
    `cache 1kB is below limit 2kB` on the second or third. Since 4.4 the pid may be a thread's: `tgid` is the process.
    """
    return tuple(_lmk_kill(match) for match in _LMK.finditer(text))


def _lmk_kill(match: re.Match[str]) -> Kill:
    why = re.search(r"cache -?\d+kB is below (?:limit )?-?\d+kB", match["rest"].partition("Killing '")[0])
    pid = int(match["tgid"] or match["pid"])
    return Kill(match["name"], pid, "lmk", int(match["adj"]), why[0] if why else "not told")


def oom_kills(text: str) -> tuple[Kill, ...]:
    """Find the kernel OOM killer's kills in dmesg or logcat's kernel buffer (mm/oom_kill.c __oom_kill_process)."""
    return tuple(_oom_kill(match) for match in _OOM.finditer(text))


def _oom_kill(match: re.Match[str]) -> Kill:
    adj = re.search(r"oom_score_adj:(-?\d+)", match["rest"])  # since 5.8 (70cb6d267790)
    start = match.string.rfind("\n", 0, match.start()) + 1
    said = re.search(r"(?:Memory cgroup )?[Oo]ut of memory", match.string[start : match.start()])
    reason = said[0] if said else "out of memory"
    return Kill(match["name"], int(match["pid"]), "oom", int(adj[1]) if adj else None, reason)


def log_time(text: str) -> str:
    """What `date +'%m-%d %H:%M:%S.%N'` printed, as `logcat -T` takes it: to the millisecond (AOSP logcat.cpp).

    A date that knows no `%N` prints letters there: then the log is asked from the whole second on; nothing is missed.
    """
    second, _, fraction = text.strip().partition(".")
    digits = re.match(r"\d{3}", fraction)
    return f"{second}.{digits[0] if digits else '000'}"
