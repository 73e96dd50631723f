# SPDX-License-Identifier: Apache-2.0
"""Several runs as one answer: what belongs together, what is refused, what is said over phones."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from agent.cli import compare
from agent.cli.main import main
from reports.analysis import Measure, RunValues, analyse
from reports.comparison import KILLS
from reports.record import DeviceFacts, ExclusionRule
from reports.several.effect import JointEffect
from reports.several.joint import Joint, join
from reports.several.pool import Gathered, gather, pooled
from reports.several.text import joint_text
from tests.support.synthetic_run import Shape, make_run, run_values
from workloads.dose import with_dose
from workloads.errors import InputError
from workloads.spec import Experiment, Home, Launch, Setting
from workloads.titration import Titration

METRICS = ("direct_reclaim_time", "kswapd_cpu", "ttid", KILLS)


Change = Callable[[DeviceFacts], DeviceFacts]


def phone(serial: str, model: str = "Pixel 6", build: str = "b1", kernel: str = "5.10") -> Change:
    return lambda device: replace(device, serial=serial, model=model, build=build, kernel=kernel, stand_in=None)


def run(name: str, shape: Shape) -> RunValues:
    """A run with few metrics, so that joining many is quick."""
    values = run_values(shape)
    kept = tuple(row for row in values.measures if row.metric in METRICS)
    return replace(values, name=name, path=f"runs/{name}", measures=kept)


@cache
def on(name: str, serial: str, seed: int, *, blocks: int = 6, level: float = 1.0, times: float = 1.0) -> RunValues:
    shape = Shape(blocks=blocks, seed=seed, level=level, times={"on": times}, device=phone(serial))
    return run(name, shape)


def of(name: str, device: Change) -> RunValues:
    values = on(name, "B", 2)
    return replace(values, device=device(values.device))


def asking(change: Callable[[Experiment], Experiment]) -> Gathered:
    second = on("b", "B", 2)
    return gather([on("a", "A", 1), replace(second, experiment=change(second.experiment))])


@pytest.fixture(scope="module")
def three() -> Joint:
    """Three phones of very different levels, the effect alike."""
    return join(gather([on("a", "A", 1), on("b", "B", 2, level=3.0), on("c", "C", 3, level=0.4)]))


def effect_of(joint: Joint, metric: str) -> JointEffect:
    return next(each for each in joint.effects if each.metric.name == metric)


def test_runs_of_one_phone_are_more_blocks_of_it() -> None:
    one, other = on("a", "A", 1, blocks=4), on("b", "A", 2, blocks=3)
    (found,) = gather([one, other]).phones
    comparison = next(each for each in found.analysis.comparisons if each.metric.name == "kswapd_cpu")
    assert [pair.block for pair in comparison.pairs] == [1, 2, 3, 4, 5, 6, 7]
    alone = [pair for each in (one, other) for pair in _pairs(each)]
    assert [(pair.control, pair.arm, pair.lag) for pair in comparison.pairs] == alone


def _pairs(values: RunValues) -> list[tuple[float, float, int]]:
    comparison = next(each for each in analyse(values).comparisons if each.metric.name == "kswapd_cpu")
    return [(pair.control, pair.arm, pair.lag) for pair in comparison.pairs]


def test_warm_ups_stay_warm_ups_and_no_two_trials_share_a_name() -> None:
    whole = pooled([on("a", "A", 1, blocks=2), on("b", "A", 2, blocks=2)])
    names = [trial.name for trial in whole.plan.trials]
    assert len(set(names)) == len(names) == 12
    assert [trial.block for trial in whole.plan.trials] == [0, 0, 1, 1, 2, 2, 0, 0, 3, 3, 4, 4]
    assert {row.trial for row in whole.measures} == {record.trial.name for record in whole.records} == set(names)


def test_one_serial_with_two_models_is_two_phones() -> None:
    other = of("b", phone("A", model="Galaxy A54"))
    assert [each.device.model for each in gather([on("a", "A", 1), other]).phones] == ["Pixel 6", "Galaxy A54"]


@pytest.mark.parametrize(
    ("device", "what"),
    [
        (phone("A", build="b2"), "another build: b2, not b1"),
        (phone("A", kernel="6.1"), "another kernel: 6.1, not 5.10"),
    ],
)
def test_one_phone_with_two_builds_is_refused(device: Change, what: str) -> None:
    with pytest.raises(
        InputError, match=f"runs/b: is of the same phone as runs/a .*{what}; runs of two builds can be compared as arms"
    ):
        gather([on("a", "A", 1), of("b", device)])


def test_trials_of_one_phone_that_were_excluded_by_different_rules_are_not_put_together() -> None:
    first, second = on("a", "A", 1), on("b", "A", 2)
    other = replace(second.plan, exclusions=(ExclusionRule("busy-host", "when it is", 0.5),))
    with pytest.raises(InputError, match=r"runs/b: excludes trials by other rules than runs/a .*busy-host"):
        gather([first, replace(second, plan=other)])


def test_figures_that_are_no_numbers_stay_with_their_trial() -> None:
    runs = [replace(on(name, "A", seed), not_finite={"ttid": ("003-b1-off",)}) for name, seed in (("a", 1), ("b", 2))]
    whole = pooled(runs)
    assert whole.not_finite["ttid"] == ("003-b1-off", "017-b7-off")
    assert {*whole.not_finite["ttid"]} <= {trial.name for trial in whole.plan.trials}


def test_kernel_values_that_changed_between_the_runs_of_a_phone_are_told() -> None:
    first = on("a", "A", 1)
    changed = replace(first.device, vm={**first.device.vm, "vm.swappiness": "60"})
    (found,) = gather([first, replace(on("b", "A", 2), device=changed)]).phones
    assert [caveat.code for caveat in found.caveats] == ["settings-changed"]
    assert "vm.swappiness" in found.caveats[0].what


DIFFERENT: dict[str, Callable[[Experiment], Experiment]] = {
    "question 'Why', not": lambda each: replace(each, question="Why"),
    "primary metrics ttid, not direct_reclaim_time": lambda each: replace(each, primary=("ttid",)),
    "arm on with kcompressd 4, not kcompressd 2": lambda each: replace(
        each, arms=(each.arms[0], replace(each.arms[1], settings=(Setting("kcompressd", "4"),)))
    ),
    "arm on without a trace": lambda each: replace(each, arms=(each.arms[0], replace(each.arms[1], trace=False))),
    r"another workload \(steps\)": lambda each: replace(
        each, workload=replace(each.workload, steps=(*each.workload.steps, Home()))
    ),
    "control 'on', not 'off'": lambda each: replace(each, control="on"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_runs_of_different_experiments_are_refused_with_what_differs(what: str) -> None:
    with pytest.raises(InputError, match=f"runs/b: asks another question than runs/a: .*{what}"):
        asking(DIFFERENT[what])


def test_blocks_seed_limits_and_order_of_arms_may_differ() -> None:
    found = asking(lambda each: replace(each, blocks=99, seed=5, arms=tuple(reversed(each.arms)), name="renamed"))
    assert len(found.phones) == 2


def with_app(values: RunValues, component: str) -> RunValues:
    """The run as if its workload had asked for any one app, and this phone had this one."""
    work = replace(values.experiment.workload, apps=(component,), steps=(Launch(component),), slots=("launchable#1",))
    return replace(values, experiment=replace(values.experiment, workload=work))


def test_apps_that_were_chosen_differ_between_phones_but_not_between_runs_of_one() -> None:
    one, other, again = on("a", "A", 1), on("b", "B", 2), on("b", "A", 2)
    assert len(gather([with_app(one, "x/.A"), with_app(other, "y/.B")]).phones) == 2
    with pytest.raises(InputError, match="other apps than runs/a, chosen on the same phone"):
        gather([with_app(one, "x/.A"), with_app(again, "y/.B")])


@pytest.mark.parametrize("first", [0, 1])
def test_a_run_that_may_stop_early_makes_the_phones_intervals_pay_whichever_is_named_first(first: int) -> None:
    fixed, other = on("a", "A", 1), on("b", "A", 2)
    early = replace(other, experiment=replace(other.experiment, stop="decided"))
    (phone,) = gather([fixed, early] if first else [early, fixed]).phones
    assert {each.looks > 0 for each in phone.analysis.comparisons if each.family == "primary"} == {True}


def test_a_phone_whose_run_may_stop_early_is_told_of_whichever_phone_it_is() -> None:
    other = on("b", "B", 2)
    early = replace(other, experiment=replace(other.experiment, stop="decided"))
    assert "stopped-when-decided" in {caveat.code for caveat in join(gather([on("a", "A", 1), early])).caveats}


def test_a_copy_of_a_run_is_no_second_run() -> None:
    first = on("a", "A", 1)
    with pytest.raises(InputError, match="runs/b: is a copy of runs/a"):
        gather([first, replace(first, name="b", path="runs/b")])


def test_a_run_with_nothing_to_compare_is_left_out_and_named() -> None:
    alone = run("b", Shape(blocks=2, arms=("off",), device=phone("B")))
    broken = run("c", Shape(blocks=2, stop_after=0, device=phone("C")))
    found = gather([on("a", "A", 1), alone, broken])
    assert [each.path for each in found.left_out] == ["runs/b", "runs/c"]
    assert "one arm only" in found.left_out[0].reason
    assert len(found.phones) == 1


def test_when_nothing_is_left_every_run_is_named_with_its_reason() -> None:
    alone = [run(name, Shape(blocks=2, arms=("off",), seed=seed)) for name, seed in (("a", 1), ("b", 2))]
    with pytest.raises(InputError) as refused:
        gather(alone)
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == ["runs/a", "runs/b"]


def test_phones_of_different_levels_are_joined_by_ratios(three: Joint) -> None:
    found = effect_of(three, "kswapd_cpu")
    assert (found.scale, found.outcome, found.phones) == ("ratio", "better", 3)
    assert found.ratio is not None
    assert 0.5 < found.ratio.mean.low < 0.62 < found.ratio.mean.high < 0.75
    assert [number for number, _ in found.own] == [1, 2, 3]


def test_a_metric_with_a_zero_on_one_phone_is_joined_by_differences() -> None:
    zero = on("b", "B", 2)
    rows = tuple(replace(row, value=0.0) if _first_kswapd(row) else row for row in zero.measures)
    found = effect_of(join(gather([on("a", "A", 1), replace(zero, measures=rows)])), "kswapd_cpu")
    assert (found.scale, found.ratio) == ("difference", None)


def _first_kswapd(row: Measure) -> bool:
    return row.metric == "kswapd_cpu" and row.trial.startswith("003-")


def test_the_sentence_is_about_phones_and_the_few_are_said_to_be_few(three: Joint) -> None:
    (arm,) = three.arms
    assert arm.answer == "better"
    assert arm.sentence.endswith("over 3 phones.")
    assert "few-phones" in {caveat.code for caveat in three.caveats}


def test_two_phones_are_told_how_wide_their_interval_is() -> None:
    joint = join(gather([on("a", "A", 1), on("b", "B", 2)]))
    assert "6.4 times as far" in next(caveat.what for caveat in joint.caveats if caveat.code == "few-phones")


def test_phones_that_contradict_each_other_are_never_averaged_away() -> None:
    joint = join(gather([on("a", "A", 1), on("b", "B", 2, times=3.0), on("c", "C", 3)]))
    (arm,) = joint.arms
    assert arm.answer == "mixed"
    assert "CPU time of kswapd rose on phone 2 but fell on phones 1 and 3" in arm.sentence
    assert "phones-disagree" in {caveat.code for caveat in effect_of(joint, "kswapd_cpu").caveats}


def test_more_kills_on_one_phone_are_not_outweighed_by_the_others() -> None:
    every_on = {index: 2 + index % 2 for index in (2, 3, 6, 7, 10, 11, 14, 15, 18)}
    runs = [on("a", "A", 1), on("c", "C", 3), run("b", Shape(blocks=8, warm_ups=0, kills=every_on, device=phone("B")))]
    joint = join(gather(runs))
    assert joint.arms[0].answer == "worse"
    assert "more processes were killed on phone 3" in joint.arms[0].sentence
    assert joint.kills[0].startswith("Phone 3: ")
    assert joint.kills[1] == "Nobody was killed on phones 1 and 2."


def test_a_phone_that_did_not_record_a_metric_is_missing_from_it_and_told() -> None:
    short = on("b", "B", 2)
    without = replace(short, measures=tuple(row for row in short.measures if row.metric != "kswapd_cpu"))
    found = effect_of(join(gather([on("a", "A", 1), without])), "kswapd_cpu")
    assert (found.phones, found.outcome, found.decides) == (1, "unknown", None)
    assert "phones-missing" in {caveat.code for caveat in found.caveats}


def test_the_text_fits_80_columns_and_shows_each_phones_own_effect(three: Joint) -> None:
    lines = joint_text(three).splitlines()
    assert max(map(len, lines)) <= 80
    place = next(index for index, line in enumerate(lines) if line.startswith("kswapd_cpu"))
    assert [line.split()[0] for line in lines[place + 1 : place + 4]] == ["1", "2", "3"]
    assert lines[place].split()[-2:] == ["3", "better"]
    assert lines[place + 1].split()[-2:] == ["6", "better"]


def test_names_from_outside_cannot_steer_the_terminal() -> None:
    hostile = of("b", phone("B", model="evil \x1b[2J\u202e" * 9))
    text = joint_text(join(gather([on("a", "A", 1), hostile])))
    assert not {"\x1b", "\u202e"} & set(text)
    assert max(map(len, text.splitlines())) <= 80


def answer(*words: str | Path) -> str:
    parser = ArgumentParser()
    compare.add(parser)
    out, err = StringIO(), StringIO()
    assert compare.main(parser.parse_args([str(word) for word in words]), out, err) == 0
    return out.getvalue()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Two runs of phone A, one of phone B."""
    top = tmp_path_factory.mktemp("several")
    shapes = {name: Shape(blocks=2, warm_ups=0, seed=seed) for name, seed in (("a1", 1), ("a2", 2), ("b", 3))}
    for name, shape in shapes.items():
        make_run(top / name, replace(shape, device=phone(name[0])))
    return top / "a1", top / "a2", top / "b"


