# SPDX-License-Identifier: Apache-2.0
"""Waiting for a phone that has stopped answering: link dropped, adb restarted, a hang that passes."""

from agent.device.phone import BOOT_ID, Phone
from agent.ports import Clock, Revivable
from workloads.errors import FinalError, SetupError, TransientError

_LOOK_S = 2.0


def await_phone(phone: Phone, boot_id: str, wait_s: float, clock: Clock) -> None:
    """Return once the phone answers again, in the same boot.

    A reboot is final for a run: it takes the settings along, and the state that every trial starts from.

    Args:
        phone: the phone.
        boot_id: of the boot it was in.
        wait_s: seconds it may take.
        clock: what waits.

    Raises:
        FinalError: it does not come back, is another boot, or no longer trusts this computer.
    """
    deadline = clock.now() + wait_s
    while (now := _boot_id(phone)) is None:
        if clock.now() >= deadline:
            raise FinalError(f"{phone.serial}: did not answer again within {wait_s:g} s")
        clock.sleep(_LOOK_S)
    if now != boot_id:
        raise FinalError(f"{phone.serial}: has rebooted in the middle of the run; its settings went with it")


def _boot_id(phone: Phone) -> str | None:
    try:
        if isinstance(phone.transport, Revivable):
            phone.transport.revive()
        return phone.read_text(BOOT_ID)
    except (TransientError, SetupError):
        return None
