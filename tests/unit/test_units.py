# SPDX-License-Identifier: Apache-2.0
"""Figures in words."""

import math

import pytest

from reports import units
from reports.wording import sentence


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00123, "s", "1.23 ms"),
        (0.5, "s", "500 ms"),
        (12.345, "s", "12.3 s"),
        (0.0, "s", "0 s"),
        (2.5e-5, "s", "25 us"),
        (671088640, "bytes", "640 MiB"),
        (4090, "pages", "4,090 pages"),
        (123456, "pages", "123 k pages"),
        (800000, "pages/s", "800 k pages/s"),
        (3, "count", "3"),
        (0.35, "count", "0.35"),
        (7.25, "widgets", "7.25 widgets"),
    ],
)
def test_a_quantity_reads_in_the_largest_unit_that_fits(value: float, unit: str, text: str) -> None:
    assert units.quantity(value, unit) == text


def test_a_difference_shares_unit_and_decimals_with_its_interval() -> None:
    assert units.difference(-1.25, -1.9, -0.6, "s") == "-1.25 [-1.90, -0.60] s"
    assert units.difference(0.0004, -0.0001, 0.0009, "s") == "+400 [-100, +900] us"
    assert units.difference(0.0, 0.0, 0.0, "count") == "0 [0, 0]"


def test_small_changes_read_as_percent_and_large_ones_as_times() -> None:
    assert units.change_interval(0.62, 0.49, 0.78) == "-38 [-51, -22] %"
    assert units.change_interval(1.003, 0.95, 1.04) == "+0.3 [-5.0, +4.0] %"
    assert units.change_interval(314.0, 250.0, 410.0) == "x314 [x250, x410]"
    assert units.change(1.0) == "0 %"


def test_an_interval_that_leaves_out_no_change_never_reads_as_if_it_held_it() -> None:
    assert units.change_interval(0.99, 0.98, 0.9998) == "-1.0 [-2.0, -0] %"
    assert units.change_interval(1.2, 1.0002, 1.4) == "+20 [+0, +40] %"
    assert units.change_interval(1.001, 0.9999, 1.002) == "+0.1 [0, +0.2] %"
    assert units.difference(-1.5, -3.0, -0.0001, "s") == "-1.50 [-3.00, -0] s"
    assert units.difference(1.5, 0.0, 3.0, "s") == "+1.50 [0, +3.00] s"


def test_figures_side_by_side_have_the_same_decimals() -> None:
    assert units.together([60.8e3, 83e3], "pages/s") == (["60.8", "83.0"], "k pages/s")


def test_what_is_no_number_is_shown_as_such() -> None:
    assert units.quantity(math.nan, "s") == "nan s"


def test_amounts_agree_with_their_noun() -> None:
    assert units.count(1, "block") == "1 block"
    assert units.count(2, "launch", "launches") == "2 launches"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("ftrace lost events", "Ftrace lost events."),
        ("Done.", "Done."),
        ("pgsteal_anon: from the record", "pgsteal_anon: from the record."),
        ("", ""),
    ],
)
def test_a_caveat_reads_as_a_sentence_and_names_keep_their_spelling(text: str, whole: str) -> None:
    assert sentence(text) == whole
