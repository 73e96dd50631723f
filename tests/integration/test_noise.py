# SPDX-License-Identifier: Apache-2.0
"""What identical arms differ by on a phone is kept, doubts later effects, and tells beforehand what a run can see."""

import json
import math
import os
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from agent.cli import compare
from reports.analysis import Analysis, RunValues, analyse
from reports.compare import read_run
from reports.encoding import decode, encode
from reports.folders import state_dir
from reports.noise.floor import SHIPPED_WORKLOAD, MetricNoise, NoiseFloor, Origin, Span, floor_of, outlook
from reports.noise.known import Known
from reports.noise.store import Memory, known, remember
from reports.page.build import Extras, build_page
from reports.record import DeviceFacts
from reports.statistics.design import design
from reports.statistics.paired import t_interval
from reports.store import RunStore
from reports.text import compare_text
from tests.support.synthetic_run import Shape, make_run, run_values
from workloads import load

AA = Shape(blocks=6, warm_ups=0, effect=False, arms=("a", "b"))
ORIGIN = Origin("aa-1", "2026-11-20T10:00:00+00:00", "serial", "Phone", "build-1", "6.6", SHIPPED_WORKLOAD)


@cache
def an_a_a_run() -> Analysis:
    return analyse(run_values(AA))


@cache
def a_phone() -> DeviceFacts:
    return an_a_a_run().run.device


def noise(metric: str, *, reach: float = 0.05, unit: str = "s") -> MetricNoise:
    return MetricNoise(metric, unit, 20, 18, 2.0, 0.2, Span(0, -2 * reach, reach), Span(0, -reach, reach / 2))


def floor(*metrics: MetricNoise, build: str = "build-1", at: str = ORIGIN.at, run: str = "aa-1") -> NoiseFloor:
    return NoiseFloor(replace(ORIGIN, build=build, at=at, run=run), metrics)


@cache
def an_a_b_run() -> RunValues:
    return run_values(Shape(blocks=6, warm_ups=0))


def with_floor(found: NoiseFloor, run: RunValues | None = None) -> Analysis:
    return analyse(replace(run or an_a_b_run(), known=Known(found)))


def doubts(analysis: Analysis) -> dict[str, str]:
    return {
        each.metric.name: caveat.what
        for each in analysis.comparisons
        for caveat in each.caveats
        if caveat.code == "within-noise-floor"
    }


def test_an_a_a_run_gives_spread_n_and_difference_of_every_metric_that_varies() -> None:
    analysis = an_a_a_run()
    assert analysis.floor is not None
    assert analysis.floor.origin.run == analysis.run.name
    by_name = {each.metric.name: each for each in analysis.comparisons}
    assert {each.metric for each in analysis.floor.metrics} == by_name.keys() - {"kills", "kcompressd_cpu"}
    for each in analysis.floor.metrics:
        effect = by_name[each.metric].difference
        assert effect is not None
        assert effect.error == pytest.approx(each.spread / math.sqrt(6))
        assert each.difference == Span(effect.value, effect.low, effect.high)
        assert each.n == 6
        assert each.relative_spread == each.spread / each.level


def test_arms_that_differ_or_too_few_blocks_give_no_floor() -> None:
    assert analyse(an_a_b_run()).floor is None
    few = analyse(run_values(replace(AA, blocks=5)))
    assert few.floor is None
    assert "Not kept as this phone's noise floor: that takes 6 blocks" in compare_text(few)


def test_of_several_identical_arms_the_noisiest_counts() -> None:
    analysis = analyse(run_values(replace(AA, arms=("a", "b", "c"))))
    assert analysis.floor is not None
    each = analysis.floor.of("ttid")
    alone = [floor_of(ORIGIN, [one for one in analysis.comparisons if one.arm == arm]) for arm in "bc"]
    spreads = [one.of("ttid") for one in alone if one]
    assert each is not None
    assert each.spread == max(one.spread for one in spreads if one)


