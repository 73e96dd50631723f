# SPDX-License-Identifier: Apache-2.0
"""Runs whose trials attribute kswapd's time: what they keep, what they may not tell, what that costs."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.analysis import analyse
from reports.compare import read_run
from reports.measures import measure_trial
from reports.store import RunStore
from tests.support.runner_phone import Trials
from tests.support.runs import run
from workloads import load
from workloads.errors import InputError

pytestmark = pytest.mark.usefixtures("no_compiler")


def test_a_trial_says_what_attributed_it_and_tells_nothing_of_launches(tmp_path: Path) -> None:
    made = replace(load.experiment("attribution")[0], blocks=1, warm_up_blocks=0)
    run(Trials(made), tmp_path / "run")
    store = RunStore.open(tmp_path / "run")
    by_arm = {record.trial.arm: record for record in store.records()}
    assert {arm: record.attribution for arm, record in by_arm.items()} == {
        "off": "function graph of zram_submit_bio",
        "on": "function graph of zram_submit_bio",
        "plain-off": None,
        "plain-on": None,
    }
    assert all(record.launches for record in by_arm.values())
    windows = {
        arm: set(measure_trial(record, store.trace_path(record), "RUN", "serial").measures.window)
        for arm, record in by_arm.items()
    }
    assert windows == {
        "off": {"trial"},
        "on": {"trial"},
        "plain-off": {"trial", "launch"},
        "plain-on": {"trial", "launch"},
    }


def test_its_price_is_told_against_the_same_arm_without(tmp_path: Path) -> None:
    made = replace(load.experiment("attribution")[0], blocks=2, warm_up_blocks=0)
    analysis = analyse(read_run(run(Trials(made), tmp_path / "run")))
    assert [(each.what, each.traced, each.untraced) for each in analysis.prices] == [
        ("attribution", "off", "plain-off"),
        ("attribution", "on", "plain-on"),
    ]
    assert analysis.background[0].startswith("What attribution costs: am_total_time ")
    assert "(off attributed against plain-off without, 2 blocks)" in analysis.background[0]


def test_a_primary_metric_of_launches_is_refused(tmp_path: Path) -> None:
    made = replace(load.experiment("attribution")[0], primary=("ttid",))
    with pytest.raises(InputError, match="names 'ttid', which an attributed trial does not tell"):
        run(Trials(made), tmp_path / "run")


def test_a_phone_without_a_way_is_refused_before_any_write(tmp_path: Path) -> None:
    trials = Trials(load.experiment("attribution")[0])
    del trials.phone.files["/sys/kernel/tracing/available_filter_functions"]
    with pytest.raises(InputError, match=r"arm off: kswapd's time can be attributed in no way here \(that takes root"):
        run(trials, tmp_path / "run")
    assert not (tmp_path / "run").exists()
