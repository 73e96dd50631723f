# SPDX-License-Identifier: Apache-2.0
"""The run directory: whole or absent, one run each, refused by name when it cannot be read."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from reports.record import Conditions, DeviceFacts, Plan, PlannedTrial, Proof, TrialRecord
from reports.store import RunStore
from workloads.errors import StoreError
from workloads.spec import Arm, Experiment, Home, Launch, Pressure, Setting, StartPressure, Workload

DEVICE = DeviceFacts(
    serial="127.0.0.1:15555",
    model="Virtual Handheld",
    build="reclaim/virtual",
    android="11",
    sdk=30,
    kernel="6.12.107",
    abi="x86_64",
    cpus=2,
    memory_bytes=768 << 20,
    swap_bytes=512 << 20,
    zram_algorithm="lz4",
    knobs={"kcompressd": "0"},
    vm={"vm.swappiness": "100"},
    root="already",
    perfetto="v56",
    stand_in="the Android framework",
)
PLAN = Plan(seed=1, trials=(PlannedTrial(1, 1, 1, "off"), PlannedTrial(2, 1, 2, "on")))
EXPERIMENT = Experiment(
    name="kcompressd",
    question="Does it help?",
    workload=Workload("mix", "A mix", ("a/.B",), Pressure(1, 4096, 0.5), (StartPressure(), Launch("a/.B"), Home())),
    arms=(Arm("off", (Setting("kcompressd", "off"),)), Arm("on", (Setting("kcompressd", "2"),))),
    control="off",
    blocks=1,
    primary=("direct_reclaim_time",),
)


def record(trial: PlannedTrial) -> TrialRecord:
    nothing = Conditions(None, None, None, None, None)
    return TrialRecord(
        trial=trial,
        started_at="2026-11-23T10:00:00+00:00",
        settings={"kcompressd": "2"},
        proof={"kcompressd": Proof("taken", "2", {"cpu_s": 1.5}, "its threads ran")},
        launches=(),
        kills=(),
        eaters=(),
        before=nothing,
        after=nothing,
        vmstat={"pgsteal_anon": 7},
        stages_s={"settle": 2.0},
        trace=None,
    )


def create(path: Path) -> RunStore:
    return RunStore.create(path, experiment=EXPERIMENT, experiment_text="name = 'x'\n", device=DEVICE, plan=PLAN)


def test_a_run_reads_back_as_the_values_that_were_written(tmp_path: Path) -> None:
    store = create(tmp_path / "deep" / "run")
    for trial in PLAN.trials:
        store.write_trial(record(trial))
    again = RunStore.open(store.path)
    assert (again.device, again.plan) == (DEVICE, PLAN)
    assert again.experiment() == EXPERIMENT
    assert again.experiment_text() == "name = 'x'\n"
    assert again.records() == tuple(record(trial) for trial in PLAN.trials)


def test_only_trials_that_ended_count_as_run(tmp_path: Path) -> None:
    store = create(tmp_path / "run")
    store.write_trial(record(PLAN.trials[1]))
    store.trial_dir(PLAN.trials[0])
    assert [found.trial.arm for found in store.records()] == ["on"]


def test_a_second_run_in_the_same_directory_is_refused_and_the_first_is_untouched(tmp_path: Path) -> None:
    store = create(tmp_path / "run")
    before = {path: path.read_bytes() for path in store.path.iterdir()}
    with pytest.raises(StoreError, match="is not empty"):
        create(store.path)
    assert {path: path.read_bytes() for path in store.path.iterdir()} == before


def test_a_file_in_the_place_of_the_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(StoreError, match="run: is a file"):
        create(tmp_path / "run")


@pytest.mark.parametrize("name", ["device.json", "plan.json", "experiment.json", "trials/001-b1-off/record.json"])
def test_broken_json_names_its_file(tmp_path: Path, name: str) -> None:
    store = create(tmp_path / "run")
    store.write_trial(record(PLAN.trials[0]))
    file = store.path / name
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(StoreError, match=name) as caught:
        read_all(store.path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["device.json", "plan.json", "experiment.json", "trials/001-b1-off/record.json"])
def test_a_newer_schema_is_refused_by_its_number(tmp_path: Path, name: str) -> None:
    store = create(tmp_path / "run")
    store.write_trial(record(PLAN.trials[0]))
    file = store.path / name
    file.write_text(json.dumps(json.loads(file.read_text()) | {"schema": 99, "shape": "unknown"}))
    with pytest.raises(StoreError, match=rf"{name}: has schema 99"):
        read_all(store.path)


def test_a_directory_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run directory"):
        RunStore.open(tmp_path)


@pytest.mark.parametrize("arm", ["../../escape", "a/b", "nul\0", "white space"])
def test_a_plan_whose_names_leave_the_run_is_refused(tmp_path: Path, arm: str) -> None:
    plan = Plan(seed=1, trials=(PlannedTrial(1, 1, 1, arm),))
    with pytest.raises(StoreError, match="no plain file name"):
        RunStore.create(tmp_path / "run", experiment=EXPERIMENT, experiment_text="", device=DEVICE, plan=plan)
    assert not (tmp_path / "run").exists()


def test_events_keep_their_order_and_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    store = create(tmp_path / "run")
    store.append_event({"event": "run-started"})
    store.append_event({"event": "trial-ended", "trial": 1})
    with (store.path / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "tri')
    assert [event["event"] for event in store.events()] == ["run-started", "trial-ended"]


def test_measures_are_the_trials_own_until_they_are_merged(tmp_path: Path) -> None:
    store = create(tmp_path / "run")
    assert store.measures() is None
    for trial in PLAN.trials:
        frame = pd.DataFrame({"trial": [trial.name], "value": [float(trial.index)]})
        store.write_trial_measures(trial, frame, frame)
    merged = store.measures()
    assert merged is not None
    assert list(merged["value"]) == [1.0, 2.0]
    store.write_measures(merged.assign(value=0.0), merged)
    again = store.measures()
    assert again is not None
    assert list(again["value"]) == [0.0, 0.0]


def test_broken_parquet_names_its_file(tmp_path: Path) -> None:
    store = create(tmp_path / "run")
    (store.path / "measures.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(StoreError, match=r"measures\.parquet: is not readable"):
        store.measures()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from dataclasses import replace
from reports.store import RunStore
from workloads.errors import StoreError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = RunStore.open(Path(sys.argv[1]))
record = store.records()[0]
store.append_event({"event": "fits"})
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
for write in (
    lambda: store.write_trial(replace(record, started_at="later")),
    lambda: store.append_event({"event": "x" * 80}),
):
    try:
        write()
    except StoreError as error:
        print(error)
"""


def test_a_file_that_does_not_fit_leaves_the_old_one_whole(tmp_path: Path) -> None:
    """The kernel's own file size limit stops the write midway, as a full disk does."""
    store = create(tmp_path / "run")
    store.write_trial(record(PLAN.trials[0]))
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(store.path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 2
    assert all("cannot be written" in line for line in done.stdout.splitlines())
    assert store.records() == (record(PLAN.trials[0]),)
    assert store.events() == ({"event": "fits"},)
    assert not [name for _, _, names in os.walk(store.path) for name in names if name.endswith(".part")]


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=os.strerror(errno.ENOTDIR)):
        create(tmp_path / "file" / "run")


def read_all(path: Path) -> None:
    store = RunStore.open(path)
    store.experiment()
    store.records()