def test_an_effect_smaller_than_the_floor_is_doubted_with_figures() -> None:
    wide = floor(noise("direct_reclaim_time", reach=0.8), noise("kswapd_cpu", reach=0.01))
    found = doubts(with_floor(wide))
    assert list(found) == ["direct_reclaim_time"]
    assert (
        "arms with the same settings may differ by up to 80 % on this phone (A/A run aa-1 of 2026-11-20, older"
        in (found["direct_reclaim_time"])
    )


def test_where_the_control_is_zero_the_floor_is_held_against_in_its_own_unit() -> None:
    assert list(doubts(with_floor(floor(noise("kcompressd_cpu", reach=5.0))))) == ["kcompressd_cpu"]
    assert not doubts(with_floor(floor(noise("kcompressd_cpu", reach=0.1))))


def test_only_an_effect_that_is_claimed_is_doubted() -> None:
    analysis = with_floor(floor(noise("pswpout", reach=9.0)))
    assert next(each for each in analysis.comparisons if each.metric.name == "pswpout").outcome == "same"
    assert not doubts(analysis)


def test_a_floor_does_not_doubt_an_a_a_run() -> None:
    assert not doubts(with_floor(floor(noise("ttid", reach=9.0)), an_a_a_run().run))


def test_the_floor_is_named_in_text_and_on_the_page_and_an_older_builds_is_marked() -> None:
    device = a_phone()
    found = floor(noise("ttid"), build=device.build)
    found = replace(found, origin=replace(found.origin, kernel=device.kernel))
    line = "A/A noise floor of this phone: run aa-1 of 2026-11-20, 20 blocks."
    analysis = with_floor(found)
    assert line in compare_text(analysis)
    assert line in build_page(analysis, Extras("", "reclaim 0")).trust.background
    old = with_floor(floor(noise("ttid"), build="another"))
    assert "run aa-1 of 2026-11-20, older build, 20 blocks." in compare_text(old)


def told(found: NoiseFloor | None, blocks: int = 8, workload: str = SHIPPED_WORKLOAD) -> str:
    return "\n".join(outlook(found, a_phone(), ("ttid", "kswapd_cpu"), blocks, workload))


def test_a_run_is_told_beforehand_what_it_can_see() -> None:
    text = told(floor(noise("ttid")))
    assert "with 8 blocks this phone shows a change of 16 % of ttid 9 times in 10; 20 blocks: 9.1 %" in text
    assert "kswapd_cpu: unknown: the A/A run did not see it vary" in text
    assert "with 20 blocks" in told(floor(noise("ttid")), blocks=20)
    assert "40 blocks:" in told(floor(noise("ttid")), blocks=20)
    assert "ttid: 1 block cannot tell; 20 blocks: 9.1 %" in told(floor(noise("ttid")), blocks=1)


def test_the_change_told_beforehand_is_seen_9_times_in_10() -> None:
    import numpy as np  # noqa: PLC0415 - this test alone simulates

    certain = replace(noise("ttid"), freedom=1e9)  # its upper limit is the spread itself
    change = certain.detectable(8)
    assert change is not None
    runs = np.random.default_rng(1).normal(change, certain.spread, (20_000, 8))
    _, low, high = t_interval(design(8, [1, -1] * 4), runs)
    assert float(np.mean((low > 0) | (high < 0))) == pytest.approx(0.9, abs=0.01)


def test_without_an_a_a_run_it_is_unknown_and_the_reader_is_told_how_to_make_one() -> None:
    assert told(None).endswith("unknown: no A/A run of this phone; `reclaim run aa`")
    assert told(None, workload="mine").endswith("make all arms alike in a copy of this experiment")
    assert load.experiment("aa")[0].workload.name == SHIPPED_WORKLOAD


def test_a_floor_is_kept_and_found_again_by_phone_and_workload() -> None:
    analysis, err = an_a_a_run(), StringIO()
    remember(analysis, err)
    workload = analysis.run.experiment.workload
    assert err.getvalue() == ""
    assert known(a_phone(), workload) == Known(analysis.floor)
    assert known(replace(a_phone(), model="Other"), workload) == Known()
    assert known(a_phone(), replace(workload, steps=workload.steps[:3])) == Known()


