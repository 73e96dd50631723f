# SPDX-License-Identifier: Apache-2.0
"""A run that nobody made: seeded figures in the shape of a real one, for tests of comparisons and of the page."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from reports.analysis import Measure, RunValues
from reports.metrics import MEASURE_COLUMNS, METRICS
from reports.record import (
    Caveat,
    Conditions,
    DeviceFacts,
    EaterResult,
    Kill,
    LaunchResult,
    Plan,
    PlannedTrial,
    Proof,
    TrialRecord,
)
from reports.store import RunStore
from reports.traces.series import KILL, LAUNCH
from workloads.spec import (
    Arm,
    Dwell,
    Experiment,
    Home,
    Launch,
    Pressure,
    Setting,
    StartPressure,
    WaitPressure,
    Workload,
)

APPS = tuple(f"org.reclaim.{name}/.Main" for name in ("messages", "maps", "camera", "browser", "game", "social"))
STAND_IN = "Android framework (am, dumpsys, system_server, lmkd): a small stand-in; emulated CPU without KVM"

LEVELS: dict[str, tuple[float, float]] = {  # metric -> level in the control, arm / control
    "pgsteal_anon_rate": (61_000.0, 1.34),
    "kswapd_awake": (2.6, 0.72),
    "pgsteal_anon": (158_000.0, 1.0),
    "pgscan_anon": (242_000.0, 1.04),
    "pgsteal_kswapd": (139_000.0, 1.09),
    "pgsteal_direct": (19_000.0, 0.41),
    "allocstall": (310.0, 0.44),
    "direct_reclaim_time": (1.42, 0.46),
    "kswapd_cpu": (2.31, 0.62),
    "reclaim_cpu": (2.31, 1.02),
    "nr_writeback_peak": (2.0, 314.0),
    "pgrotated": (900.0, 1.6),
    "mem_available_min": (62.0 * 2**20, 0.98),
    "psi_memory_some": (3.9, 0.78),
    "psi_memory_full": (1.1, 0.71),
    "pswpout": (150_000.0, 1.0),
    "pswpin": (22_000.0, 1.03),
    "refault_anon": (20_500.0, 1.02),
    "refault_file": (7_900.0, 0.9),
}


@dataclass(frozen=True)
class Shape:
    """What the run looks like.

    Attributes:
        blocks: measured blocks.
        warm_ups: warm-up blocks.
        arms: names of the arms; the first is the control.
        settings: arm -> its settings, kcompressd's first; empty: arms differ in kcompressd alone.
        times: arm -> factor on every metric of it.
        level: factor on every metric of every arm.
        effect: whether the arms after the first differ from it at all.
        noise: standard deviation of a trial's figures, as a share.
        kills: trial index -> processes killed in it.
        killed_after: trial index -> seconds of reclaim until its first kill; of every trial it is told then.
        excluded: trial index -> reason.
        caveats: trial index -> caveats.
        stop_after: trials that ended; None for all.
        measured: whether measures and series were written.
        experiment: replaces parts of the experiment.
        device: replaces parts of the device.
    """

    blocks: int = 20
    warm_ups: int = 1
    arms: tuple[str, ...] = ("off", "on")
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    level: float = 1.0
    effect: bool = True
    noise: float = 0.12
    kills: dict[int, int] = field(default_factory=dict)
    killed_after: dict[int, float] = field(default_factory=dict)
    excluded: dict[int, str] = field(default_factory=dict)
    caveats: dict[int, tuple[Caveat, ...]] = field(default_factory=dict)
    stop_after: int | None = None
    measured: bool = True
    seed: int = 7
    experiment: Callable[[Experiment], Experiment] = lambda value: value
    device: Callable[[DeviceFacts], DeviceFacts] = lambda value: value

    def treats(self, arm: str) -> bool:
        """Whether an arm differs from the control in what is measured."""
        if arm in self.settings:
            return self.effect and self.settings[arm].get("kcompressd", "off") != "off"
        return self.effect and arm != self.arms[0]


def make_run(path: Path, shape: Shape | None = None) -> RunStore:
    """Write a whole synthetic run and return its store."""
    shape = shape or Shape()
    random = np.random.default_rng(shape.seed)
    experiment, plan = shape.experiment(_experiment(shape)), Plan(shape.seed, tuple(_plan(shape)))
    text = f'# synthetic\nname = "{experiment.name}"\n'
    store = RunStore.create(
        path, experiment=experiment, experiment_text=text, device=shape.device(_device()), plan=plan
    )
    store.append_event({"event": "run-started", "command": f"reclaim run {experiment.name} -o {path.name}"})
    parts = []
    for trial in plan.trials[: shape.stop_after]:
        store.write_trial(_record(shape, trial, experiment, random))
        parts.append((_measures(shape, trial, random), _series(shape, trial, random)))
    if shape.measured and parts:
        measures, series = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
        store.write_measures(measures.assign(run=store.name)[list(MEASURE_COLUMNS)], series)
    return store


def run_values(shape: Shape | None = None) -> RunValues:
    """The values of a synthetic run that never touched a disk."""
    shape = shape or Shape()
    random = np.random.default_rng(shape.seed)
    experiment, plan = shape.experiment(_experiment(shape)), Plan(shape.seed, tuple(_plan(shape)))
    ended = plan.trials[: shape.stop_after]
    frames = [_measures(shape, trial, random) for trial in ended] if shape.measured else []
    columns = ["trial", "launch", "app", "metric", "value", "unit"]
    return RunValues(
        name="synthetic",
        path="runs/synthetic",
        experiment=experiment,
        device=shape.device(_device()),
        plan=plan,
        records=tuple(_record(shape, trial, experiment, random) for trial in ended),
        measures=tuple(Measure(*row) for frame in frames for row in frame[columns].itertuples(index=False)),
    )


def _experiment(shape: Shape) -> Experiment:
    values = ["off", *(str(2**index) for index in range(1, len(shape.arms)))]
    same = not shape.effect
    launches = tuple(step for app in APPS for step in (Launch(app), Dwell(0.5), Home()))
    return Experiment(
        name="kcompressd",
        question="Does handing compression to kcompressd threads spare apps from reclaiming memory themselves?",
        workload=Workload(
            "launches-under-pressure",
            "Six cold launches while three processes hold memory",
            APPS,
            Pressure(5, 160 << 20, 0.5),
            (StartPressure(), WaitPressure(), *launches),
        ),
        arms=tuple(
            Arm(name, tuple(Setting(*each) for each in shape.settings[name].items()))
            if name in shape.settings
            else Arm(name, (Setting("kcompressd", "off" if same else value),))
            for name, value in zip(shape.arms, values, strict=True)
        ),
        control=shape.arms[0],
        blocks=shape.blocks,
        warm_up_blocks=shape.warm_ups,
        primary=("direct_reclaim_time", "kswapd_cpu"),
        seed=shape.seed,
        treatment="kcompressd" if shape.settings else "",
    )


def _plan(shape: Shape) -> Iterator[PlannedTrial]:
    index = 0
    for block in [0] * shape.warm_ups + list(range(1, shape.blocks + 1)):
        order = shape.arms if block % 2 else tuple(reversed(shape.arms))
        for position, arm in enumerate(order, start=1):
            index += 1
            yield PlannedTrial(index, block, position, arm)


def _device() -> DeviceFacts:
    return DeviceFacts(
        serial="127.0.0.1:15555",
        model="Virtual Handheld",
        build="reclaim/virtual/handheld:11/RQ3A/1:userdebug/test-keys",
        android="11",
        sdk=30,
        kernel="6.12.107+deb13-cloud-amd64",
        abi="x86_64",
        cpus=2,
        memory_bytes=768 << 20,
        swap_bytes=576 << 20,
        zram_algorithm="lz4",
        knobs={"kcompressd": "/sys/module/kcompressd/parameters/nr_kcompressd = 0"},
        vm={
            "vm.swappiness": "100",
            "vm.min_free_kbytes": "11584",
            "vm.watermark_scale_factor": "100",
            "vm.page-cluster": "0",
            "transparent_hugepage": "never",
        },
        root="su 0",
        perfetto="Perfetto v56.0",
        stand_in=STAND_IN,
    )


def _record(shape: Shape, trial: PlannedTrial, experiment: Experiment, random: np.random.Generator) -> TrialRecord:
    value = next(arm for arm in experiment.arms if arm.name == trial.arm).settings[0].value
    killed = shape.kills.get(trial.index, 0)
    cpu = 0.0 if value == "off" else float(random.normal(1.0, 0.05))
    return TrialRecord(
        trial=trial,
        started_at=f"2026-11-23T10:{trial.index % 60:02d}:00+00:00",
        settings={"kcompressd": value},
        proof={
            "kcompressd": Proof("taken", value, {"kcompressd_cpu_s": cpu, "pages_queued": cpu * 9e4}, "its threads ran")
        },
        launches=tuple(
            LaunchResult(index, app, "cold", "ok", "COLD", float(random.normal(0.8, 0.05)), 0.9)
            for index, app in enumerate(APPS, start=1)
        ),
        kills=tuple(Kill("pressure", 400 + each, "lmkd", 1000, "low memory") for each in range(killed)),
        eaters=tuple(EaterResult(160 << 20, 3.2, 0, each >= killed) for each in range(5)),
        before=Conditions(100.0, 25.0, 0, 420 << 20, 576 << 20, (0, 0, 4096)),
        after=Conditions(100.0, 25.0, 0, 380 << 20, 120 << 20, (450 << 20, 230 << 20, 240 << 20)),
        vmstat={"pswpout": 150_000},
        stages_s={"set": 0.4, "settle": 2.0, "trial": 14.2, "measure": 1.1},
        trace="trace.pftrace",
        caveats=shape.caveats.get(trial.index, ()),
        excluded=shape.excluded.get(trial.index),
    )


def _measures(shape: Shape, trial: PlannedTrial, random: np.random.Generator) -> pd.DataFrame:
    treated = shape.treats(trial.arm)
    rows: list[tuple[str, int, str, float]] = []
    drift = (1 + 0.1 * math.sin(trial.block)) * shape.level * shape.times.get(trial.arm, 1.0)
    for metric, (level, ratio) in LEVELS.items():
        middle = level * (ratio if treated else 1.0) * drift
        rows.append((metric, 0, "", max(0.0, float(random.normal(middle, middle * shape.noise)))))
    if treated:
        rows.append(("kcompressd_cpu", 0, "", float(random.normal(0.95, 0.08))))
    else:
        rows.append(("kcompressd_cpu", 0, "", 0.0))
    rows.append(("kills", 0, "", float(shape.kills.get(trial.index, 0))))
    rows += [("kill_watched", 0, "", 10.0)] if shape.killed_after else []
    rows += [("kill_first", 0, "", shape.killed_after[trial.index])] if trial.index in shape.killed_after else []
    for launch, app in enumerate(APPS, start=1):
        middle = (0.4 + 0.1 * launch) * (0.97 if treated else 1.0) * drift
        shown = float(random.normal(middle, middle * shape.noise))
        rows += [("ttid", launch, app.split("/")[0], shown), ("am_total_time", launch, app.split("/")[0], shown * 1.02)]
    frame = pd.DataFrame(rows, columns=["metric", "launch", "app", "value"]).assign(
        run="synthetic",
        device="127.0.0.1:15555",
        block=trial.block,
        position=trial.position,
        trial=trial.name,
        arm=trial.arm,
        warm_up=trial.block == 0,
        excluded=shape.excluded.get(trial.index, ""),
    )
    frame["window"] = np.where(frame["launch"] == 0, "trial", "launch")
    frame["unit"] = [METRICS[name].unit for name in frame["metric"]]
    return frame[list(MEASURE_COLUMNS)]


def _series(shape: Shape, trial: PlannedTrial, random: np.random.Generator) -> pd.DataFrame:
    treated = shape.treats(trial.arm)
    t_s = np.arange(0.0, 14.0, 0.2)
    wave = np.exp(-(((t_s - 4.5) / (1.3 if treated else 1.8)) ** 2)) + 0.15 * np.exp(-(((t_s - 9) / 2.5) ** 2))
    noise = random.normal(1.0, 0.15, (4, len(t_s))).clip(0)
    shapes = {
        "pgsteal_anon_rate": 62_000 * (1.3 if treated else 1.0) * wave * noise[0],
        "mem_available": (420 - 350 * np.clip(t_s / 5, 0, 1)) * 2**20 * (0.98 + 0.02 * noise[1]),
        "nr_writeback": (620.0 if treated else 1.5) * wave * noise[2],
        "swap_used": 2**20 * 440 * np.clip((t_s - 2) / 6, 0, 1) * (0.98 + 0.02 * noise[3]),
    }
    frames = [pd.DataFrame({"series": name, "t_s": t_s, "value": values}) for name, values in shapes.items()]
    starts = [(LAUNCH, 5.5 + 1.3 * index, float(index)) for index in range(1, len(APPS) + 1)]
    deaths = [(KILL, 4.0 + each, 400.0 + each) for each in range(shape.kills.get(trial.index, 0))]
    frames.append(pd.DataFrame(starts + deaths, columns=["series", "t_s", "value"]))
    frame = pd.concat(frames, ignore_index=True)
    return frame.assign(trial=trial.name, block=trial.block, arm=trial.arm)
