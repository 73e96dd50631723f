# SPDX-License-Identifier: Apache-2.0
"""How to be root on a phone: found by trying, judged by what `id -u` prints, never by an exit status.

`adb root` on a production build prints its refusal and exits 0 (packages/modules/adb); vendors' `su` differ in syntax
and in how often they split words, hence the second line of the probe, which must come back unharmed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.device.quoting import command_line
from agent.ports import Clock, Transport
from workloads.errors import DeviceError, TransientError

Kind = Literal["none", "already root", "su 0", "su root", "su -c", "adb root"]

PROBE = 'id -u; echo "$1"'
_HOSTILE = "two  words; 'quotes' \"$HOME\" \\ *"
_PROBE_TIMEOUT_S = 15.0  # Magisk and KernelSU may ask on the phone's screen, and wait about 10 s


@dataclass(frozen=True)
class Root:
    """A way to run programs as root.

    Attributes:
        kind: what it is called; `none` runs them as the shell user.
        prefix: words before the program.
        one_string: the program and its arguments follow as one word of shell text.
    """

    kind: Kind
    prefix: tuple[str, ...] = ()
    one_string: bool = False

    def wrap(self, argv: Sequence[str]) -> tuple[str, ...]:
        """Return the argument list that runs `argv` as root."""
        return (*self.prefix, command_line(argv)) if self.one_string else (*self.prefix, *argv)


NO_ROOT = Root("none")
FORMS = (
    Root("already root"),
    Root("su 0", ("su", "0")),  # AOSP's su (system/extras/su)
    Root("su root", ("su", "root")),  # the same, and others that know names only
    Root("su -c", ("su", "-c"), one_string=True),  # Magisk, KernelSU, SuperSU
)


def works(transport: Transport, form: Root) -> bool:
    """Return whether this form makes uid 0 and hands words on unchanged."""
    try:
        done = transport.run(form.wrap(("sh", "-c", PROBE, "sh", _HOSTILE)), timeout_s=_PROBE_TIMEOUT_S)
    except TransientError:  # a su that waits for a finger on the screen; a dropped link shows at the next command
        return False
    return done.out.replace("\r\n", "\n") == f"0\n{_HOSTILE}\n"


def find_root(transport: Transport, restart: Callable[[], str] | None = None, clock: Clock | None = None) -> Root:
    """Return the first form that works, `NO_ROOT` when none does.

    Args:
        transport: the phone.
        restart: `AdbTransport.restart_as_root`, when adbd may be restarted; tried last: it drops every connection.
        clock: what waits for adbd to come back; needed with `restart`.
    """
    for form in FORMS:
        if works(transport, form):
            return form
    if restart is None or clock is None:
        return NO_ROOT
    return _restart(transport, restart, clock)


def _restart(transport: Transport, restart: Callable[[], str], clock: Clock, wait_s: float = 10.0) -> Root:
    try:
        restart()
    except DeviceError:  # Debian's adbd answers `closed`
        return NO_ROOT
    form, deadline = Root("adb root"), clock.now() + wait_s
    while clock.now() < deadline:
        clock.sleep(0.5)
        try:
            if works(transport, form):
                return form
        except DeviceError:  # adbd is on its way down or up
            continue
    return NO_ROOT
