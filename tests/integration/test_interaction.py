# SPDX-License-Identifier: Apache-2.0
"""Does an effect depend on another knob: which arms stand against each other, which blocks count, what is said."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import Analysis, analyse
from reports.comparison import TrialValues
from reports.interaction import Interaction, contrasts, interactions
from reports.metrics import METRICS
from reports.page.build import Extras, build_page
from reports.text import compare_text
from tests.support.synthetic_run import Shape, run_values
from workloads.spec import Arm, Setting

ARMS = ("off-lz4", "on-lz4", "off-zstd", "on-zstd")
SETTINGS = {arm: {"kcompressd": "2" if "on" in arm else "off", "zram_algorithm": arm.split("-")[1]} for arm in ARMS}
HARDER = {"off-zstd": 1.6, "on-zstd": 1.6}
"""zstd costs more in both arms: levels differ, effects do not."""


def factorial(times: Mapping[str, float], blocks: int = 12) -> Shape:
    return Shape(blocks=blocks, arms=ARMS, settings=SETTINGS, times=dict(times))


def arm(name: str, **settings: str) -> Arm:
    return Arm(name, tuple(Setting(*each) for each in settings.items()))


def four(blocks: Sequence[tuple[float, ...]]) -> list[TrialValues]:
    """Trials of the four arms, in their order in odd blocks and in the reverse order in even ones."""
    found = []
    for block, values in enumerate(blocks, start=1):
        for place, (name, value) in enumerate(zip(ARMS, values, strict=True)):
            index = 4 * block + (place if block % 2 else 3 - place)
            found.append(TrialValues(block, index, name, 0, {"kswapd_cpu": {0: value}}))
    return found


EXPERIMENT = run_values(factorial({}, blocks=1)).experiment


def ask(trials: list[TrialValues], metric: str = "kswapd_cpu") -> Interaction:
    (found,) = interactions(replace(EXPERIMENT, primary=(metric,)), METRICS, trials)
    return found


@pytest.fixture(scope="module")
def larger() -> Analysis:
    """With zstd the effect is larger."""
    return analyse(run_values(factorial({"on-zstd": 0.6})))


@pytest.fixture(scope="module")
def alike() -> Analysis:
    """With zstd everything is slower, and the effect is the same share."""
    return analyse(run_values(factorial(HARDER)))


def test_a_pair_stands_against_the_controls_pair_when_one_other_knob_differs() -> None:
    arms = tuple(arm(name, **SETTINGS[name]) for name in ARMS)
    (found,) = contrasts(arms, "off-lz4", "kcompressd")
    assert (found.factor, found.level, found.base, found.treated) == ("zram_algorithm", "zstd", "lz4", "2")
    assert found.arms == ("on-zstd", "off-zstd", "on-lz4", "off-lz4")


def test_numbers_are_levels_like_words_and_each_level_has_its_question() -> None:
    arms = [arm(f"{k}-{dose}", kcompressd=k, dose=dose) for dose in ("1", "2", "4") for k in ("off", "2")]
    assert [(each.level, each.base) for each in contrasts(arms, "off-1", "kcompressd")] == [("2", "1"), ("4", "1")]


def test_a_pair_that_differs_in_two_knobs_has_no_question() -> None:
    arms = [
        arm("off", kcompressd="off", a="1", b="1"),
        arm("on", kcompressd="2", a="1", b="1"),
        arm("off-far", kcompressd="off", a="2", b="2"),
        arm("on-far", kcompressd="2", a="2", b="2"),
    ]
    assert contrasts(arms, "off", "kcompressd") == ()


def test_without_a_treatment_nothing_is_asked() -> None:
    assert interactions(replace(EXPERIMENT, treatment=""), METRICS, four([(4.0, 3.0, 2.0, 1.0)] * 3)) == ()


def test_a_knob_that_costs_the_same_share_everywhere_is_no_interaction_although_levels_differ(alike: Analysis) -> None:
    for each in alike.interactions:
        assert (each.scale, each.finding) == ("ratio", "same")
        assert each.ratio is not None
        assert each.ratio.low < 1 < each.ratio.high
        assert each.detectable_90 is not None
        assert each.detectable_90 > 1


def test_an_effect_that_is_larger_at_one_level_is_seen(larger: Analysis) -> None:
    assert [each.finding for each in larger.interactions] == ["differs", "differs"]
    assert [each.metric.name for each in larger.interactions] == ["direct_reclaim_time", "kswapd_cpu"]


def test_the_ratio_of_effects_is_one_effect_over_the_other() -> None:
    blocks = [(10.0, 8.0, 20.0, 12.0), (11.0, 8.5, 21.0, 12.0), (9.0, 7.6, 19.0, 12.1)]
    found = ask(four(blocks))
    assert found.ratio is not None
    assert found.at_level is not None
    assert found.at_base is not None
    logs = [math.log(d / c) - math.log(b / a) for a, b, c, d in blocks]
    assert found.ratio.value == pytest.approx(math.exp(np.mean(logs)))
    assert found.ratio.value == pytest.approx(found.at_level.value / found.at_base.value)
    assert found.difference is not None
    assert found.difference.value == pytest.approx(np.mean([(d - c) - (b - a) for a, b, c, d in blocks]))


def test_a_value_that_is_not_positive_leaves_the_difference_to_decide() -> None:
    found = ask(four([(0.0, 8.0, 20.0, 12.0), (1.0, 8.5, 21.0, 12.0), (2.0, 7.6, 19.0, 12.1)]))
    assert (found.scale, found.ratio) == ("difference", None)
    assert found.decides is found.difference


def test_a_kill_in_any_of_the_four_trials_leaves_the_block_out() -> None:
    trials = four([(10.0, 8.0, 20.0, 12.0)] * 4)
    killed = {(1, "off-lz4"): 1, (3, "on-zstd"): 2}
    found = ask([replace(trial, kills=killed.get((trial.block, trial.arm), 0)) for trial in trials])
    assert (found.n, found.left_out) == (2, 2)
    assert "blocks-with-kills" in {caveat.code for caveat in found.caveats}


def test_a_launch_that_one_of_the_four_did_not_record_is_dropped_from_all() -> None:
    trials = [
        TrialValues(1, place, name, 0, {"ttid": {1: 1.0 + place, **({} if place == 3 else {2: 100.0})}})
        for place, name in enumerate(ARMS)
    ]
    found = ask(trials, "ttid")
    assert (found.n, found.finding) == (1, "unknown")


def test_the_order_of_the_four_trials_is_in_the_model_where_it_changes() -> None:
    """Each trial is 1 later than the one before by drift alone; lags of the contrast differ from block to block."""
    orders = [(0, 1, 2, 3), (0, 1, 3, 2), (1, 0, 2, 3), (3, 0, 1, 2), (0, 3, 2, 1), (2, 1, 0, 3)]
    noise = [0.01, -0.01, 0.02, -0.02, 0.015, -0.015]
    trials = []
    for block, (order, rest) in enumerate(zip(orders, noise, strict=True), start=1):
        for name, place in zip(ARMS, order, strict=True):
            value = place - 5.0 + (rest if name == "on-zstd" else 0.0)
            trials.append(TrialValues(block, 4 * block + place, name, 0, {"kswapd_cpu": {0: value}}))
    found = ask(trials)
    assert found.difference is not None
    assert abs(found.difference.value) < 0.05
    assert found.difference.method.endswith("order of arms in the model")


def test_questions_about_nothing_hardly_ever_find_something() -> None:
    wrong = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        blocks = [tuple(10 * random.lognormal(0, 0.1, 4)) for _ in range(5)]
        wrong += ask(four(blocks)).finding == "differs"
    assert wrong <= 6


def test_the_terminal_asks_and_answers(larger: Analysis) -> None:
    text = " ".join(compare_text(larger).split())
    assert "Does the effect of kcompressd 2 differ by zram_algorithm (zstd against lz4)?" in text
    assert "kswapd_cpu: with zstd -6" in text
    assert ", 12 blocks: yes, p below 0.001." in text


def test_no_difference_is_told_with_what_would_have_been_seen(alike: Analysis) -> None:
    text = " ".join(compare_text(alike).split())
    assert "12 blocks: no detectable difference between the effects (a ratio of 1." in text
    assert "would be seen 9 times in 10" in text


def test_the_page_holds_the_same_figures(larger: Analysis) -> None:
    (table,) = build_page(larger, Extras("", "")).interactions
    assert (table.level, table.base) == ("zstd", "lz4")
    assert [row.metric for row in table.rows] == list(larger.run.experiment.primary)
    assert table.rows[0].word.startswith("yes, p ")
    assert table.rows[0].between in " ".join(compare_text(larger).split())
