# SPDX-License-Identifier: Apache-2.0
"""Two sets of launches: which of them stand against each other, what is said to have moved, and what it explains."""

from collections.abc import Sequence

import numpy as np
import pytest

from reports.parts.contrast import OTHERS, Contrast, Contribution, TraceUnit, contrast_blocks, contrast_traces
from reports.parts.launch import LaunchParts, Part, general
from reports.parts.text import contrast_document, contrast_text
from reports.statistics.unpaired import share_of_difference, welch
from workloads.errors import InputError

ASLEEP, RUNNING = Part("state", "asleep"), Part("state", "running")
INIT, OUTSIDE = Part("section", "Cache.init"), Part("section", "in no section")


def launch(
    asleep: float, running: float, app: str = "app", kind: str = "cold", sections: dict[str, float] | None = None
) -> LaunchParts:
    told = {Part("section", name): value for name, value in (sections or {}).items()}
    parts = {ASLEEP: asleep, RUNNING: running, **told}
    return LaunchParts(app, kind, asleep + running, shown=True, parts=parts)


def units(*launches: LaunchParts) -> list[TraceUnit]:
    return [TraceUnit(f"trace {place}", (each,)) for place, each in enumerate(launches)]


def sets(*, fewer: float = 0.5, n: int = 8, seed: int = 1) -> tuple[list[TraceUnit], list[TraceUnit]]:
    """Control: a second asleep, 0.3 s running; arm: less asleep, the rest alike."""
    random = np.random.default_rng(seed)

    def some(asleep: float) -> list[TraceUnit]:
        drawn = random.normal((asleep, 0.3), (0.03, 0.02), (n, 2))
        return units(*(launch(float(a), float(r)) for a, r in drawn))

    return some(1.0), some(1.0 - fewer)


def contrast(control: Sequence[TraceUnit], arm: Sequence[TraceUnit]) -> Contrast:
    return contrast_traces(control, arm, ("before", "after"))


def part(found: Contrast, wanted: Part) -> Contribution:
    return next(each for each in found.parts if each.part == wanted)


def test_what_shrank_is_told_with_its_share_and_what_did_not_is_not() -> None:
    found = contrast(*sets())
    asleep, running = part(found, ASLEEP), part(found, RUNNING)
    assert (found.whole.moved, asleep.moved, running.moved) == ("shrank", "shrank", "same")
    assert asleep.share is not None
    assert asleep.share.low < 1 < asleep.share.high
    assert asleep.share.value + (running.share.value if running.share else 0) == pytest.approx(1)


def test_the_largest_difference_stands_first() -> None:
    assert [each.part for each in contrast(*sets()).parts] == [ASLEEP, RUNNING]


def test_without_a_sure_difference_nothing_explains_a_share_of_it() -> None:
    found = contrast(*sets(fewer=0.0))
    assert found.whole.moved == "same"
    assert [each.share for each in found.parts] == [None, None]


def test_one_trace_on_a_side_is_figures_without_a_claim() -> None:
    found = contrast(units(launch(1.0, 0.3)), units(launch(0.5, 0.3)))
    assert {each.moved for each in (found.whole, *found.parts)} == {"unknown"}
    assert (found.whole.difference, found.whole.control, found.whole.arm) == (None, 1.3, 0.8)
    assert "one-trace" in {caveat.code for caveat in found.caveats}
    assert "100 %" in contrast_text(found)


def test_a_section_that_does_not_appear_took_no_time_where_sections_were_recorded() -> None:
    control = units(*(launch(1.0, 0.3, sections={"Cache.init": 0.4 + n / 100, "in no section": 0.9}) for n in range(6)))
    arm = units(*(launch(0.6, 0.3, sections={"in no section": 0.9 + n / 100}) for n in range(6)))
    init = part(contrast(control, arm), INIT)
    assert (init.arm, init.moved) == (0.0, "shrank")
    assert init.control == pytest.approx(0.425)


def test_what_some_launch_has_no_record_of_is_left_out_and_told() -> None:
    control = units(*(launch(1.0 + n / 100, 0.3, sections={"Cache.init": 0.4}) for n in range(6)))
    arm = units(*(launch(0.6 + n / 100, 0.3) for n in range(6)))
    found = contrast(control, arm)
    assert INIT not in {each.part for each in found.parts}
    assert "Not recorded in every launch, so not compared: 1 section." in {caveat.what for caveat in found.caveats}


def test_small_sections_are_one_part_so_that_sections_still_add_up() -> None:
    many = {f"small {letter}": 0.001 for letter in "abcdef"}
    found = contrast(
        units(*(launch(1.0, 0.3, sections=many | {"in no section": 1.294}) for _ in range(3))),
        units(*(launch(0.5, 0.3, sections=many | {"in no section": 0.794}) for _ in range(3))),
    )
    sections = [each for each in found.parts if each.part.kind == "section"]
    assert {each.part.name for each in sections} == {"in no section", OTHERS}
    assert sum(each.control for each in sections) == pytest.approx(found.whole.control)


