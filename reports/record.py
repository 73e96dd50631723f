# SPDX-License-Identifier: Apache-2.0
"""What came back: the values a run directory holds.

Pure: `reports.store` reads and writes them (msgspec JSON). Times are seconds, sizes bytes.
"""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

SCHEMA_VERSION = 1

ProofOutcome: TypeAlias = Literal["taken", "not_taken", "not_exercised"]


@dataclass(frozen=True)
class Caveat:
    """A doubt that travels with a figure.

    Attributes:
        code: stable name, kebab-case (`lost-ftrace`, `unequal-kills`).
        what: what happened, one sentence.
        do: what the reader can do about it.
    """

    code: str
    what: str
    do: str


@dataclass(frozen=True)
class PlannedTrial:
    """One line of the plan, and which attempt at it.

    Attributes:
        index: 1-based order of execution.
        block: 1-based block; warm-up blocks are 0.
        position: 1-based place inside its block.
        arm: name of the arm.
        attempt: 1 in a plan; 2 for the repeat of a trial that a rule left out. Attempts that failed leave nothing.
    """

    index: int
    block: int
    position: int
    arm: str
    attempt: int = 1

    @property
    def name(self) -> str:
        """Folder name of the trial: `003-b1-on`, of its repeat `003-b1-on-2`. The index keeps names apart."""
        again = f"-{self.attempt}" if self.attempt > 1 else ""
        return f"{self.index:03d}-b{self.block}-{self.arm}{again}"

    @property
    def place(self) -> str:
        """What all attempts at this line of the plan share: the name of the first."""
        return replace(self, attempt=1).name


@dataclass(frozen=True)
class LaunchResult:
    """What `am start-activity -W` said of one launch.

    Attributes:
        index: 1-based order inside the trial.
        component: `package/.Activity`.
        kind: what was asked for: cold, warm, hot.
        status: `ok`, `timeout`, or `error` when am refused.
        state: am's LaunchState (`COLD`, `WARM`, `HOT`, `UNKNOWN`), None before Android 10.
        total_time_s: am's TotalTime; None when not printed.
        wait_time_s: am's WaitTime.
        note: am's warning or error line; None when there was none.
    """

    index: int
    component: str
    kind: str
    status: str
    state: str | None
    total_time_s: float | None
    wait_time_s: float | None
    note: str | None = None


@dataclass(frozen=True)
class Kill:
    """One process killed during a trial.

    Attributes:
        process: its name.
        pid: its pid.
        by: `lmkd`; `oom`, the kernel's OOM killer; `lmk`, its low memory killer of before Linux 4.12.
        adj: oom_score_adj when killed; None when not told.
        reason: as the killer printed it.
    """

    process: str
    pid: int
    by: Literal["lmkd", "oom", "lmk"]
    adj: int | None
    reason: str


@dataclass(frozen=True)
class EaterResult:
    """What one `pressure` process reported.

    Attributes:
        filled_bytes: bytes it touched.
        fill_s: seconds that took.
        bad_pages: pages whose content was not what was written; must be 0.
        survived: False when it was killed before it reported.
        retouched_bytes: bytes of its hot part that it touched again; more where memory was reclaimed less.
        held_bytes: hold mode: bytes it took since MemAvailable first was as low as asked for.
        held_s: hold mode: seconds since then, 0 when it never was; None in any other mode.
        held_available_bytes: hold mode: MemAvailable meanwhile, on average; the same for every process.
    """

    filled_bytes: int
    fill_s: float
    bad_pages: int
    survived: bool
    retouched_bytes: int = 0
    held_bytes: int = 0
    held_s: float | None = None
    held_available_bytes: int = 0


@dataclass(frozen=True)
class Proof:
    """Whether the arm's setting really was in force.

    Attributes:
        outcome: taken, not_taken, or not_exercised (kswapd wrote too little to tell).
        read_back: the knob's canonical value after the trial.
        evidence: name -> figure (thread CPU seconds, pages queued).
        why: one sentence.
    """

    outcome: ProofOutcome
    read_back: str
    evidence: dict[str, float]
    why: str


