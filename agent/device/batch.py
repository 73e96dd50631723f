# SPDX-License-Identifier: Apache-2.0
"""Many questions to a phone in one round trip, by one fixed shell script that needs only `cat`.

The questions travel as arguments and are never part of the script's text. Answers are framed by a random token, so that
no file's content can be mistaken for a frame.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.device.quoting import command_line
from workloads.errors import TransientError

SCRIPT = """\
t=$1; n=0; shift; IFS=
end() { s=$?; echo; echo "$t e $s"; }
show() { cat "$1" 2>&1; }
[ -z "${KSH_VERSION-}" ] || eval 'show() {
  { x=$(<"$1"); } 2>/dev/null
  if [ -n "$x" ]; then print -r -- "$x"; else cat "$1" 2>&1; fi
}'
while [ $# -gt 1 ]; do
  case $1 in
  file) echo "$t b $n"; show "$2"; end ;;
  each) for f in $2; do [ -f "$f" ] && { echo "$t b $n $f"; show "$f"; end; }; done ;;
  joined) echo "$t b $n"; cat $2 2>/dev/null; end ;;
  program) echo "$t b $n"; (eval "$2") 2>&1 </dev/null; end ;;
  esac
  n=$((n + 1)); shift 2
done
echo "$t z"
"""
"""Run as `sh -c SCRIPT sh TOKEN KIND WHAT ...`. An empty IFS lets globs expand while spaces stay as they are. mksh
reads a file by `$(<FILE)` without starting a program (0.1 s each on a busy guest); what comes out empty is left to
`cat`, which tells an empty file from one that may not be read."""

Kind = Literal["file", "each", "joined", "program"]


@dataclass(frozen=True)
class Question:
    """One thing to ask; made by the functions below."""

    kind: Kind
    what: str


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        name: path of the file, the glob of joined files, empty for a program.
        text: what it held or printed, errors included.
        code: 0 when it could be read or the program said so.
    """

    name: str
    text: str
    code: int

    @property
    def ok(self) -> bool:
        """Whether `text` is an answer and not an error message."""
        return self.code == 0


def file(path: str) -> Question:
    """Ask for one file; exactly one answer."""
    return Question("file", path)


def each(pattern: str) -> Question:
    """Ask for every file that a glob names; one answer per file, none when there is none."""
    return Question("each", pattern)


def joined(pattern: str) -> Question:
    """Ask for all files of a glob by one `cat` (hundreds of /proc/PID/stat cost one process); exactly one answer."""
    return Question("joined", pattern)


def program(*argv: str) -> Question:
    """Run a program without input; exactly one answer, standard error included."""
    return Question("program", command_line(argv))


def new_token() -> str:
    """Return a token that no file on the phone can know."""
    return secrets.token_hex(8)


def build(questions: Sequence[Question], token: str) -> tuple[str, ...]:
    """Return the argument list that asks all of it."""
    return ("sh", "-c", SCRIPT, "sh", token, *(word for q in questions for word in (q.kind, q.what)))


def read(text: str, token: str, questions: Sequence[Question]) -> tuple[tuple[Answer, ...], ...]:
    """Return the answers to each of the questions that were asked.

    Raises:
        TransientError: the answer is not whole.
    """
    answers: list[list[Answer]] = [[] for _ in questions]
    frames = re.compile(rf"^{token} b (\d+) ?(.*)\n((?s:.*?))\n{token} e (\d+)$", re.MULTILINE)
    begun = len(re.findall(rf"^{token} b ", text, re.MULTILINE))
    found = list(frames.finditer(text))
    for frame in found:
        number = int(frame[1])
        answers[number].append(Answer(frame[2] or _name(questions[number]), frame[3], int(frame[4])))
    if begun != len(found) or not text.endswith(f"{token} z\n"):
        raise TransientError(f"the phone's answer is not whole: {len(found)} of {begun} parts came: {text[-200:]!r}")
    return tuple(map(tuple, answers))


def _name(question: Question) -> str:
    """What an answer is called whose frame names nothing: a path may hold line feeds, or what echo makes some of."""
    return "" if question.kind == "program" else question.what
