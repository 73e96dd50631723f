# SPDX-License-Identifier: Apache-2.0
"""Faults in the middle of a trial, on a real kernel, behind a real adb: what passes, what stays, who is told to end."""

import contextlib
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from agent.handheld import adbserver
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from reports.interruptions import FAILED
from reports.store import RunStore
from tests.support.faults import catalogue, checks
from tests.support.faults.bench import RECLAIM, FaultBench, ended, fault_bench, interrupt, until
from tests.support.faults.catalogue import Agent, Fault, befall
from tests.support.faults.experiment import write_experiment

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def bench(_own_state: None) -> Iterator[FaultBench]:
    """A handheld of our own: it will be rebooted."""
    with Handheld.start(HandheldOptions()) as guest, fault_bench(guest) as made:
        yield made


@pytest.fixture
def first(bench: FaultBench) -> dict[str, str]:
    bench.sh(f"su 0 sh -c '{catalogue.GROUP_ADBD}'")
    return checks.settings(bench)


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    return str(write_experiment(tmp_path, trial_timeout_s=30, dead_man_s=6, retries=2, retry_wait_s=20))


def in_a_trial(bench: FaultBench, experiment: str, out: Path) -> Agent:
    """A run whose first trial is under way."""
    agent = bench.start("run", experiment, "-o", str(out))
    until(lambda: agent.poll() is not None or in_progress(bench))
    assert agent.poll() is None, agent.stderr and agent.stderr.read()
    return agent


def in_progress(bench: FaultBench) -> bool:
    return "dwell" in bench.sh(f"cat {catalogue.PROGRESS} 2>/dev/null")


def as_it_was(bench: FaultBench, first: dict[str, str], out: Path) -> None:
    assert list(checks.changed(bench, first)) == []
    assert list(checks.left_behind(bench)) == []
    assert list(checks.half_written(out)) == []


@pytest.mark.parametrize(
    "faults",
    [
        (catalogue.DROP, catalogue.ADBD),
        (catalogue.CLOCK, catalogue.HANG, catalogue.SILENCE),
        (catalogue.TRACED, catalogue.PERFETTO, catalogue.SCRIPT),
    ],
    ids=lambda faults: ", ".join(fault.name for fault in faults),
)
def test_what_passes_costs_no_trial(
    bench: FaultBench, first: dict[str, str], experiment: str, tmp_path: Path, faults: Sequence[Fault]
) -> None:
    agent = in_a_trial(bench, experiment, tmp_path / "run")
    for fault in faults:
        befall(fault, bench, agent)
    told, _ = ended(agent, 120)
    for fault in faults:
        fault.mend(bench)
    assert agent.returncode == 0, told
    store = RunStore.open(tmp_path / "run")
    assert [record.trial for record in store.records()] == list(store.plan.trials)
    as_it_was(bench, first, tmp_path / "run")


def test_a_link_that_is_silent_for_good_ends_the_run_and_the_phone_restores_itself(
    bench: FaultBench, first: dict[str, str], tmp_path: Path
) -> None:
    experiment = write_experiment(tmp_path, trial_timeout_s=15, dead_man_s=6, retries=2, retry_wait_s=5)
    agent = in_a_trial(bench, str(experiment), tmp_path / "run")
    bench.link.silence()
    until(lambda: not list(checks.changed(bench, first)), 6 + 5)
    told, _ = ended(agent, 120)
    assert agent.returncode == 2
    assert "did not answer again within 5 s" in told
    assert "0 of 2 trials are kept; `reclaim resume " in told
    bench.recover()
    assert list(checks.changed(bench, first)) == []


def test_a_disk_that_fills_up_ends_the_run(bench: FaultBench, first: dict[str, str], tmp_path: Path) -> None:
    agent = in_a_trial(bench, str(write_experiment(tmp_path, retries=0)), tmp_path / "run")
    befall(catalogue.DISK, bench, agent)
    told, _ = ended(agent, 60)
    catalogue.DISK.mend(bench)
    assert agent.returncode == 2
    assert "disk may be full" in told
    as_it_was(bench, first, tmp_path / "run")