@dataclass(frozen=True)
class Conditions:
    """State of the phone around a trial; None where it cannot be read.

    Attributes:
        battery_percent: battery level, 0..100.
        battery_c: battery temperature, degrees Celsius.
        thermal_status: dumpsys thermalservice, 0 none .. 6 shutdown.
        mem_available_bytes: MemAvailable.
        swap_free_bytes: SwapFree.
        zram_mm_stat: /sys/block/zram0/mm_stat as numbers, () where unreadable.
        awake: whether the screen is on.
        locked: whether the lock screen shows.
        charging: whether the battery is being charged.
        zones_c: type of a thermal zone -> degrees Celsius.
        most_khz: cpufreq policy -> kHz that its CPUs may reach.
        kept: knob -> value, of what the experiment's `[conditions]` keep.
    """

    battery_percent: float | None
    battery_c: float | None
    thermal_status: int | None
    mem_available_bytes: int | None
    swap_free_bytes: int | None
    zram_mm_stat: tuple[int, ...] = ()
    awake: bool | None = None
    locked: bool | None = None
    charging: bool | None = None
    zones_c: dict[str, float] = field(default_factory=dict)
    most_khz: dict[str, int] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrialRecord:
    """Everything one trial left behind, except its trace and measures; written when the trial ends.

    Attributes:
        trial: the plan's line.
        started_at: host time, ISO 8601 with zone.
        settings: knob -> value read back before the trial.
        proof: knob -> proof.
        launches: in order.
        kills: in order.
        eaters: one per `pressure` process.
        before: conditions before.
        after: conditions after.
        vmstat: counter -> growth of /proc/vmstat over the trial, in the kernel's own units (mostly pages).
        stages_s: stage of the trial -> seconds it took on the host.
        trace: file name beside record.json, None when its arm records none.
        caveats: doubts.
        excluded: reason by which this trial is left out of comparisons, None when it counts.
        host_busy: processors of the host that other programs than a virtual handheld kept busy, on average over the
            measured window; None on a phone, and in runs of before this was recorded.
        attribution: what in its trace tells kswapd's compression apart (`kprobes of zram_submit_bio`); None: nothing.
        schema: version of this layout.
    """

    trial: PlannedTrial
    started_at: str
    settings: dict[str, str]
    proof: dict[str, Proof]
    launches: tuple[LaunchResult, ...]
    kills: tuple[Kill, ...]
    eaters: tuple[EaterResult, ...]
    before: Conditions
    after: Conditions
    vmstat: dict[str, int]
    stages_s: dict[str, float]
    trace: str | None
    caveats: tuple[Caveat, ...] = ()
    excluded: str | None = None
    host_busy: float | None = None
    attribution: str | None = None
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class DeviceFacts:
    """The phone a run was made on.

    Attributes:
        serial: adb serial.
        model: ro.product.model.
        build: ro.build.fingerprint.
        android: ro.build.version.release.
        sdk: ro.build.version.sdk.
        kernel: `uname -r`.
        abi: ro.product.cpu.abi.
        cpus: processors online.
        memory_bytes: MemTotal.
        swap_bytes: SwapTotal.
        zram_algorithm: current compressor of zram0; None where unreadable.
        knobs: knob -> where it was found and what it read before the run.
        vm: /proc/sys/vm values and other kernel settings that shape reclaim, name -> text.
        root: how commands run as root (`none` where they cannot).
        perfetto: version line of the device's perfetto; None where absent.
        stand_in: what of this device is not a phone; None on a phone. Shown on every page.
        machine: what a virtual handheld runs on (QEMU version, accelerator, options), name -> text; empty on a phone.
        apps: component -> version of each app of the workload; {} in runs of before this was recorded.
        schema: version of this layout.
    """

    serial: str
    model: str
    build: str
    android: str
    sdk: int
    kernel: str
    abi: str
    cpus: int
    memory_bytes: int
    swap_bytes: int
    zram_algorithm: str | None
    knobs: dict[str, str]
    vm: dict[str, str]
    root: str
    perfetto: str | None
    stand_in: str | None = None
    machine: dict[str, str] = field(default_factory=dict)
    apps: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class ExclusionRule:
    """A rule by which a trial may be left out of comparisons; fixed before the run's first trial.

    Attributes:
        code: stable name, kebab-case (`busy-host`); `reports.exclusions` knows how each is judged.
        what: when it applies, one sentence.
        limit: the figure above which it applies, where it has one.
    """

    code: str
    what: str
    limit: float | None = None


@dataclass(frozen=True)
class Plan:
    """The trials of a run in order, how they were drawn, and by which rules one may be left out.

    Attributes:
        seed: of the order of arms.
        trials: in order.
        exclusions: the only rules that leave a trial out; () in runs of before rules were written down.
        schema: version of this layout.
    """

    seed: int
    trials: tuple[PlannedTrial, ...] = field(default=())
    exclusions: tuple[ExclusionRule, ...] = ()
    schema: int = SCHEMA_VERSION


@dataclass(frozen=True)
class Try:
    """One trial of the control by which the dose was looked for.

    Attributes:
        trial: name of its folder.
        dose: bytes, or bytes per second, of each eater.
        reached: the metric's value, in its base unit.
        killed: eaters that were killed; then `reached` says nothing of the dose.
    """

    trial: str
    dose: int
    reached: float
    killed: int = 0


@dataclass(frozen=True)
class Titrated:
    """How the dose of a run was found, as far as it was; written after each try.

    Attributes:
        start: the first dose.
        least: the smallest that was allowed.
        most: the largest: what the phone can hold.
        tries: in order.
        dose: the one found, which every trial of the run demands; None while it is looked for, and when there is none.
        reached: mean of what it reached in its tries; None without a dose.
        schema: version of this layout.
    """

    start: int
    least: int
    most: int
    tries: tuple[Try, ...] = ()
    dose: int | None = None
    reached: float | None = None
    schema: int = SCHEMA_VERSION
