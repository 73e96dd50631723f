# SPDX-License-Identifier: Apache-2.0
"""What doctor says of a phone, topic by topic: what works, what will be missing in a run, what to do. Pure."""

from collections.abc import Callable, Iterator, Sequence

from agent.field import tracing
from agent.field.examine import Examination
from agent.field.finding import Finding
from reports.printable import printable
from workloads.device.build import TARGETS

_MIN_SDK = 28
_PHONE_ROOM = 300 << 20  # as `agent.runner.preflight`
_LOW_BATTERY = 30.0
_UNSAFE = "`reclaim run --allow-unsafe-knob` writes it all the same"


def findings(seen: Examination) -> tuple[Finding, ...]:
    """Return every finding, in the order they are shown."""
    return tuple(finding for check in _CHECKS for finding in check(seen))


def possible(found: Sequence[Finding]) -> bool:
    """Whether a run that switches kcompressd can be made."""
    return not any(finding.needed and finding.state == "no" for finding in found)


def _root(seen: Examination) -> Iterator[Finding]:
    if seen.facts.root != "none":
        yield Finding("root", "yes", f"`{seen.facts.root}`" if " " in seen.facts.root else seen.facts.root)
        return
    cure = (
        "`adb root` first: this build lets adbd be root"
        if any(kind in seen.facts.build for kind in (":userdebug/", ":eng/"))
        else "a userdebug build has it; with Magisk or KernelSU allow `Shell` in their app"
    )
    yield Finding("root", "no", "none: the kernel's settings can be read at best, not written", cure, needed=True)


def _selinux(seen: Examination) -> Iterator[Finding]:
    mode = seen.said("selinux")
    yield Finding("SELinux", "yes", printable(mode.lower(), 40) if mode else "none that tells")


def _adb(seen: Examination) -> Iterator[Finding]:
    if seen.features is not None:
        yield Finding("adb", "yes", f"shell protocol 2, which gives real exit codes; {len(seen.features)} features")


def _android(seen: Examination) -> Iterator[Finding]:
    facts = seen.facts
    told = f"{facts.android} (API {facts.sdk}), kernel {facts.kernel}, {facts.abi}, {facts.cpus} CPUs"
    if facts.sdk < _MIN_SDK:
        yield Finding(
            "Android", "no", told, "Perfetto, which traces come from, is part of Android 9 (API 28) and later"
        )
    else:
        yield Finding("Android", "yes", told)
    if facts.abi not in TARGETS:
        told = f"there is no program that makes it for {facts.abi!r}"
        yield Finding("pressure", "no", told, f"phones with one of {', '.join(TARGETS)} can be measured", needed=True)


def _programs(seen: Examination) -> Iterator[Finding]:
    missing = [name for name in ("am", "pm") if name not in seen.programs]
    if missing:
        yield Finding("programs", "no", f"not there: {', '.join(missing)}; apps cannot be launched", needed=True)
    else:
        yield Finding("programs", "yes", " ".join(sorted(seen.programs)))


def _zram(seen: Examination) -> Iterator[Finding]:
    facts = seen.facts
    if not facts.swap_bytes:
        cure = "set zram up first (as root: disksize, mkswap, swapon)"
        yield Finding("zram", "no", "no swap: nothing is compressed", cure, needed=True)
    elif facts.zram_algorithm is None:
        there = "zram" in (seen.said("swaps") or "")
        told = f"{_mib(facts.swap_bytes)} of swap, {'on zram, its settings' if there else 'whose kind'} cannot be read"
        yield Finding("zram", "part", told, "root shows it")
    else:
        backing = seen.said("backing")
        where = "not built in" if backing is None else f"to {backing}" if backing not in ("", "none") else "no device"
        yield Finding("zram", "yes", f"{facts.zram_algorithm}, {_mib(facts.swap_bytes)} of swap; writeback: {where}")


def _kcompressd(seen: Examination) -> Iterator[Finding]:
    if not seen.switches:
        told = "none found" + (", and without root not every place can be looked into" * (seen.facts.root == "none"))
        cure = "take a kernel that has one of the forms in docs/knobs.md; other settings can be compared all the same"
        yield Finding("kcompressd", "no", told, cure, needed=True)
    switchable = any(_switchable(switch.knob.fixed, switch.knob.risk, switch.now) for switch in seen.switches)
    for switch in seen.switches:
        knob = switch.knob
        now = printable(switch.now, 40) if switch.now is not None else "a value that cannot be read"
        told = f"{now} ({printable(knob.layout, 80)}: {printable(knob.where, 200)})"
        if _switchable(knob.fixed, knob.risk, switch.now):
            readable = seen.facts.root == "none"
            told += "; without root it is not switched" if readable else f"; takes {knob.takes}"
            yield Finding(knob.name, "part" if readable else "yes", told)
        else:
            why = printable(knob.fixed or "", 400) or (knob.risk and f"not written: {knob.risk}; {_UNSAFE}")
            yield Finding(knob.name, "no", told, why or "root reads it", needed=not switchable)


