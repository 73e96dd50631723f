# SPDX-License-Identifier: Apache-2.0
"""What to run, as frozen values: experiments, arms, workloads, steps, pressure.

Pure: no file, no device. `workloads.load` makes these from TOML. Times are seconds, sizes bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from workloads.conditions import Keep
from workloads.titration import Titration

LaunchKind: TypeAlias = Literal["cold", "warm", "hot", "return"]
"""What is asked for; `return`: whatever has become of the app in the background, which is then the outcome."""

Must: TypeAlias = Literal["improve", "not-worsen"]
Stop: TypeAlias = Literal["fixed", "decided"]
Attribution: TypeAlias = Literal["none", "any", "kprobes", "function-graph"]
"""How a trace tells kswapd's compression from the rest of its work; `any`: the cheapest way there is on the phone."""

FIRST_LOOK = 6
"""Blocks before a run that may stop early is looked at first: below, the spread of the blocks is hardly known."""


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
class Pressure:
    """Memory eaten during a trial; the demand is the same in every arm.

    Attributes:
        processes: how many eaters.
        bytes_each: bytes each eater touches, in total.
        compressible: share of the bytes of an anonymous page that compress away, 0..1: 1 - 1 / ratio, with lz4 and zstd
            alike. Below 1/3 some pages do not compress at all, as zram stores those that hardly shrink whole.
        rate_bytes_s: bytes per second each eater touches at most; 0: as fast as it can.
        at_once_bytes: bytes each eater touches as fast as it can before it keeps to that rate: memory that is free
            anyway need not be waited for.
        check_stride: every Nth page is compared with what was written, after the measured window; 0: none.
        hot_share: share of each eater's anonymous memory that it touches again and again, 0..1.
        retouch_bytes_s: bytes per second of that, each, from the start on; 0: none. Pages in random order, written.
        same_filled: share of the anonymous pages that are one byte throughout, which zram stores as no data, 0..1.
        incompressible: share of the anonymous pages that do not compress, 0..1.
        file_backed: share of `bytes_each` that are pages of a file, read once, evenly between the others, 0..1.
        cpu_load: processors kept busy by as many processes, from the start of the eaters to their end.
        hold_available_bytes: hold mode, 0: none. The eaters touch memory, new pages first, then theirs again in order,
            whenever MemAvailable is above this; `bytes_each` is the most each of them takes. What they touch for it is
            an outcome, and not the same in every arm.
    """

    processes: int
    bytes_each: int
    compressible: float = 0.5
    rate_bytes_s: int = 0
    at_once_bytes: int = 0
    check_stride: int = 16
    hot_share: float = 0.0
    retouch_bytes_s: int = 0
    same_filled: float = 0.0
    incompressible: float = 0.0
    file_backed: float = 0.0
    cpu_load: int = 0
    hold_available_bytes: int = 0


def file_bytes(pressure: Pressure | None) -> int:
    """Bytes of the file that all eaters together read; 0 when they read none."""
    return round(pressure.processes * pressure.bytes_each * pressure.file_backed) if pressure else 0


def stored_share(pressure: Pressure) -> float:
    """What zram stores of each byte of the anonymous pages, 0..1, its own bookkeeping aside."""
    mixed = 1 - pressure.same_filled - pressure.incompressible
    return pressure.incompressible + mixed * (1 - pressure.compressible)


@dataclass(frozen=True)
class Arm:
    """One treatment of an experiment.

    Attributes:
        name: of the arm.
        settings: what makes it.
        trace: whether its trials record a trace; an arm without one tells what tracing costs the others.
        attribution: how that trace tells kswapd's compression from the rest of its work, call by call. That slows
            down what it records: such trials tell nothing of launches, and are compared with none but their like.
        demand: fields of `Pressure` that it gives other values than its workload does, where the dose is a factor.
    """

    name: str
    settings: tuple[Setting, ...]
    trace: bool = True
    demand: tuple[Setting, ...] = ()
    attribution: Attribution = "none"

    @property
    def recording(self) -> str:
        """What its trials record: `nothing`, a `trace`, or the way by which that attributes time, too."""
        if not self.trace:
            return "nothing"
        return "trace" if self.attribution == "none" else self.attribution

    @property
    def levels(self) -> dict[str, str]:
        """Its level of each factor: knob -> value, `pressure.FIELD` -> value."""
        demand = {f"pressure.{setting.knob}": setting.value for setting in self.demand}
        return {**{setting.knob: setting.value for setting in self.settings}, **demand}


@dataclass(frozen=True)
class Launch:
    """Start an app and wait for `am start-activity -W`.

    Cold: force-stopped first. Warm: its process lives, its activity is made anew. Hot, return: brought to the front.
    """

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


@dataclass(frozen=True)
class Release:
    """Let the eaters of now give all their memory back at once; their pages are not checked."""

    do: Literal["release"] = "release"


@dataclass(frozen=True)
class FileRead:
    """Read a file, or every file below a folder, through the page cache.

    Attributes:
        path: absolute, on the phone.
    """

    path: str
    do: Literal["file-read"] = "file-read"


@dataclass(frozen=True)
class WaitCool:
    """Wait until the battery is no warmer than this; a phone without a battery's temperature is not waited for.

    Attributes:
        below_c: degrees Celsius.
        at_most_s: go on after so many seconds, warm or not.
    """

    below_c: float
    at_most_s: float = 120.0
    do: Literal["wait-cool"] = "wait-cool"