def test_a_launch_stands_against_its_like_and_what_some_trace_lacks_is_dropped() -> None:
    both = (launch(1.0, 0.1, "a"), launch(5.0, 0.1, "b"), launch(2.0, 0.1, "a"))
    one = (launch(0.5, 0.1, "a"), launch(7.0, 0.1, "a", "hot"))
    found = contrast([TraceUnit("x", both), TraceUnit("y", both)], [TraceUnit("z", one), TraceUnit("w", one)])
    assert found.launches == (("a", "cold", 1),)
    assert (found.whole.control, found.whole.arm) == pytest.approx((1.1, 0.6))


def test_traces_without_a_launch_in_common_are_refused_with_what_they_hold() -> None:
    with pytest.raises(InputError, match=r"every trace: name traces of the same launches \(a cold, b cold\)"):
        contrast(units(launch(1, 1, "a")), units(launch(1, 1, "b")))
    with pytest.raises(InputError, match="no launch at all in empty"):
        contrast(units(launch(1, 1, "a")), [TraceUnit("empty", ())])


def test_blocks_are_paired_and_the_order_of_arms_is_in_the_model() -> None:
    pairs = []
    for block in range(8):
        lag = 1 if block % 2 else -1
        level = 1.0 + block / 5  # drifts from block to block: pairs do not mind
        control = TraceUnit("c", (launch(level, 0.3),))
        pairs.append((control, TraceUnit("a", (launch(level - 0.2 + block % 3 / 500, 0.3),), lag)))
    found = contrast_blocks(pairs, ("off", "on"))
    assert found is not None
    assert found.paired
    assert part(found, ASLEEP).moved == "shrank"
    assert found.whole.difference is not None
    assert "order of arms in the model" in found.whole.difference.method
    share = part(found, ASLEEP).share
    assert share is not None
    assert share.value == pytest.approx(1)


def test_blocks_without_a_launch_in_both_trials_are_no_contrast() -> None:
    assert contrast_blocks([(TraceUnit("c", ()), TraceUnit("a", (launch(1, 1),)))], ("off", "on")) is None


def test_the_text_fits_80_columns_and_cannot_be_steered() -> None:
    evil = "evil \x1b[2J\u202e" + "very long " * 12
    found = contrast(
        units(*(launch(1.0, 0.3, evil, sections={evil: 0.5 + n / 50}) for n in range(4))),
        units(*(launch(0.5, 0.3, evil, sections={evil: 0.1 + n / 50}) for n in range(4))),
    )
    text = contrast_text(found, whole=True)
    assert max(map(len, text.splitlines())) <= 80
    assert not {"\x1b", "\u202e"} & set(text)


def test_the_document_holds_the_figures_of_the_text() -> None:
    found = contrast(*sets())
    document = contrast_document(found)
    whole = document["whole"]
    assert whole["difference_low"] < whole["difference_value"] < whole["difference_high"] < 0
    assert document["traces"] == {"control": 8, "arm": 8}
    assert [each["name"] for each in document["parts"]] == ["asleep", "running"]


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Choreographer#doFrame 8127", "Choreographer#doFrame N"),
        ("binder:1234_1F", "binder:N_N"),
        ("JIT compiling void com.app.Foo.bar(int)", "JIT compiling ..."),
        ("Lock contention on InternTable lock (owner tid: 7)", "Lock contention on ..."),
        ("decode 0x7f3a at 12", "decode N at N"),
        ("bindApplication", "bindApplication"),
    ],
)
def test_what_differs_from_launch_to_launch_is_no_part_of_a_name(name: str, called: str) -> None:
    assert general(name) == called


def test_intervals_hold_the_truth_in_about_95_of_100_runs_of_unequal_spread() -> None:
    """Shares, too: the part makes up 80 % of a difference of ten standard errors."""
    random, held, shares = np.random.default_rng(5), 0, 0
    for _ in range(400):
        part_a, part_c = random.normal(1.0, 0.2, 7), random.normal(1.8, 0.4, 10)
        rest_a, rest_c = random.normal(1.0, 0.1, 7), random.normal(1.2, 0.1, 10)
        effect = welch(part_a.tolist(), part_c.tolist())
        share = share_of_difference(
            (part_a.tolist(), part_c.tolist()), ((part_a + rest_a).tolist(), (part_c + rest_c).tolist())
        )
        assert effect is not None
        held += effect.low <= -0.8 <= effect.high
        shares += share is None or share.low <= 0.8 <= share.high
    assert 366 <= held <= 394
    assert shares >= 366


def test_samples_that_do_not_spread_are_a_point_and_single_values_no_estimate() -> None:
    same = welch([2.0, 2.0], [1.0, 1.0])
    assert same is not None
    assert (same.value, same.low, same.high, same.p) == (1.0, 1.0, 1.0, 0.0)
    assert welch([2.0], [1.0, 1.0]) is None
    assert share_of_difference(([2.0], [1.0]), ([2.0], [1.0])) is None
