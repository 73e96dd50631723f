# SPDX-License-Identifier: Apache-2.0
"""Every phone that was ever recorded: doctor says of it what it said then."""

import re
from pathlib import Path

import pytest

from tests.support.transcripts import FOLDER, told

PHONES = sorted(FOLDER.glob("*.jsonl"))


def test_there_are_recorded_phones() -> None:
    assert len(PHONES) >= 2


@pytest.mark.parametrize("path", PHONES, ids=lambda path: path.stem)
def test_doctor_says_of_a_recorded_phone_what_stands_beside_it(path: Path) -> None:
    assert told(path) == path.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("path", PHONES, ids=lambda path: path.stem)
def test_no_transcript_names_an_address_or_an_owner(path: Path) -> None:
    text = path.read_text("utf-8")
    assert (
        re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|\b(?:10|127|172|192)\.\d+\.\d+\.\d+\b|[\w.]+@[\w-]+\.com", text)
        == []
    )
