# SPDX-License-Identifier: Apache-2.0
import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.device.quoting import command_line, quote
from workloads.errors import InputError

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
HOSTILE = (
    "",
    " ",
    "a b",
    "'",
    '"',
    "\\",
    "$HOME",
    "`id`",
    "$(id)",
    ";id",
    "a\nb",
    "*",
    "~",
    "-n",
    "if",
    "A=b",
    "é€😀",
    "\t",
)


@given(st.lists(WORDS, min_size=1, max_size=6))
def test_a_shell_reads_back_exactly_the_words(words: list[str]) -> None:
    assert shlex.split(command_line(words)) == words


def test_a_real_shell_runs_none_of_the_words_as_code() -> None:
    line = command_line(("printf", "%s\\0", *HOSTILE))
    done = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == list(HOSTILE)


def test_the_program_itself_is_quoted_so_that_no_alias_or_keyword_stands_in_for_it() -> None:
    assert command_line(["r", "x"]) == "'r' 'x'"


def test_a_nul_is_refused_because_no_argument_can_hold_one() -> None:
    with pytest.raises(InputError, match="NUL"):
        quote("a\0b")


def test_nothing_to_run_is_refused() -> None:
    with pytest.raises(InputError, match="no program"):
        command_line([])
