# SPDX-License-Identifier: Apache-2.0
"""What a phone is kept like while trials run, as frozen values. Pure."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Keep:
    """What a phone is kept like for a whole run; None and False: as it is.

    Attributes:
        awake: the screen stays on and unlocked.
        animations: `off`.
        airplane: `on`; not where the phone is reached over its own network.
        rotation: `fixed`, upright.
        brightness: of the screen, 0 to 255.
        charging: `off`, where root and the phone's own switch allow it.
        frequency: of the CPUs, as the knob `cpu.frequency` takes it.
        background: `still`: no background compilation, no updates of apps and system.
        cool_battery_c: no trial starts on a warmer battery, degrees Celsius.
        cool_zone_c: nor while a thermal zone that tells of CPU or skin is warmer.
        cool_status: nor above this thermal status.
        cool_wait_s: seconds that are waited for that at most; then the trial runs, and says so.
    """

    awake: bool = False
    animations: Literal["off"] | None = None
    airplane: Literal["on"] | None = None
    rotation: Literal["fixed"] | None = None
    brightness: int | None = None
    charging: Literal["off"] | None = None
    frequency: str | None = None
    background: Literal["still"] | None = None
    cool_battery_c: float | None = None
    cool_zone_c: float | None = None
    cool_status: int | None = None
    cool_wait_s: float = 300.0