def test_the_command_joins_phones_and_writes_nothing_into_the_runs(stored: tuple[Path, Path, Path]) -> None:
    document = json.loads(answer(*stored, "--json"))
    assert [len(each["runs"]) for each in document["phones"]] == [2, 1]
    effect = next(each for each in document["effects"] if each["metric"] == "kswapd_cpu")
    assert effect["ratio"]["mean"]["low"] < effect["ratio"]["mean"]["value"] < effect["ratio"]["mean"]["high"]
    assert [each["n"] for each in effect["own"]] == [4, 2]
    assert document["phones"][0]["analysis"]["comparisons"]
    assert not any((path / name).exists() for path in stored for name in ("verdict.json", "comparisons.parquet"))


def test_runs_of_one_phone_read_like_one_run_with_all_their_blocks(stored: tuple[Path, Path, Path]) -> None:
    text = answer(*stored[:2])
    assert next(line for line in text.splitlines() if line.startswith("kswapd_cpu")).split()[-2] == "4"
    assert "2 runs of one phone" in text
    assert [each["blocks_before"] for each in json.loads(answer(*stored[:2], "--json"))["runs"]] == [0, 2]


def test_a_run_that_is_ignored_beside_a_good_one_is_told_at_once(
    stored: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    alone = make_run(tmp_path / "alone", Shape(blocks=2, arms=("off",), seed=5))
    for options in ([], ["--json"]):
        out, err = StringIO(), StringIO()
        assert main(["compare", str(stored[0]), str(alone.path), *options], out, err) == 0
        assert err.getvalue().startswith(f"ignored {alone.path}: This run has one arm only (off)")
        assert len(err.getvalue().splitlines()) == 1


@pytest.mark.parametrize("second", ["a1", "nothing"])
def test_what_cannot_be_joined_is_one_line_and_exit_code_2(stored: tuple[Path, Path, Path], second: str) -> None:
    out, err = StringIO(), StringIO()
    path = stored[0].parent / second / "."
    assert main(["compare", str(stored[0]), str(path)], out, err) == 2
    assert len(err.getvalue().splitlines()) == 1
    assert out.getvalue() == ""


def test_runs_that_found_a_dose_of_their_own_for_one_target_are_one_experiment() -> None:
    goal = Titration("swap_fill_max", 0.5)

    def dosed(name: str, serial: str, seed: int, mib: int, titrate: Titration) -> RunValues:
        values = on(name, serial, seed)
        return replace(values, experiment=with_dose(replace(values.experiment, titrate=titrate), mib << 20))

    found = gather([dosed("a", "A", 1, 200, goal), dosed("b", "B", 2, 300, goal)])
    assert len(found.phones) == 2
    with pytest.raises(InputError, match="another target of `titrate`"):
        gather([dosed("a", "A", 1, 200, goal), dosed("b", "B", 2, 200, replace(goal, target=0.6))])
