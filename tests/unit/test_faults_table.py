# SPDX-License-Identifier: Apache-2.0
"""The table of faults names tests that are there, and every fault has one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    line.strip("|").split("|")
    for line in (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| fault |")
]


def test_every_fault_has_an_outcome_and_a_test() -> None:
    assert len(ROWS) >= 28
    for fault, outcome, tests in ROWS:
        assert outcome.strip(), fault
        assert "::test_" in tests, fault


def test_every_test_it_names_is_there() -> None:
    named = {name for row in ROWS for name in re.findall(r"`([\w/]+\.py::\w+)`", row[2])}
    assert sum(row[2].count("`") for row in ROWS) // 2 >= len(named)
    missing = {name for name in named if not _there(*name.split("::"))}
    assert missing == set()


def _there(file: str, test: str) -> bool:
    path = ROOT / "tests" / file
    return path.exists() and re.search(rf"^\s*def {test}\(", path.read_text(encoding="utf-8"), re.MULTILINE) is not None