def test_a_trial_on_a_hot_phone_does_not_count_and_on_a_low_battery_none_begins(
    bench: FaultBench, first: dict[str, str], tmp_path: Path
) -> None:
    path, out = write_experiment(tmp_path, min_battery_percent=20), tmp_path / "run"
    path.write_text(f"{path.read_text()}\n[exclude]\nthermal_status_above = 2\n")
    agent = in_a_trial(bench, str(path), out)
    befall(catalogue.HOT, bench, agent)
    until(lambda: bool(checks.records(out)))
    befall(catalogue.LOW, bench, agent)
    told, _ = ended(agent, 60)
    catalogue.HOT.mend(bench)
    catalogue.LOW.mend(bench)
    assert agent.returncode == 2
    assert "battery at 5 %, the experiment asks for 20; charge it" in told
    assert RunStore.open(out).records()[0].excluded == "thermal status: 4, the limit is 2"
    as_it_was(bench, first, out)


def test_a_setting_that_somebody_rewrites_costs_one_trial_and_nobody_else_may_run_there(
    bench: FaultBench, first: dict[str, str], experiment: str, tmp_path: Path
) -> None:
    agent = in_a_trial(bench, experiment, tmp_path / "run")
    busy = subprocess.run(other(bench, experiment, tmp_path / "other"), capture_output=True, text=True, check=False)
    assert (busy.returncode, "busy: process" in busy.stderr) == (2, True), busy.stderr
    befall(catalogue.REWRITTEN, bench, agent)
    told, _ = ended(agent, 120)
    assert agent.returncode == 0, told
    spoilt, *others = RunStore.open(tmp_path / "run").records()
    assert "something on the phone wrote 77 in the middle of the trial" in (spoilt.excluded or "")
    assert [record.excluded for record in others] == [None, None]
    as_it_was(bench, first, tmp_path / "run")


def other(bench: FaultBench, experiment: str, out: Path) -> Sequence[str]:
    """A second run on the same phone, under its other serial: past the proxy."""
    where = ("-s", bench.guest.serial, "--adb-server", str(bench.guest.adb_server))
    return (*RECLAIM, "run", experiment, *where, "-o", str(out))


def test_one_phones_trouble_never_touches_another(bench: FaultBench, first: dict[str, str], tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path, trial_timeout_s=40, dead_man_s=10, retries=0, retry_wait_s=5)
    with (
        Handheld.start(HandheldOptions()) as second,
        fault_bench(second) as other,
        adb_server_of(bench, other) as server,
    ):
        other_first = checks.settings(other)
        words = ("run", str(experiment), "-s", "all", "--adb-server", server, "-o", str(tmp_path))
        agent = subprocess.Popen([*RECLAIM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: agent.poll() is not None or in_progress(bench))
        bench.link.drop()
        until(lambda: not list(checks.changed(bench, first)), 10 + 5)
        said, told = agent.communicate(timeout=180)
        assert agent.returncode == 2, told
        ours, others = (tmp_path / quote(each.link.serial, safe="") for each in (bench, other))
        assert f"{other.link.serial}: done: {others}" in said
        assert f"{bench.link.serial}: could not (2): " in said
        assert "did not answer again within 5 s" in said
        store = RunStore.open(others)
        assert [record.trial for record in store.records()] == list(store.plan.trials)
        assert [event for event in store.events() if event["event"] == FAILED] == []
        as_it_was(other, other_first, others)
    bench.recover()
    resumed(bench, first, ours)


@contextlib.contextmanager
def adb_server_of(*phones: FaultBench) -> Iterator[str]:
    """An adb server that sees both, as one of a lab does."""
    with tempfile.TemporaryDirectory() as folder:
        server = adbserver.start(Path(folder))
        try:
            for each in phones:
                adbserver.ask(server.address, f"host:connect:{each.link.serial}")
            yield server.address
        finally:
            server.process.end()


def test_an_agent_that_is_told_twice_to_end_leaves_the_phone_as_it_was(
    bench: FaultBench, first: dict[str, str], experiment: str, tmp_path: Path
) -> None:
    agent = in_a_trial(bench, experiment, tmp_path / "run")
    interrupt(agent, (signal.SIGHUP, signal.SIGTERM))
    told, _ = ended(agent, 60)
    assert agent.returncode == 130, told
    assert "reclaim: 0 of 2 trials are kept; `reclaim resume " in told
    as_it_was(bench, first, tmp_path / "run")


def resumed(bench: FaultBench, first: dict[str, str], run: Path) -> None:
    agent = bench.start("resume", str(run))
    told, _ = ended(agent, 120)
    assert agent.returncode == 0, told
    store = RunStore.open(run)
    assert [record.trial for record in store.records()] == list(store.plan.trials)
    as_it_was(bench, first, run)
