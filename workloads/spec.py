# SPDX-License-Identifier: Apache-2.0
"""What to run, as frozen values: experiments, arms, workloads, steps, pressure.

Pure: no file, no device. `workloads.load` makes these from TOML. Times are seconds, sizes bytes.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

LaunchKind: TypeAlias = Literal["cold", "warm", "hot"]


@dataclass(frozen=True)
class Setting:
    """One knob and the value an arm gives it.

    Attributes:
        knob: name of a knob family (`kcompressd`) or `sysctl:vm.swappiness` / `sysfs:/path`.
        value: in the knob's own canonical words (`off`, `2`, `lz4`).
    """

    knob: str
    value: str


@dataclass(frozen=True)
class Arm:
    """One treatment of an experiment: a name and the settings that make it."""

    name: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Pressure:
    """Anonymous memory eaten during a trial; the demand is the same in every arm.

    Attributes:
        processes: how many eaters.
        bytes_each: bytes each eater touches, in total.
        compressible: share of each page that is compressible, 0..1 (0.5: about half its size with lz4).
        rate_bytes_s: bytes per second each eater touches at most; 0: as fast as it can.
        check_stride: every Nth page is compared with what was written, after the measured window; 0: none.
    """

    processes: int
    bytes_each: int
    compressible: float = 0.5
    rate_bytes_s: int = 0
    check_stride: int = 16


@dataclass(frozen=True)
class Launch:
    """Start an app and wait for `am start-activity -W`; cold means force-stopped first."""

    app: str
    kind: LaunchKind = "cold"
    do: Literal["launch"] = "launch"


@dataclass(frozen=True)
class Home:
    """Send the foreground app to the background."""

    do: Literal["home"] = "home"


@dataclass(frozen=True)
class Dwell:
    """Stay for a time, in seconds."""

    seconds: float
    do: Literal["dwell"] = "dwell"


@dataclass(frozen=True)
class StartPressure:
    """Start the eaters of the workload's pressure and go on without waiting."""

    do: Literal["start-pressure"] = "start-pressure"


@dataclass(frozen=True)
class WaitPressure:
    """Wait until every living eater has filled its memory."""

    do: Literal["wait-pressure"] = "wait-pressure"


Step: TypeAlias = Launch | Home | Dwell | StartPressure | WaitPressure
"""What a workload does, one after the other. `do` names the step in files. Eaters end after the last one."""


@dataclass(frozen=True)
class Workload:
    """A sequence of steps under one pressure.

    Attributes:
        name: as the file is called.
        title: one line for people.
        apps: components (`package/.Activity`) the steps may launch.
        pressure: None when the workload only launches.
        steps: in order; run on the phone from one script.
    """

    name: str
    title: str
    apps: tuple[str, ...]
    pressure: Pressure | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Limits:
    """What a trial may not exceed.

    Attributes:
        trial_timeout_s: a trial longer than this ended badly.
        settle_s: seconds the phone rests before each trial.
        min_battery_percent: below this no trial starts.
    """

    trial_timeout_s: float = 180.0
    settle_s: float = 2.0
    min_battery_percent: int = 20


@dataclass(frozen=True)
class Capture:
    """What to record.

    Attributes:
        buffer_kb: Perfetto ring buffer, KiB.
        poll_ms: period of /proc/vmstat, meminfo and PSI, milliseconds (> 10).
    """

    buffer_kb: int = 65536
    poll_ms: int = 100


@dataclass(frozen=True)
class Experiment:
    """A question and how it is asked.

    Attributes:
        name: as the file is called.
        question: one sentence for people; heads the page.
        workload: what is run in every trial.
        arms: two to six; the first is not special, `control` names the reference.
        control: name of the arm that others are compared with.
        blocks: every block holds every arm once.
        warm_up_blocks: run first, recorded, never compared.
        primary: metric names the verdict is about, most important first.
        seed: of the order of arms.
    """

    name: str
    question: str
    workload: Workload
    arms: tuple[Arm, ...]
    control: str
    blocks: int
    primary: tuple[str, ...]
    warm_up_blocks: int = 0
    seed: int = 1
    limits: Limits = field(default_factory=Limits)
    capture: Capture = field(default_factory=Capture)