def test_a_phone_is_known_by_its_serial_and_a_stand_in_by_its_size() -> None:
    phone = replace(a_phone(), stand_in=None)
    workload = an_a_a_run().run.experiment.workload
    for device in (phone, a_phone()):
        run = replace(an_a_a_run().run, device=device)
        remember(replace(an_a_a_run(), run=run), StringIO())
    assert known(phone, workload).floor
    assert known(replace(phone, serial="other"), workload) == Known()
    assert known(replace(a_phone(), serial="127.0.0.1:40001"), workload).floor
    assert known(replace(a_phone(), cpus=4), workload) == Known()


def kept(*floors: NoiseFloor) -> Path:
    """A memory of the phone that holds these."""
    remember(an_a_a_run(), StringIO())
    (file,) = (state_dir() / "noise").iterdir()
    file.write_bytes(encode(Memory(floors)))
    return file


def test_the_newest_floor_wins_and_the_present_builds_before_another() -> None:
    phone, workload = a_phone(), an_a_a_run().run.experiment.workload
    ours = replace(
        floor(noise("ttid"), build=phone.build), origin=replace(ORIGIN, build=phone.build, kernel=phone.kernel)
    )
    newer = floor(noise("ttid"), build="other", at="2027-01-01T00:00:00+00:00")
    kept(ours, newer)
    assert known(phone, workload).floor == ours
    kept(floor(noise("ttid"), build="older", at="not a date"), newer)
    assert known(phone, workload).floor == newer


def test_an_old_run_compared_again_does_not_replace_a_newer_floor() -> None:
    phone, workload = a_phone(), an_a_a_run().run.experiment.workload
    newer = floor(noise("ttid"), run="aa-9", at="2027-01-01T00:00:00+00:00")
    newer = replace(newer, origin=replace(newer.origin, build=phone.build, kernel=phone.kernel))
    file = kept(newer)
    remember(an_a_a_run(), StringIO())
    assert known(phone, workload).floor == newer
    assert len(decode(file.read_bytes(), Memory, file).floors) == 1


def run_compare(store: RunStore, *options: str) -> tuple[str, str]:
    parser, out, err = ArgumentParser(), StringIO(), StringIO()
    compare.add(parser)
    assert compare.main(parser.parse_args([str(store.path), *options]), out, err) == 0
    return out.getvalue(), err.getvalue()


def test_comparing_an_a_a_run_keeps_its_floor_and_a_later_run_is_told(tmp_path: Path) -> None:
    assert run_compare(make_run(tmp_path / "aa-7", AA))[1] == ""
    later = make_run(tmp_path / "ab", Shape(blocks=2, warm_ups=0))
    out, err = run_compare(later)
    assert "A/A noise floor of this phone: run aa-7 of 2026-11-23, 6 blocks." in out
    assert err == ""
    assert json.loads(run_compare(later, "--json")[0])["noise_floor"]["origin"]["run"] == "aa-7"


def a_file(state: Path) -> None:
    state.write_text("no folder")


def a_folder_of_that_name(state: Path) -> None:
    remember(an_a_a_run(), StringIO())
    (file,) = (state / "noise").iterdir()
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("broken", [a_file, a_folder_of_that_name])
def test_a_floor_that_cannot_be_kept_is_one_line_and_no_failure(broken: Callable[[Path], None]) -> None:
    broken(Path(os.environ["RECLAIM_STATE"]))
    err = StringIO()
    remember(an_a_a_run(), err)
    assert err.getvalue().startswith("reclaim: what this run tells of the phone's noise is not kept: ")
    assert err.getvalue().count("\n") == 1


def test_a_broken_memory_is_told_and_does_not_stop_a_comparison(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2, warm_ups=0))
    file = kept()
    device, workload = store.device, store.experiment().workload
    file.write_text("{")
    assert known(device, workload).trouble
    assert "The phone's noise floor is not known: " in compare_text(analyse(read_run(store)))
