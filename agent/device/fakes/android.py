# SPDX-License-Identifier: Apache-2.0
"""Android's own settings on the fake phone: `settings`, `cmd connectivity`, JobScheduler, screen and lock."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.device.fakes.apps import FakeApps, package_manager

_STATES = {"default-state": (0, "default"), "enable": (1, "enabled"), "disable-user": (3, "disabled-user")}


@dataclass
class FakeAndroid:
    """What the commands tell and change.

    Attributes:
        settings: TABLE/NAME -> value.
        refuses: parts of a command line that it answers with a SecurityException, as user builds do.
        lacks: services and commands that it does not know.
        dexopt: whether ART's background job is scheduled.
        awake: whether the screen is on.
        locked: whether the lock screen shows.
        apps: what is known of apps besides their names.
    """

    settings: dict[str, str] = field(
        default_factory=lambda: {
            "global/window_animation_scale": "1.0",
            "global/airplane_mode_on": "0",
            "system/screen_brightness": "102",
            "system/screen_off_timeout": "60000",
        }
    )
    refuses: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    dexopt: bool = True
    awake: bool = False
    locked: bool = True
    apps: FakeApps = field(default_factory=FakeApps)

    def run(self, words: tuple[str, ...], packages: set[str], file: Callable[[str], bytes]) -> tuple[int, str] | None:
        """Exit status and text of a command; None for what is not modelled.

        Args:
            words: the command.
            packages: what is installed.
            file: reads a file of the phone.
        """
        line = " ".join(words)
        if any(part in line for part in self.refuses):
            return 255, f"java.lang.SecurityException: Permission denial: {line}\n"
        if any(part in line for part in self.lacks):
            return 20, f"cmd: Can't find service: {words[1]}\n"
        known = {"settings": self._settings, "cmd": self._cmd, "pm": self._pm, "input": self._wake, "wm": self._unlock}
        package = words[1:] if words[0] == "pm" else words[2:] if words[1] == "package" else ()
        return known[words[0]](words[1:]) or (package_manager(package, self.apps, packages, file) if package else None)

    def dumped(self, words: tuple[str, ...], packages: set[str]) -> str | None:
        """`dumpsys` of a service; None for one that is not modelled."""
        if words[0] == "package":
            return self.apps.dumped(words[1], packages)
        power = f"  mWakefulness={'Awake' if self.awake else 'Asleep'}\n"
        window = f"  KeyguardServiceDelegate\n    showing={str(self.locked).lower()}\n"
        return {"power": power, "window": window, "meminfo": self.apps.meminfo()}.get(words[0])

    def _settings(self, words: tuple[str, ...]) -> tuple[int, str]:
        name = f"{words[1]}/{words[2]}"
        if words[0] == "put":
            self.settings[name] = words[3]
        elif words[0] == "delete":
            self.settings.pop(name, None)
        return 0, f"{self.settings.get(name, 'null')}\n" if words[0] == "get" else ""

    def _cmd(self, words: tuple[str, ...]) -> tuple[int, str] | None:
        if words[:2] == ("connectivity", "airplane-mode"):
            self.settings["global/airplane_mode_on"] = "1" if words[2] == "enable" else "0"
            return 0, ""
        if words[:2] == ("jobscheduler", "get-job-state"):
            return (0, "waiting\n") if self.dexopt else (20, f"unknown(1000/jid{words[-1]})\n")
        return None

    def _pm(self, words: tuple[str, ...]) -> tuple[int, str] | None:
        if words[0] == "bg-dexopt-job":
            self.dexopt = words[1] == "--enable"
            return 0, ""
        if words[0] in _STATES:
            number, state = _STATES[words[0]]
            self.apps.enabled[words[-1]] = number
            return 0, f"Package {words[-1]} new state: {state}\n"
        return None

    def _wake(self, _words: tuple[str, ...]) -> tuple[int, str]:
        self.awake = True
        return 0, ""

    def _unlock(self, _words: tuple[str, ...]) -> tuple[int, str]:
        self.locked = False
        return 0, ""
