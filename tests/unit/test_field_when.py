# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.field.when import FORMS, condition, seconds
from workloads.errors import InputError


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("psi.full > 20%", "psi:full:200"),
        ("psi.some>0.5 %", "psi:some:5"),
        ("available < 300 MB", "available::292969"),
        ("available < 1 GiB", "available::1048576"),
        ("vmstat.pgscan_direct > 5000/s", "vmstat:pgscan_direct:5000"),
        ("launch > 2s", "launch::2000"),
        ("launch > 1500 ms", "launch::1500"),
        (" kill ", "kill::0"),
        ("anr", "anr::0"),
    ],
)
def test_a_condition_is_told_to_the_phone_in_its_own_unit(text: str, word: str) -> None:
    assert condition(text).word == word


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_is_shown_is_taken(form: str) -> None:
    assert condition(form.replace("COUNTER", "pgfault").replace("N", "7")).text


@pytest.mark.parametrize("text", ["", "psi.full", "psi.full < 20%", "psi.all > 3%", "kill -9 1", "vmstat.A > 3/s"])
def test_a_mistake_is_one_line_that_names_the_forms(text: str) -> None:
    with pytest.raises(InputError, match=r"is no condition; there are: psi\.some > N%") as error:
        condition(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["psi.full > 101%", "vmstat.pgfault > 10000001/s", "launch > 3601 s"])
def test_a_limit_that_can_never_be_passed_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="can never be passed"):
        condition(text)


@given(st.text())
def test_no_text_becomes_more_than_one_word_of_the_script(text: str) -> None:
    try:
        word = condition(text).word
    except InputError:
        return
    assert word.split() == [word]
    assert word.isascii()


@pytest.mark.parametrize(("text", "length"), [("90", 90), ("30s", 30), ("10min", 600), ("2h", 7200), ("0.5 s", 0.5)])
def test_lengths_of_time(text: str, length: float) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "0", "25h", "-3s", "soon"])
def test_no_length_of_time(text: str) -> None:
    with pytest.raises(InputError, match="no length of time"):
        seconds(text)
