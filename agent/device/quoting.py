# SPDX-License-Identifier: Apache-2.0
"""The only quoting there is: argument lists to the one line of text that adb's shell services take."""

from collections.abc import Sequence

from workloads.errors import InputError


def quote(word: str) -> str:
    r"""Return `word` so that a POSIX shell (Android's is mksh) reads back exactly it, as one word and nothing else.

    Every word is quoted, plain ones too: an unquoted first word could be an alias (mksh has some), a reserved word
    (`if`) or an assignment (`A=b`). Inside single quotes nothing is special but the quote itself (POSIX 2.2.2), hence
    `'\''`.

    Raises:
        InputError: the word holds a NUL, which no argument of any program can.
    """
    if "\0" in word:
        raise InputError(f"a NUL character cannot be passed to a program on the phone: {word!r}")
    return "'" + word.replace("'", "'\\''") + "'"


def command_line(argv: Sequence[str]) -> str:
    """Return the text which a POSIX shell runs as exactly `argv`.

    Raises:
        InputError: nothing to run, or a word with a NUL.
    """
    if not argv:
        raise InputError("no program to run on the phone")
    return " ".join(map(quote, argv))
