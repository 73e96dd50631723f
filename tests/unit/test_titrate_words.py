# SPDX-License-Identifier: Apache-2.0
"""The `[titrate]` table of an experiment, and a pressure with another dose."""

from dataclasses import replace
from pathlib import Path

import pytest

from reports.metrics import METRICS
from workloads import load
from workloads.dose import dosed, with_dose
from workloads.errors import InputError
from workloads.spec import Pressure
from workloads.titration import TargetMetric, Titration

ARMS = """\
question = "q"
workload = "launches-under-pressure"
control = "off"
blocks = 2
primary = ["ttid"]
arms = [{ name = "off", settings = { kcompressd = "off" } }, { name = "on", settings = { kcompressd = "on" } }]
"""
TITRATE = '[titrate]\nmetric = "swap_fill_max"\ntarget = 0.5\n'
MIB = 1 << 20


def made(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_a_target_is_read_with_what_is_found_and_by_how_much_it_may_be_missed(tmp_path: Path) -> None:
    found, _ = load.experiment(made(tmp_path, ARMS + TITRATE + 'adjust = "rate_bytes_s"\ntries = 4'))
    assert found.titrate == Titration("swap_fill_max", 0.5, adjust="rate_bytes_s", within=0.1, tries=4)
    assert load.experiment(made(tmp_path, ARMS))[0].titrate is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TITRATE.replace("0.5", "0"), "mine.toml:9: titrate.target: Input should be greater than 0"),
        (TITRATE.replace("0.5", "1.5"), "mine.toml:9: titrate.target: is a share of all swap: give 0 to 1"),
        (TITRATE.replace("swap_fill_max", "ttid"), "mine.toml:8: titrate.metric: Input should be 'swap_used_max'"),
        (TITRATE + "trys = 5", "mine.toml:10: titrate.trys: is no key that belongs here"),
        (TITRATE + 'adjust = "retouch_bytes_s"', "mine.toml:10: titrate.adjust: re-touches nothing"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        load.experiment(made(tmp_path, ARMS + text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            '{ kcompressd = "on" }',
            "{}, pressure = { bytes_each = 8192 }",
            "6: arms[1].pressure: gives bytes_each, which",
        ),
        (
            '{ kcompressd = "on" }',
            "{}, pressure = { hold_available_bytes = 9 }",
            "7: titrate: finds a dose, and in hold",
        ),
        (
            '{ kcompressd = "off" } }, { name = "on", settings = { kcompressd = "on" } }',
            '{}, trace = false }, { name = "on", settings = {} }',
            "7: titrate: reads what its trials record, and the control",
        ),
        ('"launches-under-pressure"', '"still.toml"', "7: titrate: finds a dose, but the workload has no [pressure]"),
    ],
)
def test_what_keeps_the_dose_from_being_found_is_refused(tmp_path: Path, before: str, after: str, says: str) -> None:
    (tmp_path / "still.toml").write_text('title = "t"\napps = []\nsteps = [{ do = "home" }]\n')
    with pytest.raises(InputError) as caught:
        load.experiment(made(tmp_path, (ARMS + TITRATE).replace(before, after)))
    assert says in str(caught.value)


def test_every_target_is_a_metric_of_a_whole_trial() -> None:
    assert {METRICS[name].window for name in TargetMetric.__args__} == {"trial"}  # type: ignore[attr-defined]  # a Literal


def test_the_paced_rest_of_a_pressure_stays_when_its_bytes_change() -> None:
    eaters = Pressure(3, 200 * MIB, rate_bytes_s=1, at_once_bytes=96 * MIB)
    assert dosed(eaters, "bytes_each", 300 * MIB) == replace(eaters, bytes_each=300 * MIB, at_once_bytes=196 * MIB)
    assert dosed(eaters, "bytes_each", 50 * MIB).at_once_bytes == 0
    assert dosed(replace(eaters, at_once_bytes=0), "bytes_each", 300 * MIB).at_once_bytes == 0
    assert dosed(eaters, "rate_bytes_s", 7) == replace(eaters, rate_bytes_s=7)


def test_an_experiment_without_a_target_keeps_its_dose(tmp_path: Path) -> None:
    asked, _ = load.experiment(made(tmp_path, ARMS))
    assert with_dose(asked, 5) == asked
    found = with_dose(load.experiment(made(tmp_path, ARMS + TITRATE))[0], 64 * MIB)
    assert found.workload.pressure is not None
    assert found.workload.pressure.bytes_each == 64 * MIB
    assert with_dose(found, 64 * MIB) == found
