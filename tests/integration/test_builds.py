# SPDX-License-Identifier: Apache-2.0
"""Runs of two builds as arms: what differs is the treatment, and an effect is found where one was planted."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.runner.run import without_missing
from reports.analysis import RunValues
from reports.several.builds import Builds, are_builds, compare_builds
from reports.several.builds_text import builds_text
from tests.support.synthetic_run import Shape, make_run, run_values
from workloads import load

KNOB = "/sys/module/zram/parameters/nr_kcompressd"


def shape(
    seed: int, *, patched: bool, level: float = 1.0, serial: str = "", kills: dict[int, int] | None = None
) -> Shape:
    """A run whose arms are alike, on a stock kernel or on one with kcompressd."""
    knobs = {"kcompressd": f"{KNOB}: 0 (zram)"} if patched else {}
    settings = {**({"kcompressd": "off"} if patched else {}), "sysctl:vm.swappiness": "100"}
    return Shape(
        blocks=6,
        warm_ups=0,
        arms=("a", "b"),
        settings={"a": settings, "b": settings},
        level=level,
        noise=0.03,
        seed=seed,
        kills=kills or {},
        experiment=lambda experiment: replace(experiment, optional=("kcompressd",)),
        device=lambda device: replace(device, serial=serial or f"port-{seed}", knobs=knobs),
    )


def runs(*shapes: Shape) -> list[RunValues]:
    return [replace(run_values(each), path=f"runs/{number}") for number, each in enumerate(shapes)]


def found(builds: Builds, metric: str) -> str:
    (only,) = (each.outcome for each in builds.comparisons if each.metric.name == metric)
    return only


def test_what_differs_is_the_treatment_and_a_planted_effect_is_found() -> None:
    builds = compare_builds(
        runs(*(shape(seed, patched=seed % 2 == 1, level=1.2 if seed % 2 else 1.0) for seed in range(6)))
    )
    assert builds.differ == {"kcompressd": ("none", KNOB)}
    assert builds.unit == "run"
    assert {found(builds, metric) for metric in ("pgsteal_direct", "kswapd_cpu")} == {"worse"}
    text = builds_text(builds)
    assert f"kcompressd: none -> {KNOB}" in text
    assert "n counts runs" in text
    assert max(map(len, text.splitlines())) <= 80


def test_two_builds_that_do_the_same_are_told_the_same() -> None:
    builds = compare_builds(runs(*(shape(seed, patched=seed % 2 == 1) for seed in range(8))))
    assert {found(builds, metric) for metric in ("pgsteal_direct", "kswapd_cpu", "ttid")} == {"same"}


def test_one_run_of_a_build_is_compared_by_trials_and_that_is_said() -> None:
    builds = compare_builds(runs(shape(1, patched=False), shape(2, patched=True, level=1.2)))
    assert builds.unit == "trial"
    assert [caveat.code for caveat in builds.caveats] == ["one-boot"]
    assert found(builds, "kswapd_cpu") == "worse"


def test_trials_with_kills_count_for_kills_alone() -> None:
    builds = compare_builds(runs(shape(1, patched=False, kills={1: 2, 2: 1}), shape(2, patched=True)))
    assert "trials-with-kills" in [caveat.code for caveat in builds.caveats]
    by_name = {each.metric.name: each for each in builds.comparisons}
    assert (by_name["kills"].n, by_name["kswapd_cpu"].n) == (12, 10)


def test_arms_that_differ_are_held_each_against_its_own() -> None:
    def build(seed: int, name: str) -> Shape:
        return Shape(blocks=5, seed=seed, device=lambda device: replace(device, build=name))

    given = runs(build(1, "x/1"), build(2, "x/2"))
    assert are_builds(given)
    assert {each.arm for each in compare_builds(given).comparisons} == {"off", "on"}


@pytest.mark.parametrize(
    "given",
    [
        [Shape(), Shape(seed=8, device=lambda device: replace(device, serial="B"))],
        [Shape(), Shape(seed=8, device=lambda device: replace(device, serial="B", kernel="6.12"))],
        [shape(1, patched=False), shape(2, patched=False)],
    ],
)
def test_phones_of_a_run_with_arms_of_its_own_are_joined_and_no_builds(given: list[Shape]) -> None:
    assert not are_builds(runs(*given))


def test_the_command_tells_it_in_words_and_as_json(tmp_path: Path) -> None:
    paths = [str(make_run(tmp_path / f"run{seed}", shape(seed, patched=seed == 1)).path) for seed in range(2)]
    out = io.StringIO()
    assert main(["compare", *paths], out, io.StringIO()) == 0
    assert "What differs, A to B:" in out.getvalue()
    out = io.StringIO()
    assert main(["compare", *paths, "--json"], out, io.StringIO()) == 0
    document = json.loads(out.getvalue())
    assert document["differ"] == {"kcompressd": ["none", KNOB]}
    assert {each["metric"] for each in document["effects"]} >= {"kills", "kswapd_cpu"}


def test_an_optional_setting_is_left_out_where_the_phone_has_no_knob_for_it() -> None:
    experiment, _ = load.experiment("stock-vs-off")
    assert [arm.levels for arm in without_missing(experiment, {}).arms] == [{}, {}]


def test_questions_and_parts_are_of_arms_and_not_of_builds(tmp_path: Path) -> None:
    paths = [str(make_run(tmp_path / f"run{seed}", shape(seed, patched=seed == 1)).path) for seed in range(2)]
    err = io.StringIO()
    assert main(["compare", *paths, "--questions"], io.StringIO(), err) == 2
    assert "leave them out where builds are the arms" in err.getvalue()


def test_what_reviewers_asked_is_told_of_several_runs(tmp_path: Path) -> None:
    paths = [str(make_run(tmp_path / f"run{seed}", Shape(blocks=5, seed=seed)).path) for seed in (1, 2)]
    other = Shape(blocks=5, seed=3, device=lambda device: replace(device, serial="B"))
    told = []
    for runs_ in (paths, [*paths, str(make_run(tmp_path / "other", other).path)]):
        out = io.StringIO()
        assert main(["compare", *runs_, "--questions"], out, io.StringIO()) == 0
        told.append(out.getvalue().count("WHAT KCOMPRESSD'S REVIEWERS ASKED"))
    assert told == [1, 2], "once of one phone, then phone by phone"


def test_parts_are_told_run_by_run(tmp_path: Path) -> None:
    paths = [str(make_run(tmp_path / f"run{seed}", Shape(blocks=3, seed=seed)).path) for seed in (1, 2)]
    out = io.StringIO()
    assert main(["compare", *paths, "--parts", "--json"], out, io.StringIO()) == 0
    assert set(json.loads(out.getvalue())["parts"]) == set(paths)
