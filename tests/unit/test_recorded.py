# SPDX-License-Identifier: Apache-2.0
"""What a trial's record says of zram, whichever kernel printed mm_stat."""

from dataclasses import replace

import pytest

from reports.recorded import by_zram
from tests.support.synthetic_run import Shape, run_values

RECORD = run_values(Shape(blocks=1)).records[0]
OLD = (181977088, 57352941, 64512000, 0, 106196992, 3992, 0)


def zram(before: tuple[int, ...], after: tuple[int, ...]) -> dict[str, float]:
    return dict(
        by_zram(
            replace(
                RECORD,
                before=replace(RECORD.before, zram_mm_stat=before),
                after=replace(RECORD.after, zram_mm_stat=after),
            )
        )
    )


def test_levels_are_those_at_the_end_and_what_was_written_is_the_growth() -> None:
    found = zram((*OLD, 100, 2000), (*OLD[:5], 4100, 0, 118, 2091))
    assert found == {"zram_same_pages": 4100, "zram_huge_pages": 118, "zram_huge_written": 91}


@pytest.mark.parametrize(
    ("after", "known"),
    [(OLD, {"zram_same_pages"}), ((*OLD, 118), {"zram_same_pages", "zram_huge_pages"}), ((), set())],
    ids=["before 4.19", "before 5.11", "unreadable"],
)
def test_a_column_that_the_kernel_does_not_print_is_no_figure(after: tuple[int, ...], known: set[str]) -> None:
    assert zram(OLD, after).keys() == known


def test_a_counter_that_fell_was_begun_anew_and_tells_nothing() -> None:
    assert "zram_huge_written" not in zram((*OLD, 0, 2000), (*OLD, 0, 10))
