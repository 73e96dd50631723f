# SPDX-License-Identifier: Apache-2.0
r"""A phone's answers as a file: one JSON object per line, the form that is recorded and replayed.

    {"transcript": 1, "serial": "RECORDED"}                               first line
    {"features": ["cmd", "shell_v2"]}                                     of adbd
    {"as": "su 0", "ask": "file", "what": "/proc/meminfo", "answers": [[NAME, TEXT, CODE], ...]}
    {"as": "", "run": ["id", "-u"], "stdin": "", "out": "0\n", "err": "", "code": 0}

Questions of a batch stand one by one, so that a transcript outlives other groupings of them. Our own shell scripts
stand under their names, so that it outlives their being mended.
"""

import hashlib
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from agent.device import batch, root
from agent.ports import Completed
from workloads.errors import InputError

VERSION = 1
SERIAL = "RECORDED"
"""What every recorded phone is called."""

_LONG = 200
"""A longer word that is no script of ours is told by its SHA-256."""

Key = tuple[str, ...]
"""Who asks (the form of root), what kind of question, and its words."""


@dataclass(frozen=True)
class Entry:
    """One question or program, and what came back.

    Attributes:
        key: what was asked; see `question_key` and `run_key`.
        answers: of a question.
        done: of a program.
    """

    key: Key
    answers: tuple[batch.Answer, ...] = ()
    done: Completed | None = None

    def as_dict(self) -> dict[str, object]:
        """Return its line."""
        form, kind, *words = self.key
        if self.done is None:
            told = [[answer.name, answer.text, answer.code] for answer in self.answers]
            return {"as": form, "ask": kind, "what": words[0], "answers": told}
        stdin, *argv = words
        done = {"out": self.done.out, "err": self.done.err, "code": self.done.code}
        return {"as": form, "run": argv, "stdin": stdin} | done


@dataclass(frozen=True)
class Transcript:
    """All that a phone answered.

    Attributes:
        entries: in order.
        features: of its adbd; None where nobody asked.
    """

    entries: tuple[Entry, ...] = ()
    features: frozenset[str] | None = None

    def text(self) -> str:
        """Return the file."""
        lines: list[Mapping[str, object]] = [{"transcript": VERSION, "serial": SERIAL}]
        lines += [{"features": sorted(self.features)}] if self.features is not None else []
        lines += [entry.as_dict() for entry in self.entries]
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


@dataclass(frozen=True)
class Request:
    """A command line, understood.

    Attributes:
        form: kind of root it runs by; empty for the user of the shell.
        argv: the program and its arguments, without `su`.
        token: of a batch; None for any other program.
        questions: of a batch.
    """

    form: str
    argv: tuple[str, ...]
    token: str | None = None
    questions: tuple[batch.Question, ...] = field(default=())


def understand(argv: Sequence[str]) -> Request:
    """Take `su` off and a batch apart."""
    form, words = _unwrap(tuple(argv))
    if words[:3] != ("sh", "-c", batch.SCRIPT):
        return Request(form, words)
    token, *rest = words[4:]
    kinds: dict[str, batch.Kind] = {"file": "file", "each": "each", "joined": "joined", "program": "program"}
    questions = tuple(batch.Question(kinds[k], w) for k, w in zip(rest[::2], rest[1::2], strict=True))
    return Request(form, words, token, questions)


def question_key(form: str, question: batch.Question) -> Key:
    """Name a question of a batch."""
    if question.kind != "program":
        return (form, question.kind, question.what)
    return (form, question.kind, shlex.join(map(_named, shlex.split(question.what))))


def run_key(request: Request, stdin: bytes) -> Key:
    """Name a program that was run."""
    fed = hashlib.sha256(stdin).hexdigest()[:16] if stdin else ""
    return (request.form, "run", fed, *map(_named, request.argv))


def load(path: Path) -> Transcript:
    """Read a file.

    Raises:
        InputError: it cannot be read, or is no transcript that this version knows.
    """
    try:
        first, *rest = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
        if first["transcript"] != VERSION:
            raise InputError(f"{path}: a transcript of version {first['transcript']!r}; this version reads {VERSION}")
        features = [frozenset(map(str, line["features"])) for line in rest if "features" in line]
        entries = tuple(_entries(line for line in rest if "features" not in line))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: no transcript of `reclaim doctor --record`: {error}") from error
    return Transcript(entries, features[0] if features else None)


def _entries(lines: Iterable[Mapping[str, object]]) -> Iterator[Entry]:
    for line in lines:
        match line:
            case {"as": str(form), "ask": str(kind), "what": str(what), "answers": [*told]}:
                yield Entry((form, kind, what), tuple(map(_answer, told)))
            case {"as": str(form), "run": [*argv], "stdin": str(fed), "out": str(out), "err": str(err), "code": int(c)}:
                words = tuple(map(str, argv))
                yield Entry((form, "run", fed, *words), done=Completed(words, c, out, err))
            case _:
                raise ValueError(f"a line of no known form: {str(line)[:80]}")


def _answer(told: object) -> batch.Answer:
    match told:
        case [str(name), str(text), int(code)]:
            return batch.Answer(name, text, code)
    raise ValueError(f"an answer of no known form: {str(told)[:80]}")


def _unwrap(argv: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    for form in root.FORMS:
        if form.prefix and argv[: len(form.prefix)] == form.prefix:
            rest = argv[len(form.prefix) :]
            return form.kind, tuple(shlex.split(rest[0])) if form.one_string else rest
    return "", argv


def _named(word: str) -> str:
    """A script of ours by its name, any other long word by its hash."""
    if name := _scripts().get(word):
        return f"<{name}>"
    return word if len(word) <= _LONG else f"<{hashlib.sha256(word.encode('utf-8', 'replace')).hexdigest()[:16]}>"


@cache
def _scripts() -> dict[str, str]:
    from agent.device import phone  # noqa: PLC0415 - imported late: only recording and replaying need them
    from agent.field import examine, lifeline  # noqa: PLC0415 - the same
    from agent.knobs import deadman_scripts as undo  # noqa: PLC0415 - the same
    from agent.knobs.kcompressd import unseen  # noqa: PLC0415 - the same

    return {
        root.PROBE: "PROBE",
        phone.WRITE: "WRITE",
        phone.SPAWN: "SPAWN",
        examine.WHICH: "WHICH",
        lifeline.RESTART: "RESTART",
        unseen.GREP: "GREP",
        undo.ALIVE: "ALIVE",
        undo.ARM: "ARM",
        undo.ADD: "ADD",
        undo.DISARM: "DISARM",
        undo.DEADMAN: "DEADMAN",
    }