def _switching(seen: Examination) -> Iterator[Finding]:
    if seen.blocked:
        told = printable(seen.blocked.removeprefix(f"{seen.facts.serial}: "), 400)
        yield Finding("switching", "no", f"not just now: {told}", needed=True)


def _switchable(fixed: str | None, risk: str | None, now: str | None) -> bool:
    return fixed is None and risk is None and now is not None


def _mglru(seen: Examination) -> Iterator[Finding]:
    value = seen.facts.vm.get("kernel.mm.lru_gen.enabled")
    told = f"lru_gen/enabled is {printable(value, 20)}" if value else "not in this kernel, or not readable"
    yield Finding("MGLRU", "yes" if value else "part", told)


def _knobs(seen: Examination) -> Iterator[Finding]:
    others = {printable(name.partition(".")[0], 20) for name in seen.knobs} - {"kcompressd"}
    yield Finding("other knobs", "yes", ", ".join(sorted(others)) or "none")
    yield from (Finding("plug-in", "part", printable(line, 400)) for line in seen.troubles)


def _psi(seen: Examination) -> Iterator[Finding]:
    if seen.said("pressure") is not None:
        yield Finding("PSI", "yes", "/proc/pressure/memory can be read")
    elif seen.caps.psi:
        yield Finding("PSI", "part", "this user may not read it; Perfetto's own user may")
    else:
        yield Finding("PSI", "part", "not in this kernel: no stall times in a run", "CONFIG_PSI=y, and no psi=0")


def _conditions(seen: Examination) -> Iterator[Finding]:
    now = seen.conditions
    lacking = [
        name for name, value in (("battery level", now.battery_percent), ("its heat", now.battery_c)) if value is None
    ]
    known = [f"battery {now.battery_percent:g} %"] if now.battery_percent is not None else []
    known += [f"{now.battery_c:g} °C"] if now.battery_c is not None else []
    known += [f"thermal status {now.thermal_status}"] if now.thermal_status is not None else []
    lacking += ["thermal status"] if now.thermal_status is None else []
    told = ", ".join(known) + f"; not told: {', '.join(lacking)}" * bool(lacking)
    low = now.battery_percent is not None and now.battery_percent < _LOW_BATTERY
    cure = "charge it: most experiments ask for 30 %" if low else None
    yield Finding("heat", "part" if lacking or low else "yes", told.removeprefix("; "), cure)


def _room(seen: Examination) -> Iterator[Finding]:
    room = seen.room_bytes
    if room is None:
        yield Finding("room", "part", "df does not tell what is free on /data")
    else:
        cure = f"traces need {_mib(_PHONE_ROOM)}: delete something" if room < _PHONE_ROOM else None
        yield Finding("room", "no" if cure else "yes", f"{_mib(room)} free on /data", cure, needed=True)


def _screen(seen: Examination) -> Iterator[Finding]:
    words = {"charging": ("charging", "not charging"), "screen": ("screen on", "screen off")}
    told = [texts[0 if seen.said(name) == "true" else 1] for name, texts in words.items() if _told(seen, name)]
    off = seen.said("screen") == "false"
    cure = "a run launches apps: wake it and take its lock off (swipe or none)" if off else None
    yield Finding("power", "part" if off or not told else "yes", ", ".join(told) or "not told", cure)


def _told(seen: Examination, name: str) -> bool:
    return seen.said(name) in ("true", "false")


def _journal(seen: Examination) -> Iterator[Finding]:
    if seen.refusal:
        told = printable(seen.refusal.removeprefix(f"{seen.facts.serial}: "), 400)
        cure = f"`reclaim restore -s {seen.facts.serial}`" if "restore" not in told else None
        yield Finding("left over", "no", told, cure, needed=True)
    elif seen.left is None:
        yield Finding("left over", "yes", "nothing: no earlier run has left a setting changed")
    else:
        yield Finding("left over", "yes", f"notes of {seen.left.owner}; every setting is as it was")


def _mib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 30 else f"{size >> 20} MiB"


_CHECKS: tuple[Callable[[Examination], Iterator[Finding]], ...] = (
    _android,
    _adb,
    _root,
    _selinux,
    _kcompressd,
    _switching,
    _zram,
    _mglru,
    _knobs,
    _psi,
    tracing.perfetto,
    tracing.events,
    tracing.atrace,
    _programs,
    _conditions,
    _room,
    _screen,
    _journal,
)
