# SPDX-License-Identifier: Apache-2.0
"""What an experiment keeps its phone like: set once through the undo journal, looked at around each trial.

What a phone does not allow (a user build, an old Android) is skipped and said; nothing else of a run depends on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent.device import batch, surroundings
from agent.device.batch import Answer
from agent.device.parse import battery, thermal_status
from agent.device.phone import Phone
from agent.knobs.base import Knob
from agent.knobs.discover import find
from agent.knobs.undo import Guard
from agent.ports import Clock
from reports.record import Caveat, Conditions
from workloads.conditions import Keep
from workloads.errors import FinalError, InputError
from workloads.spec import Setting

_ZONES = (batch.each("/sys/class/thermal/thermal_zone*/type"), batch.each("/sys/class/thermal/thermal_zone*/temp"))
_HEAT = (batch.program("dumpsys", "battery"), batch.program("dumpsys", "thermalservice"), *_ZONES)
AROUND = (
    batch.program("dumpsys", "power"),
    batch.program("dumpsys", "window", "policy"),
    batch.program("dumpsys", "battery"),
    *_ZONES,
    batch.each("/sys/devices/system/cpu/cpufreq/policy*/scaling_max_freq"),
)
"""Questions that `look` asks, before those of what is kept."""

_CHARGERS = {
    "/sys/devices/platform/google,charger/charge_disable": "1",
    "/sys/class/power_supply/battery/charging_enabled": "0",
    "/sys/class/power_supply/battery/input_suspend": "1",
    "/sys/class/power_supply/battery/batt_slate_mode": "1",
}
"""Switches of vendors' chargers, and what stops them: Pixel, Qualcomm's twice, Samsung."""

_WARM_ZONES = ("cpu", "skin", "soc", "tsens")
_COOL_POLL_S = 5.0
WAKE = "input keyevent KEYCODE_WAKEUP && wm dismiss-keyguard"
STORE = "com.android.vending"
"""Google's store, which updates apps by itself."""


@dataclass(frozen=True)
class Kept:
    """What a run keeps.

    Attributes:
        keep: as the experiment asks.
        knobs: name -> knob, of what was set.
        wanted: name -> value it was set to.
        skipped: what the phone does not allow, one line each.
    """

    keep: Keep = field(default_factory=Keep)
    knobs: Mapping[str, Knob] = field(default_factory=dict)
    wanted: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()


def settings(keep: Keep, serial: str) -> tuple[tuple[Setting, ...], tuple[str, ...]]:
    """What is set for it, and what is skipped with its reason. Pure; of charging only the phone can tell.

    Args:
        keep: what the experiment asks.
        serial: of the phone, which tells how it is reached.
    """
    found: list[Setting] = []
    if keep.awake:  # 7: on AC, USB and wireless power (BatteryManager.BATTERY_PLUGGED_*); without, after half an hour
        found += [_global("stay_on_while_plugged_in", "7"), _system("screen_off_timeout", "1800000")]
    if keep.animations:
        scales = ("window_animation_scale", "transition_animation_scale", "animator_duration_scale")
        found += [_global(name, "0") for name in scales]
    if keep.rotation:
        found += [_system("accelerometer_rotation", "0"), _system("user_rotation", "0")]
    if keep.brightness is not None:
        found += [_system("screen_brightness_mode", "0"), _system("screen_brightness", str(keep.brightness))]
    if keep.frequency:
        found.append(Setting("cpu.frequency", keep.frequency))
    if keep.background:
        found += [Setting("android:bg-dexopt", "off"), Setting(f"enabled:{STORE}", "off")]
        found.append(_global("ota_disable_automatic_update", "1"))
    over_network = reached_over_network(serial)
    if keep.airplane and not over_network:
        found.append(Setting("android:airplane", "on"))
    cut = ("airplane mode is left alone: it would cut the network that this phone is reached over",)
    return tuple(found), cut if keep.airplane and over_network else ()


def reached_over_network(serial: str) -> bool:
    """Whether adb reaches a phone over its network: HOST:PORT, or a name of mDNS, `adb-X._adb-tls-connect._tcp`."""
    return serial.endswith("._tcp") or (":" in serial and not serial.startswith("127."))


def _global(name: str, value: str) -> Setting:
    return Setting(f"settings:global/{name}", value)


def _system(name: str, value: str) -> Setting:
    return Setting(f"settings:system/{name}", value)


def hold(guard: Guard, keep: Keep) -> Kept:
    """Set all of it, as far as the phone allows.

    Raises:
        TransientError: the link dropped.
        FinalError, StoreError: see `Guard.try_hold`.
    """
    asked, skipped = settings(keep, guard.phone.serial)
    if keep.charging:
        switch = _charger(guard.phone)
        asked += (switch,) if switch else ()
        skipped += () if switch else ("charging goes on: no switch for it that this program knows and may write",)
    refused = {setting.knob: guard.try_hold(setting) for setting in asked}
    skipped += tuple(f"{name} is left alone: {why}" for name, why in refused.items() if why)
    wanted = {setting.knob: setting.value for setting in asked if not refused[setting.knob]}
    knobs = {name: guard.knob(name) for name in wanted}
    canonical = {name: knob.canonical(wanted[name]) for name, knob in knobs.items()}
    return Kept(keep, knobs, canonical, skipped)