Step: TypeAlias = Launch | Home | Dwell | StartPressure | WaitPressure | Release | FileRead | WaitCool
"""What a workload does, one after the other. `do` names the step in files. Eaters end after the last one."""


@dataclass(frozen=True)
class Apk:
    """An app that is installed for a run and removed after it.

    Attributes:
        path: the file on this computer.
        component: what starts it.
        version: its name and code.
        sha256: of the file, in hex.
    """

    path: str
    component: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Workload:
    """A sequence of steps under one pressure.

    Attributes:
        name: as the file is called.
        title: one line for people.
        apps: components (`package/.Activity`) the steps may launch; before they are chosen on the phone, slots
            (`launchable#1`: `workloads.choice`).
        pressure: None when the workload only launches.
        steps: in order; run on the phone from one script.
        apks: apps among them that the run installs.
        slots: what `apps` was before they were chosen, in the same order, empty for what was written as a component;
            () before that.
    """

    name: str
    title: str
    apps: tuple[str, ...]
    pressure: Pressure | None
    steps: tuple[Step, ...]
    apks: tuple[Apk, ...] = ()
    slots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What a trial may not exceed.

    Attributes:
        trial_timeout_s: a trial longer than this ended badly.
        settle_s: seconds the phone rests before each trial.
        min_battery_percent: below this no trial starts.
        dead_man_s: seconds after which the phone puts its settings back by itself when it hears nothing of us.
        retries: times a trial is tried again in its place when the link dropped, adb restarted or a time ran out.
        retry_wait_s: seconds the phone may take to answer again before that; then the run ends, and can be resumed.
    """

    trial_timeout_s: float = 180.0
    settle_s: float = 2.0
    min_battery_percent: int = 20
    dead_man_s: float = 90.0
    retries: int = 2
    retry_wait_s: float = 120.0


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
class Exclude:
    """Limits beyond which a trial is left out of comparisons; None: no such rule. Fixed before a run, like its arms.

    Attributes:
        battery_c_above: battery temperature before or after the trial, degrees Celsius.
        thermal_status_above: `dumpsys thermalservice` before or after it, 0 none .. 6 shutdown.
        host_busy_above: processors of the host that other programs than the virtual handheld kept busy during it.
    """

    battery_c_above: float | None = None
    thermal_status_above: int | None = None
    host_busy_above: float | None = None


@dataclass(frozen=True)
class Rule:
    """What a metric of a treatment may do, compared with its control, for a gate to pass.

    Attributes:
        metric: its name.
        must: `not-worsen`: no worse than the margin; `improve`: better by at least the margin.
        margin: 0 or more; a share of the control's level (0.05: 5 %), or a difference in the metric's base unit.
        relative: whether `margin` is a share.
        app: package whose launches are judged; empty for the median over all launches, `*` for each app by itself.
    """

    metric: str
    must: Must = "not-worsen"
    margin: float = 0.05
    relative: bool = True
    app: str = ""


@dataclass(frozen=True)
class Experiment:
    """A question and how it is asked.

    Attributes:
        name: as the file is called.
        question: one sentence for people; heads the page.
        workload: what is run in every trial.
        arms: two to ten; the first is not special, `control` names the reference.
        control: name of the arm that others are compared with.
        blocks: every block holds every arm once; the most a run takes when it stops earlier.
        warm_up_blocks: run first, recorded, never compared.
        primary: metric names the verdict is about, most important first.
        seed: of the order of arms.
        rules: what a gate asks of each treatment; () for "no primary metric and no kills may worsen".
        stop: `fixed` runs all blocks; `decided` ends earlier, once every primary metric is decided.
        treatment: knob under test where arms differ in others too: each arm is then compared with the one that
            differs from it in this knob alone. Empty: every arm is compared with `control`.
        exclude: limits beyond which a trial is left out.
        conditions: what the phone is kept like.
        titrate: how the dose is found; None: it is the workload's own.
        optional: knobs that arms set only where the phone has them: builds without them are to be compared.
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
    rules: tuple[Rule, ...] = ()
    stop: Stop = "fixed"
    treatment: str = ""
    limits: Limits = field(default_factory=Limits)
    capture: Capture = field(default_factory=Capture)
    exclude: Exclude = field(default_factory=Exclude)
    conditions: Keep = field(default_factory=Keep)
    titrate: Titration | None = None
    optional: tuple[str, ...] = ()


def controls(arms: Sequence[Arm], control: str, treatment: str = "") -> dict[str, str | None]:
    """What each treatment arm is compared with.

    Args:
        arms: of an experiment.
        control: its control.
        treatment: its knob under test; empty: everything is compared with the control.

    Returns:
        Name of the arm -> name of its control; None where no arm is the same but for the treatment. Arms that have the
        control's level of the treatment are controls and no keys.
    """
    if not treatment:
        return {arm.name: control for arm in arms if arm.name != control}
    levels = {arm.name: arm.levels for arm in arms}
    rests = {
        name: {knob: value for knob, value in found.items() if knob != treatment} for name, found in levels.items()
    }
    off = levels[control].get(treatment)
    references = [arm.name for arm in arms if levels[arm.name].get(treatment) == off]
    return {
        arm.name: next((name for name in references if rests[name] == rests[arm.name]), None)
        for arm in arms
        if arm.name not in references
    }
