# SPDX-License-Identifier: Apache-2.0
"""Faults in the middle of a trial, on a real kernel, behind a real adb: what passes, what stays, who is told to end."""

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from reports.store import RunStore
from tests.support.faults import catalogue, checks
from tests.support.faults.bench import FaultBench, ended, fault_bench, interrupt, until
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
    until(lambda: agent.poll() is not None or "dwell" in bench.sh(f"cat {catalogue.PROGRESS} 2>/dev/null"))
    assert agent.poll() is None, agent.stderr and agent.stderr.read()
    return agent


def as_it_was(bench: FaultBench, first: dict[str, str], out: Path) -> None:
    assert list(checks.changed(bench, first)) == []
    assert list(checks.left_behind(bench)) == []
    assert list(checks.half_written(out)) == []


@pytest.mark.parametrize(
    "faults",
    [
        (catalogue.DROP, catalogue.ADBD),
        (catalogue.CLOCK, catalogue.HANG, catalogue.SILENCE),
        (catalogue.TRACED,),
        (catalogue.PERFETTO,),
        (catalogue.SCRIPT,),
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


def test_what_stays_ends_the_run_and_the_phone_restores_itself(
    bench: FaultBench, first: dict[str, str], experiment: str, tmp_path: Path
) -> None:
    agent = in_a_trial(bench, experiment, tmp_path / "run")
    befall(catalogue.DROP_FOR_GOOD, bench, agent)
    until(lambda: not list(checks.changed(bench, first)), 6 + 5)
    told, _ = ended(agent, 120)
    assert agent.returncode == 2
    assert "did not answer again within 20 s" in told
    assert "0 of 2 trials are kept; `reclaim resume " in told
    bench.recover()
    resumed(bench, first, tmp_path / "run")


def test_a_reboot_ends_the_run_and_it_is_resumed(
    bench: FaultBench, first: dict[str, str], experiment: str, tmp_path: Path
) -> None:
    agent = in_a_trial(bench, experiment, tmp_path / "run")
    befall(catalogue.REBOOT, bench, agent)
    told, _ = ended(agent, 150)
    assert agent.returncode == 2
    assert "reclaim resume " in told
    bench.recover()
    resumed(bench, first, tmp_path / "run")


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