def _charger(phone: Phone) -> Setting | None:
    answers = phone.ask(*(batch.each(path) for path in _CHARGERS))
    there = [answer.name for found in answers for answer in found if answer.ok]
    return Setting(f"sysfs:{there[0]}", _CHARGERS[there[0]]) if there and phone.root.kind != "none" else None


def planned(phone: Phone, keep: Keep, knobs: Mapping[str, Knob]) -> Iterator[str]:
    """What `hold` would write, one line each, without writing."""
    asked, skipped = settings(keep, phone.serial)
    charger = _charger(phone) if keep.charging else None
    for setting in (*asked, *([charger] if charger else [])):
        try:
            find(setting.knob, knobs, phone.serial).read(phone)
        except (FinalError, InputError) as error:
            yield f"skipped: {error}"
        else:
            yield f"before the first trial: set {setting.knob} to {setting.value}, where the phone allows it"
    yield from (f"skipped: {line}" for line in skipped)


def look(phone: Phone, kept: Kept) -> Conditions:
    """How the phone is around a trial; charge and memory are not looked at.

    Raises:
        TransientError: the link dropped.
    """
    answers = phone.ask(*AROUND, *(ask for knob in kept.knobs.values() for ask in knob.asks), timeout_s=60)
    (power,), (policy,), (charge,), types, temperatures, most = answers[: len(AROUND)]
    rest = list(answers[len(AROUND) :])
    values = {}
    for name, knob in kept.knobs.items():
        mine, rest = rest[: len(knob.asks)], rest[len(knob.asks) :]
        values[name] = _value(knob, mine)
    return Conditions(
        battery_percent=None,
        battery_c=None,
        thermal_status=None,
        mem_available_bytes=None,
        swap_free_bytes=None,
        awake=surroundings.awake(power.text),
        locked=surroundings.locked(policy.text),
        charging=surroundings.charging(charge.text),
        zones_c=surroundings.zones(types, temperatures),
        most_khz=surroundings.frequencies(most),
        kept=values,
    )


def joined(state: Conditions, around: Conditions) -> Conditions:
    """Charge and memory of the one, all else of the other."""
    names = ("awake", "locked", "charging", "zones_c", "most_khz", "kept")
    return replace(state, **{name: getattr(around, name) for name in names})


def _value(knob: Knob, answers: Sequence[tuple[Answer, ...]]) -> str:
    try:
        return knob.value(answers)
    except (FinalError, InputError):
        return "not readable"


def make_ready(phone: Phone, kept: Kept, clock: Clock) -> str | None:
    """Wake the phone and wait until it is cool, before a trial; what was still too warm at the end of the wait."""
    if kept.keep.awake:
        phone.shell("sh", "-c", WAKE, timeout_s=30)
    deadline = clock.now() + kept.keep.cool_wait_s
    while (warm := _too_warm(phone, kept.keep)) and clock.now() < deadline:
        clock.sleep(_COOL_POLL_S)
    return warm


def _too_warm(phone: Phone, keep: Keep) -> str | None:
    if keep.cool_battery_c is None and keep.cool_zone_c is None and keep.cool_status is None:
        return None
    (charge,), (heat,), types, temperatures = phone.ask(*_HEAT)
    zones = surroundings.zones(types, temperatures)
    warm = {name: celsius for name, celsius in zones.items() if any(word in name.lower() for word in _WARM_ZONES)}
    return next(warmer(keep, battery(charge.text).celsius, thermal_status(heat.text), warm), None)


def warmer(keep: Keep, battery_c: float | None, status: int | None, zones_c: Mapping[str, float]) -> Iterator[str]:
    """What is warmer than the experiment allows, in words. Pure; what a phone does not tell is not waited for."""
    if keep.cool_battery_c is not None and battery_c is not None and battery_c > keep.cool_battery_c:
        yield f"the battery at {battery_c:g} degrees C, asked for {keep.cool_battery_c:g}"
    if keep.cool_status is not None and status is not None and status > keep.cool_status:
        yield f"thermal status {status}, asked for {keep.cool_status}"
    for name, celsius in zones_c.items():
        if keep.cool_zone_c is not None and celsius > keep.cool_zone_c:
            yield f"zone {name} at {celsius:g} degrees C, asked for {keep.cool_zone_c:g}"


def doubts(kept: Kept, warm: str | None, before: Conditions, after: Conditions) -> Iterator[Caveat]:
    """What of it did not hold in a trial. Pure."""
    for line in kept.skipped:
        yield Caveat("condition-skipped", line, "set it by hand, or take the condition out of the experiment")
    if warm:
        yield Caveat("not-cool", f"too warm after a wait of {kept.keep.cool_wait_s:g} s: {warm}", "cool the phone")
    for name, wanted in kept.wanted.items():
        now = after.kept.get(name, "not readable")
        if now != wanted:
            what = f"{name} was {wanted} at the start of the run and {now} after the trial"
            yield Caveat("condition-changed", what, "find out what else sets it")
    if kept.keep.awake and (before.awake is False or after.awake is False or after.locked):
        state = "locked" if after.locked else "off"
        yield Caveat(
            "screen-off", f"the screen was {state} around the trial", "remove the screen lock; keep it plugged in"
        )
